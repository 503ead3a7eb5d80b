"""A plugin of pytest that runs the loops of the compiled kernels in the interpreter: `pytest -p tests.interpreted`.

Coverage sees no line of a compiled function.  Here Python runs the functions that numba would compile, one entry after the
other; only the micro-kernels, which are written in LLVM's instructions, are still compiled, each for itself and without a
cache, so that the lines that write them run as well.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import inspect
import itertools
import sys
from typing import Any, Callable

import pytest

PACKAGE = "tensorgrad.kernels.compiled"
compiler: dict[str, Any] = {}  # what is replaced


class Interpreted:
    """A function in the place of a compiled one, and in the place of `CPUDispatcher`."""

    def __init__(self, function: Callable[..., Any], **options: Any):
        functools.update_wrapper(self, function, updated=())
        self.py_func = function

    def __call__(self, *args: Any) -> Any:
        return self.py_func(*args)


slices: dict[int, tuple[Any, tuple[Any, ...]]] = {}
numbers = itertools.count(1)


def bundle(kernel: Any, args: tuple[Any, ...]) -> tuple[int, int]:
    """In the place of two addresses: a number under which `call_slice` finds kernel and arguments."""
    number = next(numbers)
    slices[number] = kernel, args
    return number, 0


def call_slice(function: int, frame: int, first: int, last: int, slice: int) -> int:
    kernel, args = slices[function]
    try:
        kernel(first, last, slice, *args)
    except Exception:
        return 1
    return 0


def micro_kernel(function: Callable[..., Any]) -> Any:
    """In the place of `numba.extending.intrinsic`: compiled alone, to be called from the interpreter."""
    if not function.__module__.startswith(PACKAGE):
        return compiler["intrinsic"](function)
    if function.__name__ in ("bundle", "call_slice"):
        return globals()[function.__name__]
    names = ", ".join(list(inspect.signature(function).parameters)[1:])
    space = {"inner": compiler["intrinsic"](function)}
    exec(f"def outer({names}):\n    return inner({names})\n", space)
    return Interpreted(compiler["njit"](space["outer"], error_model="numpy"))


def python_function(name: str, signature: Any) -> Any:
    """In the place of `types.ExternalFunction`: called without the interpreter's lock."""
    from numba import types

    function = getattr(ctypes.CDLL(None), name.removeprefix("tensorgrad_"))
    sizes = {types.int64: ctypes.c_int64, types.int32: ctypes.c_int32, types.void: None}
    function.argtypes, function.restype = [sizes[kind] for kind in signature.args], sizes[signature.return_type]
    return function


def pytest_configure() -> None:
    """Put the functions above in place, and load the kernels."""
    import numba.extending
    from numba import types
    from numba.core import registry

    if PACKAGE in sys.modules:
        raise pytest.UsageError("the compiled kernels were loaded before they could be replaced")
    compiler.update(njit=numba.njit, intrinsic=numba.extending.intrinsic)
    numba.extending.intrinsic = micro_kernel
    external, types.ExternalFunction = types.ExternalFunction, python_function
    dispatcher, registry.CPUDispatcher = registry.CPUDispatcher, Interpreted
    try:
        importlib.import_module(PACKAGE)
    finally:  # numba looks at these classes itself when it compiles
        types.ExternalFunction, registry.CPUDispatcher = external, dispatcher
