"""Matrix products of every set of kernels: sizes around those of tiles and pieces, memory orders, threads, NaN."""

from __future__ import annotations

import numpy as np
import pytest

import tensorgrad

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-13}

# m, k, n: full tiles, one more or less than them, sums in pieces, few rows, more rows than columns, nothing
SIZES = [(64, 64, 64), (65, 63, 67), (7, 700, 33), (64, 1500, 20), (5, 2000, 17), (161, 40, 50), (400, 90, 7), (4, 600, 64),
         (3, 600, 600), (600, 600, 3), (97, 1, 2000), (129, 33, 77), (8, 5, 9), (0, 3, 4), (4, 0, 3), (98, 1100, 12)]


def close(actual, expected, dtype):
    assert actual.shape == expected.shape and actual.dtype == dtype and actual.flags.c_contiguous
    assert np.abs(actual - expected).max(initial=0) <= TOLERANCE[dtype] * max(1, np.abs(expected).max(initial=0))


def orders(matrix):
    """The same matrix row by row, column by column, and with gaps."""
    yield np.ascontiguousarray(matrix)
    yield np.asfortranarray(matrix)
    yield np.repeat(matrix, 2, axis=1)[:, ::2]


@pytest.fixture(params=[1, 2, 3])
def threads(request):
    before = tensorgrad.get_num_threads()
    tensorgrad.set_num_threads(request.param)
    yield request.param
    tensorgrad.set_num_threads(before)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("m, k, n", SIZES)
def test_against_float64(kernel_set, threads, m, k, n, dtype, rng):
    a, b, bias = [rng.normal(size=shape).astype(dtype) for shape in ((m, k), (k, n), (n,))]
    expected = a.astype(np.float64) @ b.astype(np.float64)
    for x in orders(a):
        for w in orders(b):
            close(kernel_set.matmul(x, w), expected, dtype)
            close(kernel_set.linear(x, w.T, bias), expected + bias, dtype)
            close(kernel_set.linear(x, w.T, None), expected, dtype)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_special_values_reach_their_row_and_column(kernel_set, special, rng):
    """And no others: what lies beyond the end of a row is not multiplied by 0."""
    a, b = rng.normal(size=(70, 70)).astype(np.float32), np.abs(rng.normal(size=(70, 70))).astype(np.float32) + 1
    a[69, 69] = special
    for found in (kernel_set.matmul(a, b), kernel_set.linear(a, np.ascontiguousarray(b.T), None),
                  kernel_set.matmul(np.asfortranarray(a), b)):
        np.testing.assert_array_equal(found[69], np.full(70, special, np.float32))
        assert np.isfinite(found[:69]).all()
    zeros = np.zeros((70, 70), np.float32)
    assert np.isnan(kernel_set.matmul(a, zeros)[69]).all() and np.isnan(kernel_set.linear(a, zeros, None)[69]).all()


def test_runs_are_the_same_to_the_bit(kernel_set, threads, rng):
    x, w = rng.normal(size=(100, 1100)).astype(np.float32), rng.normal(size=(130, 1100)).astype(np.float32)
    first = kernel_set.linear(x, w, None), kernel_set.matmul(x.T, x), kernel_set.matmul(w, x.T)
    for _ in range(5):
        again = kernel_set.linear(x, w, None), kernel_set.matmul(x.T, x), kernel_set.matmul(w, x.T)
        assert all(np.array_equal(one, other) for one, other in zip(first, again))


def test_results_do_not_touch_their_neighbours(kernel_set, rng):
    """Nothing beyond the matrices is read or written: guarded by what lies around them."""
    for m, k, n in ((67, 65, 63), (6, 700, 70), (170, 33, 35)):
        room = np.full(m * k + n * k + 300, np.nan, np.float32)
        x, w = room[100:100 + m * k].reshape(m, k), room[200 + m * k:200 + m * k + n * k].reshape(n, k)
        x[...], w[...] = rng.normal(size=(m, k)), rng.normal(size=(n, k))
        before = room.copy()
        assert np.isfinite(kernel_set.linear(x, w, None)).all() and np.isfinite(kernel_set.matmul(x, w.T)).all()
        assert np.isfinite(kernel_set.matmul(x.T, x)).all()
        np.testing.assert_array_equal(room, before)


def test_other_dtypes(kernel_set, rng):
    a, b = rng.integers(-9, 9, size=(70, 80)), rng.integers(-9, 9, size=(80, 60))
    assert kernel_set.matmul(a, b).dtype == np.int64
    np.testing.assert_array_equal(kernel_set.matmul(a, b), a @ b)
    found = kernel_set.linear(a.astype(np.float16), b.T.astype(np.float16), np.ones(60, np.float16))
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, (a @ b + 1).astype(np.float16))


def test_arguments_are_not_written_into(kernel_set, rng):
    x, w, bias = (rng.normal(size=shape) for shape in ((70, 80), (90, 80), (90,)))
    for array in (x, w, bias):
        array.flags.writeable = False
    kernel_set.linear(x, w, bias)
    kernel_set.matmul(x, w.T)
    kernel_set.matmul(x.T, x)
