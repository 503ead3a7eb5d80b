"""The inner loops of depthwise convolution: like those of `tiles`, but each channel has its own filter, so that a
vector runs over channels and is multiplied with as many different weights."""

from __future__ import annotations

from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.vectors import Vectors

i64 = types.int64


def make_channel_tile(rows: int):
    """y[base_y + outs[p] + c : + valid] = bias[c : + valid] + Σ_k x[base + pixels[p] + taps[k] + c : ...] · w[k·row +
    c : ...], for `rows` pixels p from p0 and one vector of channels from c, `valid` of which exist."""

    @intrinsic
    def tile(typing, x, base, pixels, p0, taps, count, w, row, bias, y, base_y, outs, c, valid):
        signature = types.void(x, i64, pixels, i64, taps, i64, w, i64, bias, y, i64, outs, i64, i64)

        def codegen(context, builder, signature, args):
            x, base, pixels, p0, taps, count, w, row, bias, y, base_y, outs, c, valid = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            b = v.b
            mask = v.first_lanes(valid)
            image, tap = v.array(t[0], x, b.add(base, c)), v.array(t[4], taps)
            weight, pixel = v.array(t[6], w, c), v.array(t[2], pixels, p0)
            windows = [v.at(image, b.load(v.at(pixel, m))) for m in range(rows)]
            loop = v.loop(count, [v.load(v.array(t[8], bias, c))] * rows)
            offset = b.load(v.at(tap, loop.index))
            weights = v.load(v.at(weight, b.mul(loop.index, row)))
            sums = [v.fma(v.load_masked(v.at(windows[m], offset), mask), weights, loop.values[m]) for m in range(rows)]
            loop.end(sums)
            result, out = v.array(t[9], y, b.add(base_y, c)), v.array(t[11], outs, p0)
            for m in range(rows):
                v.store_masked(sums[m], v.at(result, b.load(v.at(out, m))), mask)
            return context.get_dummy_value()

        return signature, codegen

    return tile


def make_channel_weight_tile(rows: int):
    """dw[(k0 + m)·row + c : + lanes] += Σ_p x[base + pixels[p] + taps[k0 + m] + c : ...] · g[base_g + outs[p] + c :
    ...], for `rows` taps m, `count` pixels p, and one vector of channels from c, `valid` of which exist."""

    @intrinsic
    def tile(typing, x, base, pixels, count, taps, k0, g, base_g, outs, dw, row, c, valid):
        signature = types.void(x, i64, pixels, i64, taps, i64, g, i64, outs, dw, i64, i64, i64)

        def codegen(context, builder, signature, args):
            x, base, pixels, count, taps, k0, g, base_g, outs, dw, row, c, valid = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            b = v.b
            mask = v.first_lanes(valid)
            image, pixel, tap = v.array(t[0], x, b.add(base, c)), v.array(t[2], pixels), v.array(t[4], taps, k0)
            grad, out = v.array(t[6], g, b.add(base_g, c)), v.array(t[8], outs)
            total = v.array(t[9], dw, b.add(b.mul(k0, row), c))
            shifted = [v.at(image, b.load(v.at(tap, m))) for m in range(rows)]
            places = [v.at(total, b.mul(row, v.int(m))) for m in range(rows)]
            loop = v.loop(count, [v.load(place) for place in places])
            offset = b.load(v.at(pixel, loop.index))
            grads = v.load_masked(v.at(grad, b.load(v.at(out, loop.index))), mask)
            sums = [v.fma(v.load_masked(v.at(shifted[m], offset), mask), grads, loop.values[m]) for m in range(rows)]
            loop.end(sums)
            for m in range(rows):
                v.store(sums[m], places[m])
            return context.get_dummy_value()

        return signature, codegen

    return tile
