"""The inner loops of depthwise convolution along a row of results: the window slides in registers.

A vector runs over channels.  From one result to the next a window keeps its last columns, so that only new columns are
loaded, `stride` of them; cells outside of the image are loaded from `zeros`, so that no row is copied to be padded.

The channels of a row are far apart, vector after vector: too far for the processor to foresee what is read next.  So the
next row is asked for while this one is worked on, in the order in which it lies in memory.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.vectors import Vectors

i64 = types.int64

SIDE = 3  # of the kernel: its weights and the window together fill the registers
TAPS = SIDE * SIDE


class Rows:
    """The rows of the image that the windows of one row of results cover: row r starts at x[at + r·line], its cells lie
    `step` apart, and it has `width` of them, none if it is row number `top` + r of an image of fewer rows, or before it."""

    def __init__(self, v: Vectors, image: Any, zeros: Any, line: Any, step: Any, width: Any, top: Any, height: Any,
                 count: int = SIDE):
        b = v.b
        self.v, self.step, self.zeros = v, step, zeros
        self.starts = [v.at(image, b.mul(line, v.int(r))) for r in range(count)]
        inside = [b.icmp_unsigned("<", b.add(top, v.int(r)), height) for r in range(count)]
        self.widths = [b.select(there, width, v.int(0)) for there in inside]

    def column(self, cell: Any) -> list[Any]:
        """The vectors at one cell of each row."""
        v, b = self.v, self.v.b
        offset = b.mul(cell, self.step)
        return [v.load(b.select(b.icmp_unsigned("<", cell, width), v.at(start, offset), self.zeros))
                for start, width in zip(self.starts, self.widths)]

    def columns(self, cell: Any, count: int) -> list[Any]:
        """Those of `count` cells, one after the other."""
        return [value for j in range(count) for value in self.column(self.v.b.add(cell, self.v.int(j)))]


def fetch_rows(v: Vectors, pointer: Any, line: Any, stride: int, number: Any) -> None:
    """Ask for part `number` of the rows below the window, which the next row of results reads, in the order of memory."""
    for r in range(SIDE, SIDE + stride):
        for i in range(stride):
            place = v.b.add(v.b.mul(number, v.int(stride * v.lanes)), v.int(i * v.lanes))
            v.fetch(v.at(pointer, v.b.add(v.b.mul(line, v.int(r)), place)))


def make_sliding_tile(stride: int):
    """y[to + i·apart : ...] = bias[c : ...] + Σ_r Σ_j x[at + r·line + (cell + stride·i + j)·step + c : ...] ·
    w[(3·r + j)·row + c : ...] for `count` results i and one vector of channels from c."""

    @intrinsic
    def tile(typing, x, at, line, step, width, top, height, cell, zeros, w, row, bias, y, to, apart, count, c):
        signature = types.void(x, i64, i64, i64, i64, i64, i64, i64, zeros, w, i64, bias, y, i64, i64, i64, i64)

        def codegen(context, builder, signature, args):
            x, at, line, step, width, top, height, cell, zeros, w, row, bias, y, to, apart, count, c = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            b, kept = v.b, SIDE - stride
            rows = Rows(v, v.array(t[0], x, b.add(at, c)), v.array(t[8], zeros), line, step, width, top, height)
            weight, result = v.array(t[9], w, c), v.array(t[12], y, b.add(to, c))
            weights = [v.load(v.at(weight, b.mul(row, v.int(k)))) for k in range(TAPS)]
            first = v.load(v.array(t[11], bias, c))
            loop = v.loop(count, rows.columns(cell, kept))
            number = b.add(b.mul(b.udiv(c, v.int(v.lanes)), count), loop.index)
            fetch_rows(v, v.array(t[0], x, at), line, stride, number)
            v.fetch(v.at(v.array(t[12], y, b.add(to, b.mul(step, count))), b.mul(number, v.int(v.lanes))), True)
            here = b.add(cell, b.mul(loop.index, v.int(stride)))
            window = loop.values + rows.columns(b.add(here, v.int(kept)), stride)
            total = first
            for j in range(SIDE):
                for r in range(SIDE):
                    total = v.fma(window[SIDE * j + r], weights[SIDE * r + j], total)
            v.store(total, v.at(result, b.mul(loop.index, apart)))
            loop.end(window[SIDE * stride:])
            return context.get_dummy_value()

        return signature, codegen

    return tile


def make_sliding_weight_tile(stride: int):
    """dw[(3·r + j)·row + c : ...] += Σ_i x[at + r·line + (cell + stride·i + j)·step + c : ...] · g[from + i·step + c : ...]
    for all taps, over `count` results i, and one vector of channels from c."""

    @intrinsic
    def tile(typing, x, at, line, step, width, top, height, cell, zeros, g, base_g, dw, row, count, c):
        signature = types.void(x, i64, i64, i64, i64, i64, i64, i64, zeros, g, i64, dw, i64, i64, i64)

        def codegen(context, builder, signature, args):
            x, at, line, step, width, top, height, cell, zeros, g, base_g, dw, row, count, c = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            b, kept = v.b, SIDE - stride
            rows = Rows(v, v.array(t[0], x, b.add(at, c)), v.array(t[8], zeros), line, step, width, top, height)
            grad, total = v.array(t[9], g, b.add(base_g, c)), v.array(t[11], dw, c)
            places = [v.at(total, b.mul(row, v.int(k))) for k in range(TAPS)]
            loop = v.loop(count, [v.load(place) for place in places] + rows.columns(cell, kept))
            sums, window = loop.values[:TAPS], loop.values[TAPS:]
            number = b.add(b.mul(b.udiv(c, v.int(v.lanes)), count), loop.index)
            fetch_rows(v, v.array(t[0], x, at), line, stride, number)
            v.fetch(v.at(v.array(t[9], g, b.add(base_g, b.mul(step, count))), b.mul(number, v.int(v.lanes))))
            here = b.add(cell, b.mul(loop.index, v.int(stride)))
            window = window + rows.columns(b.add(here, v.int(kept)), stride)
            value = v.load(v.at(grad, b.mul(loop.index, step)))
            sums = [v.fma(window[SIDE * j + r], value, sums[SIDE * r + j]) for r in range(SIDE) for j in range(SIDE)]
            loop.end(sums + window[SIDE * stride:])
            for total, place in zip(sums, places):
                v.store(total, place)
            return context.get_dummy_value()

        return signature, codegen

    return tile


def make_spreading_tile(taken: int):
    """Two results of an input gradient at stride 2 at a time, 2·i and 2·i + 1, from gradients x, by `taken` rows of the
    kernel, which are 1 or 2:

        y[to + 2·i·step + c : ...]       = Σ_r X(r, i) · W(r, 1)
        y[to + (2·i + 1)·step + c : ...] = Σ_r X(r, i) · W(r, 2) + X(r, i + 1) · W(r, 0)

    with X(r, i) = x[at + r·line + i·step + c : ...] and W(r, j) = w[(3·(first - 2·r) + j)·step + c : ...].  The last of
    `count` results may have no other beside it; `nowhere` is where that one is written."""

    @intrinsic
    def tile(typing, x, at, line, step, width, top, height, zeros, w, first, y, to, count, nowhere, c):
        signature = types.void(x, i64, i64, i64, i64, i64, i64, zeros, w, i64, y, i64, i64, nowhere, i64)

        def codegen(context, builder, signature, args):
            x, at, line, step, width, top, height, zeros, w, first, y, to, count, nowhere, c = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            b = v.b
            rows = Rows(v, v.array(t[0], x, b.add(at, c)), v.array(t[7], zeros), line, step, width, top, height, taken)
            weight, result = v.array(t[8], w, c), v.array(t[10], y, b.add(to, c))
            dummy = v.array(t[13], nowhere)
            taps = b.mul(first, v.int(SIDE))
            weights = [[v.load(v.at(weight, b.mul(step, b.add(taps, v.int(j - 2 * SIDE * r))))) for j in range(SIDE)]
                       for r in range(taken)]
            pairs = b.sdiv(b.add(count, v.int(1)), v.int(2))
            loop = v.loop(pairs, rows.column(v.int(0)))
            number = b.add(b.mul(b.udiv(c, v.int(v.lanes)), pairs), loop.index)
            v.fetch(v.at(v.array(t[0], x, b.add(at, b.mul(line, v.int(2)))), b.mul(number, v.int(v.lanes))))
            for i in range(2):
                further = b.add(b.mul(step, count), b.mul(number, v.int(2 * v.lanes)))
                v.fetch(v.at(v.array(t[10], y, b.add(to, further)), i * v.lanes), True)
            here, following = loop.values, rows.column(b.add(loop.index, v.int(1)))
            alone = both = v.constant(0)
            for r, (left, middle, right) in enumerate(weights):
                alone = v.fma(here[r], middle, alone)
                both = v.fma(following[r], left, v.fma(here[r], right, both))
            place = b.mul(loop.index, v.int(2))
            v.store(alone, v.at(result, b.mul(place, step)))
            place = b.add(place, v.int(1))
            v.store(both, b.select(b.icmp_signed("<", place, count), v.at(result, b.mul(place, step)), dummy))
            loop.end(following)
            return context.get_dummy_value()

        return signature, codegen

    return tile
