"""Functions of one number in every kernel set: values and gradients against NumPy, layouts, special values, digits."""

from __future__ import annotations

import math
from typing import Any, Callable

import numpy as np
import pytest

from tensorgrad import kernels
from tensorgrad.kernels.contract import FORMULAS
from tests.tensorgrad.kernels.test_parity import ids, layouts

erf, erfc = np.vectorize(math.erf, otypes=[float]), np.vectorize(math.erfc, otypes=[float])
sigmoid = lambda x: np.exp(np.minimum(x, 0)) / (1 + np.exp(-abs(x)))  # noqa: E731
softplus = lambda x: np.log1p(np.exp(-abs(x))) + np.maximum(x, 0)     # noqa: E731
bend = lambda x: math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)       # noqa: E731
bell = lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi)          # noqa: E731


def step(x: Any, low: float, high: float) -> Any:
    """1 strictly between the limits, else 0."""
    return np.where((x > low) & (x < high), 1.0, 0.0)


Function = Callable[..., Any]
# name: (numbers, f, f'), written again in float64
EXPECTED: dict[str, tuple[tuple[float, ...], Function, Function]] = {
    "sigmoid": ((), sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    "logsigmoid": ((), lambda x: -softplus(-x), lambda x: sigmoid(-x)),
    "softplus": ((2.0, 3.0), lambda x: np.where(2 * x > 3, x, softplus(2 * x) / 2),
                 lambda x: np.where(2 * x > 3, 1, sigmoid(2 * x))),
    "silu": ((), lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x))),
    "mish": ((), lambda x: x * np.tanh(softplus(x)),
             lambda x: np.tanh(softplus(x)) + x * sigmoid(x) / np.cosh(np.minimum(softplus(x), 300)) ** 2),
    "exp": ((), np.exp, np.exp),
    "tanh": ((), np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "tanhshrink": ((), lambda x: x - np.tanh(x), lambda x: np.tanh(x) ** 2),
    "erf": ((), erf, lambda x: 2 / math.sqrt(math.pi) * np.exp(-x * x)),
    "erfc": ((), erfc, lambda x: -2 / math.sqrt(math.pi) * np.exp(-x * x)),
    "gelu": ((), lambda x: x * erfc(-x / math.sqrt(2)) / 2, lambda x: erfc(-x / math.sqrt(2)) / 2 + x * bell(x)),
    "gelu_tanh": ((), lambda x: x * sigmoid(2 * bend(x)),
                  lambda x: sigmoid(2 * bend(x)) + x * sigmoid(2 * bend(x)) * sigmoid(-2 * bend(x))
                  * 2 * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)),
    "elu": ((1.5, 1.25, 0.7), lambda x: 1.25 * np.where(x > 0, x, 1.5 * np.expm1(0.7 * np.minimum(x, 0))),
            lambda x: 1.25 * np.where(x > 0, 1, 1.5 * 0.7 * np.exp(0.7 * np.minimum(x, 0)))),
    "leaky_relu": ((0.1,), lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.where(x > 0, 1, 0.1)),
    "hardtanh": ((-1.0, 1.5), lambda x: np.clip(x, -1, 1.5), lambda x: step(x, -1, 1.5)),
    "hardsigmoid": ((), lambda x: np.clip(x / 6 + 0.5, 0, 1), lambda x: step(x, -3, 3) / 6),
    "hardswish": ((), lambda x: x * np.clip(x + 3, 0, 6) / 6,
                  lambda x: step(x, -3, 3) * (x / 3 + 0.5) + np.where(x >= 3, 1, 0)),
    "threshold": ((0.5, -2.0), lambda x: np.where(x > 0.5, x, -2), lambda x: step(x, 0.5, np.inf)),
    "hardshrink": ((0.5,), lambda x: np.where(abs(x) > 0.5, x, 0), lambda x: 1 - step(abs(x), -1, 0.5)),
    "softshrink": ((0.5,), lambda x: np.where(abs(x) > 0.5, x - np.copysign(0.5, x), 0),
                   lambda x: 1 - step(abs(x), -1, 0.5)),
    "softsign": ((), lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "absolute": ((), np.abs, np.sign),
    "magnitude": ((), np.abs, lambda x: np.where(x == x, np.sign(x), 0)),
    "square": ((), np.square, lambda x: 2 * x),
    "huber": ((0.75, 1.5), lambda x: 1.5 * np.where(abs(x) < 0.75, x * x / 2, 0.75 * (abs(x) - 0.375)),
              lambda x: 1.5 * np.clip(x, -0.75, 0.75)),
}
BY_RESULT = ("sigmoid", "exp", "tanh")  # whose gradient is read off y


def close(found: np.ndarray, wanted: np.ndarray, dtype: Any, name: str) -> None:
    """Equal up to some units in the last place of the value or, where terms cancel, of 1."""
    assert found.shape == wanted.shape and found.dtype == dtype
    # An exponential takes the rounding error of its argument times that, which is up to 60 in gelu_tanh.
    unit = float(np.finfo(dtype).eps) * (8 if name == "gelu_tanh" else 1)
    np.testing.assert_allclose(found, wanted, rtol=16 * unit, atol=8 * unit)


def test_every_formula_is_tested_and_in_both_sets():
    from tensorgrad.kernels.reference import formulas

    assert set(EXPECTED) == set(FORMULAS) == set(formulas.FORMULAS)


def test_every_formula_is_compiled():
    pytest.importorskip("numba")
    from tensorgrad.kernels.compiled import formulas

    assert set(formulas.FORMULAS) == set(FORMULAS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (0, 4), (3,), (5, 301), (4, 3, 15, 17)], ids=ids)
@pytest.mark.parametrize("name", EXPECTED)
def test_values_and_gradients(kernel_set, name, shape, dtype, rng):
    numbers, function, slope = EXPECTED[name]
    x = (rng.normal(size=shape) * 3).astype(dtype)
    grad = np.asarray(rng.normal(size=shape), dtype)
    wide = x.astype(np.float64)
    wanted = grad * slope(wide)
    for x_, grad_ in zip(layouts(x), layouts(grad)) if x.ndim > 1 else [(np.asarray(x), grad)]:
        y = np.asarray(kernel_set.unary(x_, name, *numbers))
        close(y, np.asarray(function(wide)), dtype, name)
        for g in (grad_, grad):  # lying like x, and in another way
            found = kernel_set.unary_grad(g, y if name in BY_RESULT else x_, name, *numbers)
            close(np.asarray(found), wanted, dtype, name)
    if x.size:
        spread = np.broadcast_to(grad.reshape(-1)[0], shape)
        kept = kernel_set.unary(x, name, *numbers) if name in BY_RESULT else x
        close(np.asarray(kernel_set.unary_grad(spread, kept, name, *numbers)), spread * slope(wide), dtype, name)


@pytest.mark.parametrize("size", [9, 3000])
@pytest.mark.parametrize("name", EXPECTED)
def test_special_values(kernel_set, name, size):
    numbers, function, _ = EXPECTED[name]
    x = np.resize(np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1e30, -1e30, 1e-30, -1e-30], np.float32), size)
    with np.errstate(all="ignore"):
        y = kernel_set.unary(x, name, *numbers)
        wanted = function(x.astype(np.float64)).astype(np.float32)
        if name == "threshold":
            wanted[np.isnan(x)] = np.nan  # NaN is not below it
        if name in ("hardshrink", "softshrink"):
            wanted[np.isnan(x)] = np.nan
        np.testing.assert_allclose(y, wanted, rtol=1e-6, atol=1e-7)
        grad = kernel_set.unary_grad(np.ones_like(x), y if name in BY_RESULT else x, name, *numbers)
        assert np.isfinite(grad[3:5]).all()


@pytest.mark.parametrize("name, flat", [("hardtanh", 9.0), ("hardsigmoid", -9.0), ("hardswish", -9.0), ("threshold", -9.0),
                                        ("hardshrink", 0.1), ("softshrink", 0.1)])
def test_nothing_comes_through_where_it_is_flat(kernel_set, name, flat):
    grad = np.resize(np.array([1, np.inf, np.nan], np.float32), 2000)
    found = kernel_set.unary_grad(grad, np.full(2000, flat, np.float32), name, *EXPECTED[name][0])
    np.testing.assert_array_equal(found, 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3,), (0, 4), (5, 301), (4, 3, 15, 17), (50_000,)], ids=ids)
@pytest.mark.parametrize("name", ["square", "absolute", "huber"])
def test_deviations(kernel_set, name, shape, dtype, rng):
    numbers, function, slope = EXPECTED[name]
    x, target = rng.normal(size=(2, *shape)).astype(dtype)
    difference = x.astype(np.float64) - target
    for x_, target_ in zip(layouts(x), layouts(target)) if x.ndim > 1 else [(x, target)]:
        for t in (target_, target):
            found = kernel_set.deviation(x_, t, name, *numbers)
            assert np.shape(found) == () and found.dtype == dtype
            np.testing.assert_allclose(found, function(difference).sum(), rtol=100 * np.finfo(dtype).eps)
            close(kernel_set.deviation_grad(x_, t, 0.5, name, *numbers), 0.5 * slope(difference), dtype, name)
    if x.ndim > 1 and x.size:
        difference = x.astype(np.float64) - target[:1]
        found = kernel_set.deviation(x, target[:1], name, *numbers)
        np.testing.assert_allclose(found, function(difference).sum(), rtol=1e-4)
        close(kernel_set.deviation_grad(x, target[:1], 0.5, name, *numbers), 0.5 * slope(difference), dtype, name)


def test_integers_and_half_precision(kernel_set):
    x = np.resize(np.array([-2, 0, 3]), 2000)
    np.testing.assert_array_equal(kernel_set.unary(x, "hardtanh", 0, 2), np.clip(x, 0, 2))
    half = x.astype(np.float16)
    for name, (numbers, function, _) in EXPECTED.items():
        y = kernel_set.unary(half, name, *numbers)
        assert y.dtype == np.float16
        np.testing.assert_allclose(y.astype(float), function(x.astype(float)), rtol=3e-3, atol=2e-3)


def test_bits_do_not_depend_on_threads(kernel_set, rng):
    x, grad = rng.normal(size=(2, 100_003)).astype(np.float32)
    results = []
    before = kernels.get_num_threads()
    try:
        for threads in (1, 3):
            kernels.set_num_threads(threads)
            results.append([kernel_set.unary(x, name, *numbers) for name, (numbers, _, _) in EXPECTED.items()])
            results[-1] += [kernel_set.unary_grad(grad, x, name, *numbers) for name, (numbers, _, _) in EXPECTED.items()]
    finally:
        kernels.set_num_threads(before)
    for one, many in zip(*results):
        np.testing.assert_array_equal(one, many)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name, low, high, units", [("tanh", -12, 12, 4), ("tanh", -1e-3, 1e-3, 4), ("erf", -4, 4, 8),
                                                    ("erf", -1e-3, 1e-3, 8), ("erfc", -5, 3, 16), ("sigmoid", -30, 30, 4),
                                                    ("exp", -30, 30, 2), ("logsigmoid", -9, 9, 8)])
def test_digits(kernel_set, name, low, high, units, dtype):
    """The relative error in units in the last place, against float64 or, for that, against what libm gives."""
    x = np.linspace(low, high, 4001).astype(dtype)
    exact = EXPECTED[name][1](x.astype(np.float64))
    allowed = units + (0 if dtype == np.float32 else 4)  # those of libm
    error = np.abs(kernel_set.unary(x, name) - exact) / np.spacing(np.abs(exact).astype(dtype))
    assert np.max(error[exact != 0]) <= allowed


def test_the_tail_of_the_normal_law_keeps_its_digits(kernel_set):
    x = np.linspace(-9, -3, 2001).astype(np.float32)
    exact = EXPECTED["gelu"][1](x.astype(np.float64))
    np.testing.assert_allclose(kernel_set.unary(x, "gelu"), exact, rtol=1e-5)
