"""How much work an operation is going forward, from its shapes alone."""

from __future__ import annotations

from math import prod

from tensorgrad.drawing.record import Operation

__all__ = ["cost_of"]

FREE = {"reshape", "permute", "expand", "clone", "narrow", "to"}


def cost_of(op: Operation) -> float:
    """Multiply-adds of convolutions and matrix products; for other ops the entries of the result; 0 for views.

    A convolution takes per entry of its result one product per entry of a filter, a transposed one the same per entry of
    its input; a matrix product takes as many as the axis is long that is summed over.
    """
    shapes = op.input_shapes
    if op.name in FREE or not shapes:
        return 0
    if op.name.startswith("conv") and len(shapes) > 1 and len(shapes[1]) > 2:
        return prod(shapes[0] if "transpose" in op.name else op.shape) * prod(shapes[1][1:])
    if op.name in ("matmul", "linear", "addmm", "bmm") and shapes[0]:
        return prod(op.shape) * shapes[0][-1]
    return prod(op.shape)
