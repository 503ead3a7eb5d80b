"""The inner loop of convolution to few filters: like those of `tiles`, but vectors run over the channels that are summed,
and the lanes are added up at the end.

A vector of filters would be empty for the most part.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.vectors import Vectors

i64 = types.int64


def lane_sums(v: Vectors, vectors: list[Any]) -> tuple[Any, list[int]]:
    """The sums over the lanes of at most `lanes` vectors, in one vector, and the lane that each is in."""
    rest = [v.constant(0)] * (v.lanes - len(vectors))
    owners = [[i] * v.lanes for i in range(v.lanes)]
    found = [*vectors, *rest]
    span = v.lanes // 2
    while span:  # the sums of two vectors' halves, then of their quarters, side by side
        half = len(found) // 2
        order = [lane if lane % (2 * span) < span else v.lanes + lane - span for lane in range(v.lanes)]
        shifted = [lane + span for lane in order]
        owners = [[(a + b)[i] for i in order] for a, b in zip(owners[:half], owners[half:])]
        found = [v.b.fadd(v.shuffle(a, b, order), v.shuffle(a, b, shifted)) for a, b in zip(found[:half], found[half:])]
        span //= 2
    return found[0], [owners[0].index(i) for i in range(len(vectors))]


def make_narrow_tile(rows_of: dict[int, int], filters: int):
    """y[base_y + outs[p] + n] = bias[b0 + n] + Σ_k Σ_lanes x[base + pixels[p] + taps[k] : ...] · w[w0 + k·step + n·lanes :
    ...], for `filters` filters n and rows_of[lanes] pixels p from p0; `count` taps k, each of a vector of channels."""

    @intrinsic
    def tile(typing, x, base, pixels, p0, taps, count, w, w0, step, bias, b0, y, base_y, outs):
        signature = types.void(x, i64, pixels, i64, taps, i64, w, i64, i64, bias, i64, y, i64, outs)

        def codegen(context, builder, signature, args):
            x, base, pixels, p0, taps, count, w, w0, step, bias, b0, y, base_y, outs = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            b, rows = v.b, rows_of[v.lanes]
            image, tap, weight = v.array(t[0], x, base), v.array(t[4], taps), v.array(t[6], w, w0)
            pixel, start = v.array(t[2], pixels, p0), v.array(t[9], bias, b0)
            windows = [v.at(image, b.load(v.at(pixel, m))) for m in range(rows)]
            loop = v.loop(count, [v.constant(0)] * (rows * filters))
            offset, panel = b.load(v.at(tap, loop.index)), v.at(weight, b.mul(loop.index, step))
            weights = [v.load(v.at(panel, n * v.lanes)) for n in range(filters)]
            sums = []
            for m in range(rows):
                value = v.load(v.at(windows[m], offset))
                sums += [v.fma(value, weights[n], loop.values[m * filters + n]) for n in range(filters)]
            loop.end(sums)

            result, out = v.array(t[11], y, base_y), v.array(t[13], outs, p0)
            total, lane_of = lane_sums(v, sums)
            added = [b.load(v.at(start, n)) for n in range(filters)]
            for m in range(rows):
                place = v.at(result, b.load(v.at(out, m)))
                for n in range(filters):
                    b.store(b.fadd(v.lane(total, lane_of[m * filters + n]), added[n]), v.at(place, n))
            return context.get_dummy_value()

        return signature, codegen

    return tile
