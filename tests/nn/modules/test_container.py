"""Containers: order, indices, slices, names, and what they refuse."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError, RangeError


class Add(nn.Module):
    def __init__(self, by):
        self.by = by

    def forward(self, x):
        return x + self.by

    def extra_repr(self):
        return str(self.by)


def adds(*numbers):
    return [Add(n) for n in numbers]


def numbers(container):
    return [layer.by for layer in container]


X = tg.zeros(1)


def test_sequential_runs_in_order():
    net = nn.Sequential(Add(1), nn.Sequential(), Add(2))
    assert net(X).item() == 3 and len(net) == 3 and net[0].by == 1 and net[-1].by == 2
    assert nn.Sequential()(X) is X


def test_sequential_with_names():
    net = nn.Sequential(OrderedDict(first=Add(1), second=Add(2)))
    assert net(X).item() == 3 and net.second.by == 2 and net["first"].by == 1
    assert [name for name, _ in net[1:].named_children()] == ["second"]
    del net[0]
    assert [name for name, _ in net.named_children()] == ["second"]
    net[0] = Add(5)
    assert net.second.by == 5
    assert repr(net) == "Sequential(\n  (second): Add(5)\n)"


def test_list_methods():
    for kind in (nn.Sequential, nn.ModuleList):
        items = kind(*adds(0, 1, 2)) if kind is nn.Sequential else kind(adds(0, 1, 2))
        assert items.append(Add(3)) is items and items.extend(adds(4, 5)) is items
        assert numbers(items) == [0, 1, 2, 3, 4, 5] and numbers(items[1:4]) == [1, 2, 3]
        items.insert(1, Add(9))
        assert items.pop(0).by == 0 and items.pop().by == 5
        assert numbers(items) == [9, 1, 2, 3, 4]
        del items[1:3]
        items[-1] = Add(7)
        items += adds(8)
        assert numbers(items) == [9, 3, 7, 8] and items[2] in items and Add(7) not in items
        assert [name for name, _ in items.named_children()] == ["0", "1", "2", "3"]
        assert numbers(items + adds(1)) == [9, 3, 7, 8, 1] and len(items) == 4
        assert isinstance(items[:2], kind) and items[np.int64(1)].by == 3


def test_a_slice_shares_modules_and_leaves_their_paths():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)).eval()
    part = net[1:]
    assert part[0] is net[1] and not part.training
    assert part[0].weight.name == "1.weight" and [name for name, _ in part.named_parameters()][0] == "1.weight"
    part.append(nn.ReLU())
    assert [name for name, _ in part.named_children()] == ["1", "2", "3"] and len(net) == 3
    assert [name for name, _ in nn.ModuleList(net)[1:].named_children()] == ["0", "1"]


def test_renumbered_entries_take_their_new_path():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    del net[0]
    assert net[0].weight.name == "0.weight" and net(tg.zeros(1, 2)).creator.where.startswith("0/")


def test_a_module_listed_twice():
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, nn.ReLU(), layer)
    assert len(net) == 3 and net[2] is layer and layer.weight.name == "0.weight"
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias"]
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    out = net(tg.ones(1, 2))
    out.sum().backward()
    assert layer.weight.grad is not None


def test_module_list_text_groups_equal_entries():
    assert repr(nn.ModuleList(adds(1, 1, 1, 2))) == "ModuleList(\n  (0-2): 3 x Add(1)\n  (3): Add(2)\n)"
    assert repr(nn.ModuleList()) == "ModuleList()" and repr(nn.Sequential()) == "Sequential()"


def test_module_dict():
    heads = nn.ModuleDict({"a": Add(1)})
    heads["b"] = Add(2)
    heads.update([("c", Add(3))])
    assert list(heads) == heads.keys() == ["a", "b", "c"] and numbers(heads.values()) == [1, 2, 3]
    assert "b" in heads and "d" not in heads and "training" not in heads and len(heads) == 3
    assert heads.pop("a").by == 1 and [name for name, _ in heads.items()] == ["b", "c"]
    heads["b"] = Add(5)
    assert heads["b"].by == 5
    del heads["b"]
    heads.clear()
    assert len(heads) == 0
    with pytest.raises(KeyError, match="'x' is not in this ModuleDict; it has"):
        heads["x"]
    with pytest.raises(ArgumentError, match="register_module: ModuleDict already has an attribute 'keys'"):
        heads["keys"] = Add(1)


def test_parameter_list_and_dict():
    items = nn.ParameterList([nn.Parameter([1.0]), np.ones((2, 3))])
    items.append(tg.zeros(1))
    assert len(items) == 3 and all(isinstance(p, nn.Parameter) for p in items)
    assert [name for name, _ in items.named_parameters()] == ["0", "1", "2"] and items[1].requires_grad
    assert repr(items) == ("ParameterList(\n  (0): Parameter of float32 (1,)\n  (1): Parameter of float64 (2, 3)\n"
                           "  (2): Parameter of float32 (1,)\n)")
    named = nn.ParameterDict({"w": np.ones(2)})
    assert list(named.state_dict()) == ["w"] and isinstance(named["w"], nn.Parameter)
    assert repr(named) == "ParameterDict(\n  (w): Parameter of float64 (2,)\n)"


def test_copies():
    net = nn.Sequential(OrderedDict(a=nn.ModuleList(adds(1, 2)), b=nn.ModuleDict({"x": Add(3)})))
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert repr(other) == repr(net) and other.a[0] is not net.a[0]


@pytest.mark.parametrize("call, error, text", [
    (lambda: nn.Sequential(nn.ReLU), TypeError, "Sequential: entry '0' is the class ReLU, not an nn.Module.\n  Pass inst"),
    (lambda: nn.Sequential([nn.ReLU()]), TypeError, "Sequential: entry '0' is a list, not an nn.Module"),
    (lambda: nn.ModuleList([nn.ReLU(), 3]), TypeError, "ModuleList: entry '1' is a int, not an nn.Module"),
    (lambda: nn.ParameterList(["a"]), TypeError, "ParameterList: entry '0' is a str, not an nn.Parameter"),
    (lambda: nn.ModuleDict({"a": 1}), TypeError, "register_module: 'a' is a int"),
    (lambda: nn.Sequential(nn.ReLU())[1], RangeError, "Sequential: there is no entry 1 among 1.\n  Use -1 to 0"),
    (lambda: nn.ModuleList()[0], RangeError, "ModuleList: it is empty, so there is no entry 0"),
    (lambda: nn.ModuleList(adds(1))(X), NotImplementedError, "ModuleList is a list, not a layer.\n  Call its entries"),
    (lambda: nn.ModuleDict()(X), NotImplementedError, "ModuleDict is a dict, not a layer.\n  Call one of its entries"),
    (lambda: nn.Sequential({"a.b": nn.ReLU()}), ArgumentError, "register_module: 'a.b' cannot be a name"),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
