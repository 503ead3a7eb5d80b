"""Kernels of layer, RMS and group norm against NumPy in float64: layouts, dtypes, special values, digits."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

from tensorgrad import kernels
from tests.tensorgrad.kernels.test_parity import ids, layouts, same

EPS = 1e-3
ROWS = [((5, 3), 1), ((2, 3, 7), 2), ((4, 33), 1), ((2, 7, 70), 1), ((3, 4, 3, 5), 3), ((40, 768), 1), ((2, 9001), 1),
        ((3, 1), 1), ((2, 3, 20, 30), 2), ((6,), 1)]
GROUPS = [((5, 6), 3), ((2, 6, 7), 2), ((4, 16, 3, 3), 16), ((3, 6, 2, 3, 2), 1), ((3, 20, 4, 4), 5), ((2, 300, 5, 5), 10),
          ((2, 1, 1, 2), 1), ((3, 4, 1, 1), 2), ((2, 3, 1, 4099), 3), ((2, 3, 67, 61), 1), ((1, 130, 13, 3), 65),
          ((1, 16, 90, 70), 4)]


def over_rows(x: np.ndarray, axes: int, values: tuple[Any, Any, Any], centered: bool = True) -> tuple[Any, ...]:
    """Result, moments and gradients, in the dtype of x; values are weight, bias and the result's gradient."""
    weight, bias, grad = values
    over, beside = tuple(range(x.ndim - axes, x.ndim)), tuple(range(x.ndim - axes))
    mean = x.mean(over, keepdims=True) if centered else np.zeros_like(x[:1])
    var = ((x - mean)**2).mean(over, keepdims=True)
    unit, g = (x - mean) / np.sqrt(var + EPS), grad * weight
    d_x = g - g.mean(over, keepdims=True) * centered - unit * (g * unit).mean(over, keepdims=True)
    return (unit * weight + bias, x.mean(over), var.reshape(x.shape[:x.ndim - axes]), d_x / np.sqrt(var + EPS),
            (grad * unit).sum(beside), grad.sum(beside))


def over_groups(x: np.ndarray, groups: int, values: tuple[Any, Any, Any]) -> tuple[Any, ...]:
    """The same, as a layer norm of groups, whose weight and bias are repeated over the pixels."""
    n, c = x.shape[:2]
    apart = (n * groups, c // groups, x[0, 0].size)
    weight, bias = [np.repeat(np.tile(v, n), apart[2]).reshape(apart) for v in values[:2]]
    y, mean, var, d_x, _, _ = over_rows(x.reshape(apart), 2, (weight, bias, values[2].reshape(apart)))
    unit = ((x.reshape(apart) - mean[:, None, None]) / np.sqrt(var + EPS)[:, None, None]).reshape(x.shape)
    beside = (0, *range(2, x.ndim))
    return (y.reshape(x.shape), mean.reshape(n, groups), var.reshape(n, groups), d_x.reshape(x.shape),
            (unit * values[2]).sum(beside), values[2].sum(beside))


def inputs(rng: np.random.Generator, shape: tuple[int, ...], varies: tuple[int, ...]) -> tuple[Any, ...]:
    """x, weight, bias, and a gradient of the result."""
    return rng.normal(2, 3, shape), rng.normal(size=varies), rng.normal(size=varies), rng.normal(size=shape)


def compare(found: tuple[Any, ...], expected: tuple[Any, ...], dtype: Any) -> None:
    for a, b in zip(found, expected):
        same(a, b, dtype)


def arrangements(array: np.ndarray) -> list[np.ndarray]:
    return list(layouts(array)) if array.ndim > 1 else [array, np.ascontiguousarray(array[::-1])[::-1]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape, axes", ROWS, ids=ids)
def test_layer_norm(kernel_set, shape, axes, dtype, rng):
    x, weight, bias, grad = inputs(rng, shape, shape[len(shape) - axes:])
    for w, b in ((weight, bias), (None, None)):
        values = (1.0, 0.0, grad) if w is None else (w, b, grad)
        expected = over_rows(x, axes, values)
        w, b = [None if v is None else v.astype(dtype) for v in (w, b)]
        for x_, grad_ in zip(arrangements(x.astype(dtype)), arrangements(grad.astype(dtype))):
            y, mean, var = kernel_set.layer_norm(x_, axes, w, b, EPS)
            gradients = kernel_set.layer_norm_grad(grad_, x_, axes, mean, var, w, EPS)
            compare((y, mean, var, *gradients), expected, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape, axes", ROWS, ids=ids)
def test_rms_norm(kernel_set, shape, axes, dtype, rng):
    x, weight, _, grad = inputs(rng, shape, shape[len(shape) - axes:])
    for w in (weight, None):
        y_, _, square_, d_x_, d_weight_, _ = over_rows(x, axes, (1.0 if w is None else w, 0.0, grad), False)
        w = None if w is None else w.astype(dtype)
        for x_, grad_ in zip(arrangements(x.astype(dtype)), arrangements(grad.astype(dtype))):
            y, square = kernel_set.rms_norm(x_, axes, w, EPS)
            d_x, d_weight = kernel_set.rms_norm_grad(grad_, x_, axes, square, w, EPS)
            for found, wanted in ((y, y_), (square, square_), (d_x, d_x_), (d_weight, d_weight_)):
                same(found, wanted, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape, groups", GROUPS, ids=ids)
def test_group_norm(kernel_set, shape, groups, dtype, rng):
    x, weight, bias, grad = inputs(rng, shape, shape[1:2])
    for w, b in ((weight, bias), (None, None)):
        ones, zeros = np.ones(shape[1]), np.zeros(shape[1])
        expected = over_groups(x, groups, (ones, zeros, grad) if w is None else (w, b, grad))
        w, b = [None if v is None else v.astype(dtype) for v in (w, b)]
        for x_ in layouts(x.astype(dtype)):
            for grad_ in layouts(grad.astype(dtype)):
                y, mean, var = kernel_set.group_norm(x_, groups, w, b, EPS)
                gradients = kernel_set.group_norm_grad(grad_, x_, groups, mean, var, w, EPS)
                compare((y, mean, var, *gradients), expected, dtype)


def test_results_lie_in_memory_as_the_input(kernel_set, rng):
    for x in list(layouts(rng.normal(size=(2, 6, 5, 4))))[:2]:
        mean, var = np.zeros((2, 2, 3))
        results = [kernel_set.group_norm(x, 3, None, None, EPS)[0],
                   kernel_set.group_norm_grad(x, x, 3, mean, var, None, EPS)[0],
                   kernel_set.layer_norm(x, 3, None, None, EPS)[0], kernel_set.rms_norm(x, 3, None, EPS)[0]]
        for y in results:
            assert y.strides == x.strides


Norm = Callable[[Any, np.ndarray], tuple[Any, ...]]
NORMS: dict[str, tuple[Norm, Callable[[np.ndarray], np.ndarray]]] = {  # of x (4, 6, 16, 20) per (4, 3); the same in rows
    "layer": (lambda k, x: k.layer_norm(x.reshape(4, 3, 2, 16, 20), 3, None, None, 0.0), lambda x: x.reshape(4, 3, -1)),
    "group": (lambda k, x: k.group_norm(x, 3, None, None, 0.0), lambda x: x.reshape(4, 3, -1)),
    "group, channels last": (lambda k, x: k.group_norm(list(layouts(x))[1], 3, None, None, 0.0),
                             lambda x: x.reshape(4, 3, -1)),
}


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("offset", [0.0, 1e2, 1e4, -1e6])
def test_digits_do_not_cancel(kernel_set, name, offset, rng):
    """Where the mean is much larger than the deviation, and where the first entries lie far off."""
    norm, in_rows = NORMS[name]
    for at in (None, (slice(None), slice(None), 0, 0), (slice(None), 0), (0, 0, slice(0, 3))):
        x = (rng.normal(size=(4, 6, 16, 20)) + offset).astype(np.float32)
        if at is not None:
            x[at] = 1e4 - offset
        exact = in_rows(x.astype(np.float64))
        y, mean, var = norm(kernel_set, x)
        wanted = (exact - exact.mean(2, keepdims=True)) / exact.std(2, keepdims=True)
        assert (np.abs(mean - exact.mean(2)) < 1e-7 * np.abs(exact.mean(2)) + 1e-6 * exact.std(2)).all()
        np.testing.assert_allclose(var, exact.var(2), rtol=5e-6)
        np.testing.assert_allclose(in_rows(y), wanted, rtol=5e-6, atol=5e-6)


@pytest.mark.parametrize("name", NORMS)
def test_digits_of_gradients_do_not_cancel(kernel_set, name, rng):
    x = (rng.normal(size=(4, 6, 16, 20)) * 0.1 + 1e4).astype(np.float32)
    grad = rng.normal(size=x.shape).astype(np.float32)
    expected = over_groups(x.astype(np.float64), 3, (np.ones(6), np.zeros(6), grad.astype(np.float64)))
    mean, var = [v.astype(np.float32) for v in expected[1:3]]
    if name == "layer":
        split = (4, 3, 2, 16, 20)
        d_x = kernel_set.layer_norm_grad(grad.reshape(split), x.reshape(split), 3, mean, var, None, EPS)[0].reshape(x.shape)
    else:
        x, grad = [list(layouts(v))["last" in name] for v in (x, grad)]
        d_x = kernel_set.group_norm_grad(grad, x, 3, mean, var, None, EPS)[0]
    np.testing.assert_allclose(d_x, expected[3], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [(0, 2, 0, 0), (0, 3, 15, 19)], ids=ids)
def test_special_values_stay_in_their_group(kernel_set, name, special, at, rng):
    norm, in_rows = NORMS[name]
    x = rng.normal(size=(4, 6, 16, 20)).astype(np.float32)
    x[at] = special
    y, mean, var = norm(kernel_set, x)
    spoilt = np.zeros((4, 3), bool)
    spoilt[0, 1] = True
    rows = in_rows(y)
    assert np.isnan(rows[spoilt]).all() and np.isfinite(rows[~spoilt]).all()
    assert np.isnan(var[spoilt]).all() and not np.isfinite(mean[spoilt]).any()
    assert np.isfinite(var[~spoilt]).all() and np.isfinite(mean[~spoilt]).all()
    x = list(layouts(x))["last" in name]
    d_x, d_weight, _ = kernel_set.group_norm_grad(np.ones_like(x), x, 3, mean, var, None, EPS)
    assert np.isnan(in_rows(d_x)[spoilt]).all() and np.isfinite(in_rows(d_x)[~spoilt]).all()
    assert np.isnan(d_weight[2:4]).all() and np.isfinite(d_weight[[0, 1, 4, 5]]).all()


def test_special_values_of_rms_norm(kernel_set, rng):
    x = rng.normal(size=(3, 50)).astype(np.float32)
    x[1, 7], x[2, 49] = np.nan, np.inf
    y, square = kernel_set.rms_norm(x, 1, None, EPS)
    assert np.isfinite(y[0]).all() and np.isnan(y[1]).all() and np.isnan(y[2, 49]) and (y[2, :49] == 0).all()
    assert np.isnan(square[1]) and square[2] == np.inf


@pytest.mark.parametrize("shape", [(0, 4, 3, 3), (2, 4, 0, 3), (0, 4)], ids=ids)
def test_empty(kernel_set, shape):
    x, w = np.zeros(shape, np.float32), np.ones(4, np.float32)
    y, mean, var = kernel_set.group_norm(x, 2, w, w, EPS)
    d_x, d_weight, d_bias = kernel_set.group_norm_grad(x, x, 2, mean, var, w, EPS)
    assert y.shape == d_x.shape == shape and mean.shape == var.shape == (shape[0], 2)
    np.testing.assert_array_equal([d_weight, d_bias], np.zeros((2, 4)))
    inner = np.ones(shape[1:], np.float32)
    y, mean, var = kernel_set.layer_norm(x, len(inner.shape), inner, inner, EPS)
    d_x, d_weight, d_bias = kernel_set.layer_norm_grad(x, x, len(inner.shape), mean, var, inner, EPS)
    assert y.shape == d_x.shape == shape and mean.shape == var.shape == shape[:1]
    np.testing.assert_array_equal([d_weight, d_bias], np.zeros((2, *inner.shape)))
    y, square = kernel_set.rms_norm(x, len(inner.shape), inner, EPS)
    assert y.shape == shape and square.shape == shape[:1]
    np.testing.assert_array_equal(kernel_set.rms_norm_grad(x, x, len(inner.shape), square, inner, EPS)[1],
                                  np.zeros(inner.shape))


@pytest.mark.parametrize("last", [False, True])
def test_the_same_numbers_from_run_to_run(kernel_set, last, rng):
    x, grad = [list(layouts(rng.normal(size=(16, 32, 16, 16)).astype(np.float32)))[last] for _ in range(2)]
    mean, var = rng.uniform(1, 2, (2, 16, 4)).astype(np.float32)

    def everything() -> list[np.ndarray]:
        rows = kernel_set.layer_norm(x, 2, None, None, EPS)
        return [*kernel_set.group_norm(x, 4, None, None, EPS), *kernel_set.group_norm_grad(grad, x, 4, mean, var, None, EPS),
                *rows, *kernel_set.layer_norm_grad(grad, x, 2, *rows[1:], None, EPS)]

    by_threads = []
    for n in (1, 2):
        before = kernels.get_num_threads()
        kernels.set_num_threads(n)
        try:
            first, second = everything(), everything()
        finally:
            kernels.set_num_threads(before)
        for a, b in zip(first, second):
            np.testing.assert_array_equal(a, b)
        by_threads.append(first)
    for a, b in zip(*by_threads):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_arguments_are_not_written_into(kernel_set, rng):
    x, w = rng.normal(size=(2, 4, 3, 3)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    for array in (x, w):
        array.flags.writeable = False
    _, mean, var = kernel_set.group_norm(x, 2, w, w, EPS)
    kernel_set.group_norm_grad(x, x, 2, mean, var, w, EPS)
    rows = x.reshape(18, 4)
    _, mean, var = kernel_set.layer_norm(rows, 1, w, w, EPS)
    kernel_set.layer_norm_grad(rows, rows, 1, mean, var, w, EPS)
    _, square = kernel_set.rms_norm(rows, 1, w, EPS)
    kernel_set.rms_norm_grad(rows, rows, 1, square, w, EPS)
