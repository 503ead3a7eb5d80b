"""Max pooling, and reading and writing the winning cells."""

from __future__ import annotations

import math

import numpy as np

from tensorgrad.kernels import threads
from tensorgrad.kernels.compiled.jit import geometry, image, jit, three, volume
from tensorgrad.kernels.reference.windows import channels_first, channels_last


def max_pool(x, window):
    cells, ndim = volume(x), window.ndim
    n, c = x.shape[:2]
    counts = window.output_sizes(tuple(x.shape[2:]))
    y = np.empty((n, *three(counts), c), x.dtype)
    winners = np.empty(y.shape, np.int64)
    axes = geometry(window)

    def part(start, stop):
        largest_of_windows(cells[start:stop], y[start:stop], winners[start:stop], *axes)

    threads.run(part, n, y.size * window.taps)
    return image(y, ndim), image(winners, ndim)


@jit
def largest_of_windows(x, y, winners, axis_d, axis_h, axis_w):
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


def scatter_winners(y, winners, sizes):
    n, c = y.shape[:2]
    x = np.zeros((n, *three(sizes), c), y.dtype)
    cells, entries, indices = x.reshape(n, math.prod(sizes), c), flat(y), flat(winners)

    def part(start, stop):
        add_to_cells(cells[start:stop], entries[start:stop], indices[start:stop])

    threads.run(part, n, 2 * y.size)
    return image(x, len(sizes))


@jit
def add_to_cells(x, y, winners):
    n_images, places, channels = y.shape
    for n in range(n_images):
        for p in range(places):
            for c in range(channels):
                x[n, winners[n, p, c], c] += y[n, p, c]


def gather_winners(x, winners):
    y = np.empty((winners.shape[0], *winners.shape[2:], winners.shape[1]), x.dtype)
    entries = y.reshape(len(y), math.prod(y.shape[1:-1]), y.shape[-1])
    cells, indices = flat(x), flat(winners)

    def part(start, stop):
        read_cells(cells[start:stop], entries[start:stop], indices[start:stop])

    threads.run(part, len(y), 2 * y.size)
    return channels_first(y)


@jit
def read_cells(x, y, winners):
    n_images, places, channels = y.shape
    for n in range(n_images):
        for p in range(places):
            for c in range(channels):
                y[n, p, c] = x[n, winners[n, p, c], c]


def flat(x):
    """(N, C, H, W) of any strides as a contiguous (N, H · W, C)."""
    n, c = x.shape[:2]
    return np.ascontiguousarray(channels_last(x)).reshape(n, math.prod(x.shape[2:]), c)
