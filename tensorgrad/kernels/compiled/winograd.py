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
from tensorgrad.kernels.compiled.tiles import VECTORS
from tensorgrad.kernels.compiled.vectors import aligned, clear, empty, lanes
from tensorgrad.kernels.compiled.winograd_tiles import (POINTS, Grid, grad_tiles, image_tiles, result_tiles,
                                                        weights_at_points, weights_back)

CHUNK = 48            # tiles that are transformed and multiplied together
WEIGHT_CHUNK = 96     # the same for the weight gradient, whose totals are read and written once a chunk
WIDE_ROW = 128        # channels from which rows are spaced out: powers of two would all fall into the same few cache lines
WIDE_TOTALS = 16384   # channels times filters from which the totals of a weight gradient crowd out all else
BLOCK = 32768         # channels times filters whose weights, or totals, are at the points together where tiles are few
PANEL = VECTORS * 16  # filters of a block are a multiple of these, which are multiplied at once
ROUND = 24 << 20      # bytes of tiles at the points that stay in the third-level cache


class Convolution:
    """Fills y (N, H', W', F) with the convolution of x (N, H, W, C), tiled by `grid`; made once per shape.

    `strides` address the weights by (filter, channel), whose taps lie side by side; `turned`: they are taken from the last
    to the first.

    Where all tiles at the points take less memory than the weights, they are transformed first, and multiplied with one
    block of filters after the other: only the weights of a block are at the points, and stay in cache.
    """

    def __init__(self, batch: int, grid: Grid, strides: tuple[int, int], turned: bool, dtype: np.dtype):
        self.dtype, self.lane, self.grid, self.strides = dtype, lanes(dtype.itemsize), grid, strides
        self.channels, self.filters = grid.channels, grid.filters
        self.order = turned, 7 - grid.side
        self.row_in = row(grid.channels, grid.filters)
        self.zeros, self.no_bias = np.zeros(self.lane, dtype), np.zeros(grid.filters, dtype)
        self.tiles = batch * len(grid.rows) * len(grid.columns)
        block = max(1, BLOCK // grid.channels // PANEL) * PANEL
        self.block = block if self.tiles < grid.filters > block else grid.filters

    def __call__(self, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, y: np.ndarray) -> None:
        """Everything flat."""
        added = self.no_bias
        if bias is not None:
            added = added.copy()
            added[:] = bias
        if self.block < self.filters:
            self.by_blocks(x, w, added, y)
            return
        row_out, u, size = row(self.filters, self.channels), *self.weights(w, self.filters)
        conv_tiles(self.slices(self.filters), self.tiles, x, self.grid, u, size, added, y, CHUNK, self.zeros, self.row_in,
                   row_out, self.lane)

    def by_blocks(self, x: np.ndarray, w: np.ndarray, bias: np.ndarray, y: np.ndarray) -> None:
        tile = POINTS * self.row_in
        seen, row_out = aligned(self.tiles * tile, self.dtype), row(self.block, self.channels)
        images_at_points(slices(self.tiles, 8 * self.tiles * tile), self.tiles, 0, x, self.grid, self.channels, seen, tile,
                         self.row_in, self.zeros, self.lane)
        for first in range(0, self.filters, self.block):
            filters = min(self.block, self.filters - first)
            u, size = self.weights(w[first * self.strides[0]:], filters)
            multiply_tiles(self.slices(filters), self.tiles, seen, self.grid, u, size, filters, bias[first:], y[first:],
                           CHUNK, self.row_in, row_out, self.lane)

    def weights(self, w: np.ndarray, filters: int) -> tuple[np.ndarray, int]:
        """The first `filters` of the weights at the points, and how many entries there are per point."""
        size = self.channels * filters + self.lane
        u = aligned(POINTS * size, self.dtype)
        weights_at_points(slices(self.channels, 2 * u.size), self.channels, w, *self.strides, *self.order, self.channels,
                          filters, u, size, self.lane)
        return u, size

    def slices(self, filters: int) -> int:
        """Into how many slices to cut the tiles."""
        return slices(self.tiles, self.tiles * POINTS * self.channels * filters)


class WeightGradient:
    """Fills w, addressed by (filter, channel) with `strides`, from x (N, H, W, C) and the gradient (N, H', W', F); made once
    per shape.

    With few channels, every slice of the tiles has totals of its own for all points.  With many, those would not stay in
    cache: tiles are transformed first, all of them or as many as stay in cache, and then multiplied point by point; where
    they are few, with one block of channels after the other.
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
        if self.wide:
            self.block, self.round = self.cut()

    def cut(self) -> tuple[int, int]:
        """How many channels are multiplied together, and how many tiles: as many tiles as stay in cache, and a block of
        channels if those are all, and fewer than the channels."""
        block = max(1, BLOCK // self.filters // self.lane) * self.lane
        if self.tiles < self.channels > block and self.tiles <= fitting(block, self.filters, self.dtype):
            return block, self.tiles
        return self.channels, min(self.tiles, fitting(self.channels, self.filters, self.dtype))

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
        self.back(add_up(totals), self.size, self.channels, w)

    def by_points(self, x: np.ndarray, grad: np.ndarray, w: np.ndarray) -> None:
        lane, most, row_in = self.lane, self.round, row(self.block, self.filters)
        size = self.block * self.filters + lane
        point_in, point_out = most * row_in + lane, most * self.row_out + lane
        seen, grads = aligned(POINTS * point_in, self.dtype), aligned(POINTS * point_out, self.dtype)
        totals = aligned(POINTS * size, self.dtype)
        for start in range(0, self.channels, self.block):
            channels = min(self.block, self.channels - start)
            for first in range(0, self.tiles, most):
                count = min(most, self.tiles - first)
                work = 8 * count * POINTS
                images_at_points(slices(count, work * channels), count, first, x[start:], self.grid, channels, seen,
                                 row_in, point_in, self.zeros, lane)
                if start == 0:  # all tiles of the gradient are there for the other blocks of channels
                    grads_at_points(slices(count, work * self.filters), count, first, grad, self.grid, grads, self.row_out,
                                    point_out, self.zeros, lane)
                multiply_points(slices(POINTS, count * POINTS * channels * self.filters), POINTS, count, seen, row_in,
                                point_in, channels, grads, self.row_out, point_out, self.filters, totals, size, first == 0,
                                lane)
            self.back(totals, size, channels, w[start * self.strides[1]:])

    def back(self, totals: np.ndarray, size: int, channels: int, w: np.ndarray) -> None:
        """The gradient of so many channels from their totals at the points."""
        weights_back(slices(channels, 2 * POINTS * size), channels, totals, size, self.filters, w, *self.strides, self.taps,
                     self.filters, self.lane)


def row(channels: int, others: int) -> int:
    """Entries from one point's channels to the next point's."""
    return channels + 16 if max(channels, others) >= WIDE_ROW else channels


def fitting(channels: int, filters: int, dtype: np.dtype) -> int:
    """How many tiles of images and of gradients stay in cache."""
    return max(1, ROUND // (POINTS * (row(channels, filters) + row(filters, channels)) * dtype.itemsize))


@shared
@jit
def conv_tiles(first, last, slice, x, grid, u, size, bias, y, chunk, zeros, row_in, row_out, lane):
    """Tiles `first` to `last`, `chunk` at a time.  `seen` and `made` hold a chunk at the points: rows of `row_in`
    channels and of `row_out` filters."""
    seen, made = empty(chunk * POINTS * row_in, x.dtype), empty(chunk * POINTS * row_out, x.dtype)
    spare = np.empty(lane, x.dtype)
    for t in range(first, last, chunk):
        end = min(t + chunk, last)
        image_tiles(x, grid, grid.channels, t, end, seen, POINTS * row_in, row_in, zeros, lane)
        for p in range(POINTS):
            product(seen, p * row_in, POINTS * row_in, end - t, grid.channels, u, p * size, made, p * row_out,
                    POINTS * row_out, grid.filters, lane)
        result_tiles(made, POINTS * row_out, row_out, y, grid, grid.filters, t, end, bias, spare, lane)


@shared
@jit
def multiply_tiles(first, last, slice, seen, grid, u, size, filters, bias, y, chunk, row_in, row_out, lane):
    """The first `filters` of y in tiles `first` to `last`, from all tiles at the points."""
    made, spare = empty(chunk * POINTS * row_out, seen.dtype), np.empty(lane, seen.dtype)
    for t in range(first, last, chunk):
        end = min(t + chunk, last)
        for p in range(POINTS):
            product(seen, (t * POINTS + p) * row_in, POINTS * row_in, end - t, grid.channels, u, p * size, made, p * row_out,
                    POINTS * row_out, filters, lane)
        result_tiles(made, POINTS * row_out, row_out, y, grid, filters, t, end, bias, spare, lane)


@shared
@jit
def weight_grad_tiles(first, last, slice, x, g, grid, totals, size, chunk, zeros, row_in, row_out, lane):
    """Add tiles `first` to `last` of the weight gradient at the points into row `slice` of `totals` (points, channels,
    filters), `size` entries per point."""
    seen, grads = empty(chunk * POINTS * row_in, x.dtype), empty(chunk * POINTS * row_out, x.dtype)
    du = totals[slice]
    for t in range(first, last, chunk):
        end = min(t + chunk, last)
        image_tiles(x, grid, grid.channels, t, end, seen, POINTS * row_in, row_in, zeros, lane)
        grad_tiles(g, grid, t, end, grads, POINTS * row_out, row_out, zeros, lane)
        for p in range(POINTS):
            outer(seen, p * row_in, POINTS * row_in, end - t, grid.channels, grads, p * row_out, POINTS * row_out, du,
                  p * size, grid.filters, grid.filters, lane)


@shared
@jit
def images_at_points(first, last, slice, start, x, grid, channels, seen, tile, point, zeros, lane):
    """Of the tiles from `start` those from `first` to `last`: ``seen[t·tile + p·point + c]``."""
    image_tiles(x, grid, channels, start + first, start + last, seen[first * tile:], tile, point, zeros, lane)


@shared
@jit
def grads_at_points(first, last, slice, start, g, grid, grads, tile, point, zeros, lane):
    """The same of the gradient of the results: ``grads[t·tile + p·point + f]``."""
    grad_tiles(g, grid, start + first, start + last, grads[first * tile:], tile, point, zeros, lane)


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
