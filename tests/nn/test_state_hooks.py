"""Hooks around state_dict and load_state_dict: when they run, what they may change, and what is refused."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import GraphError, StateError


class Net(nn.Module):
    def __init__(self):
        self.first, self.last = nn.Linear(2, 3), nn.Linear(3, 1)


def ones(model):
    return {name: np.ones(tensor.shape) for name, tensor in model.state_dict().items()}


def test_hooks_around_saving_run_in_the_order_of_the_tree():
    net, seen = Net(), []
    for name, module in (("", net), ("first", net.first)):
        module.register_state_dict_pre_hook(lambda m, prefix, keep, name=name: seen.append(("before", name, prefix, keep)))
        module.register_state_dict_post_hook(lambda m, state, prefix, metadata, name=name:
                                             seen.append(("after", name, prefix, list(state), metadata)))
    names = ["first.weight", "first.bias", "last.weight", "last.bias"]
    assert list(net.state_dict(keep_vars=True)) == names
    assert seen == [("before", "", "", True), ("before", "first", "first.", True),
                    ("after", "first", "first.", names[:2], {}), ("after", "", "", names, {})]
    seen.clear()
    net.first.state_dict(prefix="inner.")
    assert [entry[2] for entry in seen] == ["inner."] * 2


def test_a_hook_after_saving_changes_the_dict():
    net = Net()

    def rename(module, state, prefix, metadata):
        state[prefix + "kernel"] = state.pop(prefix + "weight")

    handle = net.last.register_state_dict_post_hook(rename)
    assert sorted(net.state_dict()) == ["first.bias", "first.weight", "last.bias", "last.kernel"]
    net.load_state_dict(ones(Net()))  # the names of the model itself are as before
    handle.remove()
    assert "last.weight" in net.state_dict()


@pytest.mark.parametrize("register, use", [
    ("register_state_dict_post_hook", lambda net: net.state_dict()),
    ("register_load_state_dict_post_hook", lambda net: net.load_state_dict(ones(Net())))])
def test_hooks_that_return_something(register, use):
    net = Net()
    getattr(net, register)(lambda *args: {})
    with pytest.raises(StateError, match=f"{register}: the hook <lambda> returned a dict(.|\n)*and return nothing"):
        use(net)


def test_a_hook_before_loading_sees_its_part_and_changes_a_copy():
    net, seen = Net(), []

    def rename(module, state, prefix, metadata, strict, missing, unexpected, errors):
        seen.append((module, sorted(state), prefix, metadata, strict, missing, unexpected, errors))
        state[prefix + "weight"] = state.pop(prefix + "kernel")
        state["elsewhere"] = np.ones(3)

    given = ones(net)
    given["last.kernel"] = given.pop("last.weight")
    net.last.register_load_state_dict_pre_hook(rename)
    before = dict(given)
    assert net.load_state_dict(given) == ([], [])
    assert given == before and net.last.weight.tolist() == [[1, 1, 1]]
    assert seen == [(net.last, ["last.bias", "last.kernel"], "last.", {}, True, [], [], [])]


def test_what_a_hook_before_loading_reports_is_refused():
    def report(module, state, prefix, metadata, strict, missing, unexpected, errors):
        missing.append("a.name")
        unexpected.append("another")
        errors.append("the weight is not mine")

    net = Net()
    before = net.first.weight.numpy().copy()
    with net.first.register_load_state_dict_pre_hook(report):
        with pytest.raises(StateError, match="a.name without a shape\n(.|\n)*another(.|\n)*the weight is not mine"):
            net.load_state_dict(ones(net))
        with pytest.raises(StateError, match="the weight is not mine"):
            net.load_state_dict(ones(net), strict=False)
    np.testing.assert_array_equal(net.first.weight.numpy(), before)


def test_hooks_after_loading_run_from_the_inside_with_the_values_there():
    net, seen = Net(), []
    for name, module in (("net", net), ("first", net.first), ("last", net.last)):
        module.register_load_state_dict_post_hook(
            lambda m, keys, name=name: seen.append((name, keys.missing_keys, float(net.first.weight.sum()))))
    state = ones(net)
    del state["last.bias"]
    assert net.load_state_dict(state, strict=False).missing_keys == ["last.bias"]
    assert sorted(seen[:2]) == [("first", ["last.bias"], 6.0), ("last", ["last.bias"], 6.0)]
    assert seen[2] == ("net", ["last.bias"], 6.0)


def test_a_hook_after_loading_may_excuse_or_add_names():
    net, state = Net(), ones(Net())
    del state["last.bias"]
    before = net.first.weight.numpy().copy()
    with net.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear()):
        assert net.load_state_dict(state) == ([], [])
    assert net.first.weight.sum() == 6
    net.first.load_state_dict({"weight": before, "bias": np.zeros(3)})
    with net.register_load_state_dict_post_hook(lambda module, keys: keys.unexpected_keys.append("more")):
        with pytest.raises(StateError, match="nothing was changed.\n(.|\n)*last.bias(.|\n)*more"):
            net.load_state_dict(state)
        assert net.load_state_dict(state, strict=False).unexpected_keys == ["more"]
        net.first.load_state_dict({"weight": before, "bias": np.zeros(3)})

    def fail(module, keys):
        raise ZeroDivisionError

    with net.register_load_state_dict_post_hook(fail), pytest.raises(ZeroDivisionError):
        net.load_state_dict(ones(net))
    np.testing.assert_array_equal(net.first.weight.numpy(), before)


def test_lazy_layers_stay_as_they_are_if_the_state_is_refused():
    net = nn.Sequential(nn.LazyLinear(3), nn.Linear(3, 1))
    net.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    with pytest.raises(StateError, match="1.bias"):
        net.load_state_dict({"0.weight": np.ones((3, 2)), "0.bias": np.ones(3), "1.weight": np.ones((1, 3))})
    assert net[0].has_uninitialized_params()


def test_hooks_travel_with_copies_and_pickles():
    layer = nn.Linear(2, 2)
    layer.register_state_dict_pre_hook(print)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert other._state_hooks.before_saving == [print]
        other.register_state_dict_pre_hook(repr)
    assert layer._state_hooks.before_saving == [print] and nn.Linear(2, 2)._state_hooks is None


def test_the_legacy_backward_hook_names_the_other():
    with pytest.raises(GraphError, match="Use register_full_backward_hook"):
        nn.Linear(2, 2).register_backward_hook(print)


# -- as in PyTorch -----------------------------------------------------------------------------------------------------


@pytest.mark.torch
def test_the_same_calls_as_in_pytorch():
    torch = pytest.importorskip("torch")

    def calls(lib, tensor):
        net = lib.Sequential(lib.Linear(2, 2), lib.Sequential(lib.BatchNorm1d(2)))
        seen = []
        for name, module in net.named_modules():
            module.register_state_dict_pre_hook(lambda m, prefix, keep, n=name: seen.append(("pre", n, prefix, keep)))
            module.register_state_dict_post_hook(
                lambda m, state, prefix, _, n=name: seen.append(("post", n, prefix, list(state))))
            module.register_load_state_dict_pre_hook(
                lambda m, state, prefix, _, strict, missing, unexpected, errors, n=name: seen.append(
                    ("load", n, prefix, list(state), strict, list(unexpected), list(errors))))
        net.register_load_state_dict_post_hook(lambda m, keys: seen.append((keys.missing_keys[:], keys.unexpected_keys[:])))
        state = net.state_dict()
        state["more"] = tensor([1.0])
        net.load_state_dict(state, strict=False)
        return seen

    ours, theirs = calls(nn, tg.tensor), calls(torch.nn, torch.tensor)
    assert [entry[:4] for entry in ours] == [entry[:4] for entry in theirs]
