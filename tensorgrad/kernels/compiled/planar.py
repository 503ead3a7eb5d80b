"""Direct convolution of one channel to few filters, as in the first layer of LeNet: vectors run over pixels side by side.

Rows of a copied band lie one after the other, so vectors run on from one row into the next, over the few cells between the
last window of a row and the first of the next; what comes out there is not used.  In the weight gradient, where it would be
added up, they end with the row.
"""

from __future__ import annotations

import math

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.direct import add_up, band, copy_band, layout_of
from tensorgrad.kernels.compiled.gathers import Axis, gather
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.planar_tiles import FILTERS, PIECES, plane_tile, plane_weight_tile
from tensorgrad.kernels.compiled.vectors import clear, empty, lanes, transpose


TURNING = 120  # about as many multiplications of vectors take as long as turning a square of pixels and filters around


def planar(axes: tuple[Axis, Axis, Axis], channels: int, filters: int, groups: int, dtype: np.dtype) -> bool:
    """True if a convolution of so many channels to so many filters runs here."""
    lane, taps = lanes(dtype.itemsize), math.prod([len(axis.taps) for axis in axes])
    computed = -(-filters // FILTERS) * FILTERS
    return (channels == groups == 1 and lane <= axes[2].out and taps * (lane - computed) > TURNING
            and all([axis.step == axis.apart == 1 and not axis.first for axis in axes]))


class Gathering:
    """`direct.Gathering` for one channel, few filters, and stride 1."""

    def __init__(self, axes: tuple[Axis, Axis, Axis], batch: int, channels: int, filters: int, groups: int,
                 to_sizes: tuple[int, int, int], strides: tuple[int, ...], dtype: np.dtype):
        self.plan = gather(axes, to_sizes, batch, channels, filters, groups, dtype.itemsize)
        self.lane, self.filters, self.no_bias = lanes(dtype.itemsize), filters, np.zeros(filters, dtype)
        self.weights = positions(axes, filters, strides)
        self.work = self.plan.units * len(self.plan.pixels) * len(self.plan.taps) * filters

    def __call__(self, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, y: np.ndarray) -> None:
        """Everything flat."""
        plan = self.plan
        start = self.no_bias if bias is None else np.ascontiguousarray(bias, x.dtype)
        sum_planes(slices(plan.units, self.work), plan.units, x, w[self.weights], start, y, plan.taps, plan.fields,
                   self.filters, self.lane)


class WeightGradient:
    """`direct.WeightGradient` for one channel, few filters, and stride 1."""

    def __init__(self, axes: tuple[Axis, Axis, Axis], batch: int, channels: int, filters: int, groups: int,
                 counts: tuple[int, int, int], strides: tuple[int, ...], dtype: np.dtype):
        self.plan = gather(axes, counts, batch, channels, filters, groups, dtype.itemsize, round_taps=PIECES)
        self.dtype, self.lane, self.filters = dtype, lanes(dtype.itemsize), filters
        layout, columns = self.plan.layout, np.arange(0, axes[2].out, self.lane)
        self.pieces = np.add.outer(np.arange(layout.rows) * layout.band_w, columns).ravel()
        self.widths = np.tile(np.minimum(axes[2].out - columns, self.lane), layout.rows)
        self.work = self.plan.units * len(self.plan.pixels) * len(self.plan.taps) * filters

    def __call__(self, x: np.ndarray, grad: np.ndarray, w: np.ndarray) -> None:
        """Everything flat."""
        plan = self.plan
        parts = slices(plan.units, self.work)
        totals = np.empty((parts, self.filters, len(plan.taps)), self.dtype)
        sum_plane_weights(parts, plan.units, x, grad, totals, self.pieces, self.widths, plan.taps, plan.fields, self.lane)
        w.reshape(self.filters, -1)[...] = add_up(totals)[:, :w.size // self.filters]


def positions(axes: tuple[Axis, Axis, Axis], filters: int, strides: tuple[int, ...]) -> np.ndarray:
    """Where the weights of (filter, tap) are in flat memory."""
    _, filter, *steps, _ = strides
    at = np.arange(filters) * filter
    for axis, step in zip(axes, steps):
        at = np.add.outer(at, np.multiply(axis.taps, step))
    return at.ravel()


@jit
def room_of(layout, lane):
    """Entries of a copied band, and of those that the last vectors reach beyond it."""
    return layout.reach_d * layout.band_h * layout.band_w + layout.band_w + PIECES * lane


@shared
@jit
def sum_planes(first, last, slice, x, w, bias, y, taps, fields, filters, lane):
    """Bands `first` to `last` of a gather; everything flat."""
    layout = layout_of(fields)
    step, width = PIECES * lane, layout.band_w
    plane = (layout.rows * width + step - 1) // step * step
    scratch, results = empty(room_of(layout, lane), x.dtype), empty(lane * plane, x.dtype)
    for unit in range(first, last):
        n, d, h, count, to = band(unit, layout)
        copy_band(x, n, d, h, layout, scratch)
        rows = count // layout.out_w
        for f in range(0, filters, FILTERS):
            for at in range(0, rows * width, step):
                plane_tile(scratch, at, taps, taps.size, w, f * taps.size, bias, f, results, f * plane + at, plane,
                           min(FILTERS, filters - f))
        for row in range(rows):
            for column in range(0, layout.out_w, lane):
                column = min(column, layout.out_w - lane)  # the last block overlaps the one before
                transpose(results, row * width + column, plane, lane,
                          y, to + (row * layout.out_w + column) * filters, filters, filters)


@shared
@jit
def sum_plane_weights(first, last, slice, x, grad, totals, pieces, widths, taps, fields, lane):
    """The weight gradient of bands `first` to `last` into row `slice` of `totals` (filter, tap); everything else flat."""
    layout = layout_of(fields)
    filters = totals.shape[1]
    dw = empty(filters * taps.size * lane, x.dtype)  # lane by lane
    clear(dw, 0, dw.size)
    row, plane = pieces.size // layout.rows * lane, pieces.size * lane
    scratch, planes = empty(room_of(layout, lane), x.dtype), empty(lane * plane, x.dtype)
    clear(planes, 0, lane * plane)
    for unit in range(first, last):
        n, d, h, count, at = band(unit, layout)
        copy_band(x, n, d, h, layout, scratch)
        rows = count // layout.out_w
        for i in range(rows):
            for column in range(0, layout.out_w, lane):
                column = min(column, layout.out_w - lane)
                transpose(grad, at + (i * layout.out_w + column) * filters, filters, filters,
                          planes, i * row + column, plane, lane)
        for f in range(0, filters, FILTERS):
            for k in range(0, taps.size, PIECES):
                plane_weight_tile(scratch, taps, k, pieces, widths, rows * row // lane, planes, f * plane, plane, dw,
                                  (f * taps.size + k) * lane, taps.size, min(FILTERS, filters - f))
    sums = totals[slice].reshape(-1)
    for i in range(sums.size):
        total = dw[i * lane]
        for j in range(i * lane + 1, (i + 1) * lane):
            total += dw[j]
        sums[i] = total
