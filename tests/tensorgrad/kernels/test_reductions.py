"""Sums over axes in every kernel set against NumPy in float64: which axes, layouts, digits, threads."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tensorgrad import kernels
from tests.tensorgrad.kernels.test_parity import ids, layouts


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (7,), (5000,), (40_001,), (3, 2000), (2000, 3), (300, 70), (1, 4096), (4, 20, 9, 11),
                                   (2, 3, 1, 700), (0, 5), (5, 0)], ids=ids)
def test_sums_over_any_axes(kernel_set, shape, dtype, keepdims, rng):
    x = rng.normal(size=shape).astype(dtype)
    for x_ in layouts(x) if x.ndim > 1 else [np.asarray(x), np.asarray(x)[..., ::-1] if x.ndim else np.asarray(x)]:
        for count in range(x.ndim + 1):
            for axes in itertools.combinations(range(x.ndim), count):
                found = np.asarray(kernel_set.sum(x_, axes, keepdims))
                wanted = x_.astype(np.float64).sum(axes, keepdims=keepdims)
                assert found.shape == wanted.shape and found.dtype == dtype
                size = np.sqrt(max(x.size, 1)) * np.finfo(dtype).eps
                np.testing.assert_allclose(found, wanted, rtol=size, atol=8 * size)


@pytest.mark.parametrize("shape, axes", [((1 << 20,), (0,)), ((1 << 14, 64), (0,)), ((16, 1 << 16), (1,))], ids=ids)
def test_sums_of_many_numbers_keep_their_digits(kernel_set, shape, axes, rng):
    x = (rng.random(shape) + 1).astype(np.float32)
    np.testing.assert_allclose(kernel_set.sum(x, axes), x.astype(np.float64).sum(axes), rtol=4e-6)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_special_values_stay_in_their_sum(kernel_set, special):
    x = np.ones((100, 50), np.float32)
    x[70, 33] = special
    assert np.isfinite(kernel_set.sum(x, (1,))).sum() == 99 and not np.isfinite(kernel_set.sum(x, (1,))[70])
    assert np.isfinite(kernel_set.sum(x, (0,))).sum() == 49 and not np.isfinite(kernel_set.sum(x, (0,))[33])
    np.testing.assert_equal(kernel_set.sum(x, (0, 1)), np.float32(special))


def test_bits_do_not_depend_on_threads(kernel_set, rng):
    x = rng.normal(size=(3000, 130)).astype(np.float32)
    results = []
    before = kernels.get_num_threads()
    try:
        for threads in (1, 3):
            kernels.set_num_threads(threads)
            results.append([kernel_set.sum(x, axes) for axes in ((0,), (1,), (0, 1))])
    finally:
        kernels.set_num_threads(before)
    for one, many in zip(*results):
        np.testing.assert_array_equal(one, many)
