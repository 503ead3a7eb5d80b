"""Depthwise convolution by 3×3, row by row: the images are read where they are, and each number once per row of the kernel.

For channels that fill vectors, at stride 1 and 2 along a row.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.direct import add_up, layout_of
from tensorgrad.kernels.compiled.gathers import Axis, forward_axes, gather
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.sliding_tiles import (
    SIDE, TAPS, make_sliding_tile, make_sliding_weight_tile, make_spreading_tile)
from tensorgrad.kernels.compiled.vectors import aligned, lanes
from tensorgrad.window import Window

tile_1, tile_2 = [make_sliding_tile(stride) for stride in (1, 2)]
weight_1, weight_2 = [make_sliding_weight_tile(stride) for stride in (1, 2)]

spread_1, spread_2 = [make_spreading_tile(taken) for taken in (1, 2)]


def slides(axes: tuple[Axis, Axis, Axis], channels: int, groups: int, dtype: np.dtype) -> bool:
    """True if a gather in groups of so many channels runs here."""
    d, h, w = axes
    flat = (d.size, d.out, d.start, len(d.taps)) == (1, 1, 0, 1)
    return (flat and channels == groups and channels % lanes(dtype.itemsize) == 0
            and sorted(h.offsets) == sorted(w.offsets) == list(range(SIDE)) and w.step in (1, 2))


class Gathering:
    """`depthwise.Gathering` for 3×3."""

    def __init__(self, axes: tuple[Axis, Axis, Axis], batch: int, channels: int, groups: int, to_sizes: tuple[int, int, int],
                 strides: tuple[int, ...], dtype: np.dtype):
        self.fields = gather(axes, to_sizes, batch, channels, channels, 1, dtype.itemsize).fields
        self.dtype, self.channels, self.lane = dtype, channels, lanes(dtype.itemsize)
        self.rows, self.apart = batch * axes[1].out, axes[2].apart * channels
        self.weights = positions(strides, axes, channels)
        self.no_bias, self.zeros = np.zeros(channels, dtype), np.zeros(self.lane, dtype)
        self.work = self.rows * axes[2].out * TAPS * channels

    def __call__(self, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, y: np.ndarray) -> None:
        """Everything flat."""
        packed = aligned(self.weights.size, self.dtype)
        np.take(w, self.weights, out=packed, mode="clip")  # all are inside: the default mode would copy once more
        start = self.no_bias if bias is None else np.ascontiguousarray(bias, self.dtype)
        sum_rows(slices(self.rows, self.work), self.rows, x, self.zeros, packed, start, y, self.apart, self.fields,
                 self.lane)


def spreads(window: Window, channels: int, groups: int, dtype: np.dtype) -> bool:
    """True if the input gradient of a convolution in groups of so many channels is a `Spreading`."""
    return (channels == groups and channels % lanes(dtype.itemsize) == 0 and window.kernel == (SIDE, SIDE)
            and window.stride == (2, 2) and window.dilation == (1, 1) and window.padding[1][0] == 1)


class Spreading:
    """Fills x (N, H, W, C), the input gradient of a convolution by 3×3 at stride 2 with one column of padding on the left,
    from its gradient (N, H', W', C)."""

    def __init__(self, window: Window, batch: int, channels: int, sizes: tuple[int, ...], counts: tuple[int, ...],
                 strides: tuple[int, ...], dtype: np.dtype):
        self.sizes, self.counts, self.before, self.lane = sizes, counts, window.padding[0][0], lanes(dtype.itemsize)
        self.rows, self.channels, self.dtype = batch * sizes[0], channels, dtype
        axes = forward_axes(window, sizes)
        self.weights, self.zeros = positions(strides, axes, channels), np.zeros(self.lane, dtype)
        self.work = self.rows * sizes[1] * TAPS * channels // 4

    def __call__(self, grad: np.ndarray, w: np.ndarray, bias: None, x: np.ndarray) -> None:
        """Everything flat."""
        packed = aligned(self.weights.size, self.dtype)
        np.take(w, self.weights, out=packed, mode="clip")
        spread_rows(slices(self.rows, self.work), self.rows, grad, self.zeros, packed, x, self.before, self.channels,
                    *self.sizes, *self.counts, self.lane)


class WeightGradient:
    """`depthwise.WeightGradient` for 3×3."""

    def __init__(self, axes: tuple[Axis, Axis, Axis], batch: int, channels: int, groups: int, counts: tuple[int, int, int],
                 strides: tuple[int, ...], dtype: np.dtype):
        self.fields = gather(axes, counts, batch, channels, channels, 1, dtype.itemsize).fields
        self.dtype, self.channels, self.lane = dtype, channels, lanes(dtype.itemsize)
        self.rows = batch * axes[1].out
        self.weights, self.zeros = positions(strides, axes, channels), np.zeros(self.lane, dtype)
        self.work = self.rows * axes[2].out * TAPS * channels

    def __call__(self, x: np.ndarray, grad: np.ndarray, w: np.ndarray) -> None:
        """Everything flat."""
        parts = slices(self.rows, self.work)
        totals = np.zeros((parts, self.weights.size), self.dtype)
        sum_weights(parts, self.rows, x, self.zeros, grad, totals, self.fields, self.lane)
        w[self.weights] = add_up(totals)


def positions(strides: tuple[int, ...], axes: tuple[Axis, Axis, Axis], channels: int) -> np.ndarray:
    """Where the weight of each (offset down, offset right, channel) is in flat memory."""
    down, right = [np.take(axis.taps, np.argsort(axis.offsets)) * stride for axis, stride in zip(axes[1:], strides[3:5])]
    return np.add.outer(np.add.outer(down, right), np.arange(channels) * strides[0]).ravel()


@jit
def row(unit, layout):
    """Of a row of results: the number of the image's first row under it, where that begins, and where the results do."""
    n, h = unit // layout.out_h, unit % layout.out_h
    top = layout.start_h + layout.step_h * h
    return (top, (n * layout.size_h + top) * layout.size_w * layout.channels,
            layout.to_0 + n * layout.to_n + h * layout.to_h)


@shared
@jit
def sum_rows(first, last, slice, x, zeros, w, bias, y, apart, fields, lane):
    """Rows `first` to `last` of the results; everything flat."""
    layout = layout_of(fields)
    step, line = layout.channels, layout.size_w * layout.channels
    for unit in range(first, last):
        top, at, to = row(unit, layout)
        for c in range(0, step, lane):
            if layout.step_w == 1:
                tile_1(x, at, line, step, layout.size_w, top, layout.size_h, layout.start_w, zeros, w, step, bias, y, to,
                       apart, layout.out_w, c)
            else:
                tile_2(x, at, line, step, layout.size_w, top, layout.size_h, layout.start_w, zeros, w, step, bias, y, to,
                       apart, layout.out_w, c)


@shared
@jit
def spread_rows(first, last, slice, grad, zeros, w, x, before, step, height, width, out_h, out_w, lane):
    """Rows `first` to `last` of x, to which the taps of one row of the kernel lead, or of two; everything flat."""
    line, nowhere = out_w * step, np.empty(lane, x.dtype)
    for unit in range(first, last):
        n, h = unit // height, unit % height + before
        if h % 2:
            top = h // 2
            at = (n * out_h + top) * line
            for c in range(0, step, lane):
                spread_1(grad, at, line, step, out_w, top, out_h, zeros, w, 1, x, unit * width * step, width, nowhere, c)
        else:
            top = h // 2 - 1
            at = (n * out_h + top) * line
            for c in range(0, step, lane):
                spread_2(grad, at, line, step, out_w, top, out_h, zeros, w, 2, x, unit * width * step, width, nowhere, c)


@shared
@jit
def sum_weights(first, last, slice, x, zeros, grad, totals, fields, lane):
    """Add the weight gradient of rows `first` to `last` to row `slice` of `totals` (tap, channel); everything flat."""
    layout = layout_of(fields)
    dw, step, line = totals[slice], layout.channels, layout.size_w * layout.channels
    for unit in range(first, last):
        top, at, base = row(unit, layout)
        for c in range(0, step, lane):
            if layout.step_w == 1:
                weight_1(x, at, line, step, layout.size_w, top, layout.size_h, layout.start_w, zeros, grad, base, dw, step,
                         layout.out_w, c)
            else:
                weight_2(x, at, line, step, layout.size_w, top, layout.size_h, layout.start_w, zeros, grad, base, dw, step,
                         layout.out_w, c)
