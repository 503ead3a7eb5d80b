"""Sums over axes and operands per channel, in the shapes in which NumPy's inner loops are long."""

from __future__ import annotations

import functools

import numpy as np

from tensorgrad.kernels.products import matmul

ROWS = 1024  # summed by one product; partial sums of that many rows keep the rounding error small


def add_up(x: np.ndarray, axes: tuple[int, ...], keepdims: bool = False) -> np.ndarray:
    """Σ x over `axes` in the dtype of `x`, a float array.

    Where axes that stay are the fastest in memory, as the channels of a channels-last image are, ``x.sum`` loops over these
    few innermost.  A product with a row of ones is ten times as fast there, and more exact.
    """
    if axes == (0,) and x.ndim == 2 and 8 <= len(x) <= ROWS and x.flags.c_contiguous and x.itemsize > 2:
        total = matmul(row_of_ones(len(x), x.dtype), x)
        return total if keepdims else total[0]
    if x.size >= 4 * ROWS and x.itemsize > 2 and 0 < len(axes) < x.ndim:
        long_strides_first = sorted(range(x.ndim), key=lambda i: (x.shape[i] > 1, -x.strides[i]))
        dense = x.transpose(long_strides_first)
        stays = [i not in axes or x.shape[i] == 1 for i in long_strides_first] + [True]
        start = stays.index(False) if False in stays else x.ndim
        stop = stays.index(True, start)
        shape, rest = dense.shape, long_strides_first[:start] + long_strides_first[stop:]
        rows, width = count(shape[start:stop]), count(shape[stop:])
        if start < stop < x.ndim and rows >= 8 and width <= ROWS and dense.flags.c_contiguous:
            total = add_rows(dense.reshape(-1, rows, width)).reshape([x.shape[i] for i in rest])
            total = total.sum(axis=tuple([k for k, i in enumerate(rest) if i in axes]), keepdims=True)
            back = sorted(range(len(rest)), key=rest.__getitem__)
            kept = [1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes]
            return total.transpose(back).reshape(kept)
    return x.sum(axis=axes, keepdims=keepdims, dtype=x.dtype)


def sum_of_products(a, b, shape):
    new = a.ndim - len(shape)
    repeated = [i for i in range(new, a.ndim) if shape[i - new] == 1 and a.shape[i] != 1]
    return add_up(a * b, (*range(new), *repeated), True).reshape(shape)


@functools.lru_cache(maxsize=64)
def row_of_ones(n: int, dtype: np.dtype) -> np.ndarray:
    """A matrix of one row, which multiplied by a matrix gives the sum of its rows; only to be read."""
    return np.ones((1, n), dtype)


def add_rows(x: np.ndarray) -> np.ndarray:
    """Σ x over the middle one of three axes, by products with a row of ones."""
    n, rows, width = x.shape
    ones = np.ones((1, min(rows, ROWS)), x.dtype)
    if rows <= ROWS:
        return matmul(ones, x)[:, 0]
    whole = rows // ROWS * ROWS
    total = matmul(ones, x[:, :whole].reshape(n, whole // ROWS, ROWS, width)).sum(axis=1)
    if whole < rows:
        total += matmul(ones[:, :rows - whole], x[:, whole:])
    return total[:, 0]


def count(shape: tuple[int, ...], dim: tuple[int, ...] | None = None) -> int:
    """How many entries a reduction over `dim`, or over all axes, takes together."""
    n = 1
    for axis in range(len(shape)) if dim is None else dim:
        n *= shape[axis]
    return n


def spread_rows(v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """`v`, which broadcasts to `x`, repeated along the second fastest axis of `x` if it varies along the fastest alone.

    In a channels-last image NumPy's innermost loop then runs over a row of pixels, not over the few channels of one.
    """
    if x.ndim < 3 or not 1 < v.size < 512:
        return v
    slowest_first = sorted(range(x.ndim), key=x.strides.__getitem__, reverse=True)
    row, fastest = slowest_first[-2:]
    if v.shape[fastest] == 1 or v.shape[row] != 1:
        return v
    shape = tuple([n if i == row else v.shape[i] for i, n in enumerate(x.shape)])
    back = sorted(range(x.ndim), key=slowest_first.__getitem__)
    return np.broadcast_to(v, shape).transpose(slowest_first).copy().transpose(back)
