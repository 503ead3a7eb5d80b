"""The inner loops of convolution, as vector code.

A *tile* of the result is `rows` output pixels × `vectors`·lanes filters, summed over all taps while it stays in
registers.  A tile of the weight gradient is `rows` taps × `vectors`·lanes filters, summed over pixels.  Both read the
image through two tables of offsets, of pixels and of taps: the value under tap k of the window of pixel p is ``x[base
+ pixels[p] + taps[k]]``.  So no window is ever copied out, and one kernel serves every kernel size, stride, dilation
and number of axes; a matrix product is the special case of taps 0, 1, 2, ....
"""

from __future__ import annotations

from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.vectors import WIDE, Vectors

i64 = types.int64

VECTORS = 4 if WIDE else 2                                  # vectors of filters in a full tile
ROWS = {1: 8, 2: 8, 3: 6, 4: 6} if WIDE else {1: 8, 2: 6}   # rows of a tile, by its vectors: registers for all, none spilled


def make_tile(rows: int, vectors: int, masked: bool):
    """y[base_y + outs[p] : + valid] = bias[b0 : + valid] + Σ_k x[base + pixels[p] + taps[k]] · w[w0 + k·vectors·lanes
    : ...], for `rows` pixels p from p0.  `masked`: the last vector holds fewer than `lanes` filters; `valid` is their
    number in the tile.  The lines of the result are asked for before it is summed, and, where `ahead` is 1 and not 0, those
    of the next pixels, which follow these ones in memory, with their `count` taps side by side."""

    @intrinsic
    def tile(typing, x, base, pixels, p0, taps, count, w, w0, bias, b0, y, base_y, outs, valid, ahead):
        signature = types.void(x, i64, pixels, i64, taps, i64, w, i64, bias, i64, y, i64, outs, i64, i64)

        def codegen(context, builder, signature, args):
            x, base, pixels, p0, taps, count, w, w0, bias, b0, y, base_y, outs, valid, ahead = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            b, width = v.b, v.lanes
            image, tap, weight = v.array(t[0], x, base), v.array(t[4], taps), v.array(t[6], w, w0)
            pixel, start = v.array(t[2], pixels, p0), v.array(t[8], bias, b0)
            windows = [v.at(image, b.load(v.at(pixel, m))) for m in range(rows)]
            first = [v.load(v.at(start, n * width)) for n in range(vectors)]
            result, out = v.array(t[10], y, base_y), v.array(t[12], outs, p0)
            places = [v.at(result, b.load(v.at(out, m))) for m in range(rows)]
            for place in places:
                for n in range(vectors):
                    v.fetch(v.at(place, n * width), True)
            ahead = b.mul(ahead, v.int(rows))

            loop = v.loop(count, first * rows)
            offset = b.load(v.at(tap, loop.index))
            v.fetch(v.at(windows[0], b.mul(b.add(count, loop.index), ahead)))
            panel = v.at(weight, b.mul(loop.index, v.int(vectors * width)))
            weights = [v.load(v.at(panel, n * width)) for n in range(vectors)]
            sums = []
            for m in range(rows):
                value = v.splat(b.load(v.at(windows[m], offset)))
                sums += [v.fma(value, weights[n], loop.values[m * vectors + n]) for n in range(vectors)]
            loop.end(sums)

            mask = v.first_lanes(b.sub(valid, v.int((vectors - 1) * width))) if masked else None
            for m, place in enumerate(places):
                for n in range(vectors):
                    if masked and n == vectors - 1:
                        v.store_masked(sums[m * vectors + n], v.at(place, n * width), mask)
                    else:
                        v.store(sums[m * vectors + n], v.at(place, n * width))
            return context.get_dummy_value()

        return signature, codegen

    return tile


def make_weight_tile(rows: int, vectors: int, masked: bool):
    """dw[d0 + m·row : + vectors·lanes] += Σ_p x[base + pixels[p] + taps[k0 + m]] · g[base_g + outs[p] : + valid], for
    `rows` taps m and `count` pixels p."""

    @intrinsic
    def tile(typing, x, base, pixels, count, taps, k0, g, base_g, outs, dw, d0, row, valid):
        signature = types.void(x, i64, pixels, i64, taps, i64, g, i64, outs, dw, i64, i64, i64)

        def codegen(context, builder, signature, args):
            x, base, pixels, count, taps, k0, g, base_g, outs, dw, d0, row, valid = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            b, width = v.b, v.lanes
            image, pixel, tap = v.array(t[0], x, base), v.array(t[2], pixels), v.array(t[4], taps, k0)
            grad, out, total = v.array(t[6], g, base_g), v.array(t[8], outs), v.array(t[9], dw, d0)
            mask = v.first_lanes(b.sub(valid, v.int((vectors - 1) * width))) if masked else None
            shifted = [v.at(image, b.load(v.at(tap, m))) for m in range(rows)]
            places = [v.at(total, b.mul(row, v.int(m))) for m in range(rows)]

            loop = v.loop(count, [v.load(v.at(places[m], n * width)) for m in range(rows) for n in range(vectors)])
            offset = b.load(v.at(pixel, loop.index))
            there = v.at(grad, b.load(v.at(out, loop.index)))
            grads = [v.load_masked(v.at(there, n * width), mask) if masked and n == vectors - 1
                     else v.load(v.at(there, n * width)) for n in range(vectors)]
            sums = []
            for m in range(rows):
                value = v.splat(b.load(v.at(shifted[m], offset)))
                sums += [v.fma(value, grads[n], loop.values[m * vectors + n]) for n in range(vectors)]
            loop.end(sums)

            for m in range(rows):
                for n in range(vectors):
                    v.store(sums[m * vectors + n], v.at(places[m], n * width))
            return context.get_dummy_value()

        return signature, codegen

    return tile


def make_product_tile(rows: int, vectors: int, unrolled: int = 4):
    """y[to + m·row_out : + vectors·lanes] = Σ_k a[at + m·row_in + k] · w[w0 + k·vectors·lanes : ...], for `rows` rows
    m; `count` is a multiple of `unrolled`.  A plain matrix product: like a tile, but without tables."""

    @intrinsic
    def tile(typing, a, at, row_in, count, w, w0, y, to, row_out):
        signature = types.void(a, i64, i64, i64, w, i64, y, i64, i64)

        def codegen(context, builder, signature, args):
            a, at, row_in, count, w, w0, y, to, row_out = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            b, width = v.b, v.lanes
            first, weight, result = v.array(t[0], a, at), v.array(t[4], w, w0), v.array(t[6], y, to)
            lines = [v.at(first, b.mul(row_in, v.int(m))) for m in range(rows)]
            loop = v.loop(b.sdiv(count, v.int(unrolled)), [v.constant(0)] * (rows * vectors))
            sums = loop.values
            k = b.mul(loop.index, v.int(unrolled))
            panel = v.at(weight, b.mul(k, v.int(vectors * width)))
            here = [v.at(line, k) for line in lines]
            for u in range(unrolled):
                weights = [v.load(v.at(panel, (u * vectors + n) * width)) for n in range(vectors)]
                following = []
                for m in range(rows):
                    value = v.splat(b.load(v.at(here[m], u)))
                    following += [v.fma(value, weights[n], sums[m * vectors + n]) for n in range(vectors)]
                sums = following
            loop.end(sums)
            for m in range(rows):
                for n in range(vectors):
                    v.store(sums[m * vectors + n], v.at(result, b.add(b.mul(row_out, v.int(m)), v.int(n * width))))
            return context.get_dummy_value()

        return signature, codegen

    return tile


def make_outer_tile(rows: int, vectors: int):
    """dw[d0 + m·row : + vectors·lanes] += Σ_t a[at + t·row_a + m] · g[base_g + t·row_g : ...], for `rows` columns m of `a`
    and `count` rows t.  The product of a transposed matrix with another: a tile of the weight gradient without tables."""

    @intrinsic
    def tile(typing, a, at, row_a, count, g, base_g, row_g, dw, d0, row):
        signature = types.void(a, i64, i64, i64, g, i64, i64, dw, i64, i64)

        def codegen(context, builder, signature, args):
            a, at, row_a, count, g, base_g, row_g, dw, d0, row = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            b, width = v.b, v.lanes
            left, right, total = v.array(t[0], a, at), v.array(t[4], g, base_g), v.array(t[7], dw, d0)
            places = [v.at(v.at(total, b.mul(row, v.int(m))), n * width) for m in range(rows) for n in range(vectors)]
            loop = v.loop(count, [v.load(place) for place in places])
            line, there = v.at(left, b.mul(loop.index, row_a)), v.at(right, b.mul(loop.index, row_g))
            grads = [v.load(v.at(there, n * width)) for n in range(vectors)]
            sums = []
            for m in range(rows):
                value = v.splat(b.load(v.at(line, m)))
                sums += [v.fma(value, grads[n], loop.values[m * vectors + n]) for n in range(vectors)]
            loop.end(sums)
            for value, place in zip(sums, places):
                v.store(value, place)
            return context.get_dummy_value()

        return signature, codegen

    return tile
