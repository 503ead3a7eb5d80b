"""Sums of terms over the entries of a row: loops that LLVM keeps scalar, because it may not reorder floats.

Four vectors of running sums per term, which are put together at the end; the rest of the row is taken under masks.
"""

from __future__ import annotations

from typing import Any, Callable

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.vectors import I32, Vectors

VECTORS = 4


def summed(arrays: list[types.Array], numbers: int, terms: Callable[..., list[Any]], n: int) -> Any:
    """Type and code of (arrays, numbers) → n sums, over all entries of one-dimensional arrays of one dtype and length.

    ``terms(v, entries, numbers, sums)`` writes the code that adds the terms of some entries, vectors, to their sums.
    """
    dtype = arrays[0].dtype

    def codegen(context, b, signature, args):
        v = Vectors(context, b, dtype)
        data = [v.array(kind, array) for kind, array in zip(arrays, args)]
        spread = [v.splat(number) for number in args[len(arrays):]]
        size = length(context, b, arrays[0], args[0])
        width = v.int(VECTORS * v.lanes)
        rounds = b.udiv(size, width)

        def add_terms(sums, first, masked):
            after = []
            for i in range(VECTORS):
                at, before = b.add(first, v.int(i * v.lanes)), sums[n * i:n * (i + 1)]
                if masked:
                    mask = v.first_lanes(b.sub(size, at))
                    found = terms(v, [v.load_masked(v.at(pointer, at), mask) for pointer in data], spread, before)
                    after += [b.select(mask, p, q) for p, q in zip(found, before)]
                else:
                    after += terms(v, [v.load(v.at(pointer, at)) for pointer in data], spread, before)
            return after

        sums = [v.constant(0)] * (n * VECTORS)
        with Branch(b, b.icmp_signed(">", rounds, v.int(0)), sums) as branch:
            loop = v.loop(rounds, sums)
            branch.values = add_terms(loop.values, b.mul(loop.index, width), False)
            loop.end(branch.values)
        whole, sums = b.mul(rounds, width), branch.values
        with Branch(b, b.icmp_signed("<", whole, size), sums) as branch:
            branch.values = add_terms(sums, whole, True)
        sums = branch.values
        return context.make_tuple(b, signature.return_type, [added(b, sums[t::n]) for t in range(n)])

    return types.UniTuple(dtype, n)(*arrays, *[dtype] * numbers), codegen


class Branch:
    """Code that runs if a condition holds: `values` are those set inside, or else those from before."""

    def __init__(self, b: Any, condition: Any, values: list[Any]):
        self.b, self.before, self.block, self.guard = b, values, b.block, b.if_then(condition)
        self.values = values

    def __enter__(self) -> Branch:
        self.guard.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        end = self.b.block
        self.guard.__exit__(*exc)
        after = []
        for old, new in zip(self.before, self.values):
            phi = self.b.phi(old.type)
            phi.add_incoming(old, self.block)
            phi.add_incoming(new, end)
            after.append(phi)
        self.values = after


def length(context: Any, b: Any, kind: types.Array, array: Any) -> Any:
    """How many entries a one-dimensional array has."""
    return b.extract_value(context.make_array(kind)(context, b, array).shape, 0)


def added(b: Any, vectors: list[Any]) -> Any:
    """The sum of all lanes of some vectors, halves onto halves."""
    while len(vectors) > 1:
        vectors = [b.fadd(p, q) for p, q in zip(vectors[::2], vectors[1::2])]
    vector = vectors[0]
    half = vector.type.count // 2
    while half:
        low, high = [b.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(I32, half), list(range(at, at + half))))
                     for at in (0, half)]
        vector, half = b.fadd(low, high), half // 2
    return b.extract_element(vector, I32(0))


# -- terms -------------------------------------------------------------------------------------------------------------


def entry(v: Vectors, entries: list[Any], numbers: list[Any], sums: list[Any]) -> list[Any]:
    return [v.b.fadd(sums[0], entries[0])]


def deviation(v: Vectors, entries: list[Any], numbers: list[Any], sums: list[Any]) -> list[Any]:
    distance = v.b.fsub(entries[0], numbers[0])
    return [v.b.fadd(sums[0], distance), v.fma(distance, distance, sums[1])]


def slope(v: Vectors, entries: list[Any], numbers: list[Any], sums: list[Any]) -> list[Any]:
    grad, x = entries
    distance = v.b.fsub(x, numbers[0])
    return [v.b.fadd(sums[0], grad), v.fma(grad, distance, sums[1]), v.b.fadd(sums[2], distance)]


def weighted_slope(v: Vectors, entries: list[Any], numbers: list[Any], sums: list[Any]) -> list[Any]:
    grad, weight, x = entries
    return slope(v, [v.b.fmul(grad, weight), x], numbers, sums)


# -- sums ---------------------------------------------------------------------------------------------------------------


@intrinsic
def total(typing, x):
    """Σ x, as a tuple of one."""
    return summed([x], 0, entry, 1)


@intrinsic
def deviations(typing, x, center):
    """Σ (x - center) and Σ (x - center)²"""
    return summed([x], 1, deviation, 2)


@intrinsic
def slopes(typing, grad, x, center):
    """Σ grad, Σ grad · (x - center) and Σ (x - center)"""
    return summed([grad, x], 1, slope, 3)


@intrinsic
def weighted_slopes(typing, grad, weight, x, center):
    """Σ grad · weight, Σ grad · weight · (x - center) and Σ (x - center)"""
    return summed([grad, weight, x], 1, weighted_slope, 3)
