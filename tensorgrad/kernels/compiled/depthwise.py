"""Convolution in small groups, of 1, 2 or 4 channels and as many filters: vectors run over the channels of several groups.

One channel per group is depthwise convolution.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled.channel_tiles import make_channel_tile, make_channel_weight_tile
from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.direct import WEIGHT_PIXELS, add_up, band, copy_band, first_cell, layout_of
from tensorgrad.kernels.compiled.gathers import Axis, gather
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.vectors import aligned, empty, lanes

MEMBERS = (1, 2, 4)               # channels of a group that there is code for
ROWS = 8                          # pixels of a tile
WEIGHT_ROWS = {1: 9, 2: 5, 4: 3}  # taps of a tile of the weight gradient, by the members of a group

tile_1, tile_2, tile_4 = [make_channel_tile(ROWS, m, False) for m in MEMBERS]
part_1, part_2, part_4 = [make_channel_tile(1, m, True) for m in MEMBERS]
WEIGHT_ROWS_1, WEIGHT_ROWS_2, WEIGHT_ROWS_4 = WEIGHT_ROWS.values()
weight_1, weight_2, weight_4 = [make_channel_weight_tile(WEIGHT_ROWS[m], m, False) for m in MEMBERS]
weight_part_1, weight_part_2, weight_part_4 = [make_channel_weight_tile(WEIGHT_ROWS[m], m, True) for m in MEMBERS]


class Gathering:
    """`direct.Gathering` for groups of few channels and as many filters."""

    def __init__(self, axes: tuple[Axis, Axis, Axis], batch: int, channels: int, groups: int, to_sizes: tuple[int, int, int],
                 strides: tuple[int, ...], dtype: np.dtype):
        self.plan = gather(axes, to_sizes, batch, channels, channels, 1, dtype.itemsize)
        self.dtype, self.channels, self.lane, self.members = dtype, channels, lanes(dtype.itemsize), channels // groups
        self.taps = np.ascontiguousarray(self.plan.taps[::channels])  # of channel 0
        self.row = -(-channels // self.lane) * self.lane
        self.weights = positions(strides, axes, channels, self.members)
        self.work = self.plan.units * len(self.plan.pixels) * len(self.taps) * channels * self.members

    def __call__(self, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, y: np.ndarray) -> None:
        """Everything flat."""
        plan, taps, row, lane, dtype = self.plan, self.taps, self.row, self.lane, self.dtype
        packed = aligned(len(self.weights) * row, dtype)
        rows = packed.reshape(-1, row)
        rows[:, :self.channels] = w[self.weights]
        rows[:, self.channels:] = 0
        start = np.zeros(row, dtype)
        if bias is not None:
            start[:self.channels] = bias

        sum_bands(slices(plan.units, self.work), plan.units, x, packed, start, y, plan.pixels, plan.outs, taps, plan.fields,
                  self.members, row, plan.scratch, lane)


class WeightGradient:
    """`direct.WeightGradient` for groups of few channels and as many filters."""

    def __init__(self, axes: tuple[Axis, Axis, Axis], batch: int, channels: int, groups: int, counts: tuple[int, int, int],
                 strides: tuple[int, ...], dtype: np.dtype):
        self.plan = gather(axes, counts, batch, channels, channels, 1, dtype.itemsize, WEIGHT_PIXELS)
        self.dtype, self.channels, self.lane, self.members = dtype, channels, lanes(dtype.itemsize), channels // groups
        taps = self.plan.taps[::channels]
        self.taps = np.pad(taps, (0, -len(taps) % WEIGHT_ROWS[self.members]))
        self.row = -(-channels // self.lane) * self.lane
        self.weights = positions(strides, axes, channels, self.members)
        self.work = self.plan.units * len(self.plan.pixels) * len(taps) * channels * self.members

    def __call__(self, x: np.ndarray, grad: np.ndarray, w: np.ndarray) -> None:
        """Everything flat."""
        plan, taps, row, lane, dtype = self.plan, self.taps, self.row, self.lane, self.dtype

        parts = slices(plan.units, self.work)
        totals = np.zeros((parts, len(taps) * self.members * row), dtype)
        sum_weights(parts, plan.units, x, grad, totals, plan.pixels, plan.outs, taps, plan.fields, self.members, row,
                    plan.scratch, lane)
        w[self.weights] = add_up(totals).reshape(-1, row)[:len(self.weights), :self.channels]


def positions(strides, axes: tuple[Axis, Axis, Axis], channels: int, members: int) -> np.ndarray:
    """Where the weight of each (tap and member, channel) is in flat memory."""
    d, h, v = [np.multiply(axis.taps, stride) for axis, stride in zip(axes, strides[2:5])]
    taps = np.add.outer(np.add.outer(d, h), v).ravel()
    group, place = np.divmod(np.arange(channels), members)
    rows = np.add.outer(taps, np.arange(members) * strides[5]).ravel()
    return np.add.outer(rows, group * strides[0] + place * strides[1])


@shared
@jit
def sum_bands(first, last, slice, x, w, bias, y, pixels, outs, taps, fields, members, row, room, lane):
    """Bands `first` to `last` of a gather; everything flat.  A band's copy takes `room`."""
    layout = layout_of(fields)
    scratch = empty(room, x.dtype)
    for unit in range(first, last):
        n, d, h, count, to = band(unit, layout)
        if layout.in_place:
            channel_tiles(x, first_cell(n, d, h, layout), pixels, count, taps, w, row, bias, y, to, outs, layout.channels,
                          members, lane)
        else:
            copy_band(x, n, d, h, layout, scratch)
            channel_tiles(scratch, 0, pixels, count, taps, w, row, bias, y, to, outs, layout.channels, members, lane)


@jit
def channel_tiles(x, base, pixels, count, taps, w, row, bias, y, to, outs, channels, members, lane):
    """All channels of the first `count` pixels; the last tile overlaps the one before it."""
    p, whole = 0, channels // lane * lane
    while count >= ROWS and p < count:
        p = min(p, count - ROWS)
        for c in range(0, whole, lane):
            if members == 1:
                tile_1(x, base, pixels, p, taps, taps.size, w, row, bias, y, to, outs, c, lane)
            elif members == 2:
                tile_2(x, base, pixels, p, taps, taps.size, w, row, bias, y, to, outs, c, lane)
            else:
                tile_4(x, base, pixels, p, taps, taps.size, w, row, bias, y, to, outs, c, lane)
        p += ROWS
    for c in range(0 if count < ROWS else whole, channels, lane):
        for p in range(count):
            valid = min(lane, channels - c)
            if members == 1:
                part_1(x, base, pixels, p, taps, taps.size, w, row, bias, y, to, outs, c, valid)
            elif members == 2:
                part_2(x, base, pixels, p, taps, taps.size, w, row, bias, y, to, outs, c, valid)
            else:
                part_4(x, base, pixels, p, taps, taps.size, w, row, bias, y, to, outs, c, valid)


@shared
@jit
def sum_weights(first, last, slice, x, grad, totals, pixels, outs, taps, fields, members, row, room, lane):
    """Add the weight gradient of bands `first` to `last` to row `slice` of `totals` (tap, member, row); everything flat."""
    layout = layout_of(fields)
    scratch, dw = empty(room, x.dtype), totals[slice]
    for unit in range(first, last):
        n, d, h, count, at = band(unit, layout)
        if layout.in_place:
            channel_weights(x, first_cell(n, d, h, layout), pixels, count, taps, grad, at, outs, dw, row, layout.channels,
                            members, lane)
        else:
            copy_band(x, n, d, h, layout, scratch)
            channel_weights(scratch, 0, pixels, count, taps, grad, at, outs, dw, row, layout.channels, members, lane)


@jit
def channel_weights(x, base, pixels, count, taps, g, at, outs, dw, row, channels, members, lane):
    """Add to dw what the first `count` pixels give."""
    for c in range(0, channels, lane):
        valid = min(lane, channels - c)
        if members == 1:
            for k in range(0, taps.size, WEIGHT_ROWS_1):
                if valid == lane:
                    weight_1(x, base, pixels, count, taps, k, g, at, outs, dw, row, c, valid)
                else:
                    weight_part_1(x, base, pixels, count, taps, k, g, at, outs, dw, row, c, valid)
        elif members == 2:
            for k in range(0, taps.size, WEIGHT_ROWS_2):
                if valid == lane:
                    weight_2(x, base, pixels, count, taps, k, g, at, outs, dw, row, c, valid)
                else:
                    weight_part_2(x, base, pixels, count, taps, k, g, at, outs, dw, row, c, valid)
        else:
            for k in range(0, taps.size, WEIGHT_ROWS_4):
                if valid == lane:
                    weight_4(x, base, pixels, count, taps, k, g, at, outs, dw, row, c, valid)
                else:
                    weight_part_4(x, base, pixels, count, taps, k, g, at, outs, dw, row, c, valid)
