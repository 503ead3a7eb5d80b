"""Activations and rounding where they have kinks, at infinity, and their error texts."""

import numpy as np
import pytest

import nn.functional as F
import tensorgrad
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, ShapeError

INF, NAN = float("inf"), float("nan")


def slope(function, *points):
    """The gradient at each point."""
    x = Tensor(np.array(points), requires_grad=True)
    function(x).sum().backward()
    return x.grad.tolist()


@pytest.mark.parametrize("function, points, slopes", [
    (F.relu, [0.0, -0.0, INF, -INF], [0, 0, 1, 0]),
    (F.leaky_relu, [0.0, 1.0], [0.01, 1]),
    (F.elu, [0.0, INF, -INF], [1, 1, 0]),
    (F.selu, [INF], [1.0507009873554805]),
    (F.hardtanh, [-1.0, 0.0, 1.0], [0, 1, 0]),
    (F.relu6, [0.0, 6.0, 3.0], [0, 0, 1]),
    (F.hardsigmoid, [-3.0, 0.0, 3.0], [0, 1 / 6, 0]),
    (F.hardswish, [-3.0, 3.0], [0, 1]),
    (lambda x: F.threshold(x, 1.0, 5.0), [1.0, 2.0], [0, 1]),
    (F.hardshrink, [0.5, -0.5, 1.0], [0, 0, 1]),
    (F.softshrink, [0.5, -0.5, 1.0], [0, 0, 1]),
    (lambda x: x.clamp(0, 1), [0.0, 1.0, 2.0], [1, 1, 0]),
    (abs, [0.0, -2.0, NAN], [0, -1, 0]),
    (tensorgrad.sign, [0.0, 1.0], [0, 0]),
    (tensorgrad.round, [0.4], [0]),
])
def test_gradient_at_kinks(function, points, slopes):
    assert slope(function, *points) == pytest.approx(slopes)


def test_relu_lets_nan_through():
    x = Tensor([NAN, -1.0], requires_grad=True)
    y = F.relu(x)
    y.sum().backward()
    assert np.isnan(y.tolist()[0]) and x.grad.tolist() == [1, 0]


def test_relu_stops_an_infinite_gradient():
    """The slope of the root is infinite at 0, where relu is flat: the product is 0, not NaN."""
    assert slope(lambda x: F.relu(x).sqrt(), -1.0, 4.0) == [0, 0.25]


def test_sigmoids_at_the_ends_of_the_range():
    x = Tensor([-1e4, 1e4])
    assert F.sigmoid(x).tolist() == [0, 1]
    assert F.logsigmoid(x).tolist() == [-1e4, 0]
    assert F.softplus(x).tolist() == [0, 1e4]
    assert F.silu(x).tolist() == [0, 1e4]
    assert F.gelu(x).tolist() == [0, 1e4]


def test_gelu_keeps_digits_far_below_zero():
    assert F.gelu(Tensor(np.array(-8.0))).item() == pytest.approx(-8 * 6.220960574271785e-16, rel=1e-12)


def test_sign_of_nan_is_zero():
    assert tensorgrad.sign(Tensor([NAN, -3.0, 0.0])).tolist() == [0, -1, 0]


def test_remainders_take_the_sign_of_divisor_or_dividend():
    x = Tensor([-3.0, 3.0])
    assert (x % 2).tolist() == [1, 1]
    assert tensorgrad.fmod(x, 2).tolist() == [-1, 1]
    assert (5 % Tensor([3.0])).tolist() == [2]


def test_inplace_writes_over_the_input():
    x = Tensor([-1.0, 2.0])
    assert F.relu(x, inplace=True) is x and x.tolist() == [0, 2]


@pytest.mark.parametrize("call, error, text", [
    (lambda: F.prelu(Tensor(np.zeros((2, 3, 4))), Tensor(np.zeros(2))), ShapeError,
     r"prelu: expects 1 or 3 slopes, got \(2,\)(.|\n)*num_parameters=3"),
    (lambda: F.celu(Tensor([1.0]), 0), ArgumentError, "celu: alpha=0 divides by zero"),
    (lambda: F.softplus(Tensor([1.0]), beta=0), ArgumentError, "softplus: beta=0 divides by zero"),
    (lambda: F.hardtanh(Tensor([1.0]), 2, -2), ArgumentError, r"min_val=2 is above max_val=-2.\n  Swap them"),
    (lambda: F.softshrink(Tensor([1.0]), -0.5), ArgumentError, r"lambd=-0.5 is negative.\n  Use a number ≥ 0, such as 0.5"),
    (lambda: F.gelu(Tensor([1.0]), approximate="erf"), ArgumentError, "approximate='erf' is unknown"),
    (lambda: F.glu(Tensor(np.zeros((2, 3)))), ShapeError, "glu: 3 entries along dim=-1 cannot be halved"),
    (lambda: F.glu(Tensor(1.0)), ShapeError, "glu: a tensor without axes has no halves"),
])
def test_error_texts(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("kernels", tensorgrad.kernels.available())
def test_relu_of_a_number_takes_the_scalar_that_numpy_makes_of_its_gradient(kernels):
    with tensorgrad.kernels.use(kernels):
        for value, gradient in ((1.0, 2.0), (-1.0, 0.0)):
            x = Tensor(value, requires_grad=True)
            (F.relu(x) * 2.0).backward()
            assert x.grad.item() == gradient
