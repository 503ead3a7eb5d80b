"""Products of vectors, and of what is made of them: vdot, inner, ger, kron, cross."""

from __future__ import annotations

import numpy as np

from tensorgrad.errors import RangeError, ShapeError, message
from tensorgrad.ops.indexing import one_axis
from tensorgrad.ops.linalg import Matmul, as_rows, dot, outer, same_dtype
from tensorgrad.ops.promotion import Operand, check_broadcast
from tensorgrad.ops.reduction import expand
from tensorgrad.ops.reordering import Roll
from tensorgrad.tensor import Tensor

__all__ = ["vdot", "inner", "ger", "kron", "cross"]


def vdot(input: Operand, other: Operand) -> Tensor:
    """`dot`: numbers are real here, so that nothing is conjugated.

    Raises
        as dot

    Example
        >>> vdot(Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
        tensor(11.)
    """
    return dot(input, other)


def ger(input: Operand, vec2: Operand) -> Tensor:
    """`outer` under BLAS's name.

    Example
        >>> ger(Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
        tensor([[3., 4.],
                [6., 8.]])
    """
    return outer(input, vec2)


def inner(input: Operand, other: Operand) -> Tensor:
    """The sums of products over the last axes of both; of a tensor without axes, the product with everything.

    Shapes
        (*a, k), (*b, k) → (*a, *b)

    Raises
        ShapeError   last axes that differ

    Example
        >>> inner(Tensor([1.0, 2.0]), Tensor([[3.0, 4.0], [5.0, 6.0]]))
        tensor([11., 17.])
    """
    a, b = same_dtype("inner", input, other)
    if not a.ndim or not b.ndim:
        return a * b
    if a.shape[-1] != b.shape[-1]:
        raise ShapeError(message("inner", f"the last axes differ: {a.shape[-1]} and {b.shape[-1]} entries",
                                 {"input": a, "other": b}, "Give both last axes one length."))
    product = Matmul().apply(a.reshape(as_rows(a)), b.reshape(as_rows(b)).mT)
    return product.reshape((*a.shape[:-1], *b.shape[:-1]))


def kron(input: Operand, other: Operand) -> Tensor:
    """Kronecker's product: each entry of `input` replaced by `other` times that entry.

    Shapes
        (a, b, ...), (c, d, ...) → (a·c, b·d, ...); the one with fewer axes gets leading axes of length 1

    Example
        >>> kron(Tensor([[1, 2]]), Tensor([[1, 1], [0, 1]]))
        tensor([[1, 1, 2, 2],
                [0, 1, 0, 2]])
    """
    n = max(input.ndim, other.ndim)
    left = (1,) * (n - input.ndim) + tuple(input.shape)
    right = (1,) * (n - other.ndim) + tuple(other.shape)
    first, second = [k for size in left for k in (size, 1)], [k for size in right for k in (1, size)]
    product = input.reshape(first) * other.reshape(second)
    return product.reshape([a * b for a, b in zip(left, right)])


def cross(input: Operand, other: Operand, dim: int | None = None) -> Tensor:
    """The vector products along axis `dim`, of length 3; without `dim` along the first axis of that length.

    The other axes broadcast.  (`linalg.cross` takes the last axis by default.)

    Raises
        ShapeError   an axis of another length than 3, other numbers of axes, axes that do not broadcast
        RangeError   no axis of length 3, an axis that the operands do not have

    Example
        >>> cross(Tensor([1.0, 0.0, 0.0]), Tensor([0.0, 1.0, 0.0]))
        tensor([0., 0., 1.])
    """
    a, b = same_dtype("cross", input, other)
    shown = {"input": a, "other": b}
    if a.ndim != b.ndim:
        raise ShapeError(message("cross", f"the operands have {a.ndim} and {b.ndim} axes", shown, "Give both as many."))
    check_broadcast("cross", **shown)
    shape = np.broadcast_shapes(a.shape, b.shape)
    if dim is None:
        if 3 not in shape:
            raise RangeError(message("cross", "no axis has length 3", shown, "Vector products need 3 entries."))
        dim = shape.index(3)
    axis = one_axis("cross", a, dim)
    if a.shape[axis] != 3 or b.shape[axis] != 3:
        raise ShapeError(message("cross", f"axis {axis} has {a.shape[axis]} and {b.shape[axis]} entries", shown,
                                 "Vector products need 3."))
    a, b = expand(a, shape), expand(b, shape)
    return next_along(a, 1, axis) * next_along(b, 2, axis) - next_along(a, 2, axis) * next_along(b, 1, axis)


def next_along(x: Operand, n: int, axis: int) -> Operand:
    """In place of each entry the one that comes `n` later along `axis`, around the end."""
    return Roll((-n,), (axis,)).apply(x)
