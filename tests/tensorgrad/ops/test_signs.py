"""Signs, blends, NaN and closeness: subgradients as in PyTorch, exact ends, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.autograd import grad
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, ShapeError

INF, NAN = math.inf, math.nan


def slope(function: Any, *values: list[float]) -> list[list[float]]:
    inputs = [tensorgrad.tensor(v, dtype="float64", requires_grad=True) for v in values]
    out = function(*inputs)
    return [g.tolist() for g in grad(out, inputs, tensorgrad.ones_like(out))]


@pytest.mark.parametrize(("function", "values", "wanted"), [
    (tensorgrad.copysign, ([0.0, 3.0, -2.0], [0.0, -4.0, -0.0]), [[0.0, -1.0, 1.0], [0.0, 0.0, 0.0]]),
    (tensorgrad.fmax, ([1.0, NAN, 2.0, NAN, 1.0], [1.0, 1.0, NAN, NAN, 2.0]),
     [[1.0, 0.0, 1.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0, 1.0]]),
    (tensorgrad.fmin, ([1.0, NAN, 2.0, NAN, 1.0], [1.0, 1.0, NAN, NAN, 2.0]),
     [[1.0, 0.0, 1.0, 1.0, 1.0], [0.0, 1.0, 0.0, 0.0, 0.0]]),
    (tensorgrad.copysign, ([INF, NAN], [1.0, 1.0]), [[NAN, NAN], [0.0, 0.0]]),
    (tensorgrad.maximum, ([1.0, NAN, 2.0], [1.0, 2.0, 1.0]), [[0.5, 1.0, 1.0], [0.5, 1.0, 0.0]]),
    (tensorgrad.minimum, ([1.0, 2.0, 2.0], [1.0, NAN, 1.0]), [[0.5, 1.0, 0.0], [0.5, 1.0, 1.0]]),
    (tensorgrad.clamp, ([1.0, 0.0, 3.0, 0.5], [1.0, 1.0, 1.0, 2.0], [2.0, 2.0, 2.0, 1.0]),
     [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]]),
    (tensorgrad.pow, ([0.0, 0.0, 0.0], [2.0, 0.0, -1.0]), [[0.0, 0.0, -INF], [0.0, 0.0, -INF]]),
    (tensorgrad.rsqrt, ([-0.0, 4.0, INF],), [[INF, -0.0625, -0.0]]),
    (tensorgrad.nanmean, ([NAN],), [[NAN]]),
    (tensorgrad.nan_to_num, ([INF, -INF, NAN, 1.0],), [[0.0, 0.0, 0.0, 1.0]]),
    (tensorgrad.nansum, ([NAN, 2.0],), [[0.0, 1.0]]),
    (tensorgrad.nanmean, ([NAN, 2.0, 4.0],), [[0.0, 0.5, 0.5]]),
    (tensorgrad.floor_divide, ([5.0, 7.0], [2.0, 3.0]), [[0.0, 0.0], [0.0, 0.0]]),
    (tensorgrad.normal, ([5.0, 7.0], [2.0, 3.0]), [[0.0, 0.0], [0.0, 0.0]]),
    (tensorgrad.bernoulli, ([0.5, 1.0],), [[0.0, 0.0]]),
    (lambda x: x**0, ([0.0, INF],), [[0.0, 0.0]]),
    (lambda x: tensorgrad.fill(x, 2.0), ([1.0, INF],), [[0.0, 0.0]]),
])
def test_gradients_are_those_of_pytorch(function: Any, values: Any, wanted: list[list[float]]) -> None:
    for found, expected in zip(slope(function, *values), wanted):
        np.testing.assert_array_equal(found, expected)


def test_lerp_reaches_both_ends_exactly() -> None:
    a, b = Tensor([0.1, 1e8]), Tensor([0.7, -3.3])
    assert tensorgrad.equal(tensorgrad.lerp(a, b, 0.0), a) and tensorgrad.equal(tensorgrad.lerp(a, b, 1.0), b)


def test_lerp_takes_a_weight_without_axes_of_another_float_dtype() -> None:
    assert tensorgrad.lerp(Tensor([3.0]), Tensor([4.0]), Tensor(0.5, dtype="float64")).dtype == tensorgrad.float32


def test_nan_to_num_keeps_integers_and_the_dtype() -> None:
    assert tensorgrad.nan_to_num(Tensor([1, 2]), 5.5).tolist() == [1, 2]
    assert tensorgrad.nan_to_num(Tensor([INF, NAN], dtype="float16")).tolist() == [65504.0, 0.0]


def test_integer_quotients_are_exact_and_never_by_zero() -> None:
    big = Tensor([9007199254740993, -9007199254740993])
    assert tensorgrad.div(big, 1, rounding_mode="trunc").tolist() == big.tolist()
    assert tensorgrad.div(Tensor([-7, 7]), Tensor([2, -2]), rounding_mode="trunc").tolist() == [-3, -3]
    for function in (tensorgrad.floor_divide, tensorgrad.remainder, tensorgrad.fmod):
        with pytest.raises(ArgumentError, match="an integer is divided by 0\n.*input.*\n.*other.*\n.*float"):
            function(Tensor([1, 2]), Tensor([1, 0]))
        with pytest.raises(DtypeError, match="is not defined for bool tensors"):
            function(Tensor([True]), Tensor([True]))
    assert tensorgrad.floor_divide(Tensor([1.0, -1.0]), Tensor([0.0, 0.0])).tolist() == [INF, -INF]


def test_equal_and_allclose_return_python_bools() -> None:
    x = Tensor([1.0, 2.0])
    assert tensorgrad.equal(x, x.double()) is True and tensorgrad.equal(x, Tensor([1.0])) is False
    assert tensorgrad.equal(Tensor([NAN]), Tensor([NAN])) is False
    assert x.allclose(Tensor([1.0, 2.00001])) is True and x.allclose(Tensor([1.0, 2.1])) is False
    assert Tensor([INF, 1.0]).isclose(Tensor([INF, INF])).tolist() == [True, False]
    assert tensorgrad.isclose(Tensor([200], dtype="uint8"), Tensor([201], dtype="uint8"), atol=1.0).tolist() == [True]


def test_aliases_are_the_functions_they_name() -> None:
    for name, alias in (("sub", "subtract"), ("mul", "multiply"), ("div", "divide"), ("div", "true_divide"),
                        ("neg", "negative"), ("abs", "absolute"), ("clamp", "clip"), ("sign", "sgn"),
                        ("ne", "not_equal"), ("lt", "less"), ("le", "less_equal"), ("gt", "greater"),
                        ("ge", "greater_equal"),
                        ("asin", "arcsin"), ("acos", "arccos"), ("atan", "arctan"), ("atan2", "arctan2"),
                        ("asinh", "arcsinh"), ("acosh", "arccosh"), ("atanh", "arctanh")):
        assert getattr(tensorgrad, name) is getattr(tensorgrad, alias)
        assert getattr(Tensor, name) is getattr(Tensor, alias)


@pytest.mark.parametrize(("call", "error", "text"), [
    (lambda x: tensorgrad.isclose(x, x, rtol=-1.0), ArgumentError, "isclose: rtol=-1.0 is negative"),
    (lambda x: tensorgrad.isclose(x, x.double()), DtypeError, "isclose: the tensors have different dtypes"),
    (lambda x: tensorgrad.isclose(x, 1.0), DtypeError, "isclose: other is no tensor"),
    (lambda x: tensorgrad.heaviside(x, x.double()), DtypeError, "heaviside: the operands have different dtypes"),
    (lambda x: tensorgrad.heaviside(x, 1.0), DtypeError, "heaviside: values is no tensor"),
    (lambda x: tensorgrad.lerp(x, x.double(), 0.5), DtypeError, "lerp: the operands have different dtypes"),
    (lambda x: tensorgrad.lerp(x, Tensor([1.0, 2.0, 3.0]), 0.5), ShapeError, "lerp: the shapes cannot be broadcast"),
    (lambda x: tensorgrad.addcmul(x.long(), x.long(), x.long(), value=0.5), DtypeError, "addcmul: value=0.5 for integer"),
    (lambda x: tensorgrad.addcmul(x > 0, x > 0, x > 0), DtypeError, "addcmul: is not defined for bool"),
    (lambda x: tensorgrad.addcdiv(x, x.long(), x.long()), DtypeError, "addcdiv: integer tensors cannot be divided"),
    (lambda x: tensorgrad.nanmean(x.long()), DtypeError, "nanmean: is not defined for int64"),
    (lambda x: tensorgrad.positive(x > 0), DtypeError, "positive: a bool tensor has no sign"),
    (lambda x: -(x > 0), DtypeError, "neg: a bool tensor has no sign"),
    (lambda x: tensorgrad.add(x.long(), x.long(), alpha=0.5), DtypeError, "add: alpha=0.5 for i operands"),
    (lambda x: tensorgrad.sub(x.long(), x.long(), alpha=0.5), DtypeError, "sub: alpha=0.5 for i operands"),
    (lambda x: x.long() ** -1, DtypeError, "pow: integers to the power -1 are no integers"),
    (lambda x: tensorgrad.xlogy(2, 3), DtypeError, "xlogy: other is no tensor"),
    (lambda x: tensorgrad.max(2, 3), DtypeError, "max: input is no tensor"),
    (lambda x: tensorgrad.fill(x, x), ShapeError, "fill: value is not one number"),
])
def test_error_texts(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call(Tensor([1.0, 2.0]))


def test_heaviside_refuses_to_be_differentiated() -> None:
    x = Tensor([1.0], requires_grad=True)
    with pytest.raises(GraphError, match="heaviside has no gradient"):
        tensorgrad.heaviside(x, x).sum().backward()
