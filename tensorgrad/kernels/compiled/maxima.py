"""Max pooling, and reading and writing the winning cells.

Windows over at most two axes, of enough channels for a vector, take the vector code; others plain loops.  Winners are
int32 where entries are float32.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from tensorgrad.kernels.compiled.averages import owners_of
from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.jit import image, jit, three
from tensorgrad.kernels.compiled.layout import volume
from tensorgrad.kernels.compiled.vectors import lanes
from tensorgrad.kernels.compiled.window_vectors import SHORT, make_largest, make_won
from tensorgrad.kernels.reference import adaptive
from tensorgrad.kernels.reference import pooling as reference
from tensorgrad.kernels.reference.windows import channels_first, channels_last
from tensorgrad.window import Window

INDEX = {4: np.int32, 8: np.int64}
WHOLE_AXIS = np.array([[0, 1]])  # of one cell

largest, largest_2x2, largest_3x3 = make_largest(True), make_largest(True, (2, 2)), make_largest(True, (3, 3))
largest_of_few, largest_of_few_2x2 = make_largest(False), make_largest(False, (2, 2))
won, won_2, won_4 = make_won(1), make_won(2), make_won(4)


def max_pool(x, window):
    if too_many(x):
        return reference.max_pool(x, window)
    return largest_entries(x, *taps_of(window, x.shape[2:]), window.taps)


def adaptive_max_pool(x, output_size):
    sizes, counts = tuple(x.shape[2:]), tuple(output_size)
    if too_many(x):
        return adaptive.adaptive_max_pool(x, counts)
    return largest_entries(x, counts, adaptive_taps(sizes, counts), (1, 1, 1), 1)


def too_many(x: np.ndarray) -> bool:
    """True if a cell's number may not fit into an integer as wide as the entries."""
    return x.itemsize == 4 and math.prod(x.shape[2:]) >= 1 << 31


def largest_entries(x, counts, taps, dilation, most_taps):
    """The largest entries and winners of windows with these taps, as in `taps_of`, so many cells from each other."""
    cells = volume(x)
    n, channels = len(x), x.shape[1]
    shape = (n, *three(counts), channels)
    y, winners = np.empty(shape, x.dtype), np.empty(shape, INDEX[x.itemsize])
    parts = slices(n, max(x.size, most_taps * y.size))
    if len(counts) < 3 and channels >= min(SHORT, lanes(x.itemsize)):
        largest_by_vectors(parts, n, cells, y, winners, taps[1], taps[2], dilation[1:], lanes(x.itemsize))
    else:
        largest_of_windows(parts, n, cells, y, winners, *taps, dilation)
    return image(y, len(counts)), image(winners, len(counts))


@lru_cache(maxsize=2048)
def taps_of(window: Window, sizes: tuple[int, ...]) -> tuple[tuple[int, ...], list[np.ndarray], tuple[int, int, int]]:
    """How many windows there are along each axis; per axis of three (count, 2): the first cell of each window that is in the
    image, and how many are; and how far they are from each other."""
    counts = window.output_sizes(sizes)
    taps = [WHOLE_AXIS] * (3 - len(sizes))
    for axis, (size, count) in enumerate(zip(sizes, counts)):
        cells = window.positions(axis, count)
        inside = (cells >= 0) & (cells < size)
        taps.append(np.stack([np.where(inside, cells, size).min(1), inside.sum(1)], 1))
    return counts, taps, three(window.dilation)


@lru_cache(maxsize=2048)
def adaptive_taps(sizes: tuple[int, ...], counts: tuple[int, ...]) -> list[np.ndarray]:
    """The taps as in `taps_of`, for windows that cover the image."""
    spans = [adaptive.cells(size, count) for size, count in zip(sizes, counts)]
    return [WHOLE_AXIS] * (3 - len(sizes)) + [np.array([(cut.start, cut.stop - cut.start) for cut in cuts],
                                                       np.int64).reshape(-1, 2) for cuts in spans]


@shared
@jit
def largest_by_vectors(first, last, slice, x, y, winners, taps_h, taps_w, dilation, width):
    x, y, winners = x[first:last], y[first:last], winners[first:last]
    n_images, _, height, breadth, channels = x.shape
    cells, best, where = x.reshape(-1), y.reshape(-1), winners.reshape(-1)
    down, right, at = dilation[0] * breadth, dilation[1], 0
    for n in range(n_images):
        for o_h in range(y.shape[2]):
            line, rows = taps_h[o_h, 0] * breadth, taps_h[o_h, 1]
            for o_w in range(y.shape[3]):
                cell, columns = line + taps_w[o_w, 0], taps_w[o_w, 1]
                start = (n * height * breadth + cell) * channels
                if channels < width:
                    if rows == 2 and columns == 2:
                        largest_of_few_2x2(cells, start, cell, 2, down, 2, right, best, where, at, channels)
                    else:
                        largest_of_few(cells, start, cell, rows, down, columns, right, best, where, at, channels)
                elif rows == 2 and columns == 2:
                    largest_2x2(cells, start, cell, 2, down, 2, right, best, where, at, channels)
                elif rows == 3 and columns == 3:
                    largest_3x3(cells, start, cell, 3, down, 3, right, best, where, at, channels)
                else:
                    largest(cells, start, cell, rows, down, columns, right, best, where, at, channels)
                at += channels


@shared
@jit
def largest_of_windows(start, stop, slice, x, y, winners, taps_d, taps_h, taps_w, dilation):
    x, y, winners = x[start:stop], y[start:stop], winners[start:stop]
    n_images, _, height, width, channels = x.shape
    for n in range(n_images):
        for o_d in range(y.shape[1]):
            for o_h in range(y.shape[2]):
                for o_w in range(y.shape[3]):
                    best, where = y[n, o_d, o_h, o_w], winners[n, o_d, o_h, o_w]
                    first = True
                    for t_d in range(taps_d[o_d, 1]):
                        d = taps_d[o_d, 0] + t_d * dilation[0]
                        for t_h in range(taps_h[o_h, 1]):
                            h = taps_h[o_h, 0] + t_h * dilation[1]
                            for t_w in range(taps_w[o_w, 1]):
                                w = taps_w[o_w, 0] + t_w * dilation[2]
                                cell = (d * height + h) * width + w
                                entries = x[n, d, h, w]
                                if first:
                                    for c in range(channels):
                                        best[c] = entries[c]
                                        where[c] = cell
                                    first = False
                                else:
                                    for c in range(channels):
                                        entry, largest, winner = entries[c], best[c], where[c]
                                        wins = entry > largest or entry != entry
                                        best[c] = entry if wins else largest
                                        where[c] = cell if wins else winner


def scatter_winners(y, winners, sizes, window=None):
    n, c = y.shape[:2]
    if window is not None and c >= lanes(y.itemsize) and winners.itemsize == y.itemsize:
        x = np.empty((n, *three(sizes), c), y.dtype)
        spans = owners_of(window, tuple(sizes), tuple(y.shape[2:]))
        collect(slices(n, 2 * x.size), n, volume(y), volume(winners), x, *spans, lanes(y.itemsize))
        return image(x, len(sizes))
    x = np.zeros((n, *sizes, c), y.dtype)
    add_to_cells(slices(n, 2 * y.size), n, x.reshape(n, math.prod(sizes), c), flat(y), flat(winners))
    return channels_first(x)


@shared
@jit
def collect(first, last, slice, y, winners, x, spans_d, spans_h, spans_w, width):
    """Each cell the sum over the windows that have it and that it won: no pass of zeros, and vectors of channels."""
    height, breadth, channels = y.shape[2], y.shape[3], y.shape[4]
    entries, indices, results = y.reshape(-1), winners.reshape(-1), x.reshape(-1)
    row_step, plane = breadth * channels, height * breadth * channels
    at = first * x[0].size if len(x) else 0
    for n in range(first, last):
        cell = 0
        for d in range(x.shape[1]):
            o_d, depth = spans_d[d, 0], spans_d[d, 1] - spans_d[d, 0]
            for h in range(x.shape[2]):
                o_h, rows = spans_h[h, 0], spans_h[h, 1] - spans_h[h, 0]
                for w in range(x.shape[3]):
                    o_w, columns = spans_w[w, 0], spans_w[w, 1] - spans_w[w, 0]
                    start = (((n * y.shape[1] + o_d) * height + o_h) * breadth + o_w) * channels
                    if channels <= width:
                        won(entries, indices, start, depth, plane, rows, row_step, columns, channels, results, at, cell)
                    elif channels <= 2 * width:
                        won_2(entries, indices, start, depth, plane, rows, row_step, columns, channels, results, at, cell)
                    else:
                        won_4(entries, indices, start, depth, plane, rows, row_step, columns, channels, results, at, cell)
                    at += channels
                    cell += 1


@shared
@jit
def add_to_cells(first, last, slice, x, y, winners):
    x, y, winners = x[first:last], y[first:last], winners[first:last]
    n_images, places, channels = y.shape
    for n in range(n_images):
        for p in range(places):
            for c in range(channels):
                x[n, winners[n, p, c], c] += y[n, p, c]


def gather_winners(x, winners):
    y = np.empty((winners.shape[0], *winners.shape[2:], winners.shape[1]), x.dtype)
    entries = y.reshape(len(y), math.prod(y.shape[1:-1]), y.shape[-1])
    cells, indices = flat(x), flat(winners)
    read_cells(slices(len(y), 2 * y.size), len(y), cells, entries, indices)
    return channels_first(y)


@shared
@jit
def read_cells(first, last, slice, x, y, winners):
    x, y, winners = x[first:last], y[first:last], winners[first:last]
    n_images, places, channels = y.shape
    for n in range(n_images):
        for p in range(places):
            for c in range(channels):
                y[n, p, c] = x[n, winners[n, p, c], c]


def flat(x):
    """(N, C, H, W) of any strides as a contiguous (N, H · W, C)."""
    n, c = x.shape[:2]
    return np.ascontiguousarray(channels_last(x)).reshape(n, math.prod(x.shape[2:]), c)
