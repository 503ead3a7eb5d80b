"""Largest and smallest entries over axes, where they are, and who shares their gradient.

The smallest is the largest of the numbers with the other sign, so each loop is there once.  Rows, or many rows below
each other, are taken in pieces, as in sums.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.entrywise import dense
from tensorgrad.kernels.compiled.expressions import Condition, Number, where
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.maxima import INDEX
from tensorgrad.kernels.compiled.reductions import LEAST, memory_of, runs_in_memory, with_axes
from tensorgrad.kernels.compiled.rows import add, sweep
from tensorgrad.kernels.reference import extremes as reference

FEW = 2048     # entries up to which NumPy's call is the cheaper one
PIECE = 8192   # entries of a row that are taken in one go
ROWS = 256     # rows that are
STRIP = 1024   # columns that are looked at side by side, so that what is known of them stays in the cache


def extreme(x, axes, keepdims, smallest):
    if x.size <= FEW or not axes or not dense(x):
        return reference.extreme(x, axes, keepdims, smallest)
    order, runs = runs_in_memory(x, axes)
    sign = x.dtype.type(-1 if smallest else 1)
    if len(runs) == 2:
        rows, columns = runs
        pieces = -(-columns // PIECE)
        found = np.empty((rows, pieces), x.dtype)
        best_of_pieces(slices(found.size, x.size), found.size, memory_of(x), columns, pieces, sign, found.reshape(-1))
    elif len(runs) == 3 and runs[2] >= LEAST:
        outer, rows, columns = runs
        pieces = -(-rows // ROWS)
        found = np.empty((outer, pieces, columns), x.dtype)
        best_of_columns(slices(outer * pieces, x.size), outer * pieces, memory_of(x).reshape(runs), pieces, sign, found)
    else:
        return reference.extreme(x, axes, keepdims, smallest)
    if pieces > 1:
        found = (np.minimum if smallest else np.maximum).reduce(found, axis=1)
    return with_axes(found, x, axes, keepdims, order)


def extreme_index(x, axis, smallest):
    if x.size <= FEW or not dense(x) or x.itemsize == 4 and x.shape[axis] >= 1 << 31:
        return reference.extreme_index(x, axis, smallest)
    order, runs = runs_in_memory(x, (axis,))
    if len(runs) < 3 or runs[2] < LEAST:  # along rows in memory NumPy works in vectors itself
        return reference.extreme_index(x, axis, smallest)
    outer, _, columns = runs
    strips = -(-columns // STRIP)
    places = np.empty((outer, columns), INDEX[x.itemsize])
    places_in_columns(slices(outer * strips, 2 * x.size), outer * strips, memory_of(x).reshape(runs), strips,
                      x.dtype.type(-1 if smallest else 1), places)
    return with_axes(places.astype(np.int64, copy=False), x, (axis,), True, order)


def extreme_grad(grad, x, y, among_nan):
    if x.size <= FEW or not dense(x):
        return reference.extreme_grad(grad, x, y, among_nan)
    order, runs = runs_in_memory(x, reference.reduced_axes(x, y))
    if len(runs) == 2:
        runs = [*runs, 1]
    if len(runs) != 3 or 1 < runs[2] < LEAST:
        return reference.extreme_grad(grad, x, y, among_nan)
    outer, rows, columns = runs
    pieces = -(-rows // (PIECE if columns == 1 else ROWS))
    entries, d_x = memory_of(x), np.empty_like(x)
    rest = [i for i in range(x.ndim) if x.shape[i] == 1]
    best, grads = [np.ascontiguousarray(a.transpose(*order, *rest)).reshape(outer, columns) for a in (y, grad)]
    counts = np.empty((outer, pieces, columns), x.dtype)
    parts = slices(outer * pieces, 2 * x.size)
    count_ties(parts, outer * pieces, entries, rows, columns, pieces, best, counts)
    shares = grads / counts.sum(1)
    if not among_nan:
        shares = np.where(best == best, shares, best)
    share_among_ties(parts, outer * pieces, entries, rows, columns, pieces, best, shares, d_x.ravel("K"))
    return d_x


# -- sweeps over a row -------------------------------------------------------------------------------------------------


def is_nan(x: Number) -> Condition:
    return ~(x <= x)


def signed(x: Number, sign: Number) -> Number:
    return x * sign


def above(a: Number, b: Number) -> Number:
    """The larger; a NaN stays, and the first of two that are equal."""
    return where((b <= a) | is_nan(a), a, b)


def better(a: Number, b: Number, sign: Number) -> Number:
    return where((b * sign <= a * sign) | is_nan(a), a, b)


def same(a: Number, b: Number) -> Condition:
    """Equal, or both NaN."""
    return ((a <= b) & (a >= b)) | (is_nan(a) & is_nan(b))


def tie(x: Number, best: Number) -> Number:
    return where(same(x, best), x.number(1), 0)


def ties_counted(number: Number, x: Number, best: Number) -> Number:
    return number + tie(x, best)


def share_of(x: Number, best: Number, share: Number) -> Number:
    return where(same(x, best), share, share * 0)


highest = sweep(signed, fold=above, first=float("-inf"))
better_ones = sweep(better, 2, write=True)
ties, add_ties = sweep(tie, fold=add), sweep(ties_counted, 3, write=True)
shares_of_row, shares_of_columns = sweep(share_of, write=True), sweep(share_of, 3, write=True)


# -- over rows ---------------------------------------------------------------------------------------------------------


@shared
@jit
def best_of_pieces(first, last, slice, x, columns, pieces, sign, found):
    for i in range(first, last):
        row, at = i // pieces, i % pieces * PIECE
        found[i] = sign * highest(row * columns + at, min(PIECE, columns - at), x, sign)


@shared
@jit
def best_of_columns(first, last, slice, x, pieces, sign, found):
    columns = x.shape[2]
    for i in range(first, last):
        begin = i % pieces * ROWS
        lines, result = x[i // pieces, begin:begin + ROWS], found[i // pieces, i % pieces]
        for k in range(0, columns, STRIP):
            best = result[k:k + STRIP]
            best[:] = lines[0, k:k + STRIP]
            for r in range(1, len(lines)):
                better_ones(0, best.size, best, lines[r, k:k + STRIP], best, sign)


@shared
@jit
def places_in_columns(first, last, slice, x, strips, sign, places):
    known = np.empty(STRIP, x.dtype)
    for i in range(first, last):
        k = i % strips * STRIP
        lines, found = x[i // strips, :, k:k + STRIP], places[i // strips, k:k + STRIP]
        best = known[:found.size]
        for c in range(best.size):
            best[c], found[c] = sign * lines[0, c], 0
        for r in range(1, len(lines)):
            line, here = lines[r], found.dtype.type(r)
            for c in range(best.size):
                entry, before, place = sign * line[c], best[c], found[c]
                stays = (entry <= before) | (before != before)
                best[c] = before if stays else entry
                found[c] = place if stays else here


@shared
@jit
def count_ties(first, last, slice, x, rows, columns, pieces, best, counts):
    """How many entries of a piece are the best of their column, per column; one column is a row in memory."""
    size = PIECE if columns == 1 else ROWS
    for i in range(first, last):
        begin = i % pieces * size
        count, start = min(size, rows - begin), (i // pieces * rows + begin) * columns
        winners, found = best[i // pieces], counts[i // pieces, i % pieces]
        if columns == 1:
            found[0] = ties(start, count, x, winners[0])
        else:
            found[:] = 0
            for r in range(count):
                at = start + r * columns
                add_ties(0, columns, found, x[at:at + columns], winners, found)


@shared
@jit
def share_among_ties(first, last, slice, x, rows, columns, pieces, best, shares, d_x):
    size = PIECE if columns == 1 else ROWS
    for i in range(first, last):
        begin = i % pieces * size
        count, start = min(size, rows - begin), (i // pieces * rows + begin) * columns
        winners, share = best[i // pieces], shares[i // pieces]
        if columns == 1:
            shares_of_row(start, count, x, d_x, winners[0], share[0])
        else:
            for r in range(count):
                at = start + r * columns
                shares_of_columns(0, columns, x[at:at + columns], winners, share, d_x[at:at + columns])
