"""State dicts that are assigned instead of copied, that carry more than tensors; types and submodules by path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import tensorgrad
from tensorgrad.errors import ArgumentError, StateError


def test_assign_takes_the_arrays_and_their_dtypes() -> None:
    layer = nn.Linear(2, 3)
    parameter, weight = layer.weight, np.ones((3, 2))
    layer.load_state_dict({"weight": weight, "bias": tensorgrad.zeros(3)}, assign=True)
    assert layer.weight is parameter and layer.weight.array is weight and layer.weight.dtype == tensorgrad.float64
    assert layer.weight.requires_grad


def test_assign_refuses_and_changes_nothing() -> None:
    layer = nn.Linear(2, 3)
    before = layer.weight.array
    for weight in (np.ones((3, 2), int), np.ones((2, 3))):
        with pytest.raises(StateError, match="misfit *weight"):
            layer.load_state_dict({"weight": weight, "bias": np.zeros(3)}, assign=True)
    assert layer.weight.array is before and layer.bias.dtype == tensorgrad.float32


class Counted(nn.Module):
    def __init__(self) -> None:
        self.scale = nn.Parameter(tensorgrad.ones(1))
        self.inner = nn.ReLU()
        self.calls: Any = 0

    def get_extra_state(self) -> Any:
        return {"calls": self.calls}

    def set_extra_state(self, state: Any) -> None:
        if state["calls"] < 0:
            raise ValueError("negative")
        self.calls = state["calls"]


def test_extra_state_is_saved_and_loaded() -> None:
    one, other = nn.Sequential(Counted(), nn.Linear(1, 1)), nn.Sequential(Counted(), nn.Linear(1, 1))
    one[0].calls = 7
    state = one.state_dict()
    assert list(state) == ["0.scale", "0._extra_state", "1.weight", "1.bias"] and state["0._extra_state"] == {"calls": 7}
    other.load_state_dict(state)
    assert other[0].calls == 7
    del state["0._extra_state"]
    with pytest.raises(StateError, match="missing *0._extra_state"):
        other.load_state_dict(state)
    assert other.load_state_dict(state, strict=False).missing_keys == ["0._extra_state"]
    with pytest.raises(StateError, match="unexpected *_extra_state"):
        nn.Linear(1, 1).load_state_dict({"weight": np.ones((1, 1)), "bias": np.ones(1), "_extra_state": 3})


@pytest.mark.parametrize("assign", [False, True])
def test_extra_state_that_is_refused_changes_nothing(assign: bool) -> None:
    module = Counted()
    with pytest.raises(ValueError, match="negative"):
        module.load_state_dict({"scale": np.full(1, 5.0), "_extra_state": {"calls": -1}}, assign=assign)
    assert module.scale.tolist() == [1.0] and module.calls == 0


def test_type_converts_all() -> None:
    layer = nn.BatchNorm1d(2)
    assert layer.type(tensorgrad.float64) is layer
    assert {t.dtype.name for t in [*layer.parameters(), *layer.buffers()]} == {"float64"}
    assert nn.Linear(1, 1).type("torch.HalfTensor").weight.dtype == tensorgrad.float16
    with pytest.raises(ArgumentError, match="cannot become int64"):
        layer.type(tensorgrad.int64)


def test_to_takes_pytorchs_keywords() -> None:
    layer = nn.Conv2d(3, 4, 3).to(memory_format=tensorgrad.channels_last)
    assert layer.to("cpu", tensorgrad.float64, True).weight.dtype == tensorgrad.float64
    assert layer.to(device="cpu", dtype=tensorgrad.float32, non_blocking=True).weight.dtype == tensorgrad.float32
    with pytest.raises(ArgumentError, match="no device 'cuda'"):
        layer.to(device="cuda")


def test_a_submodule_is_set_by_its_path() -> None:
    net = nn.Sequential(nn.Sequential(nn.ReLU(), nn.Linear(2, 2)))
    net.set_submodule("0.0", nn.Tanh())
    net.set_submodule("0.extra", nn.Linear(2, 2))
    assert isinstance(net[0][0], nn.Tanh) and net[0].extra.weight.name == "0.extra.weight"
    with pytest.raises(AttributeError, match="has no 'absent'"):
        net.set_submodule("0.absent", nn.ReLU(), strict=True)
    with pytest.raises(AttributeError, match="has no 'a'"):
        net.set_submodule("a.b", nn.ReLU())
    with pytest.raises(AttributeError, match="is a Parameter, not a submodule"):
        net.set_submodule("0.1.weight", nn.ReLU())
    with pytest.raises(TypeError, match="is the class ReLU"):
        net.set_submodule("0.0", nn.ReLU)
    with pytest.raises(ArgumentError, match="the path is empty"):
        net.set_submodule("", nn.ReLU())


def test_modules_may_come_twice() -> None:
    shared = nn.ReLU()
    net = nn.Sequential(shared, shared)
    assert len(list(net.modules())) == 2 and len(list(net.modules(remove_duplicate=False))) == 3
