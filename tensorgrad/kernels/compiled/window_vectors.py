"""Vector code of pooling: the channels of one window in registers over all taps.

A number of channels that is no multiple of the vector is covered by a last vector that overlaps the one before; both
write the same there.  Winners are integers as wide as the entries, so that a comparison of one selects the other.
"""

from __future__ import annotations

from typing import Any, Callable

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.rows import repeat
from tensorgrad.kernels.compiled.vectors import Vectors, i64


SHORT = 4  # channels of the vectors for images with few


class Channels(Vectors):
    """Vectors of channels, as many as the processor has lanes or at most `SHORT`, and of integers as wide."""

    def __init__(self, context: Any, builder: ir.IRBuilder, dtype: types.Float, full: bool):
        super().__init__(context, builder, dtype)
        if not full:
            self.lanes = min(self.lanes, SHORT)
            self.type = ir.VectorType(self.scalar, self.lanes)
        self.whole = ir.IntType(8 * self.bytes)
        self.wholes = ir.VectorType(self.whole, self.lanes)

    def cells(self, cell: Any) -> Any:
        """The number of a cell in every lane."""
        return self._spread(cell if self.bytes == 8 else self.b.trunc(cell, self.whole), self.wholes)

    def store_cells(self, value: Any, pointer: Any) -> None:
        done = self.b.store(value, self.b.bitcast(pointer, self.wholes.as_pointer()))
        done.align = self.bytes

    def over_channels(self, channels: Any, body: Callable[[Any], None]) -> None:
        """`body` for the first channel of each vector."""
        width = self.int(self.lanes)
        loop = self.loop(self.b.udiv(self.b.add(channels, self.int(self.lanes - 1)), width), [])
        first, last = self.b.mul(loop.index, width), self.b.sub(channels, width)
        body(self.b.select(self.b.icmp_signed("<", first, last), first, last))
        loop.end([])

    def over_plane(self, rows: Any, columns: Any, carried: list[Any], body: Callable[..., list[Any]]) -> list[Any]:
        """`body(row, column, values)` → values, for all of a plane in row-major order; the values after it."""
        outer = self.loop(rows, carried)
        inner = self.loop(columns, outer.values)
        ended = body(outer.index, inner.index, inner.values)
        inner.end(ended)
        outer.end(ended)
        return ended


def make_largest(full: bool, taps: tuple[int, int] | None = None) -> Any:
    """The function that finds, per channel, the largest entry under a window of taps that all lie in the image.

    With `taps` rows and columns are these numbers, whatever is passed, and the loops over them are unrolled.
    """

    @intrinsic
    def largest(typing, x, start, cell, rows, row_step, columns, column_step, y, winners, at, channels):
        """Entries begin at x[start], the cell numbered `cell`; steps count cells.  Results go to y[at:] and winners[at:]."""
        signature = types.void(x, i64, i64, i64, i64, i64, i64, y, winners, i64, i64)

        def codegen(context, b, signature, args):
            array, start, cell, rows, row_step, columns, column_step, target, where, at, channels = args
            v = Channels(context, b, signature.args[0].dtype, full)
            source = v.array(signature.args[0], array, start)
            best_at, winners_at = v.array(signature.args[7], target, at), v.array(signature.args[8], where, at)

            def vector(c: Any) -> None:
                entries = v.at(source, c)

                def tap(row: Any, column: Any, values: list[Any]) -> list[Any]:
                    best, winner = values
                    step = b.add(b.mul(row, row_step), b.mul(column, column_step))
                    entry = v.load(v.at(entries, b.mul(step, channels)))
                    wins = b.or_(b.fcmp_ordered(">", entry, best), b.fcmp_unordered("uno", entry, entry))
                    return [b.select(wins, entry, best), b.select(wins, v.cells(b.add(cell, step)), winner)]

                values = [v.load(entries), v.cells(cell)]
                if taps is None:
                    values = v.over_plane(rows, columns, values, tap)
                else:
                    for i in range(1, taps[0] * taps[1]):
                        values = tap(v.int(i // taps[1]), v.int(i % taps[1]), values)
                best, winner = values
                v.store(best, v.at(best_at, c))
                v.store_cells(winner, v.at(winners_at, c))

            v.over_channels(channels, vector)
            return context.get_dummy_value()

        return signature, codegen

    return largest


def make_won(vectors: int) -> Any:
    """The function that sums, per channel, the entries of those of some windows that a cell won."""

    @intrinsic
    def won(typing, y, winners, start, depth, depth_step, rows, row_step, columns, channels, x, at, cell):
        """x[at + c] = Σ y[start + d · depth_step + h · row_step + w · channels + c] where `winners` has the cell there."""
        signature = types.void(y, winners, i64, i64, i64, i64, i64, i64, i64, x, i64, i64)

        def codegen(context, b, signature, args):
            y, winners, start, depth, depth_step, rows, row_step, columns, channels, x, at, cell = args
            v = Channels(context, b, signature.args[0].dtype, True)
            source, target = v.array(signature.args[0], y, start), v.array(signature.args[9], x, at)
            indices = b.bitcast(v.array(signature.args[1], winners, start), source.type)
            cells = v.cells(cell)

            def strip(c: Any, masks: list[Any]) -> None:
                def add(place: Any, sums: list[Any]) -> list[Any]:
                    after = []
                    for i, (sum, mask) in enumerate(zip(sums, masks)):
                        here = b.add(b.add(place, c), v.int(i * v.lanes))
                        entry, index = [v.load_masked(v.at(pointer, here), mask) for pointer in (source, indices)]
                        is_cell = b.icmp_signed("==", b.bitcast(index, v.wholes), cells)
                        after.append(b.fadd(sum, b.select(is_cell, entry, v.constant(0))))
                    return after

                sums = over_box(b, [(depth, depth_step), (rows, row_step), (columns, channels)],
                                [v.constant(0)] * vectors, add)
                for i, (sum, mask) in enumerate(zip(sums, masks)):
                    v.store_masked(sum, v.at(v.at(target, c), i * v.lanes), mask)

            over_strips(v, channels, vectors, strip)
            return context.get_dummy_value()

        return signature, codegen

    return won


def over_strips(v: Vectors, channels: Any, vectors: int, body: Callable[[Any, list[Any]], None]) -> None:
    """`body(first channel, masks)` for each strip of so many vectors of channels."""
    b, width = v.b, vectors * v.lanes

    def strip(index: Any, _: list[Any]) -> list[Any]:
        c = b.mul(index, v.int(width))
        body(c, [v.first_lanes(b.sub(channels, b.add(c, v.int(i * v.lanes)))) for i in range(vectors)])
        return []

    repeat(b, b.udiv(b.add(channels, v.int(width - 1)), v.int(width)), [], strip)


def over_box(b: ir.IRBuilder, axes: list[tuple[Any, Any]], values: list[Any], body: Callable[[Any, list[Any]], list[Any]],
             place: Any = None) -> list[Any]:
    """``values = body(place, values)`` for all places of a box, in row-major order; an axis is a count ≥ 0 and a step."""
    (count, step), *inner = axes

    def along(index: Any, values: list[Any]) -> list[Any]:
        here = b.mul(index, step) if place is None else b.add(place, b.mul(index, step))
        return over_box(b, inner, values, body, here) if inner else body(here, values)

    return repeat(b, count, values, along)
