"""Softmax and cross entropy of every kernel set against NumPy in float64, and the exponential of compiled kernels."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tensorgrad.kernels.test_parity import ids, layouts, same

ROWS = [(1, 1), (64, 10), (3, 32), (5, 65), (2, 5000), (700, 7)]


def log_softmax(x: np.ndarray, dim: int) -> np.ndarray:
    shifted = x - x.max(dim, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(dim, keepdims=True))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", ROWS, ids=ids)
def test_cross_entropy(kernel_set, shape, dtype, rng):
    x, factors = rng.normal(size=shape) * 5, rng.normal(size=shape[0])
    x = x.astype(dtype).astype(np.float64)
    classes = rng.integers(0, shape[1], shape[0])
    classes[::3] = -1
    kept = classes >= 0
    logs = log_softmax(x, 1)
    expected = np.where(kept, -logs[np.arange(len(x)), classes], 0)
    d_x = (np.exp(logs) - (classes[:, None] == np.arange(shape[1]))) * (factors * kept)[:, None]
    for x_ in layouts(x.astype(dtype)):
        losses, norms = kernel_set.cross_entropy(x_, classes)
        same(losses, expected, dtype)
        assert norms.shape == (len(x), 2) and norms.dtype == dtype
        same(kernel_set.cross_entropy_grad(factors.astype(dtype), x_, classes, norms), d_x, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape, dim", [((3,), 0), ((4, 5), 0), ((4, 65), 1), ((2, 3, 4, 5), 1), ((2, 3, 40), 2),
                                        ((0, 3), 1)], ids=ids)
def test_softmax(kernel_set, shape, dim, dtype, rng):
    x = (rng.normal(size=shape) * 5).astype(dtype)
    logs = log_softmax(x.astype(np.float64), dim) if x.size else x
    for x_ in layouts(x) if x.ndim > 1 else [x]:
        same(kernel_set.softmax(x_, dim), np.exp(logs), dtype)
        same(kernel_set.log_softmax(x_, dim), logs, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape, dim", [((3,), 0), ((4, 5), 0), ((4, 65), 1), ((7, 128), 1), ((2, 3, 4, 5), 1),
                                        ((2, 3, 40), 2), ((0, 3), 1), ((2, 0, 3), 1)], ids=ids)
def test_gradients_of_softmax(kernel_set, shape, dim, dtype, rng):
    x, grad = rng.normal(size=(2, *shape))
    logs = log_softmax(x, dim).astype(dtype) if x.size else x.astype(dtype)
    grad = grad.astype(dtype)
    y, g = np.exp(logs.astype(np.float64)), grad.astype(np.float64)
    arrays = logs, y.astype(dtype), grad
    for logs_, y_, grad_ in zip(*map(layouts, arrays)) if x.ndim > 1 else [arrays]:
        for other in (grad_, grad):
            same(kernel_set.softmax_grad(other, y_, dim), y * (g - (g * y).sum(dim, keepdims=True)), dtype)
            same(kernel_set.log_softmax_grad(other, logs_, dim), g - y * g.sum(dim, keepdims=True), dtype)


def test_nothing_along_the_axis(kernel_set):
    x = np.zeros((3, 0, 2), np.float32)
    assert kernel_set.softmax(x, 1).shape == kernel_set.log_softmax(x, 1).shape == x.shape
    losses, norms = kernel_set.cross_entropy(np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    assert losses.shape == (0,) and norms.shape == (0, 2)


@pytest.mark.parametrize("columns", [3, 100])
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_special_scores_stay_in_their_row(kernel_set, special, columns, rng):
    x = rng.normal(size=(3, columns)).astype(np.float32)
    x[1, -2] = special
    y, logs = kernel_set.softmax(x, 1), kernel_set.log_softmax(x, 1)
    losses, norms = kernel_set.cross_entropy(x, np.array([0, 0, 0]))
    d_x = kernel_set.cross_entropy_grad(np.ones(3, np.float32), x, np.array([0, 0, 0]), norms)
    for array in (y, logs, losses, d_x):
        assert np.isfinite(array[[0, 2]]).all()
    if special == -np.inf:
        assert y[1, -2] == 0 and logs[1, -2] == -np.inf and np.isfinite(losses[1]) and d_x[1, -2] == 0
    else:
        assert np.isnan(y[1]).all() and np.isnan(losses[1]) and np.isnan(d_x[1]).all()
    ignored, norms = kernel_set.cross_entropy(x, np.array([0, -1, 0]))
    d_x = kernel_set.cross_entropy_grad(np.ones(3, np.float32), x, np.array([0, -1, 0]), norms)
    assert ignored[1] == 0 and not d_x[1].any()
    x[1] = -np.inf
    assert np.isnan(kernel_set.softmax(x, 1)[1]).all()


def test_large_scores_keep_their_digits(kernel_set, rng):
    x = (rng.normal(size=(20, 30)) + 1e5).astype(np.float32)
    np.testing.assert_allclose(kernel_set.softmax(x, 1), np.exp(log_softmax(x.astype(np.float64), 1)), rtol=1e-5)
    losses, norms = kernel_set.cross_entropy(x, np.zeros(20, int))
    np.testing.assert_allclose(losses, -log_softmax(x.astype(np.float64), 1)[:, 0], rtol=1e-5, atol=1e-6)
    d_x = kernel_set.cross_entropy_grad(np.ones(20, np.float32), x, np.full(20, 29), norms)
    np.testing.assert_allclose(d_x[:, :29], np.exp(log_softmax(x.astype(np.float64), 1))[:, :29], rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logarithm_of_compiled_kernels(dtype):
    pytest.importorskip("numba")
    from tensorgrad.kernels.compiled.exponential import log
    from tensorgrad.kernels.compiled.jit import jit

    def logarithm(x, y):
        for i in range(x.size):
            y[i] = log(x[i])

    tiny = np.finfo(dtype).tiny
    x = np.concatenate([np.geomspace(tiny, 1 / tiny, 40_000), np.linspace(0.5, 2, 40_001), [1, np.inf, np.nan]])
    x = x.astype(dtype)
    y = np.empty_like(x)
    jit(logarithm)(x, y)
    exact = np.log(x.astype(np.longdouble))
    np.testing.assert_array_equal(y[-3:], exact[-3:].astype(dtype))
    unit = np.spacing(np.abs(exact[:-3]).astype(dtype))
    assert np.max(np.abs(y[:-3] - exact[:-3]) / unit) < 4


@pytest.mark.parametrize("dtype, low, high", [(np.float32, -110, 90), (np.float64, -760, 712)])
def test_exponential_of_compiled_kernels(dtype, low, high):
    pytest.importorskip("numba")
    from tensorgrad.kernels.compiled import classes
    from tensorgrad.kernels.compiled.exponential import exp, exponential
    from tensorgrad.kernels.compiled.jit import jit

    assert classes.exponential is exponential

    def exponential(x, y):
        for i in range(x.size):
            y[i] = exp(x[i])

    x = np.concatenate([np.linspace(low, high, 40_000), [0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1e30]]).astype(dtype)
    y = np.empty_like(x)
    jit(exponential)(x, y)
    with np.errstate(all="ignore"):
        exact = np.exp(x.astype(np.longdouble))
        expected = exact.astype(dtype)
    usual = np.isfinite(expected)
    np.testing.assert_array_equal(y[~usual], expected[~usual])
    unit = np.spacing(np.maximum(expected[usual], np.finfo(dtype).tiny))
    assert np.max(np.abs(y[usual] - exact[usual]) / unit) < 1
