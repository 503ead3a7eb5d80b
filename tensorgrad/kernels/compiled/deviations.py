"""Sums of a function of differences, such as the squared error, and their gradients: the difference is never in memory."""

from __future__ import annotations

import functools
from inspect import signature
from typing import Any, Callable

import numpy as np

from tensorgrad.kernels.compiled import formulas
from tensorgrad.kernels.compiled.crew import slices
from tensorgrad.kernels.compiled.entrywise import dense, in_rows, ordered
from tensorgrad.kernels.compiled.expressions import Number, signed
from tensorgrad.kernels.compiled.rows import add, sweep
from tensorgrad.kernels.compiled.unary import entry_by_entry, kernel
from tensorgrad.kernels.reference import formulas as reference

PIECE = 8192  # entries that are summed in one go, whatever the number of threads


def deviation(x, target, formula, *numbers):
    if not alike(x, target):
        return reference.deviation(x, target, formula, *numbers)
    x = x if dense(x) else np.ascontiguousarray(x)
    rows = x.ravel("K"), ordered(target, x).ravel("K")
    sums = np.empty(-(-x.size // PIECE), x.dtype)
    summed(formula)(slices(sums.size, 2 * x.size), sums.size, *rows, sums, *[x.dtype.type(n) for n in numbers])
    return np.add.reduce(sums)


def deviation_grad(x, target, factor, formula, *numbers):
    if not alike(x, target):
        return reference.deviation_grad(x, target, factor, formula, *numbers)
    return in_rows(slopes(formula), 2, [target, x], (factor, *numbers))


def alike(x, target):
    return x.shape == target.shape and x.dtype == target.dtype and x.size > 0


@functools.cache
def summed(formula: str) -> Callable[..., None]:
    """The kernel of the sums over pieces of two rows."""
    function = formulas.FORMULAS[formula][0]
    numbers = list(signature(function).parameters)[1:]

    def of_difference(x: Number, target: Number, *numbers: Number) -> Number:
        return function(x - target, *numbers)

    of_difference.__signature__ = signed(["x", "target", *numbers])  # type: ignore[attr-defined]
    args = ", ".join(["x", "target", *numbers])
    return kernel(f"def {formula}_sums(first, last, slice, {', '.join(['x', 'target', 'sums', *numbers])}):\n"
                  f"    for i in range(first, last):\n"
                  f"        sums[i] = sweep(i * {PIECE}, min({PIECE}, x.size - i * {PIECE}), {args})\n",
                  f"{formula}_sums", __file__, sweep=sweep(of_difference, 2, fold=add))


@functools.cache
def slopes(formula: str) -> Callable[..., None]:
    """The kernel of the gradients, entry by entry."""
    function = formulas.FORMULAS[formula][1]
    numbers = list(signature(function).parameters)[2:]

    def of_difference(target: Number, x: Number, factor: Number, *numbers: Number) -> Any:
        return function(factor, x - target, *numbers)

    of_difference.__name__ = f"{formula}_slopes"
    of_difference.__signature__ = signed(["target", "x", "factor", *numbers])  # type: ignore[attr-defined]
    return entry_by_entry(of_difference, 2, __file__)
