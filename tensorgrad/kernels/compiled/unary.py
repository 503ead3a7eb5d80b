"""Functions of one number and their gradients in one pass over memory: a compiled loop for each formula."""

from __future__ import annotations

import functools
from inspect import signature
from typing import Any, Callable

from tensorgrad.kernels.compiled import formulas
from tensorgrad.kernels.compiled.crew import shared
from tensorgrad.kernels.compiled.entrywise import FEW, VERY_FEW, in_rows
from tensorgrad.kernels.compiled.expressions import expression
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.reference import formulas as reference

COST = 8  # moves that an exponential takes as long as


def unary(x, formula, *numbers):
    if x.size <= FEW and (formula in reference.SHORT or not x.size):
        return reference.FORMULAS[formula][0](x, *numbers)
    return in_rows(loop(formula, 0), COST, [x], numbers)


def unary_grad(grad, x, formula, *numbers):
    few = x.size <= VERY_FEW and (formula in reference.SHORT or not x.size)
    if few or grad.shape != x.shape or grad.dtype != x.dtype:
        return reference.FORMULAS[formula][1](grad, x, *numbers)
    return in_rows(loop(formula, 1), COST, [grad, x], numbers)


@functools.cache
def loop(formula: str, order: int) -> Callable[..., None]:
    """The kernel of a formula, or of its gradient for `order` 1: formulas.FORMULAS[formula][order] of each entry."""
    return entry_by_entry(formulas.FORMULAS[formula][order], 1 + order, __file__)


def entry_by_entry(function: Callable[..., Any], count: int, file: str) -> Callable[..., None]:
    """The kernel ``(parts, size, *arrays, result, *numbers)`` of a formula of `count` entries and of numbers."""
    names = list(signature(function).parameters)
    arrays, numbers = names[:count], names[count:]
    rows = [*arrays, "result"]
    return kernel(f"def {function.__name__}(first, last, slice, {', '.join([*rows, *numbers])}):\n"
                  f"    {', '.join(rows)} = {', '.join([f'{row}[first:last]' for row in rows])}\n"
                  f"    for i in range(result.size):\n"
                  f"        result[i] = of_entry({', '.join([*[f'{a}[i]' for a in arrays], *numbers])})\n",
                  function.__name__, file, of_entry=expression(function))


def kernel(source: str, name: str, file: str, **used: Any) -> Callable[..., None]:
    """The function of that name in the source, shared among threads, and compiled anew when `file` changes."""
    space: dict[str, Any] = {**used, "__name__": __name__}
    exec(compile(source, file, "exec"), space)
    return shared(jit(space[name]))
