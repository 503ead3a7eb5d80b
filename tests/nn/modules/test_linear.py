"""Dense layers and reshaping layers: hand-worked values, options, errors."""

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError


def test_linear_by_hand():
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": [[2.0, 3.0]], "bias": [1.0]})
    out = layer(tg.tensor([[1.0, 10.0]]))
    assert out.tolist() == [[33.0]]
    out.sum().backward()
    assert layer.weight.grad.tolist() == [[1.0, 10.0]] and layer.bias.grad.tolist() == [1.0]


def test_bilinear_by_hand():
    layer = nn.Bilinear(2, 1, 1)
    layer.load_state_dict({"weight": [[[2.0], [3.0]]], "bias": [1.0]})
    assert layer(tg.tensor([[1.0, 10.0]]), tg.tensor([[2.0]])).tolist() == [[65.0]]


def test_options():
    layer = nn.Linear(3, 2, bias=False, dtype=tg.float64)
    assert layer.bias is None and layer.weight.dtype == np.float64 and list(layer.state_dict()) == ["weight"]
    assert nn.Linear(np.int64(3), 2).weight.dtype == np.float32
    assert nn.Linear(0, 2)(tg.zeros(3, 0)).shape == (3, 2)
    tg.set_default_dtype("float64")
    try:
        assert nn.Linear(3, 2).weight.dtype == nn.Bilinear(1, 1, 1).bias.dtype == np.float64
    finally:
        tg.set_default_dtype("float32")


def test_texts():
    assert repr(nn.Linear(3, 2, bias=False)) == "Linear(in_features=3, out_features=2, bias=False)"
    assert repr(nn.Bilinear(3, 4, 2)) == "Bilinear(in1_features=3, in2_features=4, out_features=2, bias=True)"
    assert repr(nn.Flatten()) == "Flatten(start_dim=1, end_dim=-1)"
    assert repr(nn.Unflatten(1, (2, 3))) == "Unflatten(dim=1, unflattened_size=(2, 3))"
    assert repr(nn.Identity(3, a=1)) == "Identity()"


def test_shapes():
    assert nn.Flatten(0, 1)(tg.zeros(2, 3, 4)).shape == (6, 4)
    assert nn.Unflatten(-1, (2, -1))(tg.zeros(3, 8)).shape == (3, 2, 4)
    x = tg.zeros(2)
    assert nn.Identity()(x) is x


@pytest.mark.parametrize("call, error, text", [
    (lambda: nn.Linear(-1, 2), ArgumentError, "Linear: in_features=-1 makes no sense here.\n  Use an integer ≥ 0"),
    (lambda: nn.Linear(3, 2.0), ArgumentError, "Linear: out_features=2.0 makes no sense here.\n  Use an integer ≥ 0"),
    (lambda: nn.Linear(True, 2), ArgumentError, "Linear: in_features=True makes no sense"),
    (lambda: nn.Linear(3, 2, dtype=tg.int64), DtypeError, "Linear: parameters cannot be int64.\n  Use float32"),
    (lambda: nn.Bilinear(0, 1, 1), ArgumentError, "Bilinear: in1_features=0 makes no sense here.\n  Use an integer ≥ 1"),
    (lambda: nn.Unflatten(1, (2, -1, -1)), ArgumentError, r"Unflatten: unflattened_size=\(2, -1, -1\) makes no sense"),
    (lambda: nn.Unflatten(1, (2, 3))(tg.zeros(1, 8)), ShapeError, r"axis 1 of length 8 does not split into \(2, 3\)"),
    (lambda: nn.Unflatten(1, (3, -1))(tg.zeros(1, 8)), ShapeError, r"axis 1 of length 8 does not split into \(3, -1\)"),
    (lambda: nn.Unflatten(2, (3, -1))(tg.zeros(1, 8)), ShapeError, "Unflatten: there is no axis 2\n.*\n  Use an axis"),
    (lambda: nn.Sequential(nn.Linear(3, 2))(tg.zeros(1, 8)), ShapeError, r"^0 \(Linear\): linear: "),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
