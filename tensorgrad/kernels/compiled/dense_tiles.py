"""The inner loops of matrix products whose matrices are read where they lie, without repacking.

A tile of the result stays in registers while it is summed.  Where the result ends within a tile, the last row is computed
again instead of those beyond it.  Long sums come in pieces: the first piece is added to a bias, the others to the result.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.vectors import I32, WIDE, Vectors

i64 = types.int64

DOT_ROWS, DOT_COLUMNS = (6, 4) if WIDE else (3, 4)


def clamped(v: Vectors, pointer: Any, row: Any, count: int, valid: Any) -> list[Any]:
    """The addresses of `count` rows; of the last one again from number `valid` on."""
    last = v.b.sub(valid, v.int(1))
    numbers = [v.b.select(v.b.icmp_signed("<", v.int(m), valid), v.int(m), last) for m in range(count)]
    return [v.at(pointer, v.b.mul(row, number)) for number in numbers]


def make_row_tile(rows: int, vectors: int, masked: bool):
    """y[to + m·row_y : ...] = start + Σ_k a[at + m·row_a + k·step_a] · b[b0 + k·row_b : + vectors·lanes], for `rows` rows m,
    of which `valid` are written.  `masked`: the last vector holds fewer than `lanes` columns; `width` is their number in
    the tile.  The start is bias[c0 : ...] if `first`, else what y holds."""

    @intrinsic
    def tile(typing, a, at, row_a, step_a, count, b, b0, row_b, bias, c0, y, to, row_y, valid, width, first):
        signature = types.void(a, i64, i64, i64, i64, b, i64, i64, bias, i64, y, i64, i64, i64, i64, types.boolean)

        def codegen(context, builder, signature, args):
            a, at, row_a, step_a, count, right, b0, row_b, bias, c0, y, to, row_y, valid, width, first = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            b = builder
            lines = clamped(v, v.array(t[0], a, at), row_a, rows, valid)
            panel, added, result = v.array(t[5], right, b0), v.array(t[8], bias, c0), v.array(t[10], y, to)
            mask = v.first_lanes(b.sub(width, v.int((vectors - 1) * v.lanes))) if masked else None
            masks = [None] * (vectors - 1) + [mask]
            outs = clamped(v, result, row_y, rows, valid)
            given = [v.load_some(v.at(added, n * v.lanes), masks[n]) for n in range(vectors)]
            start = [b.select(first, given[n], v.load_some(v.at(outs[m], n * v.lanes), masks[n]))
                     for m in range(rows) for n in range(vectors)]

            loop = v.loop(count, start)
            there, offset = v.at(panel, b.mul(loop.index, row_b)), b.mul(loop.index, step_a)
            line = [v.load_some(v.at(there, n * v.lanes), masks[n]) for n in range(vectors)]
            sums = []
            for m in range(rows):
                value = v.splat(b.load(v.at(lines[m], offset)))
                sums += [v.fma(value, line[n], loop.values[m * vectors + n]) for n in range(vectors)]
            loop.end(sums)

            for m in range(rows):
                for n in range(vectors):  # rows beyond `valid` hold what the last one does
                    v.store_some(sums[m * vectors + n], v.at(outs[m], n * v.lanes), masks[n])
            return context.get_dummy_value()

        return signature, codegen

    return tile


def folded(v: Vectors, vectors: list[Any]) -> Any:
    """A vector whose lane i is the sum of the lanes of vector i; their number is a power of two, at most `lanes`.  With
    fewer, the sums repeat."""
    span = 1
    while span < v.lanes:
        upper = [j if not j & span else v.lanes + j - span for j in range(v.lanes)]
        lower = [j + span if not j & span else v.lanes + j for j in range(v.lanes)]
        pairs = list(zip(vectors[::2], vectors[1::2])) if len(vectors) > 1 else [(vectors[0], vectors[0])]
        vectors = [v.b.fadd(v.shuffle(one, other, upper), v.shuffle(one, other, lower)) for one, other in pairs]
        span *= 2
    return vectors[0]


@intrinsic
def dot_tile(typing, a, at, row_a, b, b0, row_b, count, bias, c0, y, to, row_y, valid, width, first):
    """y[to + m·row_y + n] = start + Σ_k a[at + m·row_a + k] · b[b0 + n·row_b + k], for `DOT_ROWS` rows m and `DOT_COLUMNS`
    columns n, of which `valid` and `width` are written; `count` is at least `lanes`.  The start is bias[c0 + n] if `first`,
    else what y holds."""
    signature = types.void(a, i64, i64, b, i64, i64, i64, bias, i64, y, i64, i64, i64, i64, types.boolean)

    def codegen(context, builder, signature, args):
        a, at, row_a, right, b0, row_b, count, bias, c0, y, to, row_y, valid, width, first = args
        t = signature.args
        v = Vectors(context, builder, t[0].dtype)
        b = builder
        rows = clamped(v, v.array(t[0], a, at), row_a, DOT_ROWS, valid)
        columns = clamped(v, v.array(t[3], right, b0), row_b, DOT_COLUMNS, width)

        def add_products(sums, k, mask):
            others = [v.load_some(v.at(column, k), mask) for column in columns]
            values = [v.load_some(v.at(row, k), mask) for row in rows]
            return [v.fma(value, other, sums[m * DOT_COLUMNS + n])
                    for m, value in enumerate(values) for n, other in enumerate(others)]

        whole = b.udiv(count, v.int(v.lanes))
        done = b.mul(whole, v.int(v.lanes))
        sums = add_products([v.constant(0)] * (DOT_ROWS * DOT_COLUMNS), done, v.first_lanes(b.sub(count, done)))
        loop = v.loop(whole, sums)
        sums = add_products(loop.values, b.mul(loop.index, v.int(v.lanes)), None)
        loop.end(sums)

        few = Vectors(context, builder, t[0].dtype, DOT_COLUMNS)
        mask = few.first_lanes(width)
        outs = clamped(v, v.array(t[9], y, to), row_y, DOT_ROWS, valid)
        added = few.load_masked(v.array(t[7], bias, c0), mask)
        start = [b.select(first, added, few.load_masked(out, mask)) for out in outs]
        while sums:
            together = v.lanes
            while together > len(sums):
                together //= 2
            entries, sums = folded(v, sums[:together]), sums[together:]
            for i in range(0, together, DOT_COLUMNS):
                row = v.b.shuffle_vector(entries, entries, ir.Constant(ir.VectorType(I32, DOT_COLUMNS),
                                                                       list(range(i, i + DOT_COLUMNS))))
                few.store_masked(b.fadd(row, start.pop(0)), outs.pop(0), mask)
        return context.get_dummy_value()

    return signature, codegen
