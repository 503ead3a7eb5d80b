"""Multiply-adds: how many multiplications followed by an addition an operation takes, from its shapes alone.

The one home of these formulas: drawings, profiles and `nn.summary` read them here.  Biases, activations and dropout are not
counted; a convolution counts its padding, as its definition does.
"""

from __future__ import annotations

import functools
import math
import re
from typing import Any, Callable, Sequence

__all__ = ["multiply_adds", "is_counted"]

Shape = tuple[int, ...]


def multiply_adds(name: str, inputs: Sequence[Shape], output: Shape, *, taps: int = 1, equation: str = "") -> int | None:
    """Multiply-adds of the op of that name, for the shapes of its inputs and of its result; None where it is not defined.

    Counted are one per tap and channel of a convolution, one per entry that a matrix product sums over, one per cell of a
    window for pooling, three per entry for norms that compute their statistics (mean, variance, result), two for RMS norm,
    one for batch norm in evaluation.

    Arguments
        taps       cells of a window, for pooling
        equation   of an einsum; one is counted per combination of its letters

    Example
        >>> multiply_adds("conv2d", [(1, 1, 28, 28), (6, 1, 5, 5)], (1, 6, 24, 24))
        86400
        >>> multiply_adds("matmul", [(4, 8), (8, 16)], (4, 16))
        512
        >>> multiply_adds("relu", [(4, 8)], (4, 8))
    """
    formula = FORMULAS.get(AXES.sub("", name))
    if formula is not None:
        return formula(inputs, output) * taps
    return of_einsum(equation, inputs) if equation else None


AXES = re.compile(r"[123]d")  # in the name of an op for any number of them


@functools.cache
def is_counted(name: str) -> bool:
    """True for the ops that have multiply-adds."""
    return name == "einsum" or AXES.sub("", name) in FORMULAS


def of_results(inputs: Sequence[Shape], output: Shape) -> int:
    """One per entry of the result."""
    return math.prod(output)


def of_filters(inputs: Sequence[Shape], output: Shape) -> int:
    """Per entry of the result one for each weight of its filter."""
    return math.prod(output) * math.prod(inputs[1][1:])


def of_spread_filters(inputs: Sequence[Shape], output: Shape) -> int:
    """Per entry of the input one for each weight of its filter."""
    return math.prod(inputs[0]) * math.prod(inputs[1][1:])


def of_inner_products(inputs: Sequence[Shape], output: Shape) -> int:
    """Per entry of the result as many as the axis is long that is summed over: the last of the first input."""
    return math.prod(output) * inputs[0][-1]


def of_adaptive_windows(inputs: Sequence[Shape], output: Shape) -> int:
    """One per cell of each window; region i of m along an axis of n covers the cells from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉."""
    cells = [sum(-(-(i + 1) * n // m) - i * n // m for i in range(m)) for n, m in zip(inputs[0][2:], output[2:])]
    return math.prod(output[:2]) * math.prod(cells)


def of_einsum(equation: str, inputs: Sequence[Shape]) -> int:
    """One per combination of the letters' values."""
    sizes: dict[str, int] = {}
    for term, shape in zip(equation.partition("->")[0].split(","), inputs):
        for letter, n in zip(term, shape):
            sizes[letter] = max(n, sizes.get(letter, 1))
    return math.prod(sizes.values())


FORMULAS: dict[str, Callable[[Sequence[Shape], Shape], Any]] = {
    "conv": of_filters,
    "conv_transpose": of_spread_filters,
    "conv_weight_grad": lambda inputs, output: math.prod(inputs[0]) * math.prod(output[1:]),
    "matmul": of_inner_products,
    "linear": of_inner_products,
    "bilinear": lambda inputs, output: math.prod(output) * inputs[0][-1] * inputs[1][-1],
    "max_pool": of_results,
    "avg_pool": of_results,
    "avg_pool_grad": lambda inputs, output: math.prod(inputs[0]),
    "adaptive_max_pool": of_adaptive_windows,
    "adaptive_avg_pool": of_adaptive_windows,
    "adaptive_avg_pool_grad": lambda inputs, output: of_adaptive_windows([output], inputs[0]),
    "batch_norm": lambda inputs, output: 3 * math.prod(output),
    "batch_norm_fixed": of_results,
    "layer_norm": lambda inputs, output: 3 * math.prod(output),
    "group_norm": lambda inputs, output: 3 * math.prod(output),
    "rms_norm": lambda inputs, output: 2 * math.prod(output),
}
