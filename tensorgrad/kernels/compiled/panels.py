"""Weights in panels, and the loops that run tiles over them.

A tile multiplies each value of the image with one vector, or a few, of filters.  So that those lie side by side,
weights are repacked: filters are split into panels of `VECTORS` vectors, the rest into panels of 2 and 1, and a panel
holds (taps, width), zeros beyond the last filter.
"""

from __future__ import annotations

from tensorgrad.kernels.compiled.crew import shared
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.tiles import ROWS, VECTORS, make_outer_tile, make_product_tile, make_tile, make_weight_tile

WEIGHT_ROWS = 6  # taps of a tile of the weight gradient

R_FULL, R_TWO, R_ONE = ROWS[VECTORS], ROWS[2], ROWS[1]

tile_full, line_full = make_tile(R_FULL, VECTORS, False), make_tile(1, VECTORS, False)
tile_two, line_two = make_tile(R_TWO, 2, True), make_tile(1, 2, True)
tile_one, line_one = make_tile(R_ONE, 1, True), make_tile(1, 1, True)

weight_full = make_weight_tile(WEIGHT_ROWS, VECTORS, False)
weight_two = make_weight_tile(WEIGHT_ROWS, 2, True)
weight_one = make_weight_tile(WEIGHT_ROWS, 1, True)

product_full, product_line_full = make_product_tile(R_FULL, VECTORS), make_product_tile(1, VECTORS)
product_two, product_line_two = make_product_tile(R_TWO, 2), make_product_tile(1, 2)
product_one, product_line_one = make_product_tile(R_ONE, 1), make_product_tile(1, 1)

outer_full, outer_two, outer_one = make_outer_tile(4, VECTORS), make_outer_tile(8, 2), make_outer_tile(8, 1)

OUTER_DEPTH = 96  # rows of a product of a transposed matrix at a time: a panel of them stays in the first-level cache


@jit
def panel_width(left, lane):
    """Width of the next panel when `left` filters are left."""
    if left >= VECTORS * lane:
        return VECTORS * lane
    return 2 * lane if left > lane else lane


@jit
def padded(filters, lane):
    """Width of all panels together."""
    total = 0
    while total < filters:
        total += panel_width(filters - total, lane)
    return total


# In each loop below, the last tile of a panel is moved back so that it does not reach past the end: it overlaps the
# tile before and writes the same values again.


@jit
def tiles(x, base, pixels, count, taps, w, w0, bias, b0, y, base_y, outs, filters, lane, ahead):
    """All `filters` of the first `count` pixels; see `tiles.make_tile`, also for `ahead`."""
    k = taps.size
    f = 0
    while f < filters:
        left = filters - f
        width = panel_width(left, lane)
        valid = min(left, width)
        p = 0
        if left >= VECTORS * lane:
            while count >= R_FULL and p < count:
                p = min(p, count - R_FULL)
                tile_full(x, base, pixels, p, taps, k, w, w0, bias, b0 + f, y, base_y + f, outs, valid, ahead)
                p += R_FULL
            while p < count:
                line_full(x, base, pixels, p, taps, k, w, w0, bias, b0 + f, y, base_y + f, outs, valid, ahead)
                p += 1
        elif left > lane:
            while count >= R_TWO and p < count:
                p = min(p, count - R_TWO)
                tile_two(x, base, pixels, p, taps, k, w, w0, bias, b0 + f, y, base_y + f, outs, valid, ahead)
                p += R_TWO
            while p < count:
                line_two(x, base, pixels, p, taps, k, w, w0, bias, b0 + f, y, base_y + f, outs, valid, ahead)
                p += 1
        else:
            while count >= R_ONE and p < count:
                p = min(p, count - R_ONE)
                tile_one(x, base, pixels, p, taps, k, w, w0, bias, b0 + f, y, base_y + f, outs, valid, ahead)
                p += R_ONE
            while p < count:
                line_one(x, base, pixels, p, taps, k, w, w0, bias, b0 + f, y, base_y + f, outs, valid, ahead)
                p += 1
        w0 += k * width
        f += width


@jit
def weight_tiles(x, base, pixels, count, taps, g, base_g, outs, dw, d0, filters, row, lane):
    """Add to dw (taps, row) what `count` pixels give all `filters`; the taps are a multiple of `WEIGHT_ROWS`."""
    f = 0
    while f < filters:
        left = filters - f
        width = panel_width(left, lane)
        valid = min(left, width)
        for k in range(0, taps.size, WEIGHT_ROWS):
            to = d0 + k * row + f
            if left >= VECTORS * lane:
                weight_full(x, base, pixels, count, taps, k, g, base_g + f, outs, dw, to, row, valid)
            elif left > lane:
                weight_two(x, base, pixels, count, taps, k, g, base_g + f, outs, dw, to, row, valid)
            else:
                weight_one(x, base, pixels, count, taps, k, g, base_g + f, outs, dw, to, row, valid)
        f += width


@jit
def product(a, at, row_in, rows, count, w, w0, y, to, row_out, filters, lane):
    """A matrix product: `rows` rows of `count` entries, ``a[at + m·row_in :]``, times panels of `filters`, a multiple
    of `lane`."""
    f = 0
    while f < filters:
        left = filters - f
        m = 0
        if left >= VECTORS * lane:
            while rows >= R_FULL and m < rows:
                m = min(m, rows - R_FULL)
                product_full(a, at + m * row_in, row_in, count, w, w0, y, to + m * row_out + f, row_out)
                m += R_FULL
            while m < rows:
                product_line_full(a, at + m * row_in, row_in, count, w, w0, y, to + m * row_out + f, row_out)
                m += 1
        elif left > lane:
            while rows >= R_TWO and m < rows:
                m = min(m, rows - R_TWO)
                product_two(a, at + m * row_in, row_in, count, w, w0, y, to + m * row_out + f, row_out)
                m += R_TWO
            while m < rows:
                product_line_two(a, at + m * row_in, row_in, count, w, w0, y, to + m * row_out + f, row_out)
                m += 1
        else:
            while rows >= R_ONE and m < rows:
                m = min(m, rows - R_ONE)
                product_one(a, at + m * row_in, row_in, count, w, w0, y, to + m * row_out + f, row_out)
                m += R_ONE
            while m < rows:
                product_line_one(a, at + m * row_in, row_in, count, w, w0, y, to + m * row_out + f, row_out)
                m += 1
        width = panel_width(left, lane)
        w0 += count * width
        f += width


@jit
def outer(a, at, row_a, count, rows, g, base_g, row_g, dw, d0, filters, row, lane):
    """Add to dw (rows, row) the product of the transposed (count, rows) matrix ``a[at + t·row_a :]`` with the (count,
    filters) matrix ``g[base_g + t·row_g :]``; `rows` and `filters` are multiples of `lane`."""
    for t in range(0, count, OUTER_DEPTH):
        depth = min(OUTER_DEPTH, count - t)
        here, there = at + t * row_a, base_g + t * row_g
        f = 0
        while f < filters:
            left = filters - f
            if left >= VECTORS * lane:
                for m in range(0, rows, 4):
                    outer_full(a, here + m, row_a, depth, g, there + f, row_g, dw, d0 + m * row + f, row)
            elif left > lane:
                for m in range(0, rows, 8):
                    outer_two(a, here + m, row_a, depth, g, there + f, row_g, dw, d0 + m * row + f, row)
            else:
                for m in range(0, rows, 8):
                    outer_one(a, here + m, row_a, depth, g, there + f, row_g, dw, d0 + m * row + f, row)
            f += panel_width(left, lane)


# -- weights in and out ------------------------------------------------------------------------------------------------


@shared
@jit
def pack(first, last, slice, w, strides, groups, filters, taps_d, taps_h, taps_w, channels, packed, lane):
    """Weights of (group, filter, d, h, w, channel), addressed by `strides` in the flat `w`, into panels, group after
    group; of channels `first` to `last`.  `taps_d`, `taps_h` and `taps_w`: which taps of the kernel, and in which order.
    """
    count = taps_d.size * taps_h.size * taps_w.size * channels
    whole = padded(filters, lane) * count
    for c in range(first, last):  # the taps of a channel and filter lie side by side in `w`
        k = c
        for d in taps_d:
            for h in taps_h:
                for v in taps_w:
                    for g in range(groups):
                        here = g * strides[0] + d * strides[2] + h * strides[3] + v * strides[4] + c * strides[5]
                        f = 0
                        while f < filters:
                            width = panel_width(filters - f, lane)
                            valid = min(filters - f, width)
                            at = g * whole + f * count + k * width
                            for i in range(valid):
                                packed[at + i] = w[here + (f + i) * strides[1]]
                            for i in range(valid, width):
                                packed[at + i] = 0
                            f += width
                    k += channels


@shared
@jit
def unpack(first, last, slice, dw, row, w, strides, groups, filters, taps_d, taps_h, taps_w, channels, padded_taps):
    """A weight gradient from (group, tap, row) to (group, filter, d, h, w, channel), addressed by `strides` in the
    flat `w`; of channels `first` to `last`."""
    for c in range(first, last):
        k = c
        for d in taps_d:
            for h in taps_h:
                for v in taps_w:
                    for g in range(groups):
                        at = (g * padded_taps + k) * row
                        to = g * strides[0] + d * strides[2] + h * strides[3] + v * strides[4] + c * strides[5]
                        for f in range(filters):
                            w[to + f * strides[1]] = dw[at + f]
                    k += channels
