"""The same entries in another order along their axes: flip, rot90, roll."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.arithmetic import clone
from tensorgrad.ops.indexing import one_axis
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import normalize_dims
from tensorgrad.ops.shape import transpose
from tensorgrad.tensor import Tensor

__all__ = ["flip", "fliplr", "flipud", "rot90", "roll"]


class Flip(Op):
    """y = x with axes `dims` backwards"""

    __slots__ = ("dims",)

    def __init__(self, dims: tuple[int, ...]):
        self.dims = dims

    def forward(self, x):
        return np.flip(x, self.dims).copy(order="K")

    def backward(self, grad):
        return Flip(self.dims).apply(grad)


def flip(input: Operand, *axes: Any, dims: Any = None) -> Tensor:
    """A copy of `input` with the entries of axes `dims` in reverse order: ``flip(x, (0, 1))`` or ``x.flip(0, 1)``.

    Raises
        RangeError   an axis that `input` does not have
        ShapeError   an axis named twice

    Example
        >>> flip(Tensor([[1, 2], [3, 4]]), (0, 1))
        tensor([[4, 3],
                [2, 1]])
    """
    wanted = dims if dims is not None else axes[0] if len(axes) == 1 else axes
    return Flip(() if wanted in ((), []) else normalize_dims("flip", input, wanted)).apply(input)


def fliplr(input: Operand) -> Tensor:
    """A copy of `input` with the entries of axis 1, from left to right, in reverse order.

    Raises
        ShapeError   fewer than two axes

    Example
        >>> fliplr(Tensor([[1, 2], [3, 4]]))
        tensor([[2, 1],
                [4, 3]])
    """
    if input.ndim < 2:
        raise ShapeError(message("fliplr", f"the input has {input.ndim} axes, at least 2 are needed", {"input": input},
                                 "Use flip, which takes the axes."))
    return Flip((1,)).apply(input)


def flipud(input: Operand) -> Tensor:
    """A copy of `input` with the entries of axis 0, from top to bottom, in reverse order.

    Raises
        ShapeError   no axes

    Example
        >>> flipud(Tensor([[1, 2], [3, 4]]))
        tensor([[3, 4],
                [1, 2]])
    """
    if input.ndim < 1:
        raise ShapeError(message("flipud", "the input has no axes", {"input": input}, "There is nothing to flip."))
    return Flip((0,)).apply(input)


def rot90(input: Operand, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """A copy of `input` turned `k` times by a right angle, from the first of two axes `dims` towards the second.

    Raises
        ArgumentError   not two axes
        RangeError      an axis that `input` does not have
        ShapeError      the same axis twice

    Example
        >>> rot90(Tensor([[1, 2], [3, 4]]))
        tensor([[2, 4],
                [1, 3]])
    """
    if len(dims) != 2:
        raise ArgumentError(message("rot90", f"dims={tuple(dims)} are not two axes", {"input": input},
                                    "Name the axes of the plane to turn in."))
    if input.ndim < 2:
        raise ShapeError(message("rot90", f"the input has {input.ndim} axes, at least 2 are needed", {"input": input},
                                 "Give it a second axis first: x.unsqueeze(0)."))
    normalize_dims("rot90", input, tuple(dims))
    first, second = [int(dim) % input.ndim for dim in dims]
    k %= 4
    if k == 0:
        return clone(input)
    if k == 2:
        return Flip((first, second)).apply(input)
    return transpose(Flip((second if k == 1 else first,)).apply(input), first, second)


class Roll(Op):
    """y = x with its entries moved by `shifts` along `dims`; those that leave come in at the other end"""

    __slots__ = ("shifts", "dims")

    def __init__(self, shifts: tuple[int, ...], dims: tuple[int, ...]):
        self.shifts, self.dims = shifts, dims

    def forward(self, x):
        return np.roll(x, self.shifts, self.dims)

    def backward(self, grad):
        return Roll(tuple([-shift for shift in self.shifts]), self.dims).apply(grad)


def roll(input: Operand, shifts: int | tuple[int, ...], dims: int | tuple[int, ...] | None = None) -> Tensor:
    """`input` with its entries moved by `shifts` along axes `dims`; those that leave come in at the other end.

    Without `dims` the entries move in row-major order, across the ends of rows.

    Raises
        RangeError      an axis that `input` does not have
        ArgumentError   another number of shifts than of axes

    Example
        >>> roll(Tensor([1, 2, 3, 4]), 1), roll(Tensor([[1, 2], [3, 4]]), (1, 1), (0, 1))
        (tensor([4, 1, 2, 3]), tensor([[4, 3],
            [2, 1]]))
    """
    by = (shifts,) if isinstance(shifts, (int, np.integer)) else tuple(shifts)
    along = () if dims is None else (dims,) if isinstance(dims, (int, np.integer)) else tuple(dims)
    if not by:
        raise ArgumentError(message("roll", "no shifts are given", {"input": input}, "Give one shift per axis."))
    for dim in along:
        one_axis("roll", input, dim)
    if len(by) != len(along) and not (dims is None and len(by) == 1):
        raise ArgumentError(message("roll", f"{len(by)} shifts for {len(along)} axes", {"input": input},
                                    "Give one shift per axis."))
    if dims is None:
        return Roll(by, (0,)).apply(input.reshape(-1)).reshape(input.shape)
    return Roll(by, tuple([axis for dim in along for axis in normalize_dims("roll", input, dim)])).apply(input)
