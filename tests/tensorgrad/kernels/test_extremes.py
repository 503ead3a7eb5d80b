"""Largest and smallest entries, where they are and who shares their gradient, in every kernel set against loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tensorgrad import kernels
from tests.tensorgrad.kernels.test_parity import ids, layouts

SHAPES = [(7,), (5000,), (20_001,), (3, 2000), (2000, 3), (300, 70), (70, 1100), (1, 4096), (4, 20, 9, 11), (2, 3, 1, 700),
          (0, 5)]


def entries(shape, dtype, rng):
    """With many ties, infinities, and NaN in some rows."""
    x = rng.integers(-40, 40, size=shape).astype(dtype)
    x[rng.random(shape) < 0.01] = np.inf
    x[rng.random(shape) < 0.01] = -np.inf
    x[rng.random(shape) < 0.003] = np.nan
    return x


def best_of(rows, smallest):
    """The largest or smallest entries along the last axis, or NaN if there is one, and where they come first."""
    sorted_rows = np.sort(rows)
    best = np.where(np.isnan(rows).any(-1), np.nan, sorted_rows[..., 0] if smallest else sorted_rows[..., -1])
    return best, ((rows == best[..., None]) | np.isnan(rows)).argmax(-1)


def shares(row, grad, best, among_nan):
    """The gradient of one row by the rule of the contract."""
    if np.isnan(best) and not among_nan:
        return np.full(row.shape, np.nan)
    wins = np.isnan(row) if np.isnan(best) else row == best
    return np.where(wins, grad / wins.sum(), grad * 0)


@pytest.mark.parametrize("smallest", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=ids)
def test_extremes_over_any_axes(kernel_set, shape, dtype, smallest, rng):
    x = entries(shape, dtype, rng)
    for x_ in layouts(x) if x.ndim > 1 else [x, x[::-1]]:
        for count in range(1, x.ndim + 1):
            for axes in itertools.combinations([i for i in range(x.ndim) if shape[i]], count):
                rest = [i for i in range(x.ndim) if i not in axes]
                rows = x_.transpose(*rest, *axes).reshape(*[shape[i] for i in rest], int(np.prod([shape[i] for i in axes])))
                wanted, places = best_of(rows, smallest)
                found = np.asarray(kernel_set.extreme(x_, axes, False, smallest))
                assert found.dtype == dtype
                np.testing.assert_array_equal(found, wanted)
                kept = tuple([1 if i in axes else n for i, n in enumerate(shape)])
                np.testing.assert_array_equal(kernel_set.extreme(x_, axes, True, smallest), wanted.reshape(kept))
                if count == 1:
                    found = kernel_set.extreme_index(x_, axes[0], smallest)
                    assert found.dtype == np.int64
                    np.testing.assert_array_equal(found, np.expand_dims(places, axes[0]))


@pytest.mark.parametrize("among_nan", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES[:-1], ids=ids)
def test_ties_share_the_gradient(kernel_set, shape, dtype, among_nan, rng):
    x = entries(shape, dtype, rng)
    for x_ in layouts(x) if x.ndim > 1 else [x, x[::-1]]:
        for count in range(1, x.ndim + 1):
            for axes in itertools.combinations(range(x.ndim), count):
                y = np.asarray(kernel_set.extreme(x_, axes, True, False))
                grad = rng.normal(size=y.shape).astype(dtype)
                grad.flat[0] = np.inf
                with np.errstate(all="ignore"):
                    found = kernel_set.extreme_grad(grad, x_, y, among_nan)
                    order = [i for i in range(x.ndim) if i not in axes] + [*axes]
                    rows = x_.transpose(order).reshape(y.size, -1)
                    wanted = np.stack([shares(*each, among_nan) for each in zip(
                        rows, grad.transpose(order).reshape(-1), y.transpose(order).reshape(-1))])
                back = np.argsort(order)
                wanted = wanted.reshape([shape[i] for i in order]).transpose(back)
                assert found.dtype == dtype
                np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize("place", [0, 1, 255, 256, 300, 998, 999])
def test_the_place_in_a_long_row(kernel_set, place):
    for value in (np.inf, 3, np.nan):
        x = np.zeros((5, 1000), np.float32)
        x[2, place] = value
        x[2, 999] = value
        for x_, axis in ((x, 1), (np.ascontiguousarray(x.T), 0), (x[None], 2)):
            assert kernel_set.extreme_index(x_, axis, False).ravel().tolist() == [0, 0, place, 0, 0]
            assert kernel_set.extreme_index(-x_, axis, True).ravel().tolist() == [0, 0, place, 0, 0]


def test_rows_of_infinities_alone(kernel_set):
    x = np.full((40, 300), -np.inf, np.float32)
    for axis in (0, 1):
        assert not kernel_set.extreme_index(x, axis, False).any() and not kernel_set.extreme_index(-x, axis, True).any()
        assert (kernel_set.extreme(x, (axis,), False, False) == -np.inf).all()
        assert (kernel_set.extreme(-x, (axis,), False, True) == np.inf).all()


def test_integers(kernel_set, rng):
    x = rng.integers(-9, 9, size=(70, 80))
    np.testing.assert_array_equal(kernel_set.extreme(x, (1,), False, True), x.min(1))
    np.testing.assert_array_equal(kernel_set.extreme_index(x, 0, False), x.argmax(0)[None])


def test_bits_do_not_depend_on_threads(kernel_set, rng):
    x = rng.integers(-3, 1, size=(3000, 130)) * rng.choice(np.float32([1, 0]), size=(3000, 130))  # zeros of both signs
    x = x.astype(np.float32)
    assert (np.signbit(x) & (x == 0)).any() and (x.max(0) == 0).all()
    results = []
    before = kernels.get_num_threads()
    try:
        for threads in (1, 3):
            kernels.set_num_threads(threads)
            found = [kernel_set.extreme(x, axes, True, False) for axes in ((0,), (1,), (0, 1))]
            found += [kernel_set.extreme_grad(y, x, y, False) for y in found]
            results.append(found)
    finally:
        kernels.set_num_threads(before)
    for one, many in zip(*results):
        np.testing.assert_array_equal(one.view(np.int32), many.view(np.int32))
