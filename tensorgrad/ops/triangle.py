"""Parts of matrices: triangles and diagonals.  Reading a diagonal and laying it into zeros are each other's backward."""

from __future__ import annotations

import numpy as np

from tensorgrad.errors import ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.arithmetic import clone
from tensorgrad.ops.choice import where
from tensorgrad.ops.indexing import one_axis
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import sum
from tensorgrad.tensor import Tensor

__all__ = ["tril", "triu", "diagonal", "diag", "diag_embed", "diagflat", "trace"]


def tril(input: Operand, diagonal: int = 0) -> Tensor:
    """The lower triangle of the last two axes, 0 above it; `diagonal` k keeps k diagonals more, or fewer below 0.

    Raises
        ShapeError   fewer than two axes

    Example
        >>> tril(Tensor([[1, 2], [3, 4]]))
        tensor([[1, 0],
                [3, 4]])
    """
    return where(below("tril", input, diagonal), input, False)


def triu(input: Operand, diagonal: int = 0) -> Tensor:
    """The upper triangle of the last two axes, 0 below it; `diagonal` k > 0 keeps k diagonals fewer, k < 0 more.

    Raises
        ShapeError   fewer than two axes

    Example
        >>> triu(Tensor([[1, 2], [3, 4]]), 1)
        tensor([[0, 2],
                [0, 0]])
    """
    return where(below("triu", input, diagonal - 1), False, input)


def below(who: str, input: Operand, diagonal: int) -> np.ndarray:
    """True on and below a diagonal of the last two axes of `input`."""
    if input.ndim < 2:
        raise ShapeError(message(who, f"a tensor with {input.ndim} axes has no triangles", {"input": input},
                                 "Use two axes or more."))
    rows, columns = input.shape[-2:]
    return np.tri(rows, columns, diagonal, dtype=bool)


# -- diagonals ---------------------------------------------------------------------------------------------------------


class Diagonal(Op):
    """y = the diagonal of two axes, as a new last axis"""

    __slots__ = ("offset", "dim1", "dim2")
    makes_views = True

    def __init__(self, offset: int, dim1: int, dim2: int):
        self.offset, self.dim1, self.dim2 = offset, dim1, dim2

    def forward(self, x):
        view = np.diagonal(x, self.offset, self.dim1, self.dim2)
        view.flags.writeable = x.flags.writeable
        return view

    def backward(self, grad):
        return PutDiagonal(self.offset, self.dim1, self.dim2, self.shapes[0]).apply(grad)


class PutDiagonal(Op):
    """y = zeros of shape `into`, with the last axis of x on the diagonal of two axes"""

    __slots__ = ("offset", "dim1", "dim2", "into")

    def __init__(self, offset: int, dim1: int, dim2: int, into: tuple[int, ...]):
        self.offset, self.dim1, self.dim2, self.into = offset, dim1, dim2, into

    def forward(self, x):
        out = np.zeros(self.into, x.dtype)
        at = np.arange(x.shape[-1])
        rest = np.moveaxis(out, (self.dim1, self.dim2), (-2, -1))  # a view: writing to it writes to `out`
        rest[..., at + max(-self.offset, 0), at + max(self.offset, 0)] = x
        return out

    def backward(self, grad):
        return Diagonal(self.offset, self.dim1, self.dim2).apply(grad)


def two_axes(who: str, input: Operand, dim1: int, dim2: int, ndim: int) -> tuple[int, int]:
    """Two different axes of `ndim`."""
    a, b = [dim % ndim if -ndim <= dim < ndim else one_axis(who, input, dim) for dim in (dim1, dim2)]
    if a == b:
        raise ShapeError(message(who, f"dim1 and dim2 are both axis {a}", {"input": input}, "Name two axes."))
    return a, b


def diagonal(input: Operand, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A view of the diagonal of axes `dim1` and `dim2`, as a new last axis; `offset` k > 0 is k above it, k < 0 below.

    Raises
        RangeError   an axis that `input` does not have
        ShapeError   the same axis twice, fewer than two axes

    Example
        >>> diagonal(Tensor([[1, 2], [3, 4]])), diagonal(Tensor([[1, 2], [3, 4]]), 1)
        (tensor([1, 4]), tensor([2]))
    """
    if input.ndim < 2:
        raise ShapeError(message("diagonal", f"a tensor with {input.ndim} axes has no diagonal", {"input": input},
                                 "Use two axes or more."))
    return Diagonal(offset, *two_axes("diagonal", input, dim1, dim2, input.ndim)).apply(input)


def diag_embed(input: Operand, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Zeros with the last axis of `input` on the diagonal of two new axes, which the result has at `dim1` and `dim2`.

    Raises
        RangeError   an axis that the result does not have
        ShapeError   the same axis twice

    Example
        >>> diag_embed(Tensor([1, 2]))
        tensor([[1, 0],
                [0, 2]])
    """
    one_axis("diag_embed", input, -1)
    a, b = two_axes("diag_embed", input, dim1, dim2, input.ndim + 1)
    if a > b:
        a, b, offset = b, a, -offset
    into = list(input.shape[:-1])
    side = input.shape[-1] + abs(offset)
    into.insert(a, side)
    into.insert(b, side)
    return PutDiagonal(offset, a, b, tuple(into)).apply(input)


def diag(input: Operand, diagonal: int = 0) -> Tensor:
    """The matrix with `input`, of one axis, on its diagonal; of a matrix, its diagonal.

    Raises
        ShapeError   an input with neither one nor two axes

    Example
        >>> diag(diag(Tensor([1, 2])))
        tensor([1, 2])
    """
    if input.ndim not in (1, 2):
        raise ShapeError(message("diag", f"the input has {input.ndim} axes", {"input": input},
                                 "Use one or two; diagonal and diag_embed work on more."))
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    return clone(Diagonal(diagonal, 0, 1).apply(input))


def diagflat(input: Operand, offset: int = 0) -> Tensor:
    """The matrix with all entries of `input`, in row-major order, on a diagonal.

    Example
        >>> diagflat(Tensor([[1, 2]]), 1)
        tensor([[0, 1, 0],
                [0, 0, 2],
                [0, 0, 0]])
    """
    return diag_embed(input.reshape(-1), offset)


def trace(input: Operand) -> Tensor:
    """The sum of the diagonal of a matrix; of integers and bools in int64.

    Raises
        ShapeError   an input that is no matrix

    Example
        >>> trace(Tensor([[1.0, 2.0], [3.0, 4.0]]))
        tensor(5.)
    """
    if input.ndim != 2:
        raise ShapeError(message("trace", f"the input has {input.ndim} axes, a matrix has two", {"input": input},
                                 "Use x.diagonal(0, -2, -1).sum(-1) for a batch of matrices."))
    return sum(Diagonal(0, 0, 1).apply(input))
