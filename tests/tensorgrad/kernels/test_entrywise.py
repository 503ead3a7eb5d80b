"""Kernels that work entry by entry against NumPy: sizes, layouts, dtypes, special values, threads."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

from tensorgrad import kernels
from tests.tensorgrad.kernels.test_parity import ids, layouts

KERNELS: dict[str, tuple[int, Callable[..., Any], tuple[Any, ...]]] = {  # how many arrays, what comes out, numbers
    "add": (2, lambda a, b: a + b, ()),
    "multiply": (2, lambda a, b: a * b, ()),
    "relu": (1, lambda x: np.where(x <= 0, 0, x), ()),
    "relu_grad": (2, lambda g, y: np.where(y == 0, 0, g), ()),
}


def close(found: np.ndarray, wanted: np.ndarray, dtype: Any) -> None:
    assert found.shape == wanted.shape and found.dtype == dtype
    np.testing.assert_allclose(found, wanted, rtol=1e-6 if dtype == np.float32 else 1e-14, atol=1e-300)


def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    x = rng.normal(size=shape) * 3
    return np.asarray(np.where(rng.random(shape) < 0.1, 0, x), dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3,), (0, 4), (5, 301), (4, 3, 15, 17), (2, 3, 6, 7, 8)], ids=ids)
@pytest.mark.parametrize("name", KERNELS)
def test_values(kernel_set, name, shape, dtype, rng):
    count, expected, numbers = KERNELS[name]
    kernel = getattr(kernel_set, name)
    arrays = [draw(rng, shape, dtype) for _ in range(count)]
    wanted = expected(*[a.astype(np.float64) for a in arrays], *numbers)
    every = [list(layouts(a)) if a.ndim > 1 else [a] for a in arrays]
    for alike in zip(*every):
        close(kernel(*alike, *numbers), wanted, dtype)
    mixed = [some[i % len(some)] for i, some in enumerate(every)]
    close(kernel(*mixed, *numbers), wanted, dtype)


@pytest.mark.parametrize("shape", [(3,), (5, 301), (4, 3, 15, 17)], ids=ids)
def test_relu_grad_may_be_written_into_the_gradient(kernel_set, shape, rng):
    y, grad = draw(rng, shape, np.float32), draw(rng, shape, np.float32)
    wanted = np.where(y == 0, 0, grad)
    for like in layouts(y) if y.ndim > 1 else [y]:
        for given in [np.array(g, copy=True, order="K") for g in (layouts(grad) if grad.ndim > 1 else [grad])]:
            np.testing.assert_array_equal(kernel_set.relu_grad(given, like, True), wanted)
    frozen = grad.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(kernel_set.relu_grad(frozen, y, True), wanted)
    np.testing.assert_array_equal(frozen, grad)
    kept = grad.copy()
    np.testing.assert_array_equal(kernel_set.relu_grad(kept, y), wanted)
    np.testing.assert_array_equal(kept, grad)


@pytest.mark.parametrize("size", [5, 3000])
def test_special_values(kernel_set, size):
    with np.errstate(all="ignore"):
        x = np.resize(np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1e38, -1e38], np.float32), size)
        for name, (count, expected, numbers) in KERNELS.items():
            arrays = [x] * count
            wanted = expected(*[a.astype(np.float64) for a in arrays], *numbers).astype(np.float32)
            np.testing.assert_array_equal(getattr(kernel_set, name)(*arrays, *numbers), wanted, name)
        ones = np.ones(size, np.float32)
        np.testing.assert_array_equal(kernel_set.relu_grad(ones, x), np.where(x == 0, 0, 1))  # NaN passes
        np.testing.assert_array_equal(kernel_set.relu_grad(x, ones * 0), 0 * ones)             # nothing comes through a 0
        np.testing.assert_array_equal(kernel_set.dropout(x, ones == 1, 2.0), x * 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout(kernel_set, dtype, rng):
    x, mask = draw(rng, (4, 3, 15, 17), dtype), rng.random((4, 3, 15, 17)) < 0.5
    for x_, mask_ in zip(layouts(x), layouts(mask)):
        np.testing.assert_array_equal(kernel_set.dropout(x_, mask_, 2.0), x * mask * 2)
    np.testing.assert_array_equal(kernel_set.dropout(x, mask[:, :, :1, :1], 2.0), x * mask[:, :, :1, :1] * 2)


def test_sums_that_broadcast_or_differ_in_dtype(kernel_set, rng):
    a, b = draw(rng, (40, 50), np.float32), draw(rng, (40, 50), np.float64)
    np.testing.assert_array_equal(kernel_set.add(a, a[0]), a + a[0])
    np.testing.assert_array_equal(kernel_set.add(a, 2.0), a + np.float32(2))
    assert kernel_set.add(a, b).dtype == np.float64
    np.testing.assert_array_equal(kernel_set.add(a, b), a + b)
    np.testing.assert_array_equal(kernel_set.add(a.T, a.reshape(50, 40)), a.T + a.reshape(50, 40))


REPEATS: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((60, 301), (301,)), ((60, 301), (60, 1)), ((60, 301), (1, 301)), ((3, 40, 20), (3, 1, 20)), ((3, 40, 20), (40, 1)),
    ((3, 9, 5, 17), (3, 9, 1, 1)), ((3, 20, 5, 17), (20, 1, 1)), ((3, 20, 5, 17), (3, 1, 5, 1)), ((4, 1, 700), (4, 3, 1)),
    ((40, 50), ()), ((40, 50), (1, 1)), ((40, 50), (1, 40, 50)), ((1, 3000), (1,)), ((9000, 2), (2,)), ((2, 20000), (2, 1))]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape, other", REPEATS, ids=ids)
def test_products_with_what_repeats(kernel_set, shape, other, dtype, rng):
    x, factor = draw(rng, shape, dtype), draw(rng, other, dtype)
    for x_ in layouts(x):
        for factor_ in layouts(factor) if factor.ndim > 1 else [factor]:
            for found in (kernel_set.multiply(x_, factor_), kernel_set.multiply(factor_, x_)):
                np.testing.assert_array_equal(found, x * factor)
                assert found.dtype == dtype
    np.testing.assert_array_equal(kernel_set.multiply(x, 3.0), x * dtype(3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape, other", [(s, o) for s, o in REPEATS if np.broadcast_shapes(s, o) == s], ids=ids)
def test_sums_of_products(kernel_set, shape, other, dtype, rng):
    a, b = draw(rng, shape, dtype), draw(rng, shape, dtype)
    padded = (1,) * (len(shape) - len(other)) + other
    axes = tuple([i for i, n in enumerate(padded) if n == 1])
    wanted = (a.astype(np.float64) * b).sum(axes, keepdims=True).reshape(other)
    for a_, b_ in [*zip(layouts(a), layouts(b)), (a, np.asfortranarray(b))]:
        found = kernel_set.sum_of_products(a_, b_, other)
        assert found.shape == other and found.dtype == dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-5 if dtype == np.float32 else 1e-13,
                                   atol=(1e-3 if dtype == np.float32 else 1e-12))


@pytest.mark.parametrize("shape, other", [((300, 400), (300, 400)), ((300, 400), (400,)), ((300, 400), (300, 1)),
                                          ((300, 400), ()), ((8, 20, 30, 40), (20, 1, 1)), ((8, 40, 30, 20), (8, 1, 30, 20)),
                                          ((8, 20, 30, 40), (8, 1, 30, 1)), ((40, 20000, 3), (40, 1, 3)), ((0, 4), (4,)),
                                          ((3, 4), (4,))], ids=ids)
def test_copies(kernel_set, shape, other, rng):
    for x in layouts(draw(rng, other, np.float32)) if len(other) > 1 else [draw(rng, other, np.float32)]:
        x = np.broadcast_to(x, shape)
        found = kernel_set.copy(x)
        np.testing.assert_array_equal(found, x)
        assert found.dtype == np.float32 and found.flags.writeable and not np.shares_memory(found, x)
        assert found.strides == x.copy("K").strides


def test_products_of_special_values(kernel_set):
    with np.errstate(all="ignore"):
        x = np.resize(np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1.0], np.float32), (60, 50))
        np.testing.assert_array_equal(kernel_set.multiply(x, x[0] * 0), x * (x[0] * 0))
        np.testing.assert_array_equal(kernel_set.sum_of_products(x, x, (50,)), (x * x).sum(0))


@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.float16])
def test_other_dtypes(kernel_set, dtype):
    x = np.resize(np.array([0, 1, 3]), 5000).astype(dtype)
    np.testing.assert_array_equal(kernel_set.relu(x), x)
    np.testing.assert_array_equal(kernel_set.add(x, x), x + x)


def test_bits_do_not_depend_on_threads(kernel_set, rng):
    x, mask = draw(rng, (600_001,), np.float32), rng.random(600_001) < 0.5
    results = []
    before = kernels.get_num_threads()
    try:
        for threads in (1, 3):
            kernels.set_num_threads(threads)
            found = [getattr(kernel_set, name)(*[x] * count, *numbers) for name, (count, _, numbers) in KERNELS.items()]
            results.append([*found, kernel_set.dropout(x, mask, 2.0)])
    finally:
        kernels.set_num_threads(before)
    for one, many in zip(*results):
        np.testing.assert_array_equal(one, many)
