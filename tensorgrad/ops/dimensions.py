"""Axes brought in line: at least so many (atleast_1d, 2d, 3d), or the same for several tensors (broadcast_tensors).

All results are views, or the tensor itself where nothing is to be done.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from tensorgrad.ops.promotion import Operand, check_broadcast
from tensorgrad.ops.reduction import expand
from tensorgrad.ops.shape import reshape

__all__ = ["atleast_1d", "atleast_2d", "atleast_3d", "broadcast_tensors"]


def each(function: Callable[[Operand], Any], tensors: tuple[Any, ...]) -> Any:
    """`function` of one tensor, or the tuple of its results for several or for a list."""
    if len(tensors) == 1 and not isinstance(tensors[0], (list, tuple)):
        return function(tensors[0])
    several = tensors[0] if len(tensors) == 1 else tensors
    return tuple([function(tensor) for tensor in several])


def atleast_1d(*tensors: Any) -> Any:
    """A tensor without axes as a vector of one entry, others as they are; for several tensors a tuple.

    Example
        >>> from tensorgrad import Tensor
        >>> atleast_1d(Tensor(1.0)), atleast_1d(Tensor([1.0, 2.0]))
        (tensor([1.]), tensor([1., 2.]))
    """
    return each(lambda x: x if x.ndim else reshape(x, 1), tensors)


def atleast_2d(*tensors: Any) -> Any:
    """A tensor with fewer than two axes as a matrix of one row, others as they are; for several tensors a tuple.

    Example
        >>> from tensorgrad import Tensor
        >>> atleast_2d(Tensor([1.0, 2.0]))
        tensor([[1., 2.]])
    """
    return each(lambda x: x if x.ndim > 1 else reshape(x, 1, -1), tensors)


def atleast_3d(*tensors: Any) -> Any:
    """A vector of n as (1, n, 1), a matrix (n, m) as (n, m, 1), others as they are; for several tensors a tuple.

    Example
        >>> from tensorgrad import Tensor
        >>> atleast_3d(Tensor([1.0, 2.0])).shape, atleast_3d(Tensor([[1.0, 2.0]])).shape
        ((1, 2, 1), (1, 2, 1))
    """
    return each(lambda x: x if x.ndim > 2 else reshape(x, *(x.shape if x.ndim == 2 else (1, -1)), 1), tensors)


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """The tensors repeated, without copying, to the shape they broadcast to.

    Raises
        ShapeError   shapes that cannot be broadcast together

    Example
        >>> from tensorgrad import Tensor
        >>> broadcast_tensors(Tensor([1, 2]), Tensor([[3], [4]]))
        (tensor([[1, 2],
            [1, 2]]), tensor([[3, 3],
            [4, 4]]))
    """
    several = tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    check_broadcast("broadcast_tensors", **{f"entry {i}": tensor for i, tensor in enumerate(several)})
    shape = np.broadcast_shapes(*[tensor.shape for tensor in several])
    return tuple([expand(tensor, shape) for tensor in several])
