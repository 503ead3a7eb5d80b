"""State dicts of optimizers: what is in them, that they continue a run exactly, that a bad one changes nothing."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from nn.optim import ASGD, SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, NAdam, RAdam, RMSprop, Rprop
from tensorgrad.errors import ArgumentError, StateError
from tensorgrad.tensor import Tensor, from_array

RICH = [(SGD, {"lr": 0.1, "momentum": 0.9}), (Adagrad, {"lr_decay": 0.1}), (RMSprop, {"centered": True, "momentum": 0.9}),
        (Adam, {"amsgrad": True}), (AdamW, {}), (Adadelta, {}), (Adamax, {}), (NAdam, {}), (RAdam, {}), (Rprop, {}),
        (ASGD, {"lambd": 0.1, "t0": 2}), (Lion, {"weight_decay": 0.1})]


def parameters():
    rng = np.random.default_rng(0)
    return [Tensor(rng.normal(size=shape), requires_grad=True) for shape in [(3, 2), (4,), (2, 2)]]


def step(optimizer, number):
    rng = np.random.default_rng(number)
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = from_array(rng.normal(size=p.shape))
    optimizer.param_groups[0]["params"][1].grad = None
    optimizer.step()


def build(cls, options):
    a, b, c = parameters()
    return cls([{"params": [a, b]}, {"params": [c], "lr": 0.05}], **options)


def flat(state):
    """A state dict with arrays as lists, to compare."""
    return {"groups": state["param_groups"],
            "state": {i: {key: value.tolist() if isinstance(value, Tensor) else value for key, value in entry.items()}
                      for i, entry in state["state"].items()}}


def test_layout():
    optimizer = build(Adam, {})
    assert optimizer.state_dict()["state"] == {}
    step(optimizer, 0)
    state = optimizer.state_dict()
    assert [group["params"] for group in state["param_groups"]] == [[0, 1], [2]]
    assert state["param_groups"][1]["lr"] == 0.05 and state["param_groups"][0]["betas"] == (0.9, 0.999)
    assert list(state["state"]) == [0, 2]  # the second parameter never had a gradient
    assert state["state"][2]["step"] == 1
    assert isinstance(state["state"][2]["exp_avg"], Tensor) and state["state"][2]["exp_avg"].shape == (2, 2)


def test_it_is_a_snapshot():
    optimizer = build(Adam, {})
    step(optimizer, 0)
    state = optimizer.state_dict()
    before = copy.deepcopy(flat(state))
    step(optimizer, 1)
    assert flat(state) == before
    other = build(Adam, {})
    other.load_state_dict(state)
    step(other, 2)
    assert flat(state) == before


@pytest.mark.parametrize("cls, options", RICH)
@pytest.mark.parametrize("through", [copy.deepcopy, lambda state: pickle.loads(pickle.dumps(state))], ids=["copy", "pickle"])
def test_a_loaded_state_continues_bit_by_bit(cls, options, through):
    one, two = build(cls, options), build(cls, {**options, "lr": 0.7})
    for number in range(3):
        step(one, number)
    for p, q in zip([p for g in one.param_groups for p in g["params"]], [p for g in two.param_groups for p in g["params"]]):
        q.array[...] = p.array
    two.load_state_dict(through(one.state_dict()))
    for number in range(3, 6):
        step(one, number)
        step(two, number)
    for group, other in zip(one.param_groups, two.param_groups):
        for p, q in zip(group["params"], other["params"]):
            np.testing.assert_array_equal(p.array, q.array)
    assert flat(one.state_dict()) == flat(two.state_dict())


def test_state_takes_the_dtype_and_memory_order_of_the_parameter():
    p = Tensor(np.asfortranarray(np.ones((3, 4), np.float32)), requires_grad=True)
    optimizer = Adam([p])
    group = {**optimizer.state_dict()["param_groups"][0], "betas": [0.8, 0.9]}
    entry = {"step": np.float32(4.0), "exp_avg": np.ones((3, 4)), "exp_avg_sq": np.ones((3, 4))}
    optimizer.load_state_dict({"state": {0: entry}, "param_groups": [group]})
    held = optimizer.state[p]["exp_avg"]
    assert held.dtype == np.float32 and held.strides == p.array.strides
    assert optimizer.state[p]["step"] == 4 and type(optimizer.state[p]["step"]) is int
    assert optimizer.param_groups[0]["betas"] == (0.8, 0.9)


def test_groups_stay_the_same_dicts():
    optimizer = build(SGD, {"lr": 0.1})
    groups = list(optimizer.param_groups)
    state = optimizer.state_dict()
    state["param_groups"][0]["lr"] = 0.3
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0] is groups[0] and groups[0]["lr"] == 0.3


def after_a_step():
    """An Adam that has made a step, and its state dict."""
    optimizer = build(Adam, {})
    step(optimizer, 0)
    return optimizer, optimizer.state_dict()


def refused(optimizer, state, text, error=StateError):
    before = copy.deepcopy(flat(optimizer.state_dict()))
    with pytest.raises(error, match=text):
        optimizer.load_state_dict(state)
    assert flat(optimizer.state_dict()) == before


@pytest.mark.parametrize("change, text", [
    (lambda s: s.pop("param_groups"), "this is no optimizer state: KeyError"),
    (lambda s: s["param_groups"].pop(), r"groups of \[2\] parameters, this optimizer has \[2, 1\]"),
    (lambda s: s["param_groups"][1]["params"].append(3), r"groups of \[2, 2\] parameters"),
    (lambda s: s["param_groups"][1].pop("betas"), "group 1 of the state has no 'betas'"),
    (lambda s: s["state"].update({7: {}}), "an entry 7, but no group lists that parameter"),
    (lambda s: s["state"][2].update(exp_avg=np.ones(3)), r"'exp_avg' of parameter 0 of group 1 has another shape"),
    (lambda s: s["state"][0].update(momentum_buffer=np.ones((3, 2))), "has 'momentum_buffer', which Adam does not keep"),
])
def test_a_state_that_does_not_fit_changes_nothing(change, text):
    optimizer, state = after_a_step()
    change(state)
    refused(optimizer, state, text)


@pytest.mark.parametrize("state", [[1, 2], {"weights": 1}, None, 3])
def test_what_is_no_state(state):
    refused(after_a_step()[0], state, "this is no optimizer state")


def test_an_option_out_of_range_in_a_state():
    optimizer, state = after_a_step()
    state["param_groups"][1]["lr"] = -1.0
    refused(optimizer, state, "lr=-1.0 is not allowed", ArgumentError)


def test_a_buffer_that_was_never_begun_stays_so():
    """PyTorch's SGD writes None for the momentum of a parameter that had none yet."""
    optimizer = SGD(parameters(), lr=0.1, momentum=0.9)
    state = optimizer.state_dict()
    state["state"] = {0: {"momentum_buffer": None}}
    optimizer.load_state_dict(state)
    p = optimizer.param_groups[0]["params"][0]
    before = p.array.copy()
    p.grad = from_array(np.ones(p.shape))
    optimizer.step()
    np.testing.assert_allclose(p.array, before - 0.1)
