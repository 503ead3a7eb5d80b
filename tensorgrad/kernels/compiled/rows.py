"""The largest entry and the sum of a piece of an array: loops that LLVM keeps scalar, because it may not reorder floats.

Four vectors of running results, which are put together at the end; lanes past the end are left out by masks.
"""

from __future__ import annotations

from typing import Any, Callable

from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.vectors import I32, Vectors, i64

VECTORS = 4


def over_row(x: types.Array, first: float, step: Callable[..., Any]) -> Any:
    """Type and code of (x, start, count) → x[start] ∘ x[start + 1] ∘ …, where `step` writes ∘ and `first` is neutral."""

    def codegen(context, b, signature, args):
        array, start, count = args
        v = Vectors(context, b, x.dtype)
        data = v.array(x, array, start)
        neutral, width = v.constant(first), VECTORS * v.lanes
        loop = v.loop(b.udiv(b.add(count, v.int(width - 1)), v.int(width)), [neutral] * VECTORS)
        running = []
        for i, value in enumerate(loop.values):
            at = b.add(b.mul(loop.index, v.int(width)), v.int(i * v.lanes))
            mask = v.first_lanes(b.sub(count, at))
            running.append(step(b, b.select(mask, v.load_masked(v.at(data, at), mask), neutral), value))
        loop.end(running)
        while len(running) > 1:
            running = [step(b, p, q) for p, q in zip(running[::2], running[1::2])]
        lanes = [b.extract_element(running[0], I32(i)) for i in range(v.lanes)]
        while len(lanes) > 1:
            lanes = [step(b, p, q) for p, q in zip(lanes[::2], lanes[1::2])]
        return lanes[0]

    return x.dtype(x, i64, i64), codegen


@intrinsic
def largest(typing, x, start, count):
    """The largest of x[start : start + count], count ≥ 1, of a one-dimensional array; NaN are passed over."""
    return over_row(x, float("-inf"), lambda b, p, q: b.select(b.fcmp_ordered(">", p, q), p, q))


@intrinsic
def total(typing, x, start, count):
    """The sum of x[start : start + count], count ≥ 1, of a one-dimensional array."""
    return over_row(x, 0.0, lambda b, p, q: b.fadd(p, q))
