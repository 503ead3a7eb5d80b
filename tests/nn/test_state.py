"""State dicts: names, order, what can be loaded, and that a refused one changes nothing."""

import copy

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import StateError


def net():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1, bias=False))


NAMES = ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked", "2.weight"]


def arrays(model):
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


def unchanged(model, before):
    return all(np.array_equal(value, before[name]) for name, value in arrays(model).items())


def test_names_and_order_are_those_of_pytorch():
    state = net().state_dict()
    assert list(state) == NAMES and not any(value.requires_grad for value in state.values())
    assert list(net().state_dict(prefix="model."))[0] == "model.0.weight"
    assert state["1.num_batches_tracked"].dtype == np.int64


def test_values_share_memory_until_copied():
    model = net()
    state, kept = model.state_dict(), copy.deepcopy(model.state_dict())
    nn.init.zeros_(model[0].weight)
    assert not state["0.weight"].numpy().any() and kept["0.weight"].numpy().any()
    assert model.state_dict(keep_vars=True)["0.weight"] is model[0].weight


@pytest.mark.parametrize("convert", [lambda v: v, lambda v: v.numpy(), lambda v: v.numpy().astype(np.float64)],
                         ids=["tensors", "arrays", "float64"])
def test_round_trip(convert):
    source, target = net(), net()
    tensors = dict(target.named_parameters())
    result = target.load_state_dict({name: convert(value) for name, value in source.state_dict().items()})
    assert result == ([], []) and unchanged(target, arrays(source))
    assert dict(target.named_parameters()) == tensors
    assert all(value.dtype in (np.float32, np.int64) for value in target.state_dict().values())


def test_loading_own_state_and_lists():
    model = net()
    before = arrays(model)
    model.load_state_dict(model.state_dict())
    assert unchanged(model, before)
    model[2].load_state_dict({"weight": [[1.0, 2.0, 3.0]]})
    assert model[2].weight.tolist() == [[1.0, 2.0, 3.0]]


def test_loaded_arrays_stay_the_callers():
    model, array = nn.Linear(2, 1, bias=False), np.ones((1, 2), np.float32)
    model.load_state_dict({"weight": array})
    nn.init.zeros_(model.weight)
    assert array.all()


def test_parameters_over_read_only_memory_can_be_loaded():
    array = np.ones((1, 2), np.float32)
    array.flags.writeable = False
    model = nn.Linear(2, 1, bias=False)
    model.weight.data = array
    model.load_state_dict({"weight": np.zeros((1, 2))})
    assert model.weight.tolist() == [[0.0, 0.0]] and array.all()


def test_everything_wrong_is_listed_at_once_and_nothing_changes():
    model = net()
    before = arrays(model)
    state = {name: value + 1 for name, value in arrays(model).items()}
    state["0.wieght"] = state.pop("0.weight")
    state["other"] = np.zeros(1)
    state["2.weight"] = np.zeros((1, 4))
    state["1.bias"] = np.array(["a", "b", "c"])
    with pytest.raises(StateError) as caught:
        model.load_state_dict(state)
    assert str(caught.value) == (
        "load_state_dict: the state does not fit this Sequential; nothing was changed.\n"
        "    missing     0.weight (3, 2)\n"
        "    unexpected  0.wieght   did you mean '0.weight'?\n"
        "                other\n"
        "    misfit      1.bias: ndarray is no array of numbers (dtype <U1)\n"
        "                2.weight: (1, 3) in the model, (1, 4) in the state\n"
        "  Build the model with the options it was saved with, or leave these entries out and pass strict=False.")
    assert unchanged(model, before)


def test_not_strict_loads_what_fits_but_never_another_shape():
    model = net()
    before = arrays(model)
    result = model.load_state_dict({"0.bias": np.ones(3), "other": np.ones(3)}, strict=False)
    assert result.unexpected_keys == ["other"] and "0.weight" in result.missing_keys
    assert model[0].bias.tolist() == [1.0, 1.0, 1.0] and np.array_equal(model[0].weight.numpy(), before["0.weight"])
    with pytest.raises(StateError, match=r"misfit      0.bias: \(3,\) in the model, \(4,\) in the state"):
        model.load_state_dict({"0.bias": np.ones(4), "0.weight": np.ones((3, 2))}, strict=False)
    assert np.array_equal(model[0].weight.numpy(), before["0.weight"])


def test_a_common_prefix_is_recognised():
    model = net()
    with pytest.raises(StateError, match=r"Every name in the state starts with 'module.': strip it with "
                                         r"name.removeprefix\('module.'\)") as caught:
        model.load_state_dict({"module." + name: value for name, value in model.state_dict().items()})
    assert "did you mean" not in str(caught.value)
    with pytest.raises(StateError, match="Every name in the model starts with '0.'"):
        nn.Sequential(model).load_state_dict(model.state_dict())


def test_long_lists_are_cut():
    model = nn.Sequential(*(nn.Linear(1, 1) for _ in range(10)))
    with pytest.raises(StateError, match=r"\.\.\. and 8 more\n  Build the model .* pass strict=False to load what fits"):
        model.load_state_dict({})


def test_what_is_no_dict_is_refused():
    with pytest.raises(StateError, match="expects a dict of names and arrays, got list.\n  Pass what state_dict"):
        net().load_state_dict([1])


def test_a_graph_that_used_the_old_values_is_stale():
    model = nn.Linear(2, 1)
    x = tg.ones(1, 2).requires_grad_()
    loss = model(x).sum()
    model.load_state_dict({"weight": np.zeros((1, 2)), "bias": np.zeros(1)})
    with pytest.raises(tg.errors.StaleTensorError, match="parameter 'weight'"):
        loss.backward()
