"""Matrices with numbers per column: sums over the rows, and results of the columns' numbers and the entries.

Four vectors of columns at a time, whose sums and numbers stay in registers over all rows, if that is all the columns there
are.  Wider rows are taken one by one: the processor fetches memory ahead only in the order in which it lies.  A matrix is a
one-dimensional array, row after row.
"""

from __future__ import annotations

from typing import Any, Callable

from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.sums import VECTORS, deviation, entry, length, slope
from tensorgrad.kernels.compiled.vectors import Vectors


def over_columns(matrices: list[types.Array], columns: list[types.Array], results: list[types.Array],
                 write: Callable[..., list[Any]], into_rows: bool) -> Any:
    """Type and code of (matrices, arrays with a number per column, results), all of one dtype.

    ``write(v, entries, numbers, sums)`` writes the code for some columns of a row.  It returns the sums of what went before
    and these entries, which are added to the results, one number per column; or, `into_rows`, an entry of each result, which
    is a matrix, too.
    """
    n = 0 if into_rows else len(results)

    def codegen(context, b, signature, args):
        v = Vectors(context, b, matrices[0].dtype)
        pointers = [v.array(kind, array) for kind, array in zip(signature.args, args)]
        data, per_column, targets = (pointers[:len(matrices)], pointers[len(matrices):-len(results)],
                                     pointers[-len(results):])
        size = length(context, b, matrices[0], args[0])
        width = length(context, b, signature.args[len(matrices)], args[len(matrices)])
        chunk = v.int(VECTORS * v.lanes)

        def load(pointers, at, mask):
            return [v.load_some(v.at(pointer, at), mask) for pointer in pointers]

        def store(values, pointers, at, mask):
            for value, pointer in zip(values, pointers):
                v.store_some(value, v.at(pointer, at), mask)

        def some_columns(first, row, count, masked):
            """A chunk of columns from the first on, in `count` rows from `row` on."""
            places = [b.add(first, v.int(i * v.lanes)) for i in range(VECTORS)]
            masks = [v.first_lanes(b.sub(width, at)) if masked else None for at in places]
            numbers = [load(per_column, at, mask) for at, mask in zip(places, masks)]
            before = [value for at, mask in zip(places, masks) for value in load(targets[:n], at, mask)]
            rows = v.loop(count, before)
            start, sums = b.add(row, b.mul(rows.index, width)), []
            for i, (at, mask) in enumerate(zip(places, masks)):
                there = b.add(start, at)
                found = write(v, load(data, there, mask), numbers[i], rows.values[n * i:n * (i + 1)])
                if into_rows:
                    store(found, targets, there, mask)
                else:
                    sums += found
            rows.end(sums)
            for i, (at, mask) in enumerate(zip(places, masks)):
                store(sums[n * i:n * (i + 1)], targets, at, mask)

        with b.if_then(b.icmp_signed(">", size, v.int(0))):
            together = b.select(b.icmp_signed(">", width, chunk), v.int(1), b.udiv(size, width))
            step, whole = b.mul(together, width), b.udiv(width, chunk)
            strips = v.loop(b.udiv(size, step), [])
            row = b.mul(strips.index, step)
            with b.if_then(b.icmp_signed(">", whole, v.int(0))):
                chunks = v.loop(whole, [])
                some_columns(b.mul(chunks.index, chunk), row, together, False)
                chunks.end([])
            done = b.mul(whole, chunk)
            with b.if_then(b.icmp_signed("<", done, width)):
                some_columns(done, row, together, True)
            strips.end([])
        return context.get_dummy_value()

    return types.void(*matrices, *columns, *results), codegen


@intrinsic
def add_entries(typing, x, sums):
    """sums += Σ x"""
    return over_columns([x], [], [sums], entry, False)


@intrinsic
def add_products(typing, a, b, sums):
    """sums += Σ a · b"""

    def product(v, entries, numbers, sums):
        return [v.fma(*entries, sums[0])]

    return over_columns([a, b], [], [sums], product, False)


@intrinsic
def add_deviations(typing, x, center, sums, squares):
    """sums += Σ (x - center), squares += Σ (x - center)²"""
    return over_columns([x], [center], [sums, squares], deviation, False)


@intrinsic
def add_slopes(typing, grad, x, center, sums, products, distances):
    """sums += Σ grad, products += Σ grad · (x - center), distances += Σ (x - center)"""
    return over_columns([grad, x], [center], [sums, products, distances], slope, False)


@intrinsic
def scale_and_shift(typing, x, center, scale, shift, y):
    """y = (x - center) · scale + shift"""

    def write(v, entries, numbers, sums):
        center, scale, shift = numbers
        return [v.fma(v.b.fsub(entries[0], center), scale, shift)]

    return over_columns([x], [center, scale, shift], [y], write, True)


@intrinsic
def scale_and_shift_positive(typing, x, center, scale, shift, y):
    """y = (x - center) · scale + shift where that is not ≤ 0, else 0"""

    def write(v, entries, numbers, sums):
        center, scale, shift = numbers
        found = v.fma(v.b.fsub(entries[0], center), scale, shift)
        return [v.b.select(v.b.fcmp_ordered("<=", found, v.constant(0)), v.constant(0), found)]

    return over_columns([x], [center, scale, shift], [y], write, True)


@intrinsic
def combine(typing, grad, x, center, factor, tilt, shift, y):
    """y = grad · factor + (x - center) · tilt + shift"""

    def write(v, entries, numbers, sums):
        (grad, x), (center, factor, tilt, shift) = entries, numbers
        return [v.fma(grad, factor, v.fma(v.b.fsub(x, center), tilt, shift))]

    return over_columns([grad, x], [center, factor, tilt, shift], [y], write, True)
