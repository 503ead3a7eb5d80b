"""Hooks of optimizers: when they run, what they are given, and what they may change."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from nn.optim import SGD, Adam
from nn.optim.lr_scheduler import StepLR
from tensorgrad.errors import ArgumentError, StateError
from tensorgrad.tensor import Tensor


def made(cls=SGD, **options):
    p = Tensor([1.0, -2.0], requires_grad=True)
    p.grad = Tensor([0.5, 0.5])
    return p, cls([p], lr=0.5, **options)


def test_hooks_around_a_step_see_the_parameters_before_and_after_it():
    p, optimizer = made()
    seen = []
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append((o is optimizer, args, kwargs, p.tolist())))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append((o is optimizer, args, kwargs, p.tolist())))
    optimizer.step()
    assert seen == [(True, (optimizer,), {}, [1.0, -2.0]), (True, (optimizer,), {}, [0.75, -2.25])]


@pytest.mark.parametrize("by_name", [False, True])
def test_a_closure_is_among_the_arguments(by_name):
    p, optimizer = made()
    seen = []
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append((args, kwargs)))

    def closure():
        return "loss"

    assert (optimizer.step(closure=closure) if by_name else optimizer.step(closure)) == "loss"
    assert seen == [((optimizer, closure), {})]


def test_a_hook_replaces_the_closure():
    p, optimizer = made()
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o,), {"closure": lambda: "other"}))
    seen = []
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(list(kwargs)))
    assert optimizer.step() == "other" and seen == [["closure"]] and p.tolist() == [0.75, -2.25]


@pytest.mark.parametrize("returned", [1, (1,), [(), {}]])
def test_another_return_is_refused_before_the_step(returned):
    p, optimizer = made()
    with optimizer.register_step_pre_hook(lambda *_: returned):
        with pytest.raises(ArgumentError, match=r"register_step_pre_hook: a hook returned a .*\n.*\(args, kwargs\)"):
            optimizer.step()
    assert p.tolist() == [1.0, -2.0]
    optimizer.step()
    assert p.tolist() == [0.75, -2.25]


def test_handles_take_hooks_off_once():
    p, optimizer = made()
    seen = []
    handles = [optimizer.register_step_pre_hook(lambda *_, i=i: seen.append(i)) for i in range(3)]
    handles[1].remove()
    handles[1].remove()
    optimizer.step()
    assert seen == [0, 2]


def test_a_scheduler_counts_steps_with_hooks():
    p, optimizer = made()
    scheduler = StepLR(optimizer, step_size=1, gamma=0.1)
    rates = []
    optimizer.register_step_post_hook(lambda o, *_: rates.append(o.param_groups[0]["lr"]))
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    np.testing.assert_allclose(rates, [0.5, 0.05, 0.005], rtol=1e-12)


def test_hooks_around_saving():
    p, optimizer = made(Adam)
    order = []
    optimizer.register_state_dict_pre_hook(lambda o: order.append(("second", len(o.state))))
    optimizer.register_state_dict_pre_hook(lambda o: order.append(("first", len(o.state))), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: state.update(note="changed in place"))
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "more": state["note"]})
    optimizer.step()
    assert list(optimizer.state_dict()) == ["state", "param_groups", "note", "more"]
    assert order == [("first", 1), ("second", 1)]


def test_hooks_around_loading():
    p, optimizer = made()
    state = optimizer.state_dict()
    rates = []
    optimizer.register_load_state_dict_pre_hook(lambda o, s: {**s, "param_groups": [{**s["param_groups"][0], "lr": 0.25}]})
    optimizer.register_load_state_dict_pre_hook(lambda o, s: s.update(state={}))
    optimizer.register_load_state_dict_post_hook(lambda o: rates.append(o.param_groups[0]["lr"]))
    kept = state["state"]
    optimizer.load_state_dict(state)
    assert rates == [0.25] and state["state"] is kept and state["param_groups"][0]["lr"] == 0.5


def test_no_hook_after_a_refused_state():
    p, optimizer = made()
    called = []
    optimizer.register_load_state_dict_pre_hook(lambda o, s: called.append("before"))
    optimizer.register_load_state_dict_post_hook(lambda o: called.append("after"))
    with pytest.raises(StateError):
        optimizer.load_state_dict({"state": {}, "param_groups": []})
    with pytest.raises(StateError):
        optimizer.load_state_dict(None)
    assert called == ["before", "before"]


@pytest.mark.parametrize("through", [copy.deepcopy, copy.copy, lambda o: pickle.loads(pickle.dumps(o))],
                         ids=["deepcopy", "copy", "pickle"])
def test_copies_are_without_the_hooks(through):
    p, optimizer = made()
    seen = []
    optimizer.register_step_pre_hook(lambda *_: seen.append("step"))  # a lambda cannot be pickled
    twin = through(optimizer)
    twin.step()
    assert seen == [] and twin.param_groups[0]["lr"] == 0.5
    optimizer.step()
    assert seen == ["step"]
