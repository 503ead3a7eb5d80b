"""Vector code for numba: small builders of LLVM instructions, used by the micro-kernels beside this file.

numba compiles loops well, but leaves the choice of registers to LLVM's loop vectoriser.  A micro-kernel must decide
that itself: so many accumulators, each a full vector, that stay in registers over the whole inner loop.  `Vectors`
writes such code once, for float32 and float64 and for the vector width of the processor it runs on.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.jit import jit

I1, I32, I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)

WIDE = bool(binding.get_host_cpu_features().get("avx512f"))
VECTOR_BYTES = 64 if WIDE else 32

FEW = 1 << 13  # numbers up to which vectors that cross from line to line cost less than to see to it that none does

i64 = types.int64


def lanes(itemsize: int) -> int:
    """How many numbers of `itemsize` bytes one vector holds."""
    return VECTOR_BYTES // itemsize


def aligned(count: int, dtype: np.dtype) -> np.ndarray:
    """An array of `count` numbers, not set, whose vectors do not cross from one line of the cache into the next: those take
    twice as long.  Of a few numbers they may: to ask for an address takes longer."""
    if count <= FEW:
        return np.empty(count, dtype)
    room = np.empty(count + VECTOR_BYTES // dtype.itemsize, dtype)
    start = -room.ctypes.data % VECTOR_BYTES // dtype.itemsize
    return room[start:start + count]


@jit
def empty(count, dtype):
    """`aligned`, in compiled code."""
    room = np.empty(count + VECTOR_BYTES // 4, dtype)
    start = -room.ctypes.data % VECTOR_BYTES // room.itemsize
    return room[start:start + count]


class Vectors:
    """Writes vector instructions for arrays of one element type; vectors are full ones, or of `count` lanes."""

    def __init__(self, context: Any, builder: ir.IRBuilder, dtype: types.Float, count: int | None = None):
        self.context, self.b = context, builder
        self.bytes = dtype.bitwidth // 8
        self.scalar = ir.FloatType() if self.bytes == 4 else ir.DoubleType()
        self.lanes = count or lanes(self.bytes)
        self.type = ir.VectorType(self.scalar, self.lanes)

    # -- addresses ----------------------------------------------------------------------------------------------------

    def int(self, n: int) -> ir.Constant:
        return ir.Constant(I64, n)

    def array(self, array_type: types.Array, array: Any, offset: Any = None) -> Any:
        """The address of entry `offset` of a one-dimensional array."""
        data = self.context.make_array(array_type)(self.context, self.b, array).data
        return data if offset is None else self.at(data, offset)

    def at(self, pointer: Any, offset: Any) -> Any:
        """The address `offset` entries further."""
        return self.b.gep(pointer, [self.int(offset) if isinstance(offset, int) else offset])

    # -- vectors ------------------------------------------------------------------------------------------------------

    def load(self, pointer: Any) -> Any:
        value = self.b.load(self.b.bitcast(pointer, self.type.as_pointer()))
        value.align = self.bytes
        return value

    def store(self, value: Any, pointer: Any) -> None:
        done = self.b.store(value, self.b.bitcast(pointer, self.type.as_pointer()))
        done.align = self.bytes

    def constant(self, value: float) -> ir.Constant:
        return ir.Constant(self.type, [float(value)] * self.lanes)

    def splat(self, scalar: Any) -> Any:
        """A vector with `scalar` in every lane."""
        return self._spread(scalar, self.type)

    def _spread(self, scalar: Any, vector: ir.VectorType) -> Any:
        undefined = ir.Constant(vector, ir.Undefined)
        one = self.b.insert_element(undefined, scalar, ir.Constant(I32, 0))
        return self.b.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(I32, self.lanes), [0] * self.lanes))

    def lane(self, a: Any, number: Any) -> Any:
        """One lane of a."""
        return self.b.extract_element(a, ir.Constant(I32, number))

    def shuffle(self, a: Any, b: Any, order: Sequence[Any]) -> Any:
        """The lanes `order` of a and, from number `lanes` on, of b."""
        return self.b.shuffle_vector(a, b, ir.Constant(ir.VectorType(I32, self.lanes), order))

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """a · b + c, rounded once."""
        return self._call(f"llvm.fma.{self._suffix()}", self.type, [a, b, c])

    # -- the first lanes only -----------------------------------------------------------------------------------------

    def first_lanes(self, count: Any) -> Any:
        """A mask that is true in the first `count` lanes."""
        ints = ir.VectorType(I32, self.lanes)
        numbers = ir.Constant(ints, list(range(self.lanes)))
        return self.b.icmp_signed("<", numbers, self._spread(self.b.trunc(count, I32), ints))

    def load_masked(self, pointer: Any, mask: Any) -> Any:
        """The lanes of `mask` from memory, 0 in the others, whose memory is not touched."""
        pointer = self.b.bitcast(pointer, self.type.as_pointer())
        return self._call(f"llvm.masked.load.{self._suffix()}.p0", self.type,
                          [pointer, ir.Constant(I32, self.bytes), mask, self.constant(0)])

    def store_masked(self, value: Any, pointer: Any, mask: Any) -> None:
        pointer = self.b.bitcast(pointer, self.type.as_pointer())
        self._call(f"llvm.masked.store.{self._suffix()}.p0", ir.VoidType(),
                   [value, pointer, ir.Constant(I32, self.bytes), mask])

    def load_some(self, pointer: Any, mask: Any) -> Any:
        """`load`, or, where there is a mask, `load_masked`."""
        return self.load(pointer) if mask is None else self.load_masked(pointer, mask)

    def store_some(self, value: Any, pointer: Any, mask: Any) -> None:
        if mask is None:
            self.store(value, pointer)
        else:
            self.store_masked(value, pointer, mask)

    def fetch(self, pointer: Any, write: bool = False) -> None:
        """Ask for the line of memory at `pointer`, which is read or written soon; there may be none."""
        byte = self.b.bitcast(pointer, ir.IntType(8).as_pointer())
        self._call("llvm.prefetch.p0", ir.VoidType(), [byte, I32(int(write)), I32(2), I32(1)])

    def _suffix(self) -> str:
        return f"v{self.lanes}f{8 * self.bytes}"

    def _call(self, name: str, result: Any, args: list[Any]) -> Any:
        known = self.b.module.globals.get(name)
        function = known or ir.Function(self.b.module, ir.FunctionType(result, [a.type for a in args]), name)
        return self.b.call(function, args)

    # -- loops --------------------------------------------------------------------------------------------------------

    def loop(self, count: Any, carried: list[Any]) -> Loop:
        """Open ``for index in range(count)``, count ≥ 1, in which the values `carried` change from round to round."""
        return Loop(self.b, count, carried)


class Loop:
    """An open loop: `index`, the values of this round in `values`; `end` closes it."""

    def __init__(self, b: ir.IRBuilder, count: Any, carried: list[Any]):
        before = b.block
        self.b, self.count = b, count
        self.body, self.after = b.append_basic_block("body"), b.append_basic_block("after")
        b.branch(self.body)
        b.position_at_end(self.body)
        self.index = b.phi(I64)
        self.index.add_incoming(ir.Constant(I64, 0), before)
        self.values = []
        for value in carried:
            phi = b.phi(value.type)
            phi.add_incoming(value, before)
            self.values.append(phi)

    def end(self, values: list[Any]) -> None:
        """Close the loop; the next round, and the code after it, see `values`."""
        b = self.b
        following = b.add(self.index, ir.Constant(I64, 1))
        self.index.add_incoming(following, b.block)
        for phi, value in zip(self.values, values):
            phi.add_incoming(value, b.block)
        b.cbranch(b.icmp_signed("<", following, self.count), self.body, self.after)
        b.position_at_end(self.after)


@intrinsic
def copy(typing, target, at, source, start, count):
    """target[at : at + count] = source[start : start + count], for one-dimensional arrays that do not overlap."""
    signature = types.void(target, i64, source, i64, i64)

    def codegen(context, builder, signature, args):
        target, at, source, start, count = args
        v = Vectors(context, builder, signature.args[0].dtype)
        raw = ir.IntType(8).as_pointer()
        v._call("llvm.memcpy.p0.p0.i64", ir.VoidType(),
                [builder.bitcast(v.array(signature.args[0], target, at), raw),
                 builder.bitcast(v.array(signature.args[2], source, start), raw),
                 builder.mul(count, v.int(v.bytes)), ir.Constant(I1, 0)])
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def clear(typing, target, at, count):
    """target[at : at + count] = 0, for a one-dimensional array."""
    signature = types.void(target, i64, i64)

    def codegen(context, builder, signature, args):
        target, at, count = args
        v = Vectors(context, builder, signature.args[0].dtype)
        v._call("llvm.memset.p0.i64", ir.VoidType(),
                [builder.bitcast(v.array(signature.args[0], target, at), ir.IntType(8).as_pointer()),
                 ir.Constant(ir.IntType(8), 0), builder.mul(count, v.int(v.bytes)), ir.Constant(I1, 0)])
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def transpose(typing, x, at, row, valid, y, to, to_row, to_valid):
    """y[to + j·to_row + i] = x[at + i·row + j] for a block of lanes × lanes.  Only the first `valid` entries of a row of x
    are read, and only the first `to_valid` of a row of y are written."""
    signature = types.void(x, i64, i64, i64, y, i64, i64, i64)

    def codegen(context, builder, signature, args):
        x, at, row, valid, y, to, to_row, to_valid = args
        v = Vectors(context, builder, signature.args[0].dtype)
        b = builder
        source, target, mask = v.array(signature.args[0], x, at), v.array(signature.args[4], y, to), v.first_lanes(valid)
        lines = [v.load_masked(v.at(source, b.mul(row, v.int(i))), mask) for i in range(v.lanes)]
        span = 1
        while span < v.lanes:  # swap the off-diagonal blocks of span × span
            numbers = range(v.lanes)
            upper = [j if not j & span else v.lanes + j - span for j in numbers]
            lower = [j + span if not j & span else v.lanes + j for j in numbers]
            for i in numbers:
                if not i & span:
                    lines[i], lines[i + span] = [v.shuffle(lines[i], lines[i + span], order) for order in (upper, lower)]
            span *= 2
        mask = v.first_lanes(to_valid)
        for j in range(v.lanes):
            v.store_masked(lines[j], v.at(target, b.mul(to_row, v.int(j))), mask)
        return context.get_dummy_value()

    return signature, codegen
