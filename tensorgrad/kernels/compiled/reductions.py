"""Sums over axes: of pieces of a row, or of pieces of many rows below each other, and then of the pieces.

Pieces have a fixed size, whatever the number of threads: so have the bits of the sum.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.entrywise import dense
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.rows import repeat, total
from tensorgrad.kernels.compiled.vectors import Vectors, i64
from tensorgrad.kernels.reference import sums as reference

FEW = 2048     # entries up to which NumPy's call is the cheaper one
PIECE = 8192   # entries of a row that are summed in one go
ROWS = 256     # rows that are
LEAST = 8      # columns from which on sums of all side by side are worth it
WIDE = 256     # columns from which on rows are read from end to end
STRIP = 64     # columns that are summed side by side, in registers


def sum(x, axes, keepdims=False):
    if x.size <= FEW or not axes or not dense(x):
        return reference.add_up(x, axes, keepdims)
    if len(axes) == x.ndim:
        return of_rows(memory_of(x).reshape(1, x.size)).reshape([1] * x.ndim if keepdims else [])
    order, runs = runs_in_memory(x, axes)
    if len(runs) == 2:
        sums = of_rows(memory_of(x).reshape(runs))
    elif len(runs) == 3 and runs[2] >= LEAST:
        sums = of_columns(memory_of(x).reshape(runs))
    else:
        return reference.add_up(x, axes, keepdims)
    return with_axes(sums, x, axes, keepdims, order)


def runs_in_memory(x, axes):
    """The axes of a dense array from the slowest in memory on, without those of length 1, and their `alternating` runs."""
    order = sorted([i for i in range(x.ndim) if x.shape[i] > 1], key=lambda i: -x.strides[i])
    return order, alternating([i in axes for i in order], [x.shape[i] for i in order])


def alternating(summed, sizes):
    """Sizes of runs of axes that stay, are summed, stay, ..., from the slowest in memory on; the first may be 1."""
    runs, current = [1], False
    for axis_summed, size in zip(summed, sizes):
        if axis_summed == current:
            runs[-1] *= size
        else:
            runs.append(size)
            current = axis_summed
    return runs


def with_axes(results, x, axes, keepdims, order):
    """What was reduced to one entry for each place on the axes that stay, in the order of memory, with the axes of x."""
    kept = [i for i in order if i not in axes]
    results = results.reshape([x.shape[i] for i in kept]).transpose(sorted(range(len(kept)), key=kept.__getitem__))
    return results.reshape([1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes])


def memory_of(x):
    """A dense array as one row."""
    return x.ravel("K")


def of_rows(x):
    """Σ x over the second of two axes."""
    rows, columns = x.shape
    pieces = -(-columns // PIECE)
    sums = np.empty(rows * pieces, x.dtype)
    add_pieces(slices(sums.size, x.size), sums.size, x.reshape(-1), columns, pieces, sums)
    return sums if pieces == 1 else np.add.reduce(sums.reshape(rows, pieces), axis=1)


def of_columns(x):
    """Σ x over the second of three axes."""
    outer, rows, columns = x.shape
    pieces = -(-rows // ROWS)
    sums = np.empty((outer, pieces, columns), x.dtype)
    add_rows(slices(outer * pieces, x.size), outer * pieces, x, sums)
    return sums[:, 0] if pieces == 1 else np.add.reduce(sums, axis=1)


@shared
@jit
def add_pieces(first, last, slice, x, columns, pieces, sums):
    for i in range(first, last):
        row, piece = i // pieces, i % pieces
        sums[i] = total(row * columns + piece * PIECE, min(PIECE, columns - piece * PIECE), x)


@shared
@jit
def add_rows(first, last, slice, x, sums):
    pieces, rows, columns = sums.shape[1], x.shape[1], x.shape[2]
    entries, results = x.reshape(-1), sums.reshape(-1)
    for i in range(first, last):
        begin = i % pieces * ROWS
        count = min(ROWS, rows - begin)
        if columns >= WIDE:
            add_fours(x[i // pieces, begin:begin + count], sums[i // pieces, i % pieces])
        else:
            start = (i // pieces * rows + begin) * columns
            for k in range(0, columns, STRIP):
                add_column(start + k, count, columns, min(STRIP, columns - k), entries, i * columns + k, results)


@jit
def add_fours(x, y):
    """y = Σ x over its rows, four at a time, each read from one end to the other."""
    y[:] = 0
    rows = len(x)
    for r in range(0, rows - 3, 4):
        a, b, c, d = x[r], x[r + 1], x[r + 2], x[r + 3]
        for k in range(y.size):
            y[k] += (a[k] + b[k]) + (c[k] + d[k])
    for r in range(rows - rows % 4, rows):
        a = x[r]
        for k in range(y.size):
            y[k] += a[k]


@intrinsic
def add_column(typing, start, rows, step, width, x, at, result):
    """result[at + k] = Σ x[start + r · step + k] over r in range(rows), rows ≥ 1, for k in range(width), width ≤ `STRIP`."""
    signature = types.void(i64, i64, i64, i64, x, i64, result)

    def codegen(context, b, signature, args):
        start, rows, step, width, x, at, result = args
        v = Vectors(context, b, signature.args[4].dtype)
        source, target = v.array(signature.args[4], x, start), v.array(signature.args[6], result, at)
        places = range(0, STRIP, v.lanes)
        masks = [v.first_lanes(b.sub(width, v.int(place))) for place in places]

        def row(r, sums):
            here = v.at(source, b.mul(r, step))
            return [b.fadd(sum, v.load_masked(v.at(here, k), mask)) for sum, k, mask in zip(sums, places, masks)]

        for sum, k, mask in zip(repeat(b, rows, [v.constant(0)] * len(places), row), places, masks):
            v.store_masked(sum, v.at(target, k), mask)
        return context.get_dummy_value()

    return signature, codegen
