"""Depthwise convolution: as many groups as channels and one filter each, so that vectors run over the channels."""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled.channel_tiles import make_channel_tile, make_channel_weight_tile
from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.direct import WEIGHT_PIXELS, add_up, copy_band, first_cell
from tensorgrad.kernels.compiled.gathers import Axis, gather
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.vectors import lanes

ROWS = 6         # pixels of a tile
WEIGHT_ROWS = 3  # taps of a tile of the weight gradient

tile, line = make_channel_tile(ROWS), make_channel_tile(1)
weight_tile = make_channel_weight_tile(WEIGHT_ROWS)


class Gathering:
    """`direct.Gathering` for as many groups as channels and filters."""

    def __init__(self, axes: tuple[Axis, Axis, Axis], batch: int, channels: int, to_sizes: tuple[int, int, int],
                 strides: tuple[int, ...], dtype: np.dtype):
        self.plan = gather(axes, to_sizes, batch, channels, channels, 1, dtype.itemsize)
        self.dtype, self.channels, self.lane = dtype, channels, lanes(dtype.itemsize)
        self.taps = np.ascontiguousarray(self.plan.taps[::channels])  # of channel 0
        self.row = -(-channels // self.lane) * self.lane
        self.weights = positions(strides, axes, channels)
        self.work = self.plan.units * len(self.plan.pixels) * len(self.taps) * channels

    def __call__(self, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, y: np.ndarray) -> None:
        """Everything flat."""
        plan, taps, row, lane, dtype = self.plan, self.taps, self.row, self.lane, self.dtype
        packed = np.zeros((len(taps), row), dtype)
        packed[:, :self.channels] = w[self.weights]
        packed = packed.reshape(-1)
        start = np.zeros(row, dtype)
        if bias is not None:
            start[:self.channels] = bias

        sum_bands(slices(plan.units, self.work), plan.units, x, packed, start, y, plan.pixels, plan.outs, taps, plan.layout,
                  row, plan.scratch, lane)


class WeightGradient:
    """`direct.WeightGradient` for as many groups as channels and filters."""

    def __init__(self, axes: tuple[Axis, Axis, Axis], batch: int, channels: int, counts: tuple[int, int, int],
                 strides: tuple[int, ...], dtype: np.dtype):
        self.plan = gather(axes, counts, batch, channels, channels, 1, dtype.itemsize, WEIGHT_PIXELS)
        self.dtype, self.channels, self.lane = dtype, channels, lanes(dtype.itemsize)
        taps = self.plan.taps[::channels]
        self.count = len(taps)
        self.taps = np.pad(taps, (0, -self.count % WEIGHT_ROWS))
        self.row = -(-channels // self.lane) * self.lane
        self.weights = positions(strides, axes, channels)
        self.work = self.plan.units * len(self.plan.pixels) * self.count * channels

    def __call__(self, x: np.ndarray, grad: np.ndarray, w: np.ndarray) -> None:
        """Everything flat."""
        plan, taps, row, lane, dtype = self.plan, self.taps, self.row, self.lane, self.dtype

        parts = slices(plan.units, self.work)
        totals = np.zeros((parts, len(taps) * row), dtype)
        sum_weights(parts, plan.units, x, grad, totals, plan.pixels, plan.outs, taps, plan.layout, row, plan.scratch, lane)
        w[self.weights] = add_up(totals).reshape(-1, row)[:self.count, :self.channels]


def positions(strides, axes: tuple[Axis, Axis, Axis], channels: int) -> np.ndarray:
    """Where the weight of each (tap, channel) is in flat memory."""
    d, h, v = [np.multiply(axis.taps, stride) for axis, stride in zip(axes, strides[2:5])]
    taps = np.add.outer(np.add.outer(d, h), v).ravel()
    return np.add.outer(taps, np.arange(channels) * strides[0])


@shared
@jit
def sum_bands(first, last, slice, x, w, bias, y, pixels, outs, taps, layout, row, room, lane):
    """Bands `first` to `last` of a gather; everything flat.  A band's copy takes `room`."""
    scratch = np.empty(room, x.dtype)
    for unit in range(first, last):
        band = unit % layout.bands
        d = unit // layout.bands % layout.out_d
        n = unit // layout.bands // layout.out_d
        h = band * layout.rows
        count = min(layout.rows, layout.out_h - h) * layout.out_w
        to = layout.to_0 + n * layout.to_n + d * layout.to_d + h * layout.to_h
        if layout.in_place:
            channel_tiles(x, first_cell(n, d, h, layout), pixels, count, taps, w, row, bias, y, to, outs, layout.channels,
                          lane)
        else:
            copy_band(x, n, d, h, layout, scratch)
            channel_tiles(scratch, 0, pixels, count, taps, w, row, bias, y, to, outs, layout.channels, lane)


@jit
def channel_tiles(x, base, pixels, count, taps, w, row, bias, y, to, outs, channels, lane):
    """All channels of the first `count` pixels; the last tile overlaps the one before it."""
    for c in range(0, channels, lane):
        valid = min(lane, channels - c)
        p = 0
        while count >= ROWS and p < count:
            p = min(p, count - ROWS)
            tile(x, base, pixels, p, taps, taps.size, w, row, bias, y, to, outs, c, valid)
            p += ROWS
        while p < count:
            line(x, base, pixels, p, taps, taps.size, w, row, bias, y, to, outs, c, valid)
            p += 1


@shared
@jit
def sum_weights(first, last, slice, x, grad, totals, pixels, outs, taps, layout, row, room, lane):
    """Add the weight gradient of bands `first` to `last` to row `slice` of `totals` (tap, row); everything flat."""
    scratch, dw = np.empty(room, x.dtype), totals[slice]
    for unit in range(first, last):
        band = unit % layout.bands
        d = unit // layout.bands % layout.out_d
        n = unit // layout.bands // layout.out_d
        h = band * layout.rows
        count = min(layout.rows, layout.out_h - h) * layout.out_w
        at = layout.to_0 + n * layout.to_n + d * layout.to_d + h * layout.to_h
        if not layout.in_place:
            copy_band(x, n, d, h, layout, scratch)
        for c in range(0, layout.channels, lane):
            valid = min(lane, layout.channels - c)
            for k in range(0, taps.size, WEIGHT_ROWS):
                if layout.in_place:
                    weight_tile(x, first_cell(n, d, h, layout), pixels, count, taps, k, grad, at, outs, dw, row, c, valid)
                else:
                    weight_tile(scratch, 0, pixels, count, taps, k, grad, at, outs, dw, row, c, valid)
