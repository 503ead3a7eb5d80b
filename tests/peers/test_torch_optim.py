"""Optimizers, schedules and clipping against PyTorch: the same parameters after 20 steps, the same learning rates."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

import nn
import nn.optim as ours
from nn.optim import lr_scheduler as our_schedules
from nn.optim.clipping import clip_grad_norm_, clip_grad_value_, clip_grads_with_norm_, get_total_norm
from tensorgrad.tensor import Tensor, from_array

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

SHAPES = [(4, 3), (), (5,), (2, 3, 4), (150, 130)]  # the last is larger than a block

OPTIMIZERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "maximize": True, "weight_decay": 0.01}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.3, "lr_decay": 0.1, "weight_decay": 0.05}),
    ("Adagrad", {"lr": 0.3, "initial_accumulator_value": 0.4, "eps": 1e-3, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"alpha": 0.8, "eps": 1e-3, "weight_decay": 0.05}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "weight_decay": 0.02, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "betas": (0.7, 0.8), "eps": 1e-3, "weight_decay": 0.05}),
    ("Adam", {"amsgrad": True, "lr": 0.05}),
    ("Adam", {"amsgrad": True, "maximize": True, "weight_decay": 0.01}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.3}),
    ("AdamW", {"amsgrad": True, "maximize": True}),
    ("Adam", {"lr": 0.05, "weight_decay": 0.3, "decoupled_weight_decay": True, "foreach": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.05, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.05, "betas": (0.7, 0.8), "eps": 1e-3, "weight_decay": 0.05, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.05, "betas": (0.7, 0.8), "eps": 1e-3, "weight_decay": 0.05, "momentum_decay": 0.1}),
    ("NAdam", {"lr": 0.05, "weight_decay": 0.3, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {}),  # trusts its mean square from the sixth step on
    ("RAdam", {"lr": 0.05, "betas": (0.7, 0.8), "eps": 1e-3, "weight_decay": 0.05}),
    ("RAdam", {"lr": 0.05, "weight_decay": 0.3, "decoupled_weight_decay": True, "maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (0.02, 0.3), "maximize": True}),
    ("ASGD", {}),
    ("ASGD", {"lr": 0.1, "lambd": 0.01, "alpha": 0.6, "t0": 5, "weight_decay": 0.05}),
    ("ASGD", {"lr": 0.1, "lambd": 0.01, "t0": 2, "maximize": True}),
]


@pytest.fixture(autouse=True)
def numbers_of_pytorch_in_float64():
    """NAdam and ASGD of PyTorch keep numbers of their state in the default dtype, which here are always doubles."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def label(value):
    return ",".join(f"{key}={v}" for key, v in value.items()) or "defaults" if isinstance(value, dict) else None


def gradients(rng, step):
    """One gradient per shape; every third step leaves the second parameter without one."""
    return [None if i == 1 and step % 3 == 1 else np.asarray(rng.normal(size=shape)) for i, shape in enumerate(SHAPES)]


def set_gradients(mine, theirs, grads, dtype=np.float64):
    for p, q, g in zip(mine, theirs, grads):
        p.grad = None if g is None else from_array(g.astype(dtype))
        q.grad = None if g is None else torch.tensor(g.astype(dtype))


def parameters(rng, dtype=np.float64):
    arrays = [np.asarray(rng.normal(size=shape)).astype(dtype) for shape in SHAPES]
    return [Tensor(a.copy(), requires_grad=True) for a in arrays], [torch.tensor(a).requires_grad_() for a in arrays]


@pytest.mark.parametrize("name, options", OPTIMIZERS, ids=label)
def test_twenty_steps(name, options, rng):
    mine, theirs = parameters(rng)
    a, b = getattr(ours, name)(mine, **options), getattr(torch.optim, name)(theirs, **options)
    for step in range(20):
        set_gradients(mine, theirs, gradients(rng, step))
        a.step()
        b.step()
    for p, q in zip(mine, theirs):
        np.testing.assert_allclose(p.array, q.detach().numpy(), rtol=1e-12, atol=1e-12)
        if name == "ASGD":
            np.testing.assert_allclose(a.state[p]["ax"], b.state[q]["ax"].numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name, options", OPTIMIZERS, ids=label)
def test_float32_stays_close(name, options, rng):
    mine, theirs = parameters(rng, np.float32)
    a, b = getattr(ours, name)(mine, **options), getattr(torch.optim, name)(theirs, **options)
    for step in range(5):
        set_gradients(mine, theirs, gradients(rng, step), np.float32)
        a.step()
        b.step()
    for p, q in zip(mine, theirs):
        assert p.dtype == np.float32
        np.testing.assert_allclose(p.array, q.detach().numpy(), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name, options", OPTIMIZERS, ids=label)
def test_groups_with_options_of_their_own(name, options, rng):
    mine, theirs = parameters(rng)
    own = {"lr": 0.01} if name == "Rprop" else {"lr": 0.01, "weight_decay": 0.1}
    groups = [[{"params": ps[:2]}, {"params": ps[2:], **own}] for ps in (mine, theirs)]
    a, b = getattr(ours, name)(groups[0], **options), getattr(torch.optim, name)(groups[1], **options)
    for step in range(4):
        set_gradients(mine, theirs, gradients(rng, step))
        a.step()
        b.step()
    for p, q in zip(mine, theirs):
        np.testing.assert_allclose(p.array, q.detach().numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name, options", OPTIMIZERS, ids=label)
@pytest.mark.parametrize("to_torch", [True, False], ids=["to torch", "from torch"])
def test_state_moves_between_the_libraries(name, options, to_torch, rng):
    mine, theirs = parameters(rng)
    a, b = getattr(ours, name)(mine, **options), getattr(torch.optim, name)(theirs, **options)
    for step in range(3):
        set_gradients(mine, theirs, gradients(rng, step))
        a.step()
        b.step()
    if to_torch:
        state = a.state_dict()
        state["state"] = {i: {key: torch.tensor(value.numpy()) if isinstance(value, Tensor) else value
                              for key, value in entry.items()} for i, entry in state["state"].items()}
        if name in ("Adagrad", "Rprop"):  # PyTorch keeps its step as a tensor and does not convert
            for entry in state["state"].values():
                entry["step"] = torch.tensor(float(entry["step"]))
        b = getattr(torch.optim, name)(theirs, lr=0.7)
        b.load_state_dict(state)
    else:
        a = getattr(ours, name)(mine, lr=0.7)
        a.load_state_dict(b.state_dict())
    for step in range(3, 6):
        set_gradients(mine, theirs, gradients(rng, step))
        a.step()
        b.step()
    for p, q in zip(mine, theirs):
        np.testing.assert_allclose(p.array, q.detach().numpy(), rtol=1e-12, atol=1e-12)


SCHEDULES = [
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [2, 5, 5, 11], "gamma": 0.3}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("ConstantLR", {"factor": 0.4, "total_iters": 4}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.8, "total_iters": 7}),
    ("LambdaLR", {"lr_lambda": lambda epoch: 0.95**epoch}),
    ("LambdaLR", {"lr_lambda": [lambda epoch: 1 / (1 + epoch), lambda epoch: 0.5]}),
    ("CosineAnnealingLR", {"T_max": 6}),
    ("CosineAnnealingLR", {"T_max": 25, "eta_min": 0.01}),
    ("CosineAnnealingLR", {"T_max": 1}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 30}),
    ("OneCycleLR", {"max_lr": [0.5, 0.2], "epochs": 6, "steps_per_epoch": 5, "three_phase": True}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 29, "anneal_strategy": "linear", "pct_start": 0.4, "div_factor": 10.0,
                    "final_div_factor": 100.0, "base_momentum": [0.8, 0.7], "max_momentum": 0.9}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 40, "cycle_momentum": False}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 29, "pct_start": 0.0}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.95}),
    ("MultiplicativeLR", {"lr_lambda": [lambda epoch: 1 - epoch / 100, lambda epoch: 0.5]}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 17, "power": 2.5}),
    ("CosineAnnealingWarmRestarts", {"T_0": 4}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3}),
    ("CyclicLR", {"base_lr": [0.01, 0.02], "max_lr": [0.1, 0.3], "step_size_up": 3, "step_size_down": 5,
                  "mode": "triangular2", "base_momentum": 0.7, "max_momentum": 0.95}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4, "mode": "exp_range", "gamma": 0.97,
                  "cycle_momentum": False}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4, "scale_fn": lambda x: 0.9**x}),
]


def both_optimizers(name="SGD", **options):
    p, q = Tensor(np.ones(3), requires_grad=True), torch.ones(3, requires_grad=True)
    p2, q2 = Tensor(np.ones(2), requires_grad=True), torch.ones(2, requires_grad=True)
    return (getattr(ours, name)([{"params": [p]}, {"params": [p2], "lr": 0.03}], lr=0.2, **options),
            getattr(torch.optim, name)([{"params": [q]}, {"params": [q2], "lr": 0.03}], lr=0.2, **options))


def follow(schedules, steps, metric=None):
    """The learning rates and momenta that both libraries set, step by step, side by side."""
    for step in range(steps):
        yield [[[g["lr"], g.get("momentum"), g.get("betas")] for g in s.optimizer.param_groups] for s in schedules]
        yield [s.get_last_lr() for s in schedules]
        for s in schedules:
            s.optimizer.step()
            s.step(*([] if metric is None else [metric[step]]))


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("name, options", SCHEDULES, ids=label)
def test_schedules(name, options, optimizer):
    a, b = both_optimizers(optimizer, **({"momentum": 0.9} if optimizer == "SGD" else {}))
    pair = getattr(our_schedules, name)(a, **options), getattr(torch.optim.lr_scheduler, name)(b, **options)
    for mine, theirs in follow(pair, 29):
        assert mine == theirs  # to the last bit


@pytest.mark.parametrize("options", [
    {}, {"mode": "max", "patience": 2, "factor": 0.5},
    {"patience": 1, "threshold": 0.1, "threshold_mode": "abs", "cooldown": 2},
    {"mode": "max", "threshold": 0.05, "threshold_mode": "abs", "patience": 0, "min_lr": [0.05, 0.001]},
    {"patience": 0, "factor": 0.1, "eps": 1e-3}], ids=label)
def test_reduce_on_plateau(options, rng):
    metric = rng.normal(size=40).cumsum().tolist()
    metric[7] = float("nan")
    a, b = both_optimizers()
    pair = our_schedules.ReduceLROnPlateau(a, **options), torch.optim.lr_scheduler.ReduceLROnPlateau(b, **options)
    for mine, theirs in follow(pair, 40, metric):
        assert mine == theirs


def sequence(library, optimizer):
    s = library
    schedules = [s.LinearLR(optimizer, 0.1, total_iters=4), s.StepLR(optimizer, 2, gamma=0.5),
                 s.ExponentialLR(optimizer, 0.8), s.CosineAnnealingLR(optimizer, 5)]
    return s.SequentialLR(optimizer, schedules, milestones=[4, 9, 12])


def test_sequence_of_schedules():
    a, b = both_optimizers()
    for mine, theirs in follow((sequence(our_schedules, a), sequence(torch.optim.lr_scheduler, b)), 25):
        assert mine == theirs


def test_chained_schedules():
    pairs = []
    for s, optimizer in zip((our_schedules, torch.optim.lr_scheduler), both_optimizers()):
        pairs.append(s.ChainedScheduler([s.ConstantLR(optimizer, 0.1, 4), s.ExponentialLR(optimizer, 0.9)]))
    for mine, theirs in follow(pairs, 12):
        assert mine == theirs


@pytest.mark.parametrize("options", [
    {"swa_lr": 0.05}, {"swa_lr": 0.05, "anneal_epochs": 0},
    {"swa_lr": [0.01, 0.5], "anneal_epochs": 4, "anneal_strategy": "linear"}], ids=label)
def test_swa_learning_rate(options):
    a, b = both_optimizers()
    pair = ours.swa_utils.SWALR(a, **options), torch.optim.swa_utils.SWALR(b, **options)
    for mine, theirs in follow(pair, 15):
        assert mine == theirs
    again = ours.swa_utils.SWALR(both_optimizers()[0], 0.3)
    again.load_state_dict({key: value for key, value in pair[1].state_dict().items()})
    assert again.last_epoch == 15 and again._anneal_strategy == pair[0]._anneal_strategy


@pytest.mark.parametrize("epoch", [0, 2.5, 3, 8.75, 21])
def test_warm_restarts_jump_to_an_epoch(epoch):
    a, b = both_optimizers()
    pair = (our_schedules.CosineAnnealingWarmRestarts(a, 3, 2),
            torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(b, 3, 2))
    for s in pair:
        s.optimizer.step()
        s.step(epoch)
    assert pair[0].get_last_lr() == pair[1].get_last_lr()
    for mine, theirs in follow(pair, 10):
        assert mine == theirs


# PyTorch's get_swa_multi_avg_fn fails on integer buffers such as num_batches_tracked.
@pytest.mark.parametrize("rule, use_buffers", [
    (None, False), (None, True), ("get_swa_avg_fn", False), ("get_swa_avg_fn", True), ("get_ema_avg_fn", False),
    ("get_ema_avg_fn", True), ("get_swa_multi_avg_fn", False), ("get_ema_multi_avg_fn", False),
    ("get_ema_multi_avg_fn", True)])
def test_averaged_models(rule, use_buffers, rng):
    mine, theirs = nn.BatchNorm1d(3, dtype=np.float64), torch.nn.BatchNorm1d(3, dtype=torch.float64)
    averages = []
    for library, model in ((ours.swa_utils, mine), (torch.optim.swa_utils, theirs)):
        option = {} if rule is None else {"multi_avg_fn" if "multi" in rule else "avg_fn": getattr(library, rule)()}
        averages.append(library.AveragedModel(model, use_buffers=use_buffers, **option))
    for _ in range(4):
        x = rng.normal(size=(5, 3))
        mine(Tensor(x))
        theirs(torch.tensor(x))
        for p, q in zip(mine.parameters(), theirs.parameters()):
            p.array[...] = rng.normal(size=3)
            q.data.copy_(torch.tensor(p.array))
        averages[0].update_parameters(mine)
        averages[1].update_parameters(theirs)
    a, b = (average.state_dict() for average in averages)
    assert sorted(a) == sorted(b)
    for name in a:
        np.testing.assert_allclose(a[name].array, b[name].numpy(), rtol=1e-12, atol=1e-12)


def test_update_bn(rng):
    mine, theirs = nn.BatchNorm1d(3, dtype=np.float64).eval(), torch.nn.BatchNorm1d(3, dtype=torch.float64).eval()
    batches = [rng.normal(size=(n, 3)) for n in (4, 7, 5)]
    ours.swa_utils.update_bn([(Tensor(x), None) for x in batches], mine)
    torch.optim.swa_utils.update_bn([(torch.tensor(x), None) for x in batches], theirs)
    for name, value in theirs.state_dict().items():
        np.testing.assert_allclose(mine.state_dict()[name].array, value.numpy(), rtol=1e-12)
    assert mine.momentum == 0.1 and not mine.training


def test_two_schedules_on_one_optimizer_multiply():
    a, b = both_optimizers()
    warm = our_schedules.LinearLR(a, 0.25, total_iters=5), torch.optim.lr_scheduler.LinearLR(b, 0.25, total_iters=5)
    fall = our_schedules.CosineAnnealingLR(a, 12), torch.optim.lr_scheduler.CosineAnnealingLR(b, 12)
    for _ in range(20):
        for s in (*warm, *fall):
            s.optimizer.step()
            s.step()
        assert fall[0].get_last_lr() == fall[1].get_last_lr()


@pytest.mark.parametrize("name, options", [row for row in SCHEDULES if not {"lr_lambda", "scale_fn"} & set(row[1])],
                         ids=label)
def test_continuing_from_the_state_dicts(name, options):
    a, b = both_optimizers(momentum=0.9)
    pair = getattr(our_schedules, name)(a, **options), getattr(torch.optim.lr_scheduler, name)(b, **options)
    list(follow(pair, 10))
    again, _ = both_optimizers(momentum=0.9)
    resumed = getattr(our_schedules, name)(again, **options)
    resumed.load_state_dict(json.loads(json.dumps(pair[0].state_dict())))
    again.load_state_dict(a.state_dict())
    for mine, theirs in follow((resumed, pair[1]), 15):
        assert mine == theirs


@pytest.mark.parametrize("name, options", SCHEDULES, ids=label)
def test_making_a_schedule_in_mid_run(name, options):
    pairs = []
    for library, optimizer in zip((our_schedules, torch.optim.lr_scheduler), both_optimizers(momentum=0.9)):
        getattr(library, name)(optimizer, **options)
        for group in optimizer.param_groups:
            group["lr"] = 0.07
        pairs.append(getattr(library, name)(optimizer, last_epoch=4, **options))
    for mine, theirs in follow(pairs, 10):
        assert mine == theirs


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.5, float("inf"), "inf"])
@pytest.mark.parametrize("max_norm", [0.5, 1e4])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_clip_grad_norm(norm_type, max_norm, dtype, rng):
    mine, theirs = parameters(rng, dtype)
    set_gradients(mine, theirs, gradients(rng, 1), dtype)
    total = clip_grad_norm_(mine, max_norm, norm_type)
    wanted = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    rtol = 1e-12 if dtype == np.float64 else 2e-5
    assert total.dtype == dtype
    np.testing.assert_allclose(total.item(), wanted.item(), rtol=rtol)
    for p, q in zip(mine, theirs):
        if q.grad is not None:
            assert p.grad.dtype == dtype
            np.testing.assert_allclose(p.grad.array, q.grad.numpy(), rtol=rtol)


@pytest.mark.parametrize("norm_type", [2.0, 1.0, float("inf")])
def test_norm_and_clipping_in_two_steps(norm_type, rng):
    mine, theirs = parameters(rng)
    set_gradients(mine, theirs, gradients(rng, 0))
    total = get_total_norm([p.grad for p in mine], norm_type)
    wanted = torch.nn.utils.get_total_norm([q.grad for q in theirs], norm_type)
    np.testing.assert_allclose(total.item(), wanted.item(), rtol=1e-12)
    clip_grads_with_norm_(mine, 0.5, total)
    torch.nn.utils.clip_grads_with_norm_(theirs, 0.5, wanted)
    for p, q in zip(mine, theirs):
        np.testing.assert_allclose(p.grad.array, q.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_clip_grad_norm_of_what_is_not_finite(bad, rng):
    mine, theirs = parameters(rng)
    grads = gradients(rng, 0)
    grads[0][1, 1] = bad
    set_gradients(mine, theirs, grads)
    total, wanted = clip_grad_norm_(mine, 1.0), torch.nn.utils.clip_grad_norm_(theirs, 1.0)
    np.testing.assert_equal(total.item(), wanted.item())
    for p, q in zip(mine, theirs):
        np.testing.assert_equal(p.grad.array, q.grad.numpy())


def test_clip_grad_value(rng):
    mine, theirs = parameters(rng)
    set_gradients(mine, theirs, gradients(rng, 1))
    clip_grad_value_(mine, 0.3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.nn.utils.clip_grad_value_(theirs, 0.3)
    for p, q in zip(mine, theirs):
        assert (p.grad is None) == (q.grad is None)
        if q.grad is not None:
            np.testing.assert_array_equal(p.grad.array, q.grad.numpy())
