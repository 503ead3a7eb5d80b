"""Gradients as ufuncs of NumPy, for few entries: one call, where a formula in NumPy takes a call for each of its operators.

NumPy calls the loop with addresses and strides, so that arrays of any shape and layout go in as they are.  A ufunc warns of
what the processor noted, an overflow say, so only formulas are made one that compute nothing they do not need.
"""

from __future__ import annotations

from inspect import signature
from typing import Any, Callable

import numpy as np
from numba import types
from numba.core.ccallback import CFunc
from numba.np.ufunc._internal import PyUFunc_None, fromfunc

from tensorgrad.kernels.compiled.cache import cache_of
from tensorgrad.kernels.compiled.expressions import Number, expression, where
from tensorgrad.kernels.compiled.formulas import FORMULAS

__all__ = ["gradients_of_few"]

FLOATS: dict[np.dtype[Any], Any] = {np.dtype(np.float32): types.float32, np.dtype(np.float64): types.float64}


def relu_grad(grad: Number, y: Number) -> Number:
    return where((y >= 0) & (y <= 0), 0, grad)


class Gradients(dict[str, np.ufunc]):
    """The gradients by name, each compiled when it is first asked for."""

    def __missing__(self, name: str) -> np.ufunc:
        found = self[name] = ufunc(relu_grad if name == "relu" else FORMULAS[name][1])
        return found


gradients_of_few = Gradients(exp=np.multiply)


def ufunc(formula: Callable[..., Any]) -> np.ufunc:
    """The formula, entry by entry, for float32 and float64."""
    loops = [loop(formula, dtype) for dtype in FLOATS]
    numbers = len(signature(formula).parameters)
    return fromfunc(formula.__name__, formula.__doc__, [found.address for found in loops],
                    [[dtype.num] * (numbers + 1) for dtype in FLOATS], numbers, 1, [None] * len(loops), loops, PyUFunc_None)


def loop(formula: Callable[..., Any], dtype: np.dtype) -> CFunc:
    """The loop that NumPy calls: ``(addresses of the arrays, lengths, strides in bytes, nothing)``."""
    names = list(signature(formula).parameters)
    rows, entries = [*names, "result"], [f"{name}[i * step_{name}]" for name in names]
    source = [f"def {formula.__name__}_{dtype.name}(arrays, lengths, strides, nothing):",
              *[f"    {row}, step_{row} = arrays[{i}], strides[{i}] // {dtype.itemsize}" for i, row in enumerate(rows)],
              "    for i in range(lengths[0]):",
              f"        result[i * step_result] = of_entry({', '.join(entries)})"]
    space: dict[str, Any] = {"__name__": __name__, "of_entry": expression(formula)}
    exec(compile("\n".join(source), __file__, "exec"), space)
    body = space[f"{formula.__name__}_{dtype.name}"]
    integers = types.CPointer(types.intp)
    kinds = (types.CPointer(types.CPointer(FLOATS[dtype])), integers, integers, types.voidptr)
    compiled = CFunc(body, (kinds, types.void), {}, {"nopython": True, "error_model": "numpy"})
    compiled._cache = cache_of(body)  # type: ignore[attr-defined]
    compiled.compile()
    return compiled
