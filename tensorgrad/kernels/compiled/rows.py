"""Sweeps over the rows of a matrix: a formula of each entry, written to memory, summed up, or both in one pass.

LLVM keeps the loop of a sum scalar, because it may not reorder floats.  A sweep is written in vectors: four running results
over whole vectors, then one over what is left, under a mask, then the lanes put together, halves first.
"""

from __future__ import annotations

from inspect import signature as signature_of
from typing import Any, Callable

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.expressions import Number, signed, where
from tensorgrad.kernels.compiled.vectors import I32, Vectors, i64

__all__ = ["sweep", "repeat", "largest", "total", "add", "greater"]

VECTORS = 4


def add(a: Number, b: Number) -> Number:
    return a + b


def greater(a: Number, b: Number) -> Number:
    """The larger; a NaN in `b` is passed over."""
    return where(b > a, b, a)


def sweep(formula: Callable[..., Number], arrays: int = 1, write: bool = False, fold: Callable[..., Number] | None = None,
          first: float = 0.0) -> Any:
    """The function ``(start, count, *arrays, [result,] *numbers)`` for compiled code, count ≥ 0.

    It computes ``formula(*entries, *numbers)`` of the entries ``start : start + count`` of one-dimensional arrays of one
    dtype, writes that to the same place of `result`, if it is to, and returns all of it folded, if there is a `fold`, of
    which `first` is the neutral number.
    """
    names = list(signature_of(formula).parameters)
    places = ["start", "count", *names[:arrays], *["result"] * write, *names[arrays:]]

    def typed(typing: Any, *kinds: Any) -> Any:
        dtype = kinds[2].dtype
        numbers = (dtype,) * (len(names) - arrays)
        signature = (dtype if fold else types.void)(i64, i64, *kinds[2:2 + arrays + write], *numbers)

        def codegen(context: Any, b: ir.IRBuilder, signature: Any, args: Any) -> Any:
            v = Vectors(context, b, dtype)
            start, count = args[:2]
            pointers = [v.array(kind, array, start) for kind, array in zip(kinds[2:2 + arrays + write], args[2:])]
            spread = [Number(b, v.splat(number)) for number in args[2 + arrays + write:]]

            def term(at: Any, mask: Any = None) -> Any:
                """The formula of the vector there, written."""
                places = [v.at(pointer, at) for pointer in pointers]
                entries = [v.load(p) if mask is None else v.load_masked(p, mask) for p in places[:arrays]]
                value = formula(*[Number(b, entry) for entry in entries], *spread).value
                if write and mask is None:
                    v.store(value, places[-1])
                elif write:
                    v.store_masked(value, places[-1], mask)
                return value

            def folded(values: Any, more: Any) -> Any:
                return fold(Number(b, values), Number(b, more)).value if fold else values

            width = VECTORS * v.lanes
            neutral = v.constant(first)
            whole = b.udiv(count, v.int(width))

            def four(index: Any, values: list[Any]) -> list[Any]:
                at = b.mul(index, v.int(width))
                return [folded(value, term(b.add(at, v.int(i * v.lanes)))) for i, value in enumerate(values)]

            def rest(index: Any, values: list[Any]) -> list[Any]:
                at = b.add(b.mul(whole, v.int(width)), b.mul(index, v.int(v.lanes)))
                mask = v.first_lanes(b.sub(count, at))
                value = term(at, mask)
                return [b.select(mask, folded(values[0], value), values[0])]

            running = repeat(b, whole, [neutral] * VECTORS, four)
            while len(running) > 1:
                running = [folded(p, q) for p, q in zip(running[::2], running[1::2])]
            left = b.sub(count, b.mul(whole, v.int(width)))
            (result,) = repeat(b, b.udiv(b.add(left, v.int(v.lanes - 1)), v.int(v.lanes)), running, rest)
            return lanes_folded(b, result, v.lanes, folded) if fold else context.get_dummy_value()

        return signature, codegen

    typed.__name__ = formula.__name__
    typed.__signature__ = signed(["typing", *places])  # type: ignore[attr-defined]
    return intrinsic(typed)


def repeat(b: ir.IRBuilder, count: Any, values: list[Any], body: Callable[[Any, list[Any]], list[Any]]) -> list[Any]:
    """``values = body(index, values)`` for index in range(count), count ≥ 0."""
    before, inside, after = b.block, b.append_basic_block("repeat"), b.append_basic_block("repeated")
    zero = ir.Constant(count.type, 0)
    b.cbranch(b.icmp_signed(">", count, zero), inside, after)
    b.position_at_end(inside)
    index, *phis = [b.phi(value.type) for value in (count, *values)]
    for phi, value in zip((index, *phis), (zero, *values)):
        phi.add_incoming(value, before)
    ended = body(index, phis)
    following, last = b.add(index, ir.Constant(count.type, 1)), b.block
    for phi, value in zip((index, *phis), (following, *ended)):
        phi.add_incoming(value, last)
    b.cbranch(b.icmp_signed("<", following, count), inside, after)
    b.position_at_end(after)
    results = [b.phi(value.type) for value in values]
    for phi, value, end in zip(results, values, ended):
        phi.add_incoming(value, before)
        phi.add_incoming(end, last)
    return results


def lanes_folded(b: ir.IRBuilder, vector: Any, lanes: int, folded: Callable[[Any, Any], Any]) -> Any:
    """All lanes of a vector in one number, the upper half with the lower half until one is left."""
    while lanes > 1:
        lanes //= 2
        halves = [ir.Constant(ir.VectorType(I32, lanes), [half * lanes + i for i in range(lanes)]) for half in (0, 1)]
        lower, upper = [b.shuffle_vector(vector, vector, half) for half in halves]
        vector = folded(lower, upper)
    return b.extract_element(vector, I32(0))


def value(x: Number) -> Number:
    return x


largest = sweep(value, fold=greater, first=float("-inf"))
total = sweep(value, fold=add)
