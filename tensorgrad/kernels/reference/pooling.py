"""Pooling over sliding windows: one strided slice of the image per tap, compared or added.  Padding is never touched."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from tensorgrad.kernels import threads
from tensorgrad.kernels.reference.windows import batches, channels_first, channels_last
from tensorgrad.window import Window


def max_pool(x, window):
    n, c, *sizes = x.shape
    counts = window.output_sizes(tuple(sizes))
    image = channels_last(x)
    y = np.empty((n, *counts, c), x.dtype)
    winners = np.empty(y.shape, np.int64)
    number = np.min_scalar_type(window.taps)  # taps are numbered in row-major order
    first_cell, first_tap, start_cell, cell_of_tap = places(window, tuple(sizes), counts)
    reaches = list(window.reaches(tuple(sizes), counts))

    def part(start, stop):
        for batch in batches(start, stop, 4 * y[:1].nbytes):
            best = y[batch]
            best[...] = image[batch][:, *first_cell]
            tap_of = np.empty(best.shape, number)
            tap_of[...] = first_tap
            for tap, seen, cells in reaches:
                entry = image[batch][:, *cells]
                wins = entry > best[:, *seen]
                if x.dtype.kind == "f":
                    wins |= entry != entry
                np.maximum(best[:, *seen], entry, out=best[:, *seen])
                # A later tap has a larger number: the last one to win is the largest.
                mark = wins * number.type(tap)
                np.maximum(tap_of[:, *seen], mark, out=tap_of[:, *seen])
            np.add(cell_of_tap.take(tap_of), start_cell, out=winners[batch])

    threads.run(part, n, y.size * window.taps * 4)
    return channels_first(y), channels_first(winners)


@functools.lru_cache(maxsize=256)
def places(window: Window, sizes: tuple[int, ...], counts: tuple[int, ...]) -> tuple[Any, ...]:
    """Where the windows are: the index of the first cell of the image under each, that cell's tap, the row-major cell of
    each window's own start (it may lie in the padding), and how many cells each tap is away from it."""
    axes = range(window.ndim)
    steps = [math.prod(sizes[axis + 1:]) for axis in axes]
    tap_steps = [math.prod(window.kernel[axis + 1:]) for axis in axes]
    positions = [window.positions(axis, count) for axis, count in enumerate(counts)]
    taps = [(p >= 0).argmax(1) for p in positions]
    first_cell = np.ix_(*[p[np.arange(len(p)), t] for p, t in zip(positions, taps)])
    return (first_cell, outer_sum([taps[axis] * tap_steps[axis] for axis in axes])[..., None],
            outer_sum([positions[axis][:, 0] * steps[axis] for axis in axes])[..., None],
            outer_sum([np.arange(window.kernel[axis]) * window.dilation[axis] * steps[axis] for axis in axes]))


def outer_sum(terms: list[np.ndarray]) -> np.ndarray:
    """Entry (i, j) is ``terms[0][i] + terms[1][j]``."""
    return functools.reduce(np.add.outer, terms)


def scatter_winners(y, winners, sizes, window=None):
    n, c = y.shape[:2]
    cells = np.zeros(n * math.prod(sizes) * c, y.dtype)
    np.add.at(cells, flat(winners, sizes).reshape(-1), channels_last(y).reshape(-1))
    return channels_first(cells.reshape(n, *sizes, c))


def gather_winners(x, winners):
    cells = np.ascontiguousarray(channels_last(x)).reshape(-1)
    return channels_first(cells[flat(winners, x.shape[2:])])


def flat(winners, sizes):
    """Winners (N, C, H', W') as indices (N, H', W', C) into the memory of a channels-last image."""
    n, c = winners.shape[:2]
    plane = math.prod(sizes) * c
    place = np.arange(n).reshape(-1, *[1] * (winners.ndim - 1)) * plane + np.arange(c)
    return channels_last(winners) * c + place


def avg_pool(x, window, count_include_pad, divisor_override):
    n, c, *sizes = x.shape
    counts = window.output_sizes(tuple(sizes))
    y = np.empty((n, *counts, c), x.dtype)
    divisor = divisors(window, tuple(sizes), counts, count_include_pad, divisor_override).astype(x.dtype)

    def part(start, stop):
        for batch in batches(start, stop, 2 * x[:1].nbytes):
            total = channels_last(x[batch])
            for axis, count in enumerate(counts):  # rows first, then columns: K + L additions instead of K · L
                total = sums(total, window, axis, count)
            np.divide(total, divisor, out=y[batch])

    threads.run(part, n, x.size * sum(window.kernel))
    return channels_first(y)


def avg_pool_grad(grad, sizes, window, count_include_pad, divisor_override):
    n, c, *counts = grad.shape
    d_x = np.empty((n, *sizes, c), grad.dtype)
    divisor = divisors(window, sizes, tuple(counts), count_include_pad, divisor_override).astype(grad.dtype)

    def part(start, stop):
        for batch in batches(start, stop, 2 * d_x[:1].nbytes):
            share = channels_last(grad[batch]) / divisor
            for axis, size in enumerate(sizes):
                share = spread(share, window, axis, size)
            d_x[batch] = share

    threads.run(part, n, d_x.size * sum(window.kernel))
    return channels_first(d_x)


def sums(x, window, axis, count):
    """x (N, H, W, C) summed under each window along one axis."""
    where = (slice(None),) * (axis + 1)
    y = np.zeros((*x.shape[:axis + 1], count, *x.shape[axis + 2:]), x.dtype)
    for tap in range(window.kernel[axis]):
        reach = window.reach(axis, tap, x.shape[axis + 1], count)
        if reach is not None:
            y[*where, reach[0]] += x[*where, reach[1]]
    return y


def spread(y, window, axis, size):
    """The transpose of `sums`: each window's entry added to all its cells along one axis."""
    where = (slice(None),) * (axis + 1)
    x = np.zeros((*y.shape[:axis + 1], size, *y.shape[axis + 2:]), y.dtype)
    for tap in range(window.kernel[axis]):
        reach = window.reach(axis, tap, size, y.shape[axis + 1])
        if reach is not None:
            x[*where, reach[1]] += y[*where, reach[0]]
    return x


@functools.lru_cache(maxsize=256)
def divisors(window, sizes, counts, count_include_pad, divisor_override):
    """What each window's sum is divided by, to broadcast against (N, H', W', C)."""
    product = np.ones([1] * len(sizes), np.int64)
    for axis, (size, count) in enumerate(zip(sizes, counts)):
        if count_include_pad:  # cells past the padding, which ceil_mode reaches, do not count
            end = size + window.padding[axis][1]
            cells = (window.positions(axis, count) < end).sum(1)
        else:
            cells = window.inside(axis, size, count)
        product = product * cells.reshape([-1 if i == axis else 1 for i in range(len(sizes))])
    return np.array(divisor_override) if divisor_override is not None else product[..., None]
