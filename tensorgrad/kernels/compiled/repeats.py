"""Products of two arrays, of which one may repeat along axes of the other, sums of products over those axes, dropout,
and copies of what repeats.

In the order of memory the larger array is (outer, middle, inner), and the other one lacks the middle: a row per column has
outer 1, a number per row has inner 1, a number per image and channel, channels last, has all three.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled import vectors
from tensorgrad.kernels.compiled.columns import add_products
from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.entrywise import FEW, dense, in_rows, same_order, split
from tensorgrad.kernels.compiled.expressions import Number
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.reductions import PIECE, ROWS, alternating, memory_of
from tensorgrad.kernels.compiled.rows import add, sweep
from tensorgrad.kernels.reference import entrywise as reference
from tensorgrad.kernels.reference import sums as reference_sums

LARGE = 1 << 16  # entries from which a copy is worth splitting
NARROW = 16      # entries of a row from which on a loop over it is worth it


def multiply(a, b):
    if b.__class__ is float and a.size > FEW and dense(a):
        return in_rows(multiples, 2, [a], [b])
    if b.__class__ is not np.ndarray or a.size <= FEW and b.size <= FEW or a.dtype != b.dtype:
        return a * b
    if a.shape == b.shape and dense(a) and dense(b) and same_order(a, b):
        return in_rows(products, 3, [a, b], ())
    for x, other in ((a, b), (b, a)):
        runs = repetition(other.shape, x)
        if runs is not None:
            return scaled(x, in_memory_order(other, x), *runs)
    return a * b


def dropout(x, mask, scale):
    if mask.shape != x.shape:
        return multiply(x, mask * x.dtype.type(scale))
    return split(kept, reference.dropout, 3, x, mask, scale)


def sum_of_products(a, b, shape):
    runs = repetition(shape, a) if a.shape == b.shape and same_order(a, b) and a.dtype == b.dtype else None
    if runs is None:
        return reference_sums.sum_of_products(a, b, shape)
    outer, middle, inner = runs
    count, step = (ROWS, inner) if inner > 1 else (PIECE, 1)
    pieces = -(-middle // count)
    sums = np.zeros((outer, pieces, inner), a.dtype)
    add_pieces(slices(outer * pieces, 2 * a.size), outer * pieces, memory_of(a), memory_of(b), pieces, middle * step,
               count * step, sums)
    found = sums[:, 0] if pieces == 1 else np.add.reduce(sums, axis=1)
    order = [i for i in memory_order(a) if of_axis(shape, a, i) > 1]
    found = found.reshape([a.shape[i] for i in order])
    return found.transpose(sorted(range(len(order)), key=order.__getitem__)).reshape(shape)


def copy(x):
    if x.size <= LARGE:
        return x.copy("K")
    if dense(x):
        return in_rows(copies, 2, [x], ())
    y = np.empty_like(x)
    once = x[tuple([slice(None) if stride else slice(1) for stride in x.strides])]
    runs = repetition(once.shape, y)
    if runs is None or runs[2] > 1:  # axes without stride are the fastest in y, so that each number repeats by itself
        y[...] = x
        return y
    outer, middle, _ = runs
    entries = in_memory_order(once, y)
    if outer == 1:
        fill(slices(y.size, y.size), y.size, memory_of(y), entries[0])
    else:
        repeat_numbers(slices(outer, y.size), outer, entries, middle, memory_of(y))
    return y


def memory_order(x: np.ndarray) -> list[int]:
    """The axes of more than one entry, from the slowest in memory to the fastest."""
    return sorted([i for i in range(x.ndim) if x.shape[i] > 1], key=lambda i: -x.strides[i])


def of_axis(shape: tuple[int, ...], x: np.ndarray, axis: int) -> int:
    """The length, in an array of `shape`, of what stands for that axis of x: 1 if it has none."""
    axis += len(shape) - x.ndim
    return shape[axis] if axis >= 0 else 1


def repetition(shape: tuple[int, ...], x: np.ndarray) -> tuple[int, int, int] | None:
    """(outer, middle, inner) of x if an array of `shape` is one that repeats along the middle, and None otherwise."""
    if len(shape) > x.ndim or not x.size or not dense(x):
        return None
    order = memory_order(x)
    there = [of_axis(shape, x, i) for i in order]
    if any([n not in (1, x.shape[i]) for n, i in zip(there, order)]) or any(
            [of_axis(shape, x, i) != 1 for i in range(x.ndim) if x.shape[i] == 1]):
        return None
    runs = alternating([n == 1 for n in there], [x.shape[i] for i in order])
    if len(runs) == 2:
        return runs[0], runs[1], 1
    return (runs[0], runs[1], runs[2]) if len(runs) == 3 and runs[2] >= NARROW else None


def in_memory_order(other: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The entries of an array that repeats in x, in the order in which those of x lie."""
    full = other.reshape((1,) * (x.ndim - other.ndim) + other.shape)
    return np.ascontiguousarray(full.transpose(sorted(range(x.ndim), key=lambda i: -x.strides[i]))).reshape(-1)


def scaled(x: np.ndarray, factors: np.ndarray, outer: int, middle: int, inner: int) -> np.ndarray:
    """x times the factors (outer, inner)."""
    if outer == inner == 1:
        return in_rows(multiples, 2, [x], [factors[0]])
    y = np.empty_like(x)
    if inner == 1:
        multiples_of_rows(slices(outer, 2 * x.size), outer, memory_of(x), factors, middle, memory_of(y))
    else:
        rows = outer * middle
        products_of_rows(slices(rows, 2 * x.size), rows, memory_of(x), factors, middle, inner, memory_of(y))
    return y


def product(a: Number, b: Number) -> Number:
    return a * b


product_sum = sweep(product, 2, fold=add)


@shared
@jit
def products(first, last, slice, a, b, y):
    a, b, y = a[first:last], b[first:last], y[first:last]
    for i in range(y.size):
        y[i] = a[i] * b[i]


@shared
@jit
def multiples(first, last, slice, x, y, factor):
    x, y = x[first:last], y[first:last]
    for i in range(y.size):
        y[i] = x[i] * factor


@shared
@jit
def multiples_of_rows(first, last, slice, x, factors, width, y):
    for r in range(first, last):
        row, out, factor = x[r * width:(r + 1) * width], y[r * width:(r + 1) * width], factors[r]
        for k in range(out.size):
            out[k] = row[k] * factor


@shared
@jit
def products_of_rows(first, last, slice, x, factors, repeats, width, y):
    for r in range(first, last):
        at = r // repeats * width
        row, factor, out = x[r * width:(r + 1) * width], factors[at:at + width], y[r * width:(r + 1) * width]
        for k in range(out.size):
            out[k] = row[k] * factor[k]


@shared
@jit
def add_pieces(first, last, slice, a, b, pieces, whole, size, sums):
    """Σ a · b of each piece: of `size` entries out of every `whole`, to the columns of `sums`."""
    for i in range(first, last):
        start = i % pieces * size
        at, count = i // pieces * whole + start, min(size, whole - start)
        columns = sums[i // pieces, i % pieces]
        if columns.size == 1:
            columns[0] = product_sum(at, count, a, b)
        else:
            add_products(a[at:at + count], b[at:at + count], columns)


@shared
@jit
def kept(first, last, slice, x, mask, y, scale):
    x, mask, y = x[first:last], mask[first:last], y[first:last]
    for i in range(y.size):
        y[i] = x[i] * (scale * mask[i])


@shared
@jit
def copies(first, last, slice, x, y):
    vectors.copy(y, first, x, first, last - first)


@shared
@jit
def fill(first, last, slice, y, number):
    y[first:last] = number


@shared
@jit
def repeat_numbers(first, last, slice, numbers, width, y):
    for r in range(first, last):
        y[r * width:(r + 1) * width] = numbers[r]
