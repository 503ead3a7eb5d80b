"""The tiles of Winograd's convolution: from images to the six by six points, and from the points to results."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from tensorgrad.kernels.compiled.crew import shared
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.panels import panel_width
from tensorgrad.kernels.compiled.vectors import transpose
from tensorgrad.kernels.compiled.winograd_transforms import at_points, at_points_transposed, input_line, make_transform

POINTS = 36

to_points, to_points_edge = make_transform(input_line, 6, 6), make_transform(input_line, 6, 6, edge="in")

# Results of 4×4 with weights of 3×3, and of 2×2 with 5×5.
# Those of 2×2 have no other way for tiles with all results, for a selection of so few addresses takes no time.
from_points_4 = make_transform(at_points_transposed(4, False), 6, 4, add=True)
from_points_4_edge, from_points_2_edge = [make_transform(at_points_transposed(n, False), 6, n, edge="out", add=True)
                                          for n in (4, 2)]
grad_to_points_4 = make_transform(at_points(4, False), 4, 6)
grad_to_points_4_edge, grad_to_points_2_edge = [make_transform(at_points(n, False), n, 6, edge="in") for n in (4, 2)]
weights_to_points_3, weights_to_points_5 = [make_transform(at_points(n, True), n, 6) for n in (3, 5)]
weights_from_points_3, weights_from_points_5 = [make_transform(at_points_transposed(n, True), 6, n) for n in (3, 5)]


class Grid(NamedTuple):
    """The tiles of a convolution of x (N, H, W, C) to y (N, H', W', F).

    size_*           H and W
    out_*            H' and W'
    side             results of a tile along an axis: 4 for weights of 3×3, 2 for 5×5
    apart_*          rows and columns from one cell that a tile reads, or fills, to the next: the dilation
    rows, columns    of each tile along the axis: where its first input is, bits of those of its six inputs that are inside
                     of the image, where its first result is, bits of those of its results that exist
    """

    size_h: int
    size_w: int
    channels: int
    out_h: int
    out_w: int
    filters: int
    side: int
    apart_h: int
    apart_w: int
    rows: np.ndarray
    columns: np.ndarray


def grid(sizes: Sequence[int], channels: int, before: Sequence[int], counts: Sequence[int], filters: int, taps: int,
         dilation: Sequence[int]) -> Grid:
    """For weights of taps × taps, with `before` rows and columns of zeros in front of the image."""
    side = 7 - taps
    rows, columns = [tiles_along(*axis, side) for axis in zip(sizes, before, counts, dilation)]
    (size_h, size_w), (out_h, out_w), (apart_h, apart_w) = sizes, counts, dilation
    return Grid(size_h, size_w, channels, out_h, out_w, filters, side, apart_h, apart_w, rows, columns)


def tiles_along(size: int, before: int, count: int, dilation: int, side: int) -> np.ndarray:
    """(start, bits inside, first result, bits that exist) of each tile along an axis.

    Dilated by d, the results fall into d sets that see no input in common, and d tiles cover side·d results in a row.
    """
    results = np.add.outer(np.arange(0, count, side * dilation), np.arange(dilation)).ravel()
    starts = results - before

    def bits(first: np.ndarray, number: int, end: int) -> np.ndarray:
        cells = np.add.outer(first, dilation * np.arange(number))
        return ((cells >= 0) & (cells < end)) @ (1 << np.arange(number))

    return np.stack([starts, bits(starts, 6, size), results, bits(results, side, count)], 1)


@jit
def image_tiles(x, grid, channels, first, last, points, tile, point, zeros, lane):
    """Tiles `first` to `last` of the first `channels` of x (N, H, W, C): ``points[t·tile + p·point + c]``."""
    tiles_h, tiles_w = len(grid.rows), len(grid.columns)
    row, column = grid.apart_h * grid.size_w * grid.channels, grid.apart_w * grid.channels
    for t in range(first, last):
        line, j = t // tiles_w, t % tiles_w
        n, i = line // tiles_h, line % tiles_h
        at = ((n * grid.size_h + grid.rows[i, 0]) * grid.size_w + grid.columns[j, 0]) * grid.channels
        to = (t - first) * tile
        rows, columns = grid.rows[i, 1], grid.columns[j, 1]
        if rows & columns == 63:
            for c in range(0, channels, lane):
                to_points(x, at + c, row, column, points, to + c, 6 * point, point, x, 0, 0, 0, zeros)
        else:
            for c in range(0, channels, lane):
                to_points_edge(x, at + c, row, column, points, to + c, 6 * point, point, x, 0, rows, columns, zeros)


@jit
def grad_tiles(g, grid, first, last, points, tile, point, zeros, lane):
    """Tiles of the gradient of the results at the points."""
    filters, side, (tiles_h, tiles_w) = grid.filters, grid.side, (len(grid.rows), len(grid.columns))
    row, column = grid.apart_h * grid.out_w * filters, grid.apart_w * filters
    for t in range(first, last):
        line, j = t // tiles_w, t % tiles_w
        n, i = line // tiles_h, line % tiles_h
        at = ((n * grid.out_h + grid.rows[i, 2]) * grid.out_w + grid.columns[j, 2]) * filters
        to = (t - first) * tile
        rows, columns = grid.rows[i, 3], grid.columns[j, 3]
        if rows & columns == 15:
            for f in range(0, filters, lane):
                grad_to_points_4(g, at + f, row, column, points, to + f, 6 * point, point, g, 0, 0, 0, zeros)
        elif side == 4:
            for f in range(0, filters, lane):
                grad_to_points_4_edge(g, at + f, row, column, points, to + f, 6 * point, point, g, 0, rows, columns, zeros)
        else:
            for f in range(0, filters, lane):
                grad_to_points_2_edge(g, at + f, row, column, points, to + f, 6 * point, point, g, 0, rows, columns, zeros)


@jit
def result_tiles(points, tile, point, y, grid, filters, first, last, bias, spare, lane):
    """Tiles back from the points into the first `filters` of y (N, H', W', F), plus the bias."""
    side, (tiles_h, tiles_w) = grid.side, (len(grid.rows), len(grid.columns))
    row, column = grid.apart_h * grid.out_w * grid.filters, grid.apart_w * grid.filters
    for t in range(first, last):
        line, j = t // tiles_w, t % tiles_w
        n, i = line // tiles_h, line % tiles_h
        to = ((n * grid.out_h + grid.rows[i, 2]) * grid.out_w + grid.columns[j, 2]) * grid.filters
        at = (t - first) * tile
        rows, columns = grid.rows[i, 3], grid.columns[j, 3]
        if rows & columns == 15:
            for f in range(0, filters, lane):
                from_points_4(points, at + f, 6 * point, point, y, to + f, row, column, bias, f, 0, 0, spare)
        elif side == 4:
            for f in range(0, filters, lane):
                from_points_4_edge(points, at + f, 6 * point, point, y, to + f, row, column, bias, f, rows, columns, spare)
        else:
            for f in range(0, filters, lane):
                from_points_2_edge(points, at + f, 6 * point, point, y, to + f, row, column, bias, f, rows, columns, spare)


# -- weights to the points and back ------------------------------------------------------------------------------------


@shared
@jit
def weights_at_points(first, last, slice, w, f_stride, c_stride, turned, taps, channels, filters, u, size, lane):
    """Weights (filter, channel, taps, taps), whose taps lie in a row in the flat `w`, at the points, in panels for channels
    `first` to `last`: ``u`` (points, panel, channel, width), `size` entries per point.  `turned`: from the last tap to the
    first."""
    square = taps * taps
    scratch = np.empty((square + lane) * lane, w.dtype)  # (taps, filters), and what a transposed block has too many
    row, column = taps * lane, lane
    start = 0
    if turned:
        row, column, start = -row, -column, (square - 1) * lane
    panel = 0
    for f in range(0, filters, lane):
        width = panel_width(filters - panel, lane)
        for c in range(first, last):
            for k in range(0, square, lane):
                transpose(w, f * f_stride + c * c_stride + k, f_stride, min(square - k, lane), scratch, k * lane, lane, lane)
            to = panel * channels + c * width + f - panel
            if taps == 3:
                weights_to_points_3(scratch, start, row, column, u, to, 6 * size, size, w, 0, 0, 0, w)
            else:
                weights_to_points_5(scratch, start, row, column, u, to, 6 * size, size, w, 0, 0, 0, w)
        if f + lane == panel + width:
            panel += width


@shared
@jit
def weights_back(first, last, slice, du, point, row, w, f_stride, c_stride, taps, filters, lane):
    """The weight gradient of channels `first` to `last` from `du` (points, channels, row), `point` entries per point."""
    square = taps * taps
    scratch = np.zeros((square + lane) * lane, w.dtype)
    for f in range(0, filters, lane):
        for c in range(first, last):
            if taps == 3:
                weights_from_points_3(du, c * row + f, 6 * point, point, scratch, 0, 3 * lane, lane, w, 0, 0, 0, w)
            else:
                weights_from_points_5(du, c * row + f, 6 * point, point, scratch, 0, 5 * lane, lane, w, 0, 0, 0, w)
            for k in range(0, square, lane):
                transpose(scratch, k * lane, lane, lane, w, f * f_stride + c * c_stride + k, f_stride, min(square - k, lane))
