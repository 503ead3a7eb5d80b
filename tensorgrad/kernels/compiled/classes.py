"""Softmax, its logarithm, and the cross entropy of a class, over the rows of a matrix, with their gradients.

Rows are short vectors or long ones; a few sweeps over each do all, while it is in the first-level cache.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.exponential import (exponential, exponential_of_negative, limited,
                                                     natural_logarithm)
from tensorgrad.kernels.compiled.expressions import Number
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.rows import add, greater, largest, sweep, total
from tensorgrad.kernels.compiled.vectors import lanes, transpose

COST = 8    # moves that an exponential takes as long as
BLOCK = 64  # rows that are worked on together
SHORT = 32  # columns up to which a vector is filled with the entries of several rows


def cross_entropy(x, classes):
    x, classes = np.ascontiguousarray(x), np.ascontiguousarray(classes, np.int64)
    losses, norms = np.empty(len(x), x.dtype), np.empty((len(x), 2), x.dtype)
    losses_of_rows(slices(len(x), COST * x.size), len(x), x, classes, losses, norms, lanes(x.itemsize))
    return losses, norms


def cross_entropy_grad(factors, x, classes, norms):
    x, classes = np.ascontiguousarray(x), np.ascontiguousarray(classes, np.int64)
    factors = np.ascontiguousarray(factors)
    d_x = np.empty(x.shape, x.dtype)
    gradients_of_rows(slices(len(x), COST * x.size), len(x), x, classes, factors, norms, d_x)
    return d_x


def softmax(x, dim):
    return along(normalize_rows, dim, x)


def softmax_grad(grad, y, dim):
    return along(softmax_slopes, dim, y, grad)


def log_softmax(x, dim):
    return along(log_normalize_rows, dim, x, numbers=[lanes(x.itemsize)])


def log_softmax_grad(grad, y, dim):
    return along(log_softmax_slopes, dim, y, grad)


def along(kernel, dim, *arrays, numbers=()):
    """The kernel on rows of the arrays that run along axis `dim`; the result lies in memory with that axis innermost."""
    first = arrays[0]
    order = [i for i in range(first.ndim) if i != dim] + [dim]
    rows = [np.ascontiguousarray(a.transpose(order)) for a in arrays]
    y = np.empty(rows[0].shape, first.dtype)
    columns = max(first.shape[dim], 1)
    count = y.size // columns
    kernel(slices(count, COST * y.size), count, columns, *[a.reshape(-1) for a in (*rows, y)], *numbers)
    return y.transpose([*range(dim), first.ndim - 1, *range(dim, first.ndim - 1)])


# -- sweeps over a row -------------------------------------------------------------------------------------------------


def of_shifted(x: Number, top: Number) -> Number:
    return exponential_of_negative(limited(x - top))


def with_exponential(total: Number, x: Number, top: Number) -> Number:
    return total + exponential_of_negative(limited(x - top))


def shifted(x: Number, top: Number, logarithm: Number) -> Number:
    return x - top - logarithm


def scaled_share(x: Number, top: Number, logarithm: Number, factor: Number) -> Number:
    return exponential_of_negative(limited(x - top - logarithm)) * factor


def product(x: Number, factor: Number) -> Number:
    return x * factor


def weighted(y: Number, grad: Number) -> Number:
    return y * grad


def slope(y: Number, grad: Number, mean: Number) -> Number:
    return y * (grad - mean)


def log_slope(y: Number, grad: Number, whole: Number) -> Number:
    return grad - exponential(y) * whole


exponentials, sum_of_exponentials = sweep(of_shifted, write=True, fold=add), sweep(of_shifted, fold=add)
shift, scale, scaled_shares = sweep(shifted, write=True), sweep(product, write=True), sweep(scaled_share, write=True)
greater_ones, add_exponentials = sweep(greater, 2, write=True), sweep(with_exponential, 3, write=True)
take_logarithms = sweep(natural_logarithm, write=True)
weighted_sum = sweep(weighted, 2, fold=add)
slopes, log_slopes = sweep(slope, 2, write=True), sweep(log_slope, 2, write=True)


# -- over rows ---------------------------------------------------------------------------------------------------------


@jit
def turn(first, count, columns, x, turned, lanes):
    """turned[c · BLOCK + i] = x[first + i, c], for `count` rows of a matrix."""
    whole = count // lanes * lanes
    for i in range(0, whole, lanes):
        for c in range(0, columns, lanes):
            transpose(x, (first + i) * columns + c, columns, min(lanes, columns - c), turned, c * BLOCK + i, BLOCK, lanes)
    for i in range(whole, count):
        for c in range(columns):
            turned[c * BLOCK + i] = x[(first + i) * columns + c]


@jit
def norms_of_rows(first, count, columns, x, turned, tops, logarithms, lanes):
    """The largest entry of each of `count` rows from `first` on, at most `BLOCK`, and log Σ e^(x - largest).

    Short rows would leave most of a vector empty: they are turned, so that it has an entry of each of many rows.
    """
    if columns <= SHORT:
        turn(first, count, columns, x, turned, lanes)
        tops[:] = -np.inf
        logarithms[:] = 0
        for c in range(columns):
            greater_ones(0, BLOCK, tops, turned[c * BLOCK:(c + 1) * BLOCK], tops)
        for c in range(columns):
            add_exponentials(0, BLOCK, logarithms, turned[c * BLOCK:(c + 1) * BLOCK], tops, logarithms)
    else:
        for i in range(count):
            at = (first + i) * columns
            tops[i] = largest(at, columns, x)
            logarithms[i] = sum_of_exponentials(at, columns, x, tops[i])
    take_logarithms(0, count, logarithms, logarithms)


@shared
@jit
def losses_of_rows(start, stop, slice, x, classes, losses, norms, lanes):
    columns, flat, number = x.shape[1], x.reshape(-1), x.dtype.type
    turned, (tops, logarithms) = np.zeros(SHORT * BLOCK, x.dtype), np.empty((2, BLOCK), x.dtype)
    for first in range(start, stop, BLOCK):
        count = min(BLOCK, stop - first)
        norms_of_rows(first, count, columns, flat, turned, tops, logarithms, lanes)
        for i in range(count):
            r = first + i
            norms[r, 0], norms[r, 1] = tops[i], logarithms[i]
            losses[r] = logarithms[i] - (x[r, classes[r]] - tops[i]) if classes[r] >= 0 else number(0)


@shared
@jit
def gradients_of_rows(start, stop, slice, x, classes, factors, norms, d_x):
    columns, flat, out = x.shape[1], x.reshape(-1), d_x.reshape(-1)
    for first in range(start, stop, BLOCK):
        last = min(first + BLOCK, stop)
        for r in range(first, last):
            scaled_shares(r * columns, columns, flat, out, norms[r, 0], norms[r, 1], factors[r])
        for r in range(first, last):  # after the vectors of all these rows are in memory: to read one back takes a while
            c = classes[r]
            if c < 0:
                d_x[r] = 0
            else:
                d_x[r, c] -= factors[r]


@shared
@jit
def normalize_rows(start, stop, slice, columns, x, y):
    one = x.dtype.type(1)
    for at in range(start * columns, stop * columns, columns):
        whole = exponentials(at, columns, x, y, largest(at, columns, x))
        scale(at, columns, y, y, one / whole)


@shared
@jit
def log_normalize_rows(start, stop, slice, columns, x, y, lanes):
    turned, (tops, logarithms) = np.zeros(SHORT * BLOCK, x.dtype), np.empty((2, BLOCK), x.dtype)
    for first in range(start, stop, BLOCK):
        count = min(BLOCK, stop - first)
        norms_of_rows(first, count, columns, x, turned, tops, logarithms, lanes)
        for i in range(count):
            shift((first + i) * columns, columns, x, y, tops[i], logarithms[i])


@shared
@jit
def softmax_slopes(start, stop, slice, columns, y, grad, d_x):
    for at in range(start * columns, stop * columns, columns):
        slopes(at, columns, y, grad, d_x, weighted_sum(at, columns, y, grad))


@shared
@jit
def log_softmax_slopes(start, stop, slice, columns, y, grad, d_x):
    for at in range(start * columns, stop * columns, columns):
        log_slopes(at, columns, y, grad, d_x, total(at, columns, grad))
