"""Direct convolution: every output is summed tap by tap in registers; no window is ever copied out.

The work is split into bands, some output rows of one image.  A band reads its input rows in place, or, if it reaches
outside of the image, from a copy with zeros around it that stays in cache.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels import threads
from tensorgrad.kernels.compiled.gathers import Axis, gather
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.panels import WEIGHT_ROWS, pack, padded, tiles, unpack, weight_tiles
from tensorgrad.kernels.compiled.vectors import clear, copy, lanes

WEIGHT_PIXELS = 256  # outputs of a band when weights are summed: image and gradient rows both stay in cache


def gathered(x, axes: tuple[Axis, Axis, Axis], w, strides, bias, y, groups: int) -> None:
    """Fill y (N, D', H', W', F), or the cells of it that the axes lead to, from x (N, D, H, W, C).

    `w` is flat; `strides` address it by (group, filter, d, h, w, channel), as this gather sees them.
    """
    n, channels, filters, lane = x.shape[0], x.shape[4], y.shape[4], lanes(x.itemsize)
    plan = gather(axes, y.shape[1:4], n, channels, filters, groups, x.itemsize)
    made = filters // groups
    width = int(padded(made, lane))
    packed = np.empty(groups * width * len(plan.taps), x.dtype)
    pack(w, strides, groups, made, *[axis.taps for axis in axes], channels // groups, packed, lane)
    start = np.zeros((groups, width), x.dtype)
    if bias is not None:
        start[:, :made] = bias.reshape(groups, made)
    x, y, start = x.reshape(-1), y.reshape(-1), start.reshape(-1)

    def part(first, last):
        scratch = np.empty(plan.scratch, x.dtype)
        sum_bands(x, packed, start, y, plan.pixels, plan.outs, plan.taps, plan.layout, groups, width, scratch, first, last,
                  lane)

    threads.run(part, plan.units, plan.units * len(plan.pixels) * len(plan.taps) * filters)


def weight_gradient(x, axes: tuple[Axis, Axis, Axis], grad, groups: int, w, strides) -> None:
    """Fill the flat `w`, addressed by `strides` as in `gathered`, from x (N, D, H, W, C) and grad (N, D', H', W', F)."""
    n, channels, filters, lane = x.shape[0], x.shape[4], grad.shape[4], lanes(x.itemsize)
    plan = gather(axes, grad.shape[1:4], n, channels, filters, groups, x.itemsize, WEIGHT_PIXELS, WEIGHT_ROWS)
    made = filters // groups
    width = int(padded(made, lane))
    x, grad = x.reshape(-1), grad.reshape(-1)

    def part(first, last):
        scratch = np.empty(plan.scratch, x.dtype)
        total = np.zeros(groups * len(plan.taps) * width, x.dtype)
        sum_weights(x, grad, total, plan.pixels, plan.outs, plan.taps, plan.layout, groups, width, scratch, first, last,
                    lane)
        return total

    total = add_up(threads.run(part, plan.units, plan.units * len(plan.pixels) * len(plan.taps) * filters))
    unpack(total, width, w, strides, groups, made, *[axis.taps for axis in axes], channels // groups, len(plan.taps))


def add_up(parts: list[np.ndarray]) -> np.ndarray:
    """The sum of arrays, into the first."""
    for other in parts[1:]:
        parts[0] += other
    return parts[0]


@jit
def sum_bands(x, w, bias, y, pixels, outs, taps, layout, groups, width, scratch, first, last, lane):
    """Bands `first` to `last` of a gather; everything flat."""
    for unit in range(first, last):
        band = unit % layout.bands
        d = unit // layout.bands % layout.out_d
        n = unit // layout.bands // layout.out_d
        h = band * layout.rows
        count = min(layout.rows, layout.out_h - h) * layout.out_w
        to = layout.to_0 + n * layout.to_n + d * layout.to_d + h * layout.to_h
        if layout.in_place:
            base = first_cell(n, d, h, layout)
            for g in range(groups):
                tiles(x, base + g * layout.taken, pixels, count, taps, w, g * width * taps.size, bias, g * width,
                      y, to + g * layout.made, outs, layout.made, lane)
        else:
            copy_band(x, n, d, h, layout, scratch)
            for g in range(groups):
                tiles(scratch, g * layout.taken, pixels, count, taps, w, g * width * taps.size, bias, g * width,
                      y, to + g * layout.made, outs, layout.made, lane)


@jit
def sum_weights(x, grad, dw, pixels, outs, taps, layout, groups, width, scratch, first, last, lane):
    """Add the weight gradient of bands `first` to `last` to dw (group, tap, width); everything flat."""
    for unit in range(first, last):
        band = unit % layout.bands
        d = unit // layout.bands % layout.out_d
        n = unit // layout.bands // layout.out_d
        h = band * layout.rows
        count = min(layout.rows, layout.out_h - h) * layout.out_w
        at = layout.to_0 + n * layout.to_n + d * layout.to_d + h * layout.to_h
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
