"""The same entries in another shape: reshape, permute and their relatives.  No copying where NumPy needs none."""

from __future__ import annotations

import math
from typing import Any, Sequence

import numpy as np

from tensorgrad import lineage
from tensorgrad.errors import RangeError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import expand, normalize_dims
from tensorgrad.tensor import Tensor

__all__ = ["reshape", "flatten", "unflatten", "permute", "transpose", "swapaxes", "swapdims", "t", "matrix_transpose",
           "adjoint", "reversed_axes", "movedim", "moveaxis", "squeeze", "unsqueeze", "ravel", "view_as", "reshape_as",
           "expand_as"]


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


def reshape(input: Operand, *sizes: Any, shape: Any = None) -> Tensor:
    """`input` in `shape`, entries in row-major order; one length may be -1, and is worked out.

    Raises
        ShapeError   the numbers of entries differ

    Example
        >>> reshape(Tensor([1, 2, 3, 4]), 2, -1)
        tensor([[1, 2],
                [3, 4]])
    """
    wanted = as_shape(sizes if shape is None else (shape,))
    try:
        return Reshape(wanted).apply(input)
    except ValueError:
        n = int(np.prod(input.shape))
        known = int(np.prod([size for size in wanted if size != -1]))
        fix = (f"{n} is no multiple of {known}." if wanted.count(-1) == 1 else
               "At most one length may be -1." if -1 in wanted else f"{wanted} has {known} entries.")
        if len(wanted) == 2 < input.ndim:  # meant as rows, one per example
            fix += f"  The {input.shape[0]} examples have {lineage.product(input.shape[1:])} entries each: use x.flatten(1)."
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
    shape = input.shape
    if not shape:
        return reshape(input, 1)
    if 0 <= start_dim < len(shape) and end_dim == -1:  # the usual call, once per forward pass of most networks
        return Reshape((*shape[:start_dim], math.prod(shape[start_dim:]))).apply(input)
    (start,), (end,) = normalize_dims("flatten", input, start_dim), normalize_dims("flatten", input, end_dim)
    if start > end:
        raise ShapeError(message("flatten", f"start_dim={start_dim} comes after end_dim={end_dim}", {"input": input},
                                 "Swap them."))
    return reshape(input, (*shape[:start], math.prod(shape[start:end + 1]), *shape[end + 1:]))


def ravel(input: Operand) -> Tensor:
    """`input` with all its axes joined into one.

    Example
        >>> ravel(Tensor([[1, 2], [3, 4]]))
        tensor([1, 2, 3, 4])
    """
    return reshape(input, -1)


def unflatten(input: Operand, dim: int, sizes: Sequence[int]) -> Tensor:
    """Axis `dim` split into axes of the lengths `sizes`, one of which may be -1, and is worked out.

    Raises
        RangeError   an axis that `input` does not have
        ShapeError   lengths whose product is not that of the axis

    Example
        >>> unflatten(Tensor(np.zeros((8, 12))), 1, (3, -1)).shape
        (8, 3, 4)
    """
    if not input.ndim:
        raise RangeError(message("unflatten", "a tensor without axes has none to split", {"input": input},
                                 "Use reshape."))
    (axis,) = normalize_dims("unflatten", input, dim)
    n, lengths = input.shape[axis], as_shape(tuple(sizes))
    known = int(np.prod([length for length in lengths if length != -1]))
    if lengths.count(-1) > 1 or min(lengths, default=-1) < -1 or (n % known if known and -1 in lengths else n != known):
        raise ShapeError(message("unflatten", f"axis {axis}, of {n} entries, cannot have the lengths {lengths}",
                                 {"input": input}, f"Their product must be {n}; at most one may be -1."))
    return reshape(input, (*input.shape[:axis], *[n // known if length == -1 else length for length in lengths],
                           *input.shape[axis + 1:]))


def view_as(input: Operand, other: Operand) -> Tensor:
    """`input` in the shape of `other`."""
    return reshape(input, other.shape)


def reshape_as(input: Operand, other: Operand) -> Tensor:
    """`input` in the shape of `other`."""
    return reshape(input, other.shape)


def expand_as(input: Operand, other: Operand) -> Tensor:
    """`input` repeated, without copying, to the shape of `other`."""
    return expand(input, other.shape)


class Permute(Op):
    """y = x with its axes in another order"""

    __slots__ = ("dims",)
    makes_views = True

    def __init__(self, dims: tuple[int, ...]):
        self.dims = dims

    def forward(self, x):
        return x.transpose(self.dims)

    def backward(self, grad):
        dims = self.dims
        back = dims if len(dims) == 2 else tuple(sorted(range(len(dims)), key=dims.__getitem__))
        return Permute(back).apply(grad)


def permute(input: Operand, *axes: Any, dims: Any = None) -> Tensor:
    """`input` with its axes in the order `dims`.

    Raises
        ShapeError   `dims` that do not name every axis once

    Example
        >>> permute(Tensor(np.zeros((8, 3, 32, 32))), 0, 2, 3, 1).shape
        (8, 32, 32, 3)
    """
    wanted = as_shape(axes if dims is None else (dims,))
    order = tuple([d % input.ndim if -input.ndim <= d < input.ndim else d for d in wanted])
    if sorted(order) != list(range(input.ndim)):
        raise ShapeError(message("permute", f"{wanted} is no order of {input.ndim} axes", {"input": input},
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
    first, second = normalize_dims("transpose", input, dim0), normalize_dims("transpose", input, dim1)
    if not first:  # a number, which has no axes to exchange
        return input
    (a,), (b,) = first, second
    order = list(range(input.ndim))
    order[a], order[b] = b, a
    return Permute(tuple(order)).apply(input)


def swapaxes(input: Operand, axis0: int, axis1: int) -> Tensor:
    """`transpose` under NumPy's name."""
    return transpose(input, axis0, axis1)


def swapdims(input: Operand, dim0: int, dim1: int) -> Tensor:
    """`transpose` under another of its names."""
    return transpose(input, dim0, dim1)


def t(input: Operand) -> Tensor:
    """A matrix with its two axes exchanged; a tensor with fewer axes as it is.

    Raises
        ShapeError   more than two axes

    Example
        >>> t(Tensor([[1, 2], [3, 4]]))
        tensor([[1, 3],
                [2, 4]])
    """
    if input.ndim > 2:
        raise ShapeError(message("t", f"the input has {input.ndim} axes, a matrix has two", {"input": input},
                                 "Use x.mT to exchange the last two, or permute."))
    return transpose(input, 0, 1) if input.ndim == 2 else input


def matrix_transpose(input: Operand) -> Tensor:
    """The last two axes exchanged: ``x.mT``.

    Raises
        ShapeError   fewer than two axes
    """
    last = input.ndim - 1
    if last < 1:
        raise ShapeError(message("mT", f"the input has {input.ndim} axes, a matrix has two", {"input": input},
                                 "Give it a second axis first: x.unsqueeze(0)."))
    return Permute((*range(last - 1), last, last - 1)).apply(input)  # at once: derivatives of derivatives are full of it


def adjoint(input: Operand) -> Tensor:
    """The last two axes exchanged; numbers are real here, so that nothing is conjugated.

    Raises
        ShapeError   fewer than two axes
    """
    return matrix_transpose(input)


def conjugate_transpose(input: Operand) -> Tensor:
    """A matrix with its two axes exchanged, ``x.H``; numbers are real here, so that nothing is conjugated.

    Raises
        ShapeError   another number of axes than 2 or 0
    """
    if input.ndim not in (0, 2):
        raise ShapeError(message("H", f"the input has {input.ndim} axes, a matrix has two", {"input": input},
                                 "Use x.mH for a batch of matrices."))
    return transpose(input, 0, 1) if input.ndim else input


def reversed_axes(input: Operand) -> Tensor:
    """All axes in reverse order: ``x.T``."""
    return permute(input, tuple(range(input.ndim))[::-1])


def movedim(input: Operand, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """`input` with the axes `source` moved to the places `destination`; the others keep their order.

    Raises
        RangeError   an axis that `input` does not have
        ShapeError   an axis named twice, or more sources than destinations

    Example
        >>> movedim(Tensor(np.zeros((8, 3, 32, 16))), 1, -1).shape
        (8, 32, 16, 3)
    """
    sources = (source,) if isinstance(source, (int, np.integer)) else tuple(source)
    places = (destination,) if isinstance(destination, (int, np.integer)) else tuple(destination)
    if len(sources) != len(places):
        raise ShapeError(message("movedim", f"{len(sources)} axes cannot go to {len(places)} places", {"input": input},
                                 "Name one place per axis."))
    if not input.ndim or not sources:
        return input
    normalize_dims("movedim", input, sources)
    normalize_dims("movedim", input, places)
    n = input.ndim
    sources, places = tuple([d % n for d in sources]), tuple([d % n for d in places])
    order = [d for d in range(n) if d not in sources]
    for place, d in sorted(zip(places, sources)):
        order.insert(place, d)
    return Permute(tuple(order)).apply(input)


def moveaxis(input: Operand, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """`movedim` under NumPy's name."""
    return movedim(input, source, destination)


def squeeze(input: Operand, dim: Any = None) -> Tensor:
    """`input` without its axes of length 1, or without those of them that are in `dim`.

    Example
        >>> squeeze(Tensor(np.zeros((1, 3, 1)))).shape, squeeze(Tensor(np.zeros((1, 3, 1))), 0).shape
        ((3,), (3, 1))
    """
    dims = normalize_dims("squeeze", input, dim) if input.ndim and dim not in ((), []) else ()
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
