"""Words in memory that several threads read and write without the interpreter's lock, and calls across threads.

Addresses are plain integers.  Every access is sequentially consistent: all threads see all of them in one order.
"""

from __future__ import annotations

import ctypes
import platform

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.core.typing import signature
from numba.extending import intrinsic

__all__ = ["load", "store", "add", "swap_if", "pause", "bundle", "call_slice", "acquire", "acquire_within", "release"]

I8, I32, I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
i64 = types.int64
SLICE = ir.FunctionType(I32, [I8.as_pointer(), I64, I64, I64])  # arguments, first, last, number → 0 if it went well
PAUSE = {"x86_64": "llvm.x86.sse2.pause", "amd64": "llvm.x86.sse2.pause"}.get(platform.machine().lower())


def word(builder, address):
    return builder.inttoptr(address, I64.as_pointer())


@intrinsic
def load(typing, address):
    """The word at `address`."""
    def codegen(context, builder, signature, args):
        return builder.load_atomic(word(builder, args[0]), "seq_cst", 8)

    return i64(i64), codegen


@intrinsic
def store(typing, address, value):
    """Set the word at `address`."""
    def codegen(context, builder, signature, args):
        builder.store_atomic(args[1], word(builder, args[0]), "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(i64, i64), codegen


@intrinsic
def add(typing, address, value):
    """Add to the word at `address`, and return what it was."""
    def codegen(context, builder, signature, args):
        return builder.atomic_rmw("add", word(builder, args[0]), args[1], "seq_cst")

    return i64(i64, i64), codegen


@intrinsic
def swap_if(typing, address, old, new):
    """Set the word at `address` to `new` if it is `old`; True if it was."""
    def codegen(context, builder, signature, args):
        found = builder.cmpxchg(word(builder, args[0]), args[1], args[2], "seq_cst", "seq_cst")
        return builder.extract_value(found, 1)

    return types.boolean(i64, i64, i64), codegen


@intrinsic
def pause(typing):
    """Let the other thread of this core go first, for a moment."""
    def codegen(context, builder, signature, args):
        if PAUSE:
            module = builder.module
            function = module.globals.get(PAUSE) or ir.Function(module, ir.FunctionType(ir.VoidType(), []), PAUSE)
            builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def bundle(typing, kernel, args):
    """Two addresses: a C function that runs ``kernel(first, last, slice, *args)``, and where it finds `args`.

    They lie in the frame of the function that calls this, and are valid until it returns.
    """
    call = kernel.get_call_type(typing, (i64, i64, i64, *args.types), {})

    def codegen(context, builder, signature, values):
        kinds = [context.get_value_type(kind) for kind in args.types]
        frame = cgutils.alloca_once(builder, ir.LiteralStructType(kinds))
        for i in range(len(kinds)):
            builder.store(builder.extract_value(values[1], i), cgutils.gep_inbounds(builder, frame, 0, i))

        compiled = kernel.dispatcher.get_compile_result(call)
        context.add_linking_libs([compiled.library])
        function = ir.Function(builder.module, SLICE, builder.module.get_unique_name("slice"))
        function.linkage = "internal"
        inner = ir.IRBuilder(function.append_basic_block())
        held = inner.bitcast(function.args[0], ir.LiteralStructType(kinds).as_pointer())
        loaded = [inner.load(cgutils.gep_inbounds(inner, held, 0, i)) for i in range(len(kinds))]
        status, _ = context.call_internal_no_propagate(inner, compiled.fndesc, call, [*function.args[1:], *loaded])
        inner.ret(inner.zext(status.is_error, I32))
        pair = [builder.ptrtoint(function, I64), builder.ptrtoint(frame, I64)]
        return context.make_tuple(builder, signature.return_type, pair)

    return types.UniTuple(i64, 2)(kernel, args), codegen


@intrinsic
def call_slice(typing, function, frame, first, last, slice):
    """Run a slice of what `bundle` made; not 0 if the kernel raised an error."""
    def codegen(context, builder, signature, args):
        function, frame, *ends = args
        function = builder.inttoptr(function, SLICE.as_pointer())
        failed = builder.call(function, [builder.inttoptr(frame, I8.as_pointer()), *ends])
        return builder.zext(failed, I64)

    return i64(i64, i64, i64, i64, i64), codegen


def python_function(name: str, result, *args):
    """A function of the interpreter that needs no lock of it, by a name that compiled code on disk finds again."""
    own = f"tensorgrad_{name}"
    binding.add_symbol(own, ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value)
    return types.ExternalFunction(own, signature(result, *args))


acquire = python_function("PyThread_acquire_lock", types.int32, i64, types.int32)
acquire_within = python_function("PyThread_acquire_lock_timed", types.int32, i64, i64, types.int32)
release = python_function("PyThread_release_lock", types.void, i64)
