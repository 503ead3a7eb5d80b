"""3×3 and 5×5 convolution at stride 1 by Winograd's F(4×4, 3×3) and F(2×2, 5×5): about a third of the multiplications.

The result is cut into tiles of 4×4 or 2×2 outputs.  Tiles are transformed to the 36 points, giving 36 matrices (tiles,
channels); each is multiplied with the weights at that point; and the 36 products are transformed back.  A chunk of tiles
stays in cache.

Rounding: in float32 about twice that of direct convolution; `plan` has the measured shares, `kernels.explain` shows them.
One NaN or infinity in the image spreads over the tiles whose inputs it is among.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.direct import add_up
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.panels import outer, product
from tensorgrad.kernels.compiled.vectors import aligned, clear, empty, lanes
from tensorgrad.kernels.compiled.winograd_tiles import (POINTS, Grid, grad_tiles, image_tiles, result_tiles,
                                                        weights_at_points, weights_back)

CHUNK = 48           # tiles that are transformed and multiplied together
WEIGHT_CHUNK = 96    # the same for the weight gradient, whose totals are read and written once a chunk
WIDE_ROW = 128       # channels from which rows are spaced out: powers of two would all fall into the same few cache lines
WIDE_TOTALS = 16384   # channels times filters from which the totals of a weight gradient crowd out all else
ROUND = 24 << 20     # bytes of tiles at the points that stay in the third-level cache


class Convolution:
    """Fills y (N, H', W', F) with the convolution of x (N, H, W, C), tiled by `grid`; made once per shape.

    `strides` address the weights by (filter, channel), whose taps lie side by side; `turned`: they are taken from the last
    to the first.
    """

    def __init__(self, batch: int, grid: Grid, strides: tuple[int, int], turned: bool, dtype: np.dtype):
        self.dtype, self.lane, self.grid = dtype, lanes(dtype.itemsize), grid
        self.channels, self.filters = grid.channels, grid.filters
        self.weights = (*strides, turned, 7 - grid.side, grid.channels, grid.filters)
        self.row_in, self.row_out = row(grid.channels, grid.filters), row(grid.filters, grid.channels)
        self.zeros, self.no_bias = np.zeros(self.lane, dtype), np.zeros(grid.filters, dtype)
        self.tiles = batch * len(grid.rows) * len(grid.columns)
        self.size = grid.channels * grid.filters + self.lane  # of the weights at a point
        self.work = self.tiles * POINTS * grid.channels * grid.filters

    def __call__(self, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, y: np.ndarray) -> None:
        """Everything flat."""
        u = aligned(POINTS * self.size, self.dtype)
        parts = slices(self.channels, 2 * u.size)
        weights_at_points(parts, self.channels, w, *self.weights, u, self.size, self.lane)
        added = self.no_bias
        if bias is not None:
            added = added.copy()
            added[:] = bias
        conv_tiles(slices(self.tiles, self.work), self.tiles, x, self.grid, u, self.size, added, y, CHUNK, self.zeros,
                   self.row_in, self.row_out, self.lane)


class WeightGradient:
    """Fills w, addressed by (filter, channel) with `strides`, from x (N, H, W, C) and the gradient (N, H', W', F); made once
    per shape.

    With few channels, every slice of the tiles has totals of its own for all points.  With many, those would not stay in
    cache: tiles are transformed first, all of them or as many as stay in cache, and then multiplied point by point.
    """

    def __init__(self, batch: int, grid: Grid, strides: tuple[int, int], dtype: np.dtype):
        self.dtype, self.lane, self.strides, self.grid = dtype, lanes(dtype.itemsize), strides, grid
        self.channels, self.filters, self.taps = grid.channels, grid.filters, 7 - grid.side
        self.row_in, self.row_out = row(grid.channels, grid.filters), row(grid.filters, grid.channels)
        self.zeros = np.zeros(self.lane, dtype)
        self.tiles = batch * len(grid.rows) * len(grid.columns)
        self.pairs = grid.channels * grid.filters
        self.size = self.pairs + self.lane  # of the totals at a point
        self.wide = self.pairs > WIDE_TOTALS
        self.round = max(1, min(self.tiles, ROUND // (POINTS * (self.row_in + self.row_out) * dtype.itemsize)))

    def __call__(self, x: np.ndarray, grad: np.ndarray, w: np.ndarray) -> None:
        """Everything flat."""
        if self.wide:
            self.by_points(x, grad, w)
            return
        lane = self.lane
        parts = slices(self.tiles, self.tiles * POINTS * self.pairs)
        totals = aligned(parts * POINTS * self.size, self.dtype).reshape(parts, -1)
        totals[...] = 0
        weight_grad_tiles(parts, self.tiles, x, grad, self.grid, totals, self.size, WEIGHT_CHUNK, self.zeros, self.row_in,
                          self.row_out, lane)
        self.back(add_up(totals), w)

    def by_points(self, x: np.ndarray, grad: np.ndarray, w: np.ndarray) -> None:
        lane, most = self.lane, self.round
        point_in, point_out = most * self.row_in + lane, most * self.row_out + lane
        seen, grads = aligned(POINTS * point_in, self.dtype), aligned(POINTS * point_out, self.dtype)
        totals = aligned(POINTS * self.size, self.dtype)
        for first in range(0, self.tiles, most):
            count = min(most, self.tiles - first)
            parts = slices(count, 8 * count * POINTS * (self.row_in + self.row_out))
            tiles_at_points(parts, count, first, x, grad, self.grid, seen, self.row_in, point_in, grads, self.row_out,
                            point_out, self.zeros, lane)
            multiply_points(slices(POINTS, count * POINTS * self.pairs), POINTS, count, seen, self.row_in, point_in,
                            self.channels, grads, self.row_out, point_out, self.filters, totals, self.size, first == 0, lane)
        self.back(totals, w)

    def back(self, totals: np.ndarray, w: np.ndarray) -> None:
        parts = slices(self.channels, 2 * POINTS * self.size)
        weights_back(parts, self.channels, totals, self.size, self.filters, w, *self.strides, self.taps, self.filters,
                     self.lane)


def row(channels: int, others: int) -> int:
    """Entries from one point's channels to the next point's."""
    return channels + 16 if max(channels, others) >= WIDE_ROW else channels


@shared
@jit
def conv_tiles(first, last, slice, x, grid, u, size, bias, y, chunk, zeros, row_in, row_out, lane):
    """Tiles `first` to `last`, `chunk` at a time.  `seen` and `made` hold a chunk at the points: rows of `row_in`
    channels and of `row_out` filters."""
    seen, made = empty(chunk * POINTS * row_in, x.dtype), empty(chunk * POINTS * row_out, x.dtype)
    spare = np.empty(lane, x.dtype)
    for t in range(first, last, chunk):
        end = min(t + chunk, last)
        image_tiles(x, grid, t, end, seen, POINTS * row_in, row_in, zeros, lane)
        for p in range(POINTS):
            product(seen, p * row_in, POINTS * row_in, end - t, grid.channels, u, p * size, made, p * row_out,
                    POINTS * row_out, grid.filters, lane)
        result_tiles(made, POINTS * row_out, row_out, y, grid, t, end, bias, spare, lane)


@shared
@jit
def weight_grad_tiles(first, last, slice, x, g, grid, totals, size, chunk, zeros, row_in, row_out, lane):
    """Add tiles `first` to `last` of the weight gradient at the points into row `slice` of `totals` (points, channels,
    filters), `size` entries per point."""
    seen, grads = empty(chunk * POINTS * row_in, x.dtype), empty(chunk * POINTS * row_out, x.dtype)
    du = totals[slice]
    for t in range(first, last, chunk):
        end = min(t + chunk, last)
        image_tiles(x, grid, t, end, seen, POINTS * row_in, row_in, zeros, lane)
        grad_tiles(g, grid, t, end, grads, POINTS * row_out, row_out, zeros, lane)
        for p in range(POINTS):
            outer(seen, p * row_in, POINTS * row_in, end - t, grid.channels, grads, p * row_out, POINTS * row_out, du,
                  p * size, grid.filters, grid.filters, lane)


@shared
@jit
def tiles_at_points(first, last, slice, start, x, g, grid, seen, row_in, point_in, grads, row_out, point_out, zeros, lane):
    """Of the tiles from `start` those from `first` to `last`, point after point: ``seen[p·point_in + t·row_in + c]``."""
    image_tiles(x, grid, start + first, start + last, seen[first * row_in:], row_in, point_in, zeros, lane)
    grad_tiles(g, grid, start + first, start + last, grads[first * row_out:], row_out, point_out, zeros, lane)


@shared
@jit
def multiply_points(first, last, slice, tiles, seen, row_in, point_in, channels, grads, row_out, point_out, filters, totals,
                    size, fresh, lane):
    """Add the products of `tiles` tiles at points `first` to `last` to ``totals`` (points, channels, filters), `size`
    entries per point, or, if `fresh`, fill it with them."""
    for p in range(first, last):
        if fresh:
            clear(totals, p * size, channels * filters)
        outer(seen, p * point_in, row_in, tiles, channels, grads, p * point_out, row_out, totals, p * size, filters,
              filters, lane)
