"""Differences of neighbours along an axis: diff."""

from __future__ import annotations

from tensorgrad import dtypes
from tensorgrad.errors import ArgumentError, message
from tensorgrad.ops.arithmetic import clone
from tensorgrad.ops.comparison import logical_xor
from tensorgrad.ops.indexing import one_axis, part
from tensorgrad.ops.joining import cat
from tensorgrad.ops.promotion import Operand
from tensorgrad.tensor import Tensor

__all__ = ["diff"]


def diff(input: Operand, n: int = 1, dim: int = -1, prepend: Operand | None = None, append: Operand | None = None) -> Tensor:
    """Each entry of axis `dim` minus the one before it, `n` times over; of bools, whether the two differ.

    `prepend` and `append` are joined to the axis first, unless `n` is 0.

    Raises
        ArgumentError   a negative `n`
        RangeError      an axis that `input` does not have
        ShapeError      a `prepend` or `append` that differs from `input` in another axis

    Example
        >>> diff(Tensor([1.0, 4.0, 9.0])), diff(Tensor([1.0, 4.0, 9.0]), 2)
        (tensor([3., 5.]), tensor([2.]))
    """
    axis = one_axis("diff", input, dim)
    if n < 0:
        raise ArgumentError(message("diff", f"n={n} is negative", {"input": input}, "Use 0 or more."))
    if n == 0:
        return clone(input)
    ends = [x for x in (prepend, input, append) if x is not None]
    x = cat(ends, axis) if len(ends) > 1 else input
    for _ in range(min(n, x.shape[axis])):
        length = x.shape[axis]
        later, earlier = part(x, axis, min(1, length), length), part(x, axis, 0, max(length - 1, 0))
        x = logical_xor(later, earlier) if x.dtype == dtypes.bool_ else later - earlier
    return x
