"""The same entries in another shape: reshape, permute and their relatives.  No copying where NumPy needs none."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import RangeError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import normalize_dims
from tensorgrad.tensor import Tensor

__all__ = ["reshape", "flatten", "permute", "transpose", "squeeze", "unsqueeze"]


class Reshape(Op):
    """y = x in another shape, entries in row-major order"""

    __slots__ = ("to_shape",)
    makes_views = True

    def __init__(self, to_shape: tuple[int, ...]):
        self.to_shape = to_shape

    def forward(self, x):
        return x.reshape(self.to_shape)

    def backward(self, grad):
        return grad.reshape(self.shapes[0])


def as_shape(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """``f(2, 3)`` and ``f((2, 3))`` alike as ``(2, 3)``."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    return tuple([int(n) for n in sizes])


def reshape(input: Operand, *shape: Any) -> Tensor:
    """`input` in `shape`, entries in row-major order; one length may be -1, and is worked out.

    Raises
        ShapeError   the numbers of entries differ

    Example
        >>> reshape(Tensor([1, 2, 3, 4]), 2, -1)
        tensor([[1, 2],
                [3, 4]])
    """
    wanted = as_shape(shape)
    try:
        return Reshape(wanted).apply(input)
    except ValueError:
        n = int(np.prod(input.shape))
        known = int(np.prod([size for size in wanted if size != -1]))
        fix = (f"{n} is no multiple of {known}." if wanted.count(-1) == 1 else
               "At most one length may be -1." if -1 in wanted else f"{wanted} has {known} entries.")
        raise ShapeError(message("reshape", f"cannot give {n} entries the shape {wanted}", {"input": input}, fix)) from None


def flatten(input: Operand, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Axes `start_dim` to `end_dim`, both included, joined into one.

    Raises
        RangeError   an axis that `input` does not have
        ShapeError   `start_dim` after `end_dim`

    Example
        >>> flatten(Tensor(np.zeros((8, 16, 5, 5))), 1).shape
        (8, 400)
    """
    if input.ndim == 0:
        return reshape(input, 1)
    (start,), (end,) = normalize_dims("flatten", input, start_dim), normalize_dims("flatten", input, end_dim)
    if start > end:
        raise ShapeError(message("flatten", f"start_dim={start_dim} comes after end_dim={end_dim}", {"input": input},
                                 "Swap them."))
    joined = int(np.prod(input.shape[start:end + 1]))
    return reshape(input, (*input.shape[:start], joined, *input.shape[end + 1:]))


class Permute(Op):
    """y = x with its axes in another order"""

    __slots__ = ("dims",)
    makes_views = True

    def __init__(self, dims: tuple[int, ...]):
        self.dims = dims

    def forward(self, x):
        return x.transpose(self.dims)

    def backward(self, grad):
        return Permute(tuple(sorted(range(len(self.dims)), key=self.dims.__getitem__))).apply(grad)


def permute(input: Operand, *dims: Any) -> Tensor:
    """`input` with its axes in the order `dims`.

    Raises
        ShapeError   `dims` that do not name every axis once

    Example
        >>> permute(Tensor(np.zeros((8, 3, 32, 32))), 0, 2, 3, 1).shape
        (8, 32, 32, 3)
    """
    order = tuple([d % input.ndim if -input.ndim <= d < input.ndim else d for d in as_shape(dims)])
    if sorted(order) != list(range(input.ndim)):
        raise ShapeError(message("permute", f"{as_shape(dims)} is no order of {input.ndim} axes", {"input": input},
                                 f"Name each of 0 to {input.ndim - 1} once."))
    return Permute(order).apply(input)


def transpose(input: Operand, dim0: int, dim1: int) -> Tensor:
    """`input` with two axes exchanged.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> transpose(Tensor([[1, 2], [3, 4]]), 0, 1)
        tensor([[1, 3],
                [2, 4]])
    """
    if input.ndim == 0:
        return input
    (a,), (b,) = normalize_dims("transpose", input, dim0), normalize_dims("transpose", input, dim1)
    order = list(range(input.ndim))
    order[a], order[b] = b, a
    return Permute(tuple(order)).apply(input)


def squeeze(input: Operand, dim: Any = None) -> Tensor:
    """`input` without its axes of length 1, or without those of them that are in `dim`.

    Example
        >>> squeeze(Tensor(np.zeros((1, 3, 1)))).shape, squeeze(Tensor(np.zeros((1, 3, 1))), 0).shape
        ((3,), (3, 1))
    """
    dims = normalize_dims("squeeze", input, dim) if input.ndim else ()
    return reshape(input, tuple([n for i, n in enumerate(input.shape) if n != 1 or i not in dims]))


def unsqueeze(input: Operand, dim: int) -> Tensor:
    """`input` with a new axis of length 1 at `dim`.

    Raises
        RangeError   a position outside 0 to ndim

    Example
        >>> unsqueeze(Tensor([1.0, 2.0]), -1).shape
        (2, 1)
    """
    if not -input.ndim - 1 <= dim <= input.ndim:
        raise RangeError(message("unsqueeze", f"dim={dim} is no place for a new axis", {"input": input},
                                 f"Use {-input.ndim - 1} to {input.ndim}."))
    at = dim % (input.ndim + 1)
    return reshape(input, (*input.shape[:at], 1, *input.shape[at:]))
