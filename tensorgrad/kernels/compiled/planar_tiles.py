"""The inner loops of convolution of one channel to few filters: like those of `tiles`, but vectors run over pixels that lie
side by side, since a vector of filters would be empty for the most part."""

from __future__ import annotations

from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.dense_tiles import clamped
from tensorgrad.kernels.compiled.tiles import ROWS, VECTORS
from tensorgrad.kernels.compiled.vectors import Vectors

i64 = types.int64

FILTERS, PIECES = ROWS[VECTORS], VECTORS  # filters of a tile, and vectors of pixels, or taps of the weight gradient


@intrinsic
def plane_tile(typing, x, base, taps, count, w, w0, bias, b0, y, to, plane, valid):
    """y[to + m·plane : + PIECES·lanes] = bias[b0 + m] + Σ_k w[w0 + m·count + k] · x[base + taps[k] : ...], for `FILTERS`
    filters m, of which `valid` are written."""
    signature = types.void(x, i64, taps, i64, w, i64, bias, i64, y, i64, i64, i64)

    def codegen(context, builder, signature, args):
        x, base, taps, count, w, w0, bias, b0, y, to, plane, valid = args
        t = signature.args
        v = Vectors(context, builder, t[0].dtype)
        b = builder
        image, tap = v.array(t[0], x, base), v.array(t[2], taps)
        weights = clamped(v, v.array(t[4], w, w0), count, FILTERS, valid)
        starts = clamped(v, v.array(t[6], bias, b0), v.int(1), FILTERS, valid)
        outs = clamped(v, v.array(t[8], y, to), plane, FILTERS, valid)

        loop = v.loop(count, [value for start in starts for value in [v.splat(b.load(start))] * PIECES])
        there = v.at(image, b.load(v.at(tap, loop.index)))
        pixels = [v.load(v.at(there, n * v.lanes)) for n in range(PIECES)]
        sums = []
        for m, weight in enumerate(weights):
            value = v.splat(b.load(v.at(weight, loop.index)))
            sums += [v.fma(value, pixels[n], loop.values[m * PIECES + n]) for n in range(PIECES)]
        loop.end(sums)
        for m, out in enumerate(outs):
            for n in range(PIECES):
                v.store(sums[m * PIECES + n], v.at(out, n * v.lanes))
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def plane_weight_tile(typing, x, taps, k0, pieces, widths, count, g, g0, plane, dw, d0, row, valid):
    """dw[d0 + (m·row + k)·lanes : ...] += Σ_i g[g0 + m·plane + i·lanes : ...] · x[pieces[i] + taps[k0 + k] : + widths[i]],
    lane by lane, for `FILTERS` filters m, of which `valid` are written, and `PIECES` taps k."""
    signature = types.void(x, taps, i64, pieces, widths, i64, g, i64, i64, dw, i64, i64, i64)

    def codegen(context, builder, signature, args):
        x, taps, k0, pieces, widths, count, g, g0, plane, dw, d0, row, valid = args
        t = signature.args
        v = Vectors(context, builder, t[0].dtype)
        b = builder
        image, tap = v.array(t[0], x), v.array(t[1], taps, k0)
        piece, width = v.array(t[3], pieces), v.array(t[4], widths)
        shifted = [v.at(image, b.load(v.at(tap, k))) for k in range(PIECES)]
        planes = clamped(v, v.array(t[6], g, g0), plane, FILTERS, valid)
        totals = [v.at(line, k * v.lanes)
                  for line in clamped(v, v.array(t[9], dw, d0), b.mul(row, v.int(v.lanes)), FILTERS, valid)
                  for k in range(PIECES)]

        loop = v.loop(count, [v.load(total) for total in totals])
        mask = v.first_lanes(b.load(v.at(width, loop.index)))
        at, there = b.load(v.at(piece, loop.index)), b.mul(loop.index, v.int(v.lanes))
        pixels = [v.load_masked(v.at(line, at), mask) for line in shifted]
        sums = []
        for m, line in enumerate(planes):
            grad = v.load(v.at(line, there))
            sums += [v.fma(grad, pixels[k], loop.values[m * PIECES + k]) for k in range(PIECES)]
        loop.end(sums)
        for value, total in zip(sums, totals):
            v.store(value, total)
        return context.get_dummy_value()

    return signature, codegen
