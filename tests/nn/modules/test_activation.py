"""Activation layers: values at chosen points, options, texts, errors."""

import math

import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError, GraphError, ShapeError


@pytest.mark.parametrize("layer, x, y", [
    (nn.ReLU(), [-1, 2], [0, 2]),
    (nn.ReLU6(), [-1, 2, 7], [0, 2, 6]),
    (nn.LeakyReLU(0.1), [-1, 2], [-0.1, 2]),
    (nn.PReLU(init=0.5), [-1, 2], [-0.5, 2]),
    (nn.RReLU(0.5, 0.5), [-1, 2], [-0.5, 2]),
    (nn.RReLU(0.1, 0.3).eval(), [-1, 2], [-0.2, 2]),
    (nn.ELU(2), [-1, 2], [2 * (math.exp(-1) - 1), 2]),
    (nn.CELU(2), [-1, 2], [2 * (math.exp(-0.5) - 1), 2]),
    (nn.SELU(), [0, 1], [0, 1.0507009873554805]),
    (nn.GELU(), [0, 1], [0, 0.8413447460685429]),
    (nn.GELU("tanh"), [0, 1], [0, 0.8411919906082768]),
    (nn.SiLU(), [0, 1], [0, 1 / (1 + math.exp(-1))]),
    (nn.Mish(), [0, 1], [0, math.tanh(math.log(1 + math.e))]),
    (nn.GLU(), [3, 0], [1.5]),
    (nn.Sigmoid(), [0, 1], [0.5, 1 / (1 + math.exp(-1))]),
    (nn.LogSigmoid(), [0, -1000], [-math.log(2), -1000]),
    (nn.Hardsigmoid(), [-4, 0, 4], [0, 0.5, 1]),
    (nn.Hardswish(), [-4, 1.5, 4], [0, 1.125, 4]),
    (nn.Tanh(), [0, 1], [0, math.tanh(1)]),
    (nn.Hardtanh(-2, 1), [-3, 0.5, 3], [-2, 0.5, 1]),
    (nn.Tanhshrink(), [0, 1], [0, 1 - math.tanh(1)]),
    (nn.Hardshrink(), [-1, 0.2, 1], [-1, 0, 1]),
    (nn.Softshrink(), [-1, 0.2, 1], [-0.5, 0, 0.5]),
    (nn.Softplus(2), [0, 100], [math.log(2) / 2, 100]),
    (nn.Softsign(), [-1, 3], [-0.5, 0.75]),
    (nn.Threshold(1, 20), [0, 1, 2], [20, 20, 2]),
    (nn.Softmax(0), [0, math.log(3)], [0.25, 0.75]),
    (nn.LogSoftmax(-1), [0, math.log(3)], [math.log(0.25), math.log(0.75)]),
    (nn.Softmin(0), [0, math.log(3)], [0.75, 0.25]),
], ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "")
def test_values(layer, x, y):
    assert layer(tg.tensor(x, dtype="float64")).tolist() == pytest.approx(y)


def test_softmax2d_is_over_channels():
    assert nn.Softmax2d()(tg.zeros(2, 4, 3, 3)).tolist() == [[[[0.25] * 3] * 3] * 4] * 2
    assert nn.Softmax2d()(tg.zeros(4, 3, 3)).shape == (4, 3, 3)


def test_prelu_learns_its_slope():
    layer = nn.PReLU(2)
    layer(tg.tensor([[-1.0, -3.0], [1.0, 2.0]])).sum().backward()
    assert layer.weight.grad.tolist() == [-1.0, -3.0]


def test_inplace_writes_over_the_input():
    for kind in (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.CELU, nn.SELU, nn.SiLU, nn.Mish, nn.Hardsigmoid, nn.Hardswish,
                 nn.Hardtanh, nn.RReLU, lambda inplace=False: nn.Threshold(0.5, -3.0, inplace)):
        layer = kind(inplace=True).eval()
        assert "inplace=True" in repr(layer)
        leaf = tg.tensor([-1.25, 0.25, 7.0], requires_grad=True)
        expected = kind()(leaf) if kind is not nn.RReLU else kind().eval()(leaf)
        for x in (leaf * 1, leaf.detach().clone()):
            assert layer(x) is x and x.tolist() == expected.tolist()
        with pytest.raises(GraphError, match=r"a leaf that requires grad cannot be changed in place(.|\n)*inplace=True"):
            layer(leaf)
        assert leaf.tolist() == [-1.25, 0.25, 7.0]


def test_a_block_that_uses_the_input_of_its_activation_again():
    """The bug that pre-activation networks are known for: the shortcut, too, is what the activation made of it."""
    x = tg.tensor([-1.0, 2.0], requires_grad=True)
    shortcut = y = x * 3
    out = nn.ReLU(inplace=True)(y) + shortcut
    out.sum().backward()
    assert out.tolist() == [0.0, 12.0] and x.grad.tolist() == [0.0, 6.0]


def test_texts():
    assert [repr(layer) for layer in (nn.ReLU(), nn.LeakyReLU(), nn.Softmax(1), nn.GELU(), nn.Hardshrink(), nn.PReLU(3),
                                      nn.Hardtanh(), nn.Threshold(1, 2), nn.GLU(1), nn.Softplus(), nn.ELU())] == [
        "ReLU()", "LeakyReLU(negative_slope=0.01)", "Softmax(dim=1)", "GELU(approximate='none')", "Hardshrink(0.5)",
        "PReLU(num_parameters=3)", "Hardtanh(min_val=-1.0, max_val=1.0)", "Threshold(threshold=1, value=2)", "GLU(dim=1)",
        "Softplus(beta=1.0, threshold=20.0)", "ELU(alpha=1.0)"]


@pytest.mark.parametrize("call, error, text", [
    (lambda: nn.PReLU(0), ArgumentError, "PReLU: num_parameters=0 makes no sense"),
    (lambda: nn.RReLU(2, 1), ArgumentError, "RReLU: the interval from lower=2 to upper=1 is empty.\n  Use lower ≤ upper"),
    (lambda: nn.functional.rrelu(tg.zeros(1), 2, 1), ArgumentError, "rrelu: the interval from lower=2 to upper=1 is empty"),
    (lambda: nn.CELU(0), ArgumentError, "CELU: alpha=0 divides by zero.\n  Use another number, or ReLU"),
    (lambda: nn.GELU("erf"), ArgumentError, "GELU: approximate='erf' is not known.\n  Use 'none', 'tanh'"),
    (lambda: nn.Hardtanh(1, 1), ArgumentError, "Hardtanh: min_val=1 is not below max_val=1.\n  Exchange them"),
    (lambda: nn.Softshrink(-1), ArgumentError, "Softshrink: lambd=-1 is negative.\n  Use a number ≥ 0"),
    (lambda: nn.Softplus(0), ArgumentError, "Softplus: beta=0 makes no sense here.\n  Use a number above 0"),
    (lambda: nn.Softmax(), ArgumentError, "Softmax: dim=None does not say along which axis.\n  Use dim=1"),
    (lambda: nn.LogSoftmax(), ArgumentError, "LogSoftmax: dim=None"),
    (lambda: nn.Softmax2d()(tg.zeros(2, 2)), ShapeError, "Softmax2d: expects 3 or 4 axes, got 2"),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
