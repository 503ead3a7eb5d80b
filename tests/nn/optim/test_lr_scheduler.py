"""Schedules: their closed forms, order of calls, states, refusals.  The numbers themselves are compared with PyTorch's."""

from __future__ import annotations

import json
import math
import warnings
from collections import Counter

import numpy as np
import pytest

import nn
from nn.optim import SGD, Adagrad, Adam
from nn.optim import lr_scheduler as schedules
from nn.optim.lr_scheduler import (ChainedScheduler, ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, CyclicLR,
                                   ExponentialLR, LambdaLR, LinearLR, LRScheduler, MultiplicativeLR, MultiStepLR, OneCycleLR,
                                   PolynomialLR, ReduceLROnPlateau, SequentialLR, StepLR)
from nn.optim.swa_utils import SWALR, AveragedModel, get_ema_avg_fn
from tensorgrad.errors import ArgumentError, DtypeError, StateError
from tensorgrad.tensor import Tensor


def sgd(lr=1.0, groups=1, **options):
    return SGD([{"params": [Tensor([1.0], requires_grad=True)]} for _ in range(groups)], lr=lr, **options)


def follow(scheduler, epochs):
    """The learning rate of the first group in each epoch."""
    rates = []
    for _ in range(epochs):
        rates.append(scheduler.get_last_lr()[0])
        assert rates[-1] == scheduler.optimizer.param_groups[0]["lr"]
        scheduler.optimizer.step()
        scheduler.step()
    return rates


CLOSED = [
    (StepLR, {"step_size": 3, "gamma": 0.5}, lambda t: 0.5 ** (t // 3)),
    (MultiStepLR, {"milestones": [8, 2, 2], "gamma": 0.5}, lambda t: 0.5 ** (2 * (t >= 2) + (t >= 8))),
    (ExponentialLR, {"gamma": 0.9}, lambda t: 0.9**t),
    (ConstantLR, {"factor": 0.25, "total_iters": 4}, lambda t: 0.25 if t < 4 else 1.0),
    (LinearLR, {"start_factor": 0.2, "end_factor": 0.7, "total_iters": 5}, lambda t: 0.2 + 0.5 * min(t, 5) / 5),
    (LambdaLR, {"lr_lambda": lambda t: 1 / (t + 1)}, lambda t: 1 / (t + 1)),
    (PolynomialLR, {"total_iters": 7, "power": 2}, lambda t: (1 - min(t, 7) / 7) ** 2),
    (CosineAnnealingLR, {"T_max": 5, "eta_min": 0.1}, lambda t: 0.1 + 0.9 * (1 + math.cos(math.pi * t / 5)) / 2),
]


@pytest.mark.parametrize("cls, options, formula", CLOSED, ids=lambda v: getattr(v, "__name__", ""))
def test_the_step_by_step_form_equals_the_closed_form(cls, options, formula):
    scheduler = cls(sgd(lr=1.0), **options)
    assert follow(scheduler, 14) == pytest.approx([formula(t) for t in range(14)], abs=1e-12)
    assert scheduler.closed_form() == pytest.approx([formula(14)], abs=1e-12)


def test_groups_keep_their_proportion():
    optimizer = sgd(lr=1.0, groups=2)
    optimizer.param_groups[1]["lr"] = 0.1
    scheduler = ExponentialLR(optimizer, gamma=0.5)
    optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [0.5, 0.05] and scheduler.base_lrs == [1.0, 0.1]


def test_a_rate_set_by_hand_is_kept():
    optimizer = sgd(lr=1.0)
    scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    follow(scheduler, 1)
    optimizer.param_groups[0]["lr"] = 0.3
    scheduler.step()
    assert scheduler.get_last_lr() == [0.15]


def test_last_lr_cannot_be_changed_from_outside():
    scheduler = StepLR(sgd(), 1)
    scheduler.get_last_lr()[0] = 77
    assert scheduler.get_last_lr() == [1.0]


def test_one_cycle_has_its_corners_where_they_belong():
    optimizer = sgd(lr=5.0, momentum=0.9)
    scheduler = OneCycleLR(optimizer, max_lr=1.0, total_steps=11, pct_start=5 / 11, div_factor=10, final_div_factor=50)
    rates, momenta = [], []
    for i in range(11):
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        if i < 10:
            scheduler.step()
    assert rates[0] == pytest.approx(0.1) and rates[4] == pytest.approx(1.0) and rates[10] == pytest.approx(0.1 / 50)
    assert momenta[0] == pytest.approx(0.95) and momenta[4] == pytest.approx(0.85) and momenta[10] == pytest.approx(0.95)
    assert rates.index(max(rates)) == momenta.index(min(momenta)) == 4


def test_one_cycle_moves_the_first_beta():
    optimizer = Adam([Tensor([1.0], requires_grad=True)])
    OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    assert optimizer.param_groups[0]["betas"] == (0.95, 0.999)


def test_one_cycle_of_three_phases_is_back_where_it_began_before_it_falls():
    optimizer = sgd(momentum=0.9)
    scheduler = OneCycleLR(optimizer, max_lr=1.0, total_steps=12, pct_start=0.25, anneal_strategy="linear", div_factor=5,
                           final_div_factor=10, three_phase=True)
    rates, momenta = [], []
    for _ in range(12):
        rates.append(scheduler.get_last_lr()[0])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx([0.2, 0.6, 1.0, 0.6, *[0.2 - (0.2 - 0.02) * i / 7 for i in range(8)]])
    assert momenta == pytest.approx([0.95, 0.9, 0.85, 0.9, *[0.95] * 8])


@pytest.mark.parametrize("pct_start, total", [(0.0, 10), (1.0, 10), (0.1, 10), (0.5, 2), (0.3, 1)])
def test_one_cycle_at_the_edges(pct_start, total):
    scheduler = OneCycleLR(sgd(momentum=0.9), max_lr=1.0, total_steps=total, pct_start=pct_start)
    rates = follow(scheduler, total)
    assert all(0 < rate <= 1.0 + 1e-12 for rate in rates)


def test_one_cycle_ends():
    scheduler = OneCycleLR(sgd(momentum=0.9), max_lr=1.0, epochs=2, steps_per_epoch=2)
    follow(scheduler, 4)
    with pytest.raises(ArgumentError, match="step 5 of a cycle of 4(.|\n)*total_steps=5 or longer"):
        scheduler.step()


def test_plateau_by_hand():
    optimizer = sgd(lr=1.0)
    scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1, cooldown=1, threshold=0.1, min_lr=0.2)
    rates = []
    for loss in [1.0, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.1]:
        scheduler.step(Tensor(loss))
        rates.append(optimizer.param_groups[0]["lr"])
    #              first bad  bad   ↓ cool  bad  bad ↓ cool  bad    better; the second reduction stops at min_lr
    assert rates == [1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]
    assert scheduler.best == pytest.approx(0.1) and scheduler.num_bad_epochs == 0
    for _ in range(8):
        scheduler.step(0.1)
    assert optimizer.param_groups[0]["lr"] == 0.2


def test_sequence_starts_each_schedule_at_its_own_zero():
    optimizer = sgd(lr=1.0)
    parts = [LinearLR(optimizer, 0.5, total_iters=2), StepLR(optimizer, 2, gamma=0.1), ExponentialLR(optimizer, 0.5)]
    scheduler = SequentialLR(optimizer, parts, milestones=[2, 5])
    assert follow(scheduler, 8) == pytest.approx([0.5, 0.75, 1.0, 1.0, 0.1, 1.0, 0.5, 0.25])


def test_sequences_nest():
    optimizer = sgd(lr=1.0)
    inner = SequentialLR(optimizer, [ConstantLR(optimizer, 0.5, 99), ConstantLR(optimizer, 0.25, 99)], milestones=[1])
    outer = SequentialLR(optimizer, [inner, ExponentialLR(optimizer, 0.1)], milestones=[3])
    assert follow(outer, 5) == pytest.approx([0.5, 0.25, 0.25, 1.0, 0.1])
    optimizer = sgd(lr=1.0)
    inner = SequentialLR(optimizer, [ConstantLR(optimizer, 0.5, 99), ConstantLR(optimizer, 0.25, 99)], milestones=[1])
    outer = SequentialLR(optimizer, [ExponentialLR(optimizer, 0.1), inner], milestones=[2])
    assert follow(outer, 5) == pytest.approx([1.0, 0.1, 0.5, 0.25, 0.25])


def test_a_step_before_the_optimizers_is_noticed():
    scheduler = StepLR(sgd(), 1)
    with pytest.warns(UserWarning, match="StepLR.step\\(\\) is called before any step of the optimizer"):
        scheduler.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()


def test_a_group_added_later_is_noticed():
    optimizer = sgd()
    scheduler = LambdaLR(optimizer, lambda epoch: 0.5)
    optimizer.add_param_group({"params": [Tensor([1.0], requires_grad=True)]})
    optimizer.step()
    with pytest.raises(ArgumentError, match="made for 1 parameter groups, but now the optimizer has 2"):
        scheduler.step()


@pytest.mark.parametrize("make, error, text", [
    (lambda o: StepLR("adam", 3), DtypeError, "optimizer is a str"),
    (lambda o: StepLR(o, 0), ArgumentError, "step_size=0 is not allowed"),
    (lambda o: StepLR(o, "3"), ArgumentError, "step_size='3'"),
    (lambda o: StepLR(o, 3, last_epoch=2), ArgumentError, "group 0 has no 'initial_lr'"),
    (lambda o: ConstantLR(o, 1.5), ArgumentError, "factor=1.5"),
    (lambda o: LinearLR(o, 0), ArgumentError, "start_factor=0"),
    (lambda o: LinearLR(o, 0.5, 2), ArgumentError, "end_factor=2"),
    (lambda o: LinearLR(o, total_iters=0), ArgumentError, "total_iters=0"),
    (lambda o: LambdaLR(o, [abs, abs]), ArgumentError, "2 functions for 1 parameter groups"),
    (lambda o: CosineAnnealingLR(o, 0), ArgumentError, "T_max=0"),
    (lambda o: OneCycleLR(o, 1.0), ArgumentError, "the number of steps is missing"),
    (lambda o: OneCycleLR(o, 1.0, epochs=3), ArgumentError, "steps_per_epoch=len\\(loader\\)"),
    (lambda o: OneCycleLR(o, 1.0, epochs=3, steps_per_epoch=0), ArgumentError, "steps_per_epoch=0"),
    (lambda o: OneCycleLR(o, 1.0, 0), ArgumentError, "total_steps=0"),
    (lambda o: OneCycleLR(o, 1.0, 9, pct_start=2), ArgumentError, "pct_start=2"),
    (lambda o: OneCycleLR(o, 1.0, 9, anneal_strategy="square"), ArgumentError, "anneal_strategy='square'"),
    (lambda o: OneCycleLR(o, [1.0, 2.0], 9), ArgumentError, "max_lr has 2 values for 1 parameter groups"),
    (lambda o: OneCycleLR(Adagrad(o.param_groups[0]["params"]), 1.0, 9), ArgumentError, "neither momentum nor betas"),
    (lambda o: ReduceLROnPlateau(o, factor=1.0), ArgumentError, "factor=1.0"),
    (lambda o: ReduceLROnPlateau(o, mode="best"), ArgumentError, "mode='best'"),
    (lambda o: ReduceLROnPlateau(o, threshold_mode="x"), ArgumentError, "threshold_mode='x'"),
    (lambda o: ReduceLROnPlateau(o, min_lr=[1, 2]), ArgumentError, "2 values of min_lr for 1"),
    (lambda o: SequentialLR(o, [StepLR(o, 1)], [2]), ArgumentError, "1 milestones between 1 schedules"),
    (lambda o: SequentialLR(o, [StepLR(sgd(), 1)], []), ArgumentError, "schedule 0 belongs to another optimizer"),
    (lambda o: SequentialLR(o, [ReduceLROnPlateau(o)], []), ArgumentError, "schedule 0 is a ReduceLROnPlateau"),
    (lambda o: ChainedScheduler([]), ArgumentError, "ChainedScheduler: there are no schedules"),
    (lambda o: ChainedScheduler([StepLR(o, 1), StepLR(sgd(), 1)]), ArgumentError, "schedule 1 belongs to another"),
    (lambda o: ChainedScheduler([ReduceLROnPlateau(o)]), ArgumentError, "ChainedScheduler: schedule 0 is a Reduce"),
    (lambda o: MultiplicativeLR(o, [abs, abs]), ArgumentError, "MultiplicativeLR: 2 functions for 1"),
    (lambda o: PolynomialLR(o, 0), ArgumentError, "total_iters=0"),
    (lambda o: CosineAnnealingWarmRestarts(o, 0), ArgumentError, "T_0=0"),
    (lambda o: CosineAnnealingWarmRestarts(o, 2, 1.5), ArgumentError, "T_mult=1.5 is not allowed(.|\n)*whole number"),
    (lambda o: CosineAnnealingWarmRestarts(o, 2).step(-1), ArgumentError, "epoch=-1"),
    (lambda o: CyclicLR(o, 0.1, 1.0, mode="square"), ArgumentError, "mode='square' is unknown"),
    (lambda o: CyclicLR(o, 0.1, 1.0, scale_fn=abs, scale_mode="x"), ArgumentError, "scale_mode='x' is unknown"),
    (lambda o: CyclicLR(o, [0.1, 0.2], 1.0), ArgumentError, "base_lr has 2 values for 1 parameter groups"),
    (lambda o: CyclicLR(o, 0.1, 1.0, 0), ArgumentError, "step_size_up=0"),
    (lambda o: CyclicLR(Adagrad(o.param_groups[0]["params"]), 0.1, 1.0), ArgumentError, "neither momentum nor betas"),
    (lambda o: SWALR(o, 0.1, anneal_strategy="x"), ArgumentError, "anneal_strategy='x'"),
    (lambda o: SWALR(o, 0.1, anneal_epochs=-1), ArgumentError, "anneal_epochs=-1"),
    (lambda o: get_ema_avg_fn(1.5), ArgumentError, "decay=1.5 is not allowed"),
    (lambda o: AveragedModel(nn.ReLU(), avg_fn=max, multi_avg_fn=max), ArgumentError, "exclude each other"),
    (lambda o: AveragedModel(nn.Linear(2, 3)).update_parameters(nn.Linear(2, 2)), ArgumentError, "of the shapes of"),
])
def test_refusals(make, error, text):
    with pytest.raises(error, match=text):
        make(sgd(momentum=0.9))


ANY = [*[(cls, options) for cls, options, _ in CLOSED], (OneCycleLR, {"max_lr": 1.0, "total_steps": 40}),
       (ReduceLROnPlateau, {}), (CosineAnnealingWarmRestarts, {"T_0": 3, "T_mult": 2}), (SWALR, {"swa_lr": 0.1}),
       (CyclicLR, {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 3})]


@pytest.mark.parametrize("cls, options", ANY, ids=lambda v: getattr(v, "__name__", ""))
def test_states_survive_json_and_refuse_what_they_do_not_know(cls, options):
    scheduler = cls(sgd(momentum=0.9), **options)
    state = json.loads(json.dumps(scheduler.state_dict()))
    scheduler.load_state_dict(state)
    assert scheduler.state_dict() == state
    before = scheduler.state_dict()
    with pytest.raises(StateError, match=rf"{cls.__name__}: the state lacks \[\] and has unknown \['wings'\]"):
        scheduler.load_state_dict({**state, "wings": 2, "last_epoch": 77})
    del state["last_epoch"]
    with pytest.raises(StateError, match="the state lacks \\['last_epoch'\\]"):
        scheduler.load_state_dict(state)
    assert scheduler.state_dict() == before


def test_milestones_of_pytorch_are_a_counter():
    scheduler = MultiStepLR(sgd(), [9])
    scheduler.load_state_dict({**scheduler.state_dict(), "milestones": Counter([5, 2, 2]), "_is_initial": False})
    assert scheduler.milestones == [2, 2, 5]


def sequence(optimizer):
    parts = [LinearLR(optimizer, 0.5, total_iters=3), CosineAnnealingLR(optimizer, 6)]
    return SequentialLR(optimizer, parts, milestones=[3])


def test_a_sequence_continues_from_its_state():
    one, two = sequence(sgd()), sequence(sgd())
    follow(one, 5)
    two.load_state_dict(json.loads(json.dumps(one.state_dict())))
    two.optimizer.load_state_dict(one.optimizer.state_dict())
    assert follow(one, 6) == follow(two, 6)


def test_a_sequence_refuses_the_state_of_another():
    scheduler = sequence(sgd())
    before = json.dumps(scheduler.state_dict())
    other = sgd()
    for state in (StepLR(sgd(), 1).state_dict(),
                  SequentialLR(other, [LinearLR(other), StepLR(other, 3)], milestones=[4]).state_dict()):
        with pytest.raises(StateError):
            scheduler.load_state_dict(state)
        assert json.dumps(scheduler.state_dict()) == before


def test_a_chain_continues_from_its_state_and_refuses_another():
    def chain(optimizer):
        return ChainedScheduler([ConstantLR(optimizer, 0.5, 4), ExponentialLR(optimizer, 0.5)])

    one, two = chain(sgd()), chain(sgd())
    follow(one, 3)
    two.load_state_dict(json.loads(json.dumps(one.state_dict())))
    two.optimizer.load_state_dict(one.optimizer.state_dict())
    assert follow(one, 4) == follow(two, 4)
    before, other = json.dumps(two.state_dict()), sgd()
    for state in (StepLR(sgd(), 1).state_dict(),
                  ChainedScheduler([ConstantLR(other), StepLR(other, 3)]).state_dict()):
        with pytest.raises(StateError):
            two.load_state_dict(state)
        assert json.dumps(two.state_dict()) == before


def test_a_chain_within_a_sequence():
    optimizer = sgd(lr=1.0)
    chain = ChainedScheduler([ConstantLR(optimizer, 0.5, 99), ExponentialLR(optimizer, 0.5)])
    scheduler = SequentialLR(optimizer, [PolynomialLR(optimizer, 4), chain], milestones=[2])
    assert follow(scheduler, 5) == pytest.approx([1.0, 0.75, 0.5, 0.25, 0.125])


def test_a_jump_over_three_fold_restarts_lands_on_the_restart():
    scheduler = CosineAnnealingWarmRestarts(sgd(lr=1.0), T_0=1, T_mult=3)
    scheduler.step(121)  # 1 + 3 + 9 + 27 + 81
    assert scheduler.get_last_lr() == [1.0] and scheduler.T_i == 243


def test_numpy_integers_are_numbers():
    assert follow(StepLR(sgd(), np.int64(1), gamma=0.5), 3) == [1.0, 0.5, 0.25]


def test_repr_and_base():
    assert repr(StepLR(sgd(), 3)) == "StepLR(step_size=3, gamma=0.1, base_lrs=[1.0], last_epoch=0)"
    with pytest.raises(NotImplementedError, match="LRScheduler.get_lr"):
        LRScheduler(sgd())
    assert set(schedules.__all__) > {"StepLR", "SequentialLR"}


MID_RUN = {
    "exponential": lambda o, **at: ExponentialLR(o, 0.9, **at), "linear": lambda o, **at: LinearLR(o, 0.2, 0.7, 5, **at),
    "lambda": lambda o, **at: LambdaLR(o, lambda t: 1 / (t + 1), **at),
    "multiplicative": lambda o, **at: MultiplicativeLR(o, lambda t: 0.9, **at),
    "polynomial": lambda o, **at: PolynomialLR(o, 7, 2, **at), "cosine": lambda o, **at: CosineAnnealingLR(o, 5, 0.1, **at),
    "restarts": lambda o, **at: CosineAnnealingWarmRestarts(o, 3, **at),
    "cyclic": lambda o, **at: CyclicLR(o, 0.1, 1.0, 2, 3, **at),
    "own scale": lambda o, **at: CyclicLR(o, 0.1, 1.0, 2, 3, scale_fn=lambda cycle: 1 / cycle, **at),
    "one cycle": lambda o, **at: OneCycleLR(o, 1.0, 20, **at),
    "three phases": lambda o, **at: OneCycleLR(o, 1.0, 20, three_phase=True, **at),
}


@pytest.mark.parametrize("make", MID_RUN.values(), ids=MID_RUN)
@pytest.mark.parametrize("rule, key", [(lambda p: SGD(p, 1.0, momentum=0.9), "momentum"), (lambda p: Adam(p, 1.0), "betas")],
                         ids=["SGD", "Adam"])
def test_a_schedule_made_in_mid_run_goes_on_from_the_optimizers_state(make, rule, key):
    def values(scheduler):
        group = scheduler.optimizer.param_groups[0]
        found = scheduler.get_last_lr()[0], group[key]
        scheduler.optimizer.step()
        scheduler.step()
        return found

    optimizer = rule([Tensor([1.0], requires_grad=True)])
    whole = make(optimizer)
    begun = [values(whole) for _ in range(4)]
    assert len({rate for rate, _ in begun}) > 1
    other = rule([Tensor([1.0], requires_grad=True)])
    other.load_state_dict(optimizer.state_dict())
    later = make(other, last_epoch=3)
    assert later.last_epoch == 4
    for _ in range(10):
        (rate, momentum), (wanted, wanted_momentum) = values(later), values(whole)
        assert rate == pytest.approx(wanted, abs=1e-12) and momentum == pytest.approx(wanted_momentum, abs=1e-12)
