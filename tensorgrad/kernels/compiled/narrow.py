"""Direct convolution from many channels to few filters, as in the gradient of the first layers and in the last ones: vectors
run over the channels.

Taps that lie above or below the image for a whole row of outputs are left out.  In the gradient of a layer without padding,
which has zeros all around, that is a good part of them.
"""

from __future__ import annotations

import math

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.direct import band, copy_band, first_cell, layout_of
from tensorgrad.kernels.compiled.gathers import Axis, gather
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.narrow_tiles import make_narrow_tile
from tensorgrad.kernels.compiled.vectors import aligned, empty, lanes

MOST = 3    # filters of a tile
ADDING = 6  # about as many multiplications of vectors take as long as adding up the lanes of one sum

# Pixels of a tile by its filters: as many sums as a vector has lanes, which are added up together.
tile_1, tile_2, tile_3 = [make_narrow_tile({n: n // filters for n in (4, 8, 16)}, filters) for filters in (1, 2, MOST)]
line_1, line_2, line_3 = [make_narrow_tile({n: 1 for n in (4, 8, 16)}, filters) for filters in (1, 2, MOST)]


def narrow(axes: tuple[Axis, Axis, Axis], channels: int, filters: int, dtype: np.dtype) -> bool:
    """True if a convolution of a group of so many channels to so many filters runs here."""
    lane, products = lanes(dtype.itemsize), channels * math.prod([len(axis.taps) for axis in axes])
    return channels % lane == 0 and 2 * filters <= lane and products * (lane - filters) > ADDING * filters * lane


class Gathering:
    """`direct.Gathering` for few filters and channels that fill vectors."""

    def __init__(self, axes: tuple[Axis, Axis, Axis], batch: int, channels: int, filters: int, groups: int,
                 to_sizes: tuple[int, int, int], strides: tuple[int, ...], dtype: np.dtype):
        self.plan = gather(axes, to_sizes, batch, channels, filters, groups, dtype.itemsize)
        self.dtype, self.groups, self.lane = dtype, groups, lanes(dtype.itemsize)
        self.taps = np.ascontiguousarray(self.plan.taps[::self.lane])
        flat = len(axes[0].taps) == 1
        self.spans = spans(axes[1], len(self.taps)) if flat else np.array([[0, len(self.taps)]] * axes[1].out)
        self.weights = positions(axes, channels // groups, filters // groups, groups, strides, self.lane)
        self.no_bias = np.zeros(filters, dtype)
        self.work = self.plan.units * len(self.plan.pixels) * len(self.plan.taps) * filters

    def __call__(self, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, y: np.ndarray) -> None:
        """Everything flat."""
        plan = self.plan
        packed = aligned(self.weights.size, self.dtype)
        np.take(w, self.weights, out=packed, mode="clip")  # all are inside: the default mode would copy once more
        start = self.no_bias
        if bias is not None:
            start = start.copy()
            start[:] = bias
        sum_bands(slices(plan.units, self.work), plan.units, x, packed, start, y, plan.pixels, plan.outs, self.taps,
                  self.spans, plan.fields, self.groups, plan.scratch, self.lane)


def spans(h: Axis, taps: int) -> np.ndarray:
    """Per row of outputs the first of the taps that reach the image, and the one behind the last; where none does, those of
    one row, which find zeros."""
    cells = h.start + h.step * np.arange(h.out)[:, None] + np.array(h.offsets)
    inside = (cells >= 0) & (cells < h.size)
    first = inside.argmax(1)
    return np.stack([first, first + np.maximum(inside.sum(1), 1)], 1) * (taps // len(h.offsets))


def positions(axes: tuple[Axis, Axis, Axis], channels: int, filters: int, groups: int, strides: tuple[int, ...],
              lane: int) -> np.ndarray:
    """Where the weights of (group, tap, vector of channels, filter, lane) are in flat memory."""
    group, filter, *steps, channel = strides
    at = np.arange(groups) * group
    for axis, step in zip(axes, steps):
        at = np.add.outer(at, np.multiply(axis.taps, step))
    at = np.add.outer(at, np.arange(0, channels, lane) * channel)
    return np.add.outer(np.add.outer(at, np.arange(filters) * filter), np.arange(lane) * channel).ravel()


@shared
@jit
def sum_bands(first, last, slice, x, w, bias, y, pixels, outs, taps, spans, fields, groups, room, lane):
    """Bands `first` to `last` of a gather; everything flat.  A band's copy takes `room`."""
    layout = layout_of(fields)
    scratch = empty(room, x.dtype)
    for unit in range(first, last):
        n, d, h, count, to = band(unit, layout)
        if not layout.in_place:
            copy_band(x, n, d, h, layout, scratch)
        bottom = h + count // layout.out_w
        row = h
        while row < bottom:
            k0, k1 = spans[row]
            until = row + 1
            while until < bottom and spans[until, 0] == k0 and spans[until, 1] == k1:
                until += 1
            p0, p1 = (row - h) * layout.out_w, (until - h) * layout.out_w
            for g in range(groups):
                if layout.in_place:
                    narrow_tiles(x, first_cell(n, d, h, layout) + g * layout.taken, pixels, p0, p1, taps, k0, k1, w, bias, g,
                                 y, to, outs, layout.made, lane)
                else:
                    narrow_tiles(scratch, g * layout.taken, pixels, p0, p1, taps, k0, k1, w, bias, g, y, to, outs,
                                 layout.made, lane)
            row = until


@jit
def narrow_tiles(x, base, pixels, first, last, taps, k0, k1, w, bias, g, y, to, outs, filters, lane):
    """All `filters` of group `g` of pixels `first` to `last`, of taps `k0` to `k1`; the last tile overlaps the one before
    it."""
    step, reached = filters * lane, taps[k0:k1]
    for f in range(0, filters, MOST):
        left = min(MOST, filters - f)
        rows = lane // left
        w0, b0 = (g * taps.size + k0) * step + f * lane, g * filters + f
        p = first
        while last - first >= rows and p < last:
            p = min(p, last - rows)
            if left == 3:
                tile_3(x, base, pixels, p, reached, k1 - k0, w, w0, step, bias, b0, y, to + b0, outs)
            elif left == 2:
                tile_2(x, base, pixels, p, reached, k1 - k0, w, w0, step, bias, b0, y, to + b0, outs)
            else:
                tile_1(x, base, pixels, p, reached, k1 - k0, w, w0, step, bias, b0, y, to + b0, outs)
            p += rows
        while p < last:
            if left == 3:
                line_3(x, base, pixels, p, reached, k1 - k0, w, w0, step, bias, b0, y, to + b0, outs)
            elif left == 2:
                line_2(x, base, pixels, p, reached, k1 - k0, w, w0, step, bias, b0, y, to + b0, outs)
            else:
                line_1(x, base, pixels, p, reached, k1 - k0, w, w0, step, bias, b0, y, to + b0, outs)
            p += 1
