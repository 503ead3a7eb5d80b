"""3×3 convolution at stride 1 by Winograd's F(4×4, 3×3): a quarter of the multiplications.

The result is cut into tiles of 4×4 outputs.  A chunk of tiles is transformed to the 36 points, giving 36 matrices
(tiles, channels); each is multiplied with the weights at that point; and the 36 products are transformed back.  A
chunk stays in cache.

Rounding: in float32 about twice that of direct convolution; `plan` has the measured shares, `kernels.explain` shows them.
One NaN or infinity in the image spreads over the 4×4 tiles whose inputs it is among.
"""

from __future__ import annotations

from typing import Sequence

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.direct import add_up
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.panels import WEIGHT_ROWS, padded, panel_width, product, weight_tiles
from tensorgrad.kernels.compiled.tiles import VECTORS
from tensorgrad.kernels.compiled.vectors import lanes
from tensorgrad.kernels.compiled.winograd_transforms import (input_line, make_transform, output_line,
                                                             output_line_transposed, weight_line, weight_line_transposed)

POINTS = 36
CHUNK = 48           # tiles that are transformed and multiplied together
WEIGHT_CHUNK = 96    # the same for the weight gradient, whose totals are read and written once a chunk
WIDE_ROW = 128       # channels from which rows are spaced out: powers of two would all fall into the same few cache lines


class Convolution:
    """Fills y (N, H', W', F) with the convolution of x (N, H, W, C), which has `before` rows and columns of zeros in front;
    made once per shape.

    `start` and `strides` address the weights by (filter, channel, row, column).
    """

    def __init__(self, batch: int, sizes: Sequence[int], channels: int, before: Sequence[int], counts: Sequence[int],
                 filters: int, start: int, strides: tuple[int, ...], dtype: np.dtype):
        self.dtype, self.lane, self.weights = dtype, lanes(dtype.itemsize), (start, *strides, channels, filters)
        self.image, self.result = (*sizes, channels, *before), (*counts, filters)
        self.channels, self.filters = channels, filters
        self.width = int(padded(filters, self.lane))
        self.row_in, self.row_out = row(channels, filters), row(filters, channels)
        self.zeros, self.no_bias = np.zeros(self.lane, dtype), np.zeros(self.width, dtype)
        self.tiles = batch * -(-counts[0] // 4) * -(-counts[1] // 4)
        self.work = self.tiles * POINTS * channels * filters

    def __call__(self, x: np.ndarray, w: np.ndarray, bias: np.ndarray | None, y: np.ndarray) -> None:
        """Everything flat."""
        lane = self.lane
        u = np.empty(POINTS * self.width * self.channels, self.dtype)
        weights_at_points(slices(self.channels, 25 * self.channels * self.filters), self.channels, w, *self.weights, u, lane)
        added = self.no_bias
        if bias is not None:
            added = added.copy()
            added[:self.filters] = bias
        conv_tiles(slices(self.tiles, self.work), self.tiles, x, *self.image, u, added, y, *self.result, CHUNK, self.zeros,
                   self.row_in, self.row_out, lane)


class WeightGradient:
    """Fills w, addressed by (filter, channel) with `strides`, from x (N, H, W, C) and the gradient (N, H', W', F); made once
    per shape."""

    def __init__(self, batch: int, sizes: Sequence[int], channels: int, before: Sequence[int], counts: Sequence[int],
                 filters: int, strides: tuple[int, int], dtype: np.dtype):
        self.dtype, self.lane, self.strides = dtype, lanes(dtype.itemsize), strides
        self.image, self.result = (*sizes, channels, *before), (*counts, filters)
        self.channels, self.filters = channels, filters
        self.row_in, self.row_out = row(channels, filters), row(filters, channels)
        self.width = int(padded(filters, self.lane))
        self.taps = np.pad(np.arange(channels), (0, -channels % WEIGHT_ROWS))
        self.pixels = np.arange(WEIGHT_CHUNK) * POINTS * self.row_in
        self.outs = np.arange(WEIGHT_CHUNK) * POINTS * self.row_out
        self.zeros = np.zeros(self.lane, dtype)
        self.tiles = batch * -(-counts[0] // 4) * -(-counts[1] // 4)
        self.work = self.tiles * POINTS * channels * filters

    def __call__(self, x: np.ndarray, grad: np.ndarray, w: np.ndarray) -> None:
        """Everything flat."""
        lane, taps, width = self.lane, self.taps, self.width
        parts = slices(self.tiles, self.work)
        totals = np.zeros((parts, POINTS * len(taps) * width), self.dtype)
        weight_grad_tiles(parts, self.tiles, x, *self.image, grad, *self.result, totals, WEIGHT_CHUNK, self.zeros,
                          self.pixels, taps, self.outs, self.row_in, self.row_out, width, lane)
        weights_back(slices(self.channels, 25 * self.channels * self.filters), self.channels, add_up(totals), len(taps),
                     width, w, *self.strides, self.filters, lane)


def row(channels: int, others: int) -> int:
    """Entries from one point's channels to the next point's."""
    return channels + 16 if max(channels, others) >= WIDE_ROW else channels


to_points, to_points_edge = make_transform(input_line, 6, 6), make_transform(input_line, 6, 6, edge="in")
from_points = make_transform(output_line, 6, 4, add=True)
from_points_edge = make_transform(output_line, 6, 4, edge="out", add=True)
grad_to_points = make_transform(output_line_transposed, 4, 6)
grad_to_points_edge = make_transform(output_line_transposed, 4, 6, edge="in")
weights_to_points = make_transform(weight_line, 3, 6)
weights_from_points = make_transform(weight_line_transposed, 6, 3)


@jit
def inside(start, n, size):
    """Bits of those of `n` cells from `start` that lie in 0 … size - 1."""
    bits = 0
    for i in range(n):
        if 0 <= start + i < size:
            bits |= 1 << i
    return bits


@jit
def image_tiles(x, size_h, size_w, channels, top, left, tiles_h, tiles_w, first, last, points, tile, point, zeros, lane):
    """Tiles `first` to `last` of x (N, H, W, C): ``points[t·tile + p·point + c]``.  Tile (i, j) starts at (4i - top,
    4j - left)."""
    for t in range(first, last):
        j = t % tiles_w
        i = t // tiles_w % tiles_h
        n = t // (tiles_w * tiles_h)
        y0, x0 = 4 * i - top, 4 * j - left
        at = ((n * size_h + y0) * size_w + x0) * channels
        to = (t - first) * tile
        if y0 >= 0 and x0 >= 0 and y0 + 6 <= size_h and x0 + 6 <= size_w:
            for c in range(0, channels, lane):
                to_points(x, at + c, size_w * channels, channels, points, to + c, 6 * point, point, x, 0, 0, 0, zeros)
        else:
            rows, columns = inside(y0, 6, size_h), inside(x0, 6, size_w)
            for c in range(0, channels, lane):
                to_points_edge(x, at + c, size_w * channels, channels, points, to + c, 6 * point, point, x, 0, rows, columns,
                               zeros)


@jit
def grad_tiles(g, out_h, out_w, filters, tiles_h, tiles_w, first, last, points, tile, point, zeros, lane):
    """Tiles of the gradient of the outputs, 4×4 each, at the points."""
    for t in range(first, last):
        j = t % tiles_w
        i = t // tiles_w % tiles_h
        n = t // (tiles_w * tiles_h)
        at = ((n * out_h + 4 * i) * out_w + 4 * j) * filters
        to = (t - first) * tile
        if 4 * i + 4 <= out_h and 4 * j + 4 <= out_w:
            for f in range(0, filters, lane):
                grad_to_points(g, at + f, out_w * filters, filters, points, to + f, 6 * point, point, g, 0, 0, 0, zeros)
        else:
            rows, columns = inside(4 * i, 4, out_h), inside(4 * j, 4, out_w)
            for f in range(0, filters, lane):
                grad_to_points_edge(g, at + f, out_w * filters, filters, points, to + f, 6 * point, point, g, 0, rows,
                                    columns, zeros)


@jit
def output_tiles(points, tile, point, y, out_h, out_w, filters, tiles_h, tiles_w, first, last, bias, spare, lane):
    """Tiles back from the points into y (N, H', W', F), plus the bias."""
    for t in range(first, last):
        j = t % tiles_w
        i = t // tiles_w % tiles_h
        n = t // (tiles_w * tiles_h)
        to = ((n * out_h + 4 * i) * out_w + 4 * j) * filters
        at = (t - first) * tile
        if 4 * i + 4 <= out_h and 4 * j + 4 <= out_w:
            for f in range(0, filters, lane):
                from_points(points, at + f, 6 * point, point, y, to + f, out_w * filters, filters, bias, f, 0, 0, spare)
        else:
            rows, columns = inside(4 * i, 4, out_h), inside(4 * j, 4, out_w)
            for f in range(0, filters, lane):
                from_points_edge(points, at + f, 6 * point, point, y, to + f, out_w * filters, filters, bias, f, rows,
                                 columns, spare)


@shared
@jit
def conv_tiles(first, last, slice, x, size_h, size_w, channels, top, left, u, bias, y, out_h, out_w, filters, chunk, zeros,
               row_in, row_out, lane):
    """Tiles `first` to `last`, `chunk` at a time.  `seen` and `made` hold a chunk at the points: rows of `row_in`
    channels and of `row_out` filters."""
    seen, made = np.empty(chunk * POINTS * row_in, x.dtype), np.empty(chunk * POINTS * row_out, x.dtype)
    spare = np.empty(lane, x.dtype)
    tiles_h, tiles_w = (out_h + 3) // 4, (out_w + 3) // 4
    size = padded(filters, lane) * channels
    for t in range(first, last, chunk):
        end = min(t + chunk, last)
        image_tiles(x, size_h, size_w, channels, top, left, tiles_h, tiles_w, t, end, seen, POINTS * row_in, row_in, zeros,
                    lane)
        for p in range(POINTS):
            product(seen, p * row_in, POINTS * row_in, end - t, channels, u, p * size, made, p * row_out, POINTS * row_out,
                    filters, lane)
        output_tiles(made, POINTS * row_out, row_out, y, out_h, out_w, filters, tiles_h, tiles_w, t, end, bias, spare, lane)


@shared
@jit
def weight_grad_tiles(first, last, slice, x, size_h, size_w, channels, top, left, g, out_h, out_w, filters, totals, chunk,
                      zeros, pixels, taps, outs, row_in, row_out, row, lane):
    """Add tiles `first` to `last` of the weight gradient at the points into row `slice` of `totals` (points, padded
    channels, row)."""
    seen, grads = np.empty(chunk * POINTS * row_in, x.dtype), np.empty(chunk * POINTS * row_out, x.dtype)
    du = totals[slice]
    tiles_h, tiles_w = (out_h + 3) // 4, (out_w + 3) // 4
    for t in range(first, last, chunk):
        end = min(t + chunk, last)
        image_tiles(x, size_h, size_w, channels, top, left, tiles_h, tiles_w, t, end, seen, POINTS * row_in, row_in, zeros,
                    lane)
        grad_tiles(g, out_h, out_w, filters, tiles_h, tiles_w, t, end, grads, POINTS * row_out, row_out, zeros, lane)
        for p in range(POINTS):
            weight_tiles(seen, p * row_in, pixels, end - t, taps, grads, p * row_out, outs, du, p * taps.size * row, filters,
                         row, lane)


# -- weights to the points and back ------------------------------------------------------------------------------------


@shared
@jit
def weights_at_points(first, last, slice, w, start, f_stride, c_stride, row, column, channels, filters, u, lane):
    """Weights (filter, channel, 3, 3), addressed by strides in the flat `w`, at the points, in panels for channels
    `first` to `last`: ``u`` (points, panel, channel, width)."""
    scratch = np.empty(9 * VECTORS * lane, w.dtype)
    size = padded(filters, lane) * channels
    f = 0
    while f < filters:
        left = filters - f
        width = panel_width(left, lane)
        for c in range(first, last):
            for i in range(3):
                for j in range(3):
                    at = start + c * c_stride + i * row + j * column + f * f_stride
                    to = (3 * i + j) * width
                    for k in range(min(width, left)):
                        scratch[to + k] = w[at + k * f_stride]
                    for k in range(min(width, left), width):
                        scratch[to + k] = 0
            for k in range(0, width, lane):
                weights_to_points(scratch, k, 3 * width, width, u, f * channels + c * width + k, 6 * size, size, w, 0, 0, 0,
                                  w)
        f += width


@shared
@jit
def weights_back(first, last, slice, du, taps, row, w, f_stride, c_stride, filters, lane):
    """The weight gradient of channels `first` to `last` from `du` (points, taps, row)."""
    scratch = np.empty(9 * lane, w.dtype)
    for c in range(first, last):
        for f in range(0, filters, lane):
            weights_from_points(du, c * row + f, 6 * taps * row, taps * row, scratch, 0, 3 * lane, lane, w, 0, 0, 0, w)
            for k in range(min(lane, filters - f)):
                to = (f + k) * f_stride + c * c_stride
                for i in range(9):
                    w[to + i] = scratch[i * lane + k]
