"""Kernels that work entry by entry: one pass over memory, split over threads.

Arrays that lie alike and without gaps are taken as one long row in the order of memory; all others go to the reference.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.exponential import exp
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.reference import entrywise as reference

COST = 8    # moves that an exponential takes as long as
FEW = 1024  # entries up to which NumPy's call is the cheaper one


def add(a, b):
    return split(sums, reference.add, 1, a, b) if isinstance(b, np.ndarray) else a + b


def relu(x):
    return split(positive, reference.relu, 1, x)


def relu_grad(grad, y):
    return split(where_nonzero, reference.relu_grad, 2, grad, y)


def leaky_relu(x, slope):
    return split(leaky, reference.leaky_relu, 1, x, slope)


def leaky_relu_grad(grad, x, slope):
    return split(leaky_slopes, reference.leaky_relu_grad, 2, grad, x, slope)


def sigmoid(x):
    return split(logistic, reference.sigmoid, COST, x)


def silu(x):
    return split(weighted_logistic, reference.silu, COST, x)


def dropout(x, mask, scale):
    return split(kept, reference.dropout, 2, x, mask, scale)


def split(kernel: Callable[..., None], otherwise: Callable[..., Any], cost: int, first: np.ndarray, *rest: Any) -> Any:
    """``kernel(parts, size, *arrays, result, *numbers)``, the arrays as rows; `otherwise` if they do not lie alike."""
    if first.size <= FEW:
        return otherwise(first, *rest)
    arrays, numbers = [first], []
    for operand in rest:
        if not isinstance(operand, np.ndarray):
            numbers.append(first.dtype.type(operand))
        elif operand.shape == first.shape and operand.dtype in (first.dtype, np.bool_) and same_order(operand, first):
            arrays.append(operand)
        else:
            return otherwise(first, *rest)
    if not dense(first):
        return otherwise(first, *rest)
    result = np.empty_like(first)
    rows = [a.ravel("K") for a in (*arrays, result)]
    kernel(slices(first.size, cost * first.size), first.size, *rows, *numbers)
    return result


def same_order(a: np.ndarray, b: np.ndarray) -> bool:
    """True if entries of two arrays of one shape, perhaps of different dtypes, follow each other in the same order."""
    return [s * b.itemsize for s in a.strides] == [s * a.itemsize for s in b.strides]


def dense(x: np.ndarray) -> bool:
    """True if the entries fill a piece of memory without gaps, in any order of axes."""
    if x.flags.c_contiguous:
        return True
    expected = x.itemsize
    for stride, size in sorted(zip(x.strides, x.shape)):
        if size > 1:
            if stride != expected:
                return False
            expected *= size
    return True


# -- over rows ---------------------------------------------------------------------------------------------------------


@shared
@jit
def sums(first, last, slice, a, b, y):
    a, b, y = a[first:last], b[first:last], y[first:last]
    for i in range(y.size):
        y[i] = a[i] + b[i]


@shared
@jit
def positive(first, last, slice, x, y):
    x, y = x[first:last], y[first:last]
    for i in range(y.size):
        y[i] = 0 if x[i] <= 0 else x[i]


@shared
@jit
def where_nonzero(first, last, slice, grad, x, y):
    grad, x, y = grad[first:last], x[first:last], y[first:last]
    for i in range(y.size):
        g = grad[i]
        y[i] = 0 if x[i] == 0 else g


@shared
@jit
def leaky(first, last, slice, x, y, slope):
    x, y = x[first:last], y[first:last]
    for i in range(y.size):
        v = x[i]
        y[i] = v if v > 0 else v * slope


@shared
@jit
def leaky_slopes(first, last, slice, grad, x, y, slope):
    grad, x, y = grad[first:last], x[first:last], y[first:last]
    for i in range(y.size):
        g, v = grad[i], x[i]
        y[i] = g if v > 0 else g * slope


@shared
@jit
def logistic(first, last, slice, x, y):
    x, y = x[first:last], y[first:last]
    one = x.dtype.type(1)
    for i in range(y.size):
        y[i] = one / (one + exp(-x[i]))


@shared
@jit
def weighted_logistic(first, last, slice, x, y):
    x, y = x[first:last], y[first:last]
    one = x.dtype.type(1)
    for i in range(y.size):
        y[i] = x[i] / (one + exp(-x[i]))


@shared
@jit
def kept(first, last, slice, x, mask, y, scale):
    x, mask, y = x[first:last], mask[first:last], y[first:last]
    for i in range(y.size):
        y[i] = x[i] * (scale * mask[i])
