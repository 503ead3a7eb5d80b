"""Softmax, its logarithm, and the cross entropy of a class, over the rows of a matrix, with their gradients.

Rows are short vectors or long ones; a few sweeps over each do all, while it is in the first-level cache.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.exponential import exponential, log
from tensorgrad.kernels.compiled.expressions import Number
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.rows import add, largest, sweep, total

COST = 8  # moves that an exponential takes as long as


def cross_entropy(x, classes):
    x, classes = np.ascontiguousarray(x), np.ascontiguousarray(classes, np.int64)
    losses, norms = np.empty(len(x), x.dtype), np.empty((len(x), 2), x.dtype)
    losses_of_rows(slices(len(x), COST * x.size), len(x), x, classes, losses, norms)
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
    return along(log_normalize_rows, dim, x)


def log_softmax_grad(grad, y, dim):
    return along(log_softmax_slopes, dim, y, grad)


def along(kernel, dim, *arrays):
    """The kernel on rows of the arrays that run along axis `dim`; the result lies in memory with that axis innermost."""
    first = arrays[0]
    order = [i for i in range(first.ndim) if i != dim] + [dim]
    rows = [np.ascontiguousarray(a.transpose(order)) for a in arrays]
    y = np.empty(rows[0].shape, first.dtype)
    columns = max(first.shape[dim], 1)
    count = y.size // columns
    kernel(slices(count, COST * y.size), count, columns, *[a.reshape(-1) for a in (*rows, y)])
    return y.transpose([*range(dim), first.ndim - 1, *range(dim, first.ndim - 1)])


# -- sweeps over a row -------------------------------------------------------------------------------------------------


def of_shifted(x: Number, top: Number) -> Number:
    return exponential(x - top)


def shifted(x: Number, top: Number, logarithm: Number) -> Number:
    return x - top - logarithm


def scaled_share(x: Number, top: Number, logarithm: Number, factor: Number) -> Number:
    return exponential(x - top - logarithm) * factor


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
weighted_sum = sweep(weighted, 2, fold=add)
slopes, log_slopes = sweep(slope, 2, write=True), sweep(log_slope, 2, write=True)


# -- over rows ---------------------------------------------------------------------------------------------------------


@shared
@jit
def losses_of_rows(start, stop, slice, x, classes, losses, norms):
    columns, flat, number = x.shape[1], x.reshape(-1), x.dtype.type
    for r in range(start, stop):
        top = largest(r * columns, columns, flat)
        norms[r, 0] = top
        norms[r, 1] = sum_of_exponentials(r * columns, columns, flat, top)
    for r in range(start, stop):
        norms[r, 1] = log(norms[r, 1])
    for r in range(start, stop):
        losses[r] = norms[r, 1] - (x[r, classes[r]] - norms[r, 0]) if classes[r] >= 0 else number(0)


@shared
@jit
def gradients_of_rows(start, stop, slice, x, classes, factors, norms, d_x):
    columns, flat, out = x.shape[1], x.reshape(-1), d_x.reshape(-1)
    for r in range(start, stop):
        c, factor, top, logarithm = classes[r], factors[r], norms[r, 0], norms[r, 1]
        if c < 0:
            d_x[r] = 0
        else:
            scaled_shares(r * columns, columns, flat, out, top, logarithm, factor)
            d_x[r, c] -= factor


@shared
@jit
def normalize_rows(start, stop, slice, columns, x, y):
    one = x.dtype.type(1)
    for at in range(start * columns, stop * columns, columns):
        whole = exponentials(at, columns, x, y, largest(at, columns, x))
        scale(at, columns, y, y, one / whole)


@shared
@jit
def log_normalize_rows(start, stop, slice, columns, x, y):
    for at in range(start * columns, stop * columns, columns):
        top = largest(at, columns, x)
        shift(at, columns, x, y, top, log(sum_of_exponentials(at, columns, x, top)))


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
