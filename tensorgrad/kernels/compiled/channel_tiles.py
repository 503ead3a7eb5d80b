"""The inner loops of convolution in small groups: like those of `tiles`, but a vector runs over the channels of several
groups, of `members` channels and filters each, so that each lane has a weight of its own.

Lane l of a result sums over the members of its group: for the j-th of them, the lanes of the image are shuffled so that
every lane holds member j of its group.  Depthwise convolution is the case of one member.
"""

from __future__ import annotations

from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.vectors import Vectors

i64 = types.int64


def member(v: Vectors, image, j: int, members: int):
    """In every lane, member j of the lane's group."""
    return image if members == 1 else v.shuffle(image, image, [l - l % members + j for l in range(v.lanes)])


def make_channel_tile(rows: int, members: int, masked: bool):
    """y[base_y + outs[p] + c : ...] = bias[c : ...] + Σ_k Σ_j member j of x[base + pixels[p] + taps[k] + c : ...] ·
    w[(k·members + j)·row + c : ...], for `rows` pixels p from p0 and one vector of channels from c.  `masked`: only the
    first `valid` of them exist."""

    @intrinsic
    def tile(typing, x, base, pixels, p0, taps, count, w, row, bias, y, base_y, outs, c, valid):
        signature = types.void(x, i64, pixels, i64, taps, i64, w, i64, bias, y, i64, outs, i64, i64)

        def codegen(context, builder, signature, args):
            x, base, pixels, p0, taps, count, w, row, bias, y, base_y, outs, c, valid = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            b = v.b
            mask = v.first_lanes(valid) if masked else None
            image, tap = v.array(t[0], x, b.add(base, c)), v.array(t[4], taps)
            weight, pixel = v.array(t[6], w, c), v.array(t[2], pixels, p0)
            windows = [v.at(image, b.load(v.at(pixel, m))) for m in range(rows)]
            loop = v.loop(count, [v.load(v.array(t[8], bias, c))] * rows)
            offset, place = b.load(v.at(tap, loop.index)), b.mul(loop.index, b.mul(row, v.int(members)))
            weights = [v.load(v.at(weight, b.add(place, b.mul(row, v.int(j))))) for j in range(members)]
            sums = []
            for m in range(rows):
                value, total = v.load_some(v.at(windows[m], offset), mask), loop.values[m]
                for j in range(members):
                    total = v.fma(member(v, value, j, members), weights[j], total)
                sums.append(total)
            loop.end(sums)
            result, out = v.array(t[9], y, b.add(base_y, c)), v.array(t[11], outs, p0)
            for m in range(rows):
                v.store_some(sums[m], v.at(result, b.load(v.at(out, m))), mask)
            return context.get_dummy_value()

        return signature, codegen

    return tile


def make_channel_weight_tile(rows: int, members: int, masked: bool):
    """dw[((k0 + m)·members + j)·row + c : ...] += Σ_p member j of x[base + pixels[p] + taps[k0 + m] + c : ...] · g[base_g +
    outs[p] + c : ...], for `rows` taps m, all members j, `count` pixels p, and one vector of channels from c.  `masked`:
    only the first `valid` of them exist."""

    @intrinsic
    def tile(typing, x, base, pixels, count, taps, k0, g, base_g, outs, dw, row, c, valid):
        signature = types.void(x, i64, pixels, i64, taps, i64, g, i64, outs, dw, i64, i64, i64)

        def codegen(context, builder, signature, args):
            x, base, pixels, count, taps, k0, g, base_g, outs, dw, row, c, valid = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            b = v.b
            mask = v.first_lanes(valid) if masked else None
            image, pixel, tap = v.array(t[0], x, b.add(base, c)), v.array(t[2], pixels), v.array(t[4], taps, k0)
            grad, out = v.array(t[6], g, b.add(base_g, c)), v.array(t[8], outs)
            total = v.array(t[9], dw, b.add(b.mul(b.mul(k0, v.int(members)), row), c))
            shifted = [v.at(image, b.load(v.at(tap, m))) for m in range(rows)]
            places = [v.at(total, b.mul(row, v.int(i))) for i in range(rows * members)]
            loop = v.loop(count, [v.load(place) for place in places])
            offset = b.load(v.at(pixel, loop.index))
            grads = v.load_some(v.at(grad, b.load(v.at(out, loop.index))), mask)
            sums = []
            for m in range(rows):
                value = v.load_some(v.at(shifted[m], offset), mask)
                sums += [v.fma(member(v, value, j, members), grads, loop.values[m * members + j]) for j in range(members)]
            loop.end(sums)
            for value, place in zip(sums, places):
                v.store(value, place)
            return context.get_dummy_value()

        return signature, codegen

    return tile
