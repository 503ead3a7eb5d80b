"""How much work an operation is going forward, from its shapes alone."""

from __future__ import annotations

from math import prod

from tensorgrad.costs import multiply_adds
from tensorgrad.drawing.record import Operation

__all__ = ["cost_of"]

FREE = {"reshape", "permute", "expand", "clone", "narrow", "to"}


def cost_of(op: Operation) -> float:
    """Multiply-adds where they are defined; for other ops the entries of the result; 0 for views.

    Of a pooling window, whose taps only compare or add, the result is counted, not the taps.
    """
    if op.name in FREE or not op.input_shapes:
        return 0
    counted = multiply_adds(op.name, op.input_shapes, op.shape, equation=op.options.get("equation", ""))
    return prod(op.shape) if counted is None else counted
