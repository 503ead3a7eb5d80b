"""Max pooling, and reading and writing the winning cells.

Windows over at most two axes, of enough channels for a vector, take the vector code; others plain loops.  Winners are
int32 where entries are float32.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from tensorgrad.kernels.compiled.averages import covering, spans_of
from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.jit import geometry, image, jit, three, volume
from tensorgrad.kernels.compiled.vectors import lanes
from tensorgrad.kernels.compiled.window_vectors import SHORT, make_largest, make_won
from tensorgrad.kernels.reference import pooling
from tensorgrad.kernels.reference.windows import channels_first, channels_last
from tensorgrad.window import Window

INDEX = {4: np.int32, 8: np.int64}

largest, largest_2x2, largest_3x3 = make_largest(True), make_largest(True, (2, 2)), make_largest(True, (3, 3))
largest_of_few, largest_of_few_2x2 = make_largest(False), make_largest(False, (2, 2))
won, won_2, won_4 = make_won(1), make_won(2), make_won(4)


def max_pool(x, window):
    if x.itemsize == 4 and math.prod(x.shape[2:]) >= 1 << 31:
        return pooling.max_pool(x, window)
    shape, work, axes = pooled(x.shape, window)
    cells = volume(x)
    y = np.empty(shape, x.dtype)
    winners = np.empty(shape, INDEX[x.itemsize])
    n, channels = shape[0], shape[-1]
    parts = slices(n, work)
    if window.ndim < 3 and channels >= min(SHORT, lanes(x.itemsize)):
        largest_by_vectors(parts, n, cells, y, winners, axes[1], axes[2], lanes(x.itemsize))
    else:
        largest_of_windows(parts, n, cells, y, winners, *axes)
    return image(y, window.ndim), image(winners, window.ndim)


@lru_cache(maxsize=2048)
def pooled(shape: tuple[int, ...], window: Window) -> tuple[tuple[int, ...], int, tuple[tuple[int, int, int, int], ...]]:
    """The shape of the result (N, D', H', W', C), how many entries are compared, and the window along three axes."""
    n, channels, *sizes = shape
    made = (n, *three(window.output_sizes(tuple(sizes))), channels)
    return made, math.prod(made) * window.taps, geometry(window)


@jit
def span(position, size, kernel, stride, before, dilation):
    """The first tap of a window that lies on a cell, and how many do."""
    start = position * stride - before
    first = 0 if start >= 0 else (dilation - 1 - start) // dilation
    last = min(kernel - 1, (size - 1 - start) // dilation)
    return first, last - first + 1


@shared
@jit
def largest_by_vectors(first, last, slice, x, y, winners, axis_h, axis_w, width):
    x, y, winners = x[first:last], y[first:last], winners[first:last]
    n_images, _, height, breadth, channels = x.shape
    kernel_h, stride_h, before_h, dilation_h = axis_h
    kernel_w, stride_w, before_w, dilation_w = axis_w
    cells, best, where = x.reshape(-1), y.reshape(-1), winners.reshape(-1)
    down, right, at = dilation_h * breadth, dilation_w, 0
    for n in range(n_images):
        for o_h in range(y.shape[2]):
            first_h, rows = span(o_h, height, kernel_h, stride_h, before_h, dilation_h)
            for o_w in range(y.shape[3]):
                first_w, columns = span(o_w, breadth, kernel_w, stride_w, before_w, dilation_w)
                cell = ((o_h * stride_h - before_h + first_h * dilation_h) * breadth
                        + o_w * stride_w - before_w + first_w * dilation_w)
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
def largest_of_windows(start, stop, slice, x, y, winners, axis_d, axis_h, axis_w):
    x, y, winners = x[start:stop], y[start:stop], winners[start:stop]
    n_images, depth, height, width, channels = x.shape
    kernel_d, stride_d, before_d, dilation_d = axis_d
    kernel_h, stride_h, before_h, dilation_h = axis_h
    kernel_w, stride_w, before_w, dilation_w = axis_w
    for n in range(n_images):
        for o_d in range(y.shape[1]):
            for o_h in range(y.shape[2]):
                for o_w in range(y.shape[3]):
                    best, where = y[n, o_d, o_h, o_w], winners[n, o_d, o_h, o_w]
                    first = True
                    for t_d in range(kernel_d):
                        d = o_d * stride_d - before_d + t_d * dilation_d
                        if d < 0 or d >= depth:
                            continue
                        for t_h in range(kernel_h):
                            h = o_h * stride_h - before_h + t_h * dilation_h
                            if h < 0 or h >= height:
                                continue
                            for t_w in range(kernel_w):
                                w = o_w * stride_w - before_w + t_w * dilation_w
                                if w < 0 or w >= width:
                                    continue
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
        spans = [covering(span, size) for span, size in zip(spans_of(window, sizes, tuple(y.shape[2:])), three(sizes))]
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
