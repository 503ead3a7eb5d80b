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

# What NumPy has in one or two calls, which are cheaper for few entries.
BY_NUMPY = ("exp", "tanh", "hardtanh", "leaky_relu", "threshold")


def unary(x, formula, *numbers):
    if x.size <= FEW and (formula in BY_NUMPY or not x.size):
        return reference.unary(x, formula, *numbers)
    return in_rows(loop(formula, 0), COST, [x], numbers)


def unary_grad(grad, x, formula, *numbers):
    few = x.size <= VERY_FEW and (formula in BY_NUMPY or not x.size)
    if few or grad.shape != x.shape or grad.dtype != x.dtype:
        return reference.unary_grad(grad, x, formula, *numbers)
    return in_rows(loop(formula, 1), COST, [grad, x], numbers)


@functools.cache
def loop(formula: str, order: int) -> Callable[..., None]:
    """The kernel of a formula, or of its gradient for `order` 1: formulas.FORMULAS[formula][order] of each entry."""
    function = formulas.FORMULAS[formula][order]
    names = list(signature(function).parameters)
    arrays, numbers = names[:1 + order], names[1 + order:]
    rows = [*arrays, "result"]
    source = (f"def {function.__name__}(first, last, slice, {', '.join([*rows, *numbers])}):\n"
              f"    {', '.join(rows)} = {', '.join([f'{row}[first:last]' for row in rows])}\n"
              f"    for i in range(result.size):\n"
              f"        result[i] = of_entry({', '.join([*[f'{a}[i]' for a in arrays], *numbers])})\n")
    space: dict[str, Any] = {"of_entry": expression(function), "__name__": __name__}
    exec(compile(source, __file__, "exec"), space)
    return shared(jit(space[function.__name__]))
