"""Pooling to a given output size, one axis after the other: window i of m has the cells ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ - 1."""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.reference.windows import channels_first, channels_last


def cells(size: int, count: int) -> list[slice]:
    """The cells of each window along one axis."""
    return [slice(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def adaptive_avg_pool(x, output_size):
    y = channels_last(x)
    for axis, count in enumerate(output_size, start=1):
        y = along(y, axis, [y[(slice(None),) * axis + (w,)].mean(axis) for w in cells(y.shape[axis], count)])
    return channels_first(np.ascontiguousarray(y))


def adaptive_avg_pool_grad(grad, sizes):
    d_y = channels_last(grad)
    for axis, size in enumerate(sizes, start=1):
        d_x = np.zeros((*d_y.shape[:axis], size, *d_y.shape[axis + 1:]), grad.dtype)
        before = (slice(None),) * axis
        for i, w in enumerate(cells(size, d_y.shape[axis])):
            d_x[before + (w,)] += d_y[before + (slice(i, i + 1),)] / grad.dtype.type(w.stop - w.start)
        d_y = d_x
    return channels_first(np.ascontiguousarray(d_y))


def adaptive_max_pool(x, output_size):
    best = channels_last(x)
    winners = np.broadcast_to(np.arange(int(np.prod(x.shape[2:]))).reshape(*x.shape[2:], 1), best.shape)
    # Columns first: the first row that has the maximum then brings along its first column, as in row-major order.
    for axis in range(len(output_size), 0, -1):
        windows = [(slice(None),) * axis + (w,) for w in cells(best.shape[axis], output_size[axis - 1])]
        places = [largest(best[w], axis) for w in windows]
        winners = along(winners, axis, [np.take_along_axis(winners[w], p, axis).squeeze(axis)
                                        for w, p in zip(windows, places)])
        best = along(best, axis, [np.take_along_axis(best[w], p, axis).squeeze(axis) for w, p in zip(windows, places)])
    return channels_first(np.ascontiguousarray(best)), channels_first(np.ascontiguousarray(winners))


def largest(x, axis):
    """Where the maximum along `axis` is, the axis kept: the first of equal ones, but the last NaN."""
    place = np.expand_dims(x.argmax(axis), axis)
    if x.dtype.kind != "f":
        return place
    nan = np.isnan(x)
    if not nan.any():
        return place
    last = x.shape[axis] - 1 - np.expand_dims(np.flip(nan, axis).argmax(axis), axis)
    return np.where(nan.any(axis, keepdims=True), last, place)


def along(whole, axis, parts):
    """The parts side by side along `axis` of an array like `whole`; no parts make it empty."""
    if not parts:
        return np.empty((*whole.shape[:axis], 0, *whole.shape[axis + 1:]), whole.dtype)
    return np.stack(parts, axis)
