"""Kernels that work entry by entry: one pass over memory, split over threads.

Arrays that lie alike and without gaps are taken as one long row in the order of memory; others are copied into that order.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.vectors import aligned
from tensorgrad.kernels.reference import entrywise as reference

FEW = 1024      # entries up to which one call of NumPy is the cheaper one
VERY_FEW = 256  # and up to which two or three are
LARGE = 1 << 16  # bytes from which it takes longer to move vectors across lines of the cache than to look for a line's start


def add(a, b):
    return split(sums, reference.add, 3, a, b) if isinstance(b, np.ndarray) else a + b


def relu(x):
    return split(positive, reference.relu, 2, x)


def relu_grad(grad, y, reuse=False):
    if y.size <= VERY_FEW or grad.shape != y.shape or grad.dtype != y.dtype:
        return reference.relu_grad(grad, y)
    if reuse and grad.flags.writeable and same_order(grad, y):
        row = grad.ravel("K")
        if row.base is not None:  # no copy: there are no gaps in it
            zero_where_zero(slices(y.size, 2 * y.size), y.size, row, y.ravel("K"))
            return grad
    return in_rows(where_nonzero, 3, [grad, y], ())


def split(kernel: Callable[..., None], otherwise: Callable[..., Any], cost: int, first: np.ndarray, *rest: Any) -> Any:
    """The kernel on rows, or `otherwise` on few entries and on arrays that differ in shape or dtype.

    `cost`: how many numbers are read and written per entry.
    """
    if first.size <= FEW:
        return otherwise(first, *rest)
    arrays, numbers = [first], []
    for operand in rest:
        if not isinstance(operand, np.ndarray):
            numbers.append(operand)
        elif operand.shape == first.shape and operand.dtype in (first.dtype, np.bool_):
            arrays.append(operand)
        else:
            return otherwise(first, *rest)
    return in_rows(kernel, cost, arrays, numbers)


def in_rows(kernel: Callable[..., None], cost: int, arrays: list[np.ndarray], numbers: Any) -> np.ndarray:
    """``kernel(parts, size, *arrays, result, *numbers)`` on arrays of one shape, each as one row in the order of memory.

    The result lies like the last array without gaps; arrays that lie otherwise are copied into its order.
    """
    first, rows = arrays[0], []
    size, strides, dtype = first.size, first.strides, first.dtype
    for a in arrays:
        row = a.ravel("K")
        if row.base is None or a.strides != strides or a.dtype is not dtype:
            break  # a copy, so that there are gaps in `a`; or it lies otherwise
        rows.append(row)
    else:
        result = empty_like(first)
    if len(rows) < len(arrays):
        like = next((a for a in arrays[::-1] if dense(a)), first)
        result = empty_like(like) if like.dtype is dtype and dense(like) else np.empty_like(like, dtype)
        rows = [ordered(a, result).ravel("K") for a in arrays]
    if numbers:
        numbers = [dtype.type(n) for n in numbers]
    kernel(slices(size, cost * size), size, *rows, result.ravel("K"), *numbers)
    return result


def empty_like(x: np.ndarray) -> np.ndarray:
    """An array that lies in memory as the dense `x` does; a large one begins with a line of the cache."""
    if x.nbytes < LARGE:
        return np.empty_like(x)
    flat = aligned(x.size, x.dtype)
    if x.flags.c_contiguous:
        return flat.reshape(x.shape)
    axes = sorted(range(x.ndim), key=x.strides.__getitem__, reverse=True)  # outermost first
    return flat.reshape([x.shape[axis] for axis in axes]).transpose(sorted(range(x.ndim), key=axes.__getitem__))


def ordered(a: np.ndarray, like: np.ndarray) -> np.ndarray:
    """`a`, or a copy of it, lying in memory as `like`, a dense array of the same shape."""
    if same_order(a, like):
        return a
    copy = np.empty_like(like, a.dtype)
    copy[...] = a
    return copy


def same_order(a: np.ndarray, b: np.ndarray) -> bool:
    """True if entries of two arrays of one shape, perhaps of different dtypes, follow each other in the same order."""
    if a.strides == b.strides and a.itemsize == b.itemsize:
        return True
    return all([s * b.itemsize == t * a.itemsize or n == 1 for s, t, n in zip(a.strides, b.strides, a.shape)])


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
def zero_where_zero(first, last, slice, grad, y):
    grad, y = grad[first:last], y[first:last]
    for i in range(y.size):
        g = grad[i]
        grad[i] = 0 if y[i] == 0 else g


@shared
@jit
def where_nonzero(first, last, slice, grad, x, y):
    grad, x, y = grad[first:last], x[first:last], y[first:last]
    for i in range(y.size):
        g = grad[i]
        y[i] = 0 if x[i] == 0 else g
