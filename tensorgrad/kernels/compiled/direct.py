"""Direct convolution: every output is summed tap by tap in registers; no window is ever copied out.

The work is split into bands, some output rows of one image.  A band reads its input rows in place, or, if it reaches
outside of the image, from a copy with zeros around it that stays in cache.
"""

from __future__ import annotations

from typing import Sequence

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.gathers import Axis, Layout, gather, together
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.panels import WEIGHT_ROWS, pack, padded, tiles, unpack, weight_tiles
from tensorgrad.kernels.compiled.vectors import aligned, clear, copy, empty, lanes

WEIGHT_PIXELS = 256  # outputs of a band when weights are summed: image and gradient rows both stay in cache


class Gathering:
    """Fills y (N, D', H', W', F), or the cells of it that the axes lead to, from x (N, D, H, W, C); made once per shape.

    `phases` are the axes of one gather, or of several, which take turns at each image: so it is read from memory once, and
    neighbours in y are written soon after each other.  `strides` address the weights by (group, filter, d, h, w,
    channel), as these gathers see them.
    """

    def __init__(self, phases: Sequence[tuple[Axis, Axis, Axis]], batch: int, channels: int, filters: int, groups: int,
                 to_sizes: tuple[int, int, int], strides: tuple[int, ...], dtype: np.dtype):
        self.plan = together([gather(axes, to_sizes, batch, channels, filters, groups, dtype.itemsize) for axes in phases])
        self.dtype, self.groups, self.strides, self.lane = dtype, groups, strides, lanes(dtype.itemsize)
        self.made, self.taken = filters // groups, channels // groups
        self.taps = [[np.array(axis.taps) for axis in axes] for axes in phases]
        self.width = int(padded(self.made, self.lane))
        self.no_bias = np.zeros(groups * self.width, dtype)
        self.work = self.plan.work * filters

    def __call__(self, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, y: np.ndarray) -> None:
        """Everything flat."""
        plan, groups, width, lane, dtype = self.plan, self.groups, self.width, self.lane, self.dtype
        packed = aligned(groups * width * len(plan.taps), dtype)
        for taps, (begin, end) in zip(self.taps, plan.fields[:, -2:].tolist()):
            part = packed[groups * width * begin:groups * width * end]
            pack(slices(self.taken, 4 * part.size), self.taken, w, self.strides, groups, self.made, *taps, self.taken, part,
                 lane)
        start = self.no_bias
        if bias is not None:
            start = np.zeros((groups, width), dtype)
            start[:, :self.made] = bias.reshape(groups, self.made)
            start = start.reshape(-1)

        sum_bands(slices(plan.units, self.work), plan.units, x, packed, start, y, plan.pixels, plan.outs, plan.taps,
                  plan.fields, groups, width, plan.scratch, lane)


class WeightGradient:
    """Fills w from x (N, D, H, W, C) and the gradient (N, D', H', W', F); made once per shape."""

    def __init__(self, axes: tuple[Axis, Axis, Axis], batch: int, channels: int, filters: int, groups: int,
                 counts: tuple[int, int, int], strides: tuple[int, ...], dtype: np.dtype):
        self.plan = gather(axes, counts, batch, channels, filters, groups, dtype.itemsize, WEIGHT_PIXELS, WEIGHT_ROWS)
        self.dtype, self.groups, self.strides, self.lane = dtype, groups, strides, lanes(dtype.itemsize)
        self.made, self.taken = filters // groups, channels // groups
        self.taps = [np.array(axis.taps) for axis in axes]
        self.width = int(padded(self.made, self.lane))
        self.work = self.plan.units * len(self.plan.pixels) * len(self.plan.taps) * filters

    def __call__(self, x: np.ndarray, grad: np.ndarray, w: np.ndarray) -> None:
        """Everything flat."""
        plan, groups, width, lane, dtype = self.plan, self.groups, self.width, self.lane, self.dtype

        parts = slices(plan.units, self.work)
        totals = np.zeros((parts, groups * len(plan.taps) * width), dtype)
        sum_weights(parts, plan.units, x, grad, totals, plan.pixels, plan.outs, plan.taps, plan.fields, groups, width,
                    plan.scratch, lane)
        unpack(slices(self.taken, 4 * w.size), self.taken, add_up(totals), width, w, self.strides, groups, self.made,
               *self.taps, self.taken, len(plan.taps))


def add_up(parts: np.ndarray) -> np.ndarray:
    """The sum of the rows, in the first."""
    if len(parts) == 1:
        return parts[0]
    for other in parts[1:]:
        parts[0] += other
    return parts[0]


@shared
@jit
def sum_bands(first, last, slice, x, w, bias, y, pixels, outs, taps, fields, groups, width, room, lane):
    """Bands `first` to `last` of some gathers, see `Phases`; everything flat.  A band's copy takes `room`."""
    scratch = empty(room, x.dtype)
    of_image = 0
    for phase in range(len(fields)):
        of_image += bands_of_image(fields[phase])
    for unit in range(first, last):
        image, place, phase = unit // of_image, unit % of_image, 0
        while place >= bands_of_image(fields[phase]):
            place -= bands_of_image(fields[phase])
            phase += 1
        layout, begin, tap, end = layout_of(fields[phase]), fields[phase, -3], fields[phase, -2], fields[phase, -1]
        n, d, h, count, to = band(image * bands_of_image(fields[phase]) + place, layout)
        steps, targets, offsets, w0 = pixels[begin:], outs[begin:], taps[tap:end], groups * width * tap
        if layout.in_place:
            base = first_cell(n, d, h, layout)
            ahead = int(layout.step_w == 1 and offsets.size == layout.channels)  # one tap: windows lie side by side
            for g in range(groups):
                tiles(x, base + g * layout.taken, steps, count, offsets, w, w0 + g * width * offsets.size, bias, g * width,
                      y, to + g * layout.made, targets, layout.made, lane, ahead)
        else:  # not one call for both: that `ahead` is 0 here saves a tenth of the time
            copy_band(x, n, d, h, layout, scratch)
            for g in range(groups):
                tiles(scratch, g * layout.taken, steps, count, offsets, w, w0 + g * width * offsets.size, bias, g * width,
                      y, to + g * layout.made, targets, layout.made, lane, 0)


@jit
def bands_of_image(fields):
    """How many bands an image has in a gather."""
    layout = layout_of(fields)
    return layout.out_d * layout.bands


@shared
@jit
def sum_weights(first, last, slice, x, grad, totals, pixels, outs, taps, fields, groups, width, room, lane):
    """Add the weight gradient of bands `first` to `last` to row `slice` of `totals` (group, tap, width); everything flat."""
    layout = layout_of(fields)
    scratch, dw = empty(room, x.dtype), totals[slice]
    for unit in range(first, last):
        n, d, h, count, at = band(unit, layout)
        if layout.in_place:
            base = first_cell(n, d, h, layout)
            for g in range(groups):
                weight_tiles(x, base + g * layout.taken, pixels, count, taps, grad, at + g * layout.made, outs,
                             dw, g * taps.size * width, layout.made, width, lane)
        else:
            copy_band(x, n, d, h, layout, scratch)
            for g in range(groups):
                weight_tiles(scratch, g * layout.taken, pixels, count, taps, grad, at + g * layout.made, outs,
                             dw, g * taps.size * width, layout.made, width, lane)


@jit
def layout_of(fields):
    """The fields of a `Layout` from an array: numbers of their own, which no write to an image can change."""
    f = fields
    return Layout(f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], f[10], f[11], f[12], f[13], f[14], f[15],
                  f[16], f[17], f[18], f[19], f[20], f[21], f[22], f[23], f[24])


@jit
def band(unit, layout):
    """Which outputs band `unit` starts with: image, plane and row; how many there are; and where the first is written."""
    n, d = unit // layout.bands // layout.out_d, unit // layout.bands % layout.out_d
    h = unit % layout.bands * layout.rows
    return (n, d, h, min(layout.rows, layout.out_h - h) * layout.out_w,
            layout.to_0 + n * layout.to_n + d * layout.to_d + h * layout.to_h)


@jit
def first_cell(n, d, h, layout):
    """Where the first window of a band begins in x (N, D, H, W, C)."""
    plane = n * layout.size_d + layout.start_d + layout.step_d * d
    line = plane * layout.size_h + layout.start_h + layout.step_h * h
    return (line * layout.size_w + layout.start_w) * layout.channels


@jit
def copy_band(x, n, d, h, layout, scratch):
    """The input rows of the band at output (n, d, h) into `scratch` (reach_d, band_h, band_w, C), zeros outside of
    the image."""
    c, width = layout.channels, layout.band_w
    left = min(width, max(0, -layout.start_w))
    right = max(left, min(width, layout.size_w - layout.start_w))
    d0 = layout.start_d + layout.step_d * d
    h0 = layout.start_h + layout.step_h * h
    at = 0
    for i in range(d0, d0 + layout.reach_d):
        for j in range(h0, h0 + layout.band_h):
            if i < 0 or i >= layout.size_d or j < 0 or j >= layout.size_h:
                clear(scratch, at, width * c)
            else:
                row = (((n * layout.size_d + i) * layout.size_h + j) * layout.size_w + layout.start_w) * c
                clear(scratch, at, left * c)
                copy(scratch, at + left * c, x, row + left * c, (right - left) * c)
                clear(scratch, at + right * c, (width - right) * c)
            at += width * c
