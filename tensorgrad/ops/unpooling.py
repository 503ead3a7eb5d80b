"""Max unpooling: the largest entries back on the cells they were taken from."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import DtypeError, RangeError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.images import images
from tensorgrad.ops.pooling import GatherWinners
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.shape import squeeze
from tensorgrad.tensor import Tensor
from tensorgrad.window import Window

__all__ = ["max_unpool1d", "max_unpool2d", "max_unpool3d"]


class PutWinners(Op):
    """x = each window's entry written to the cell that won it, 0 elsewhere; of several for one cell the last stays"""

    __slots__ = ("winners", "sizes")

    def __init__(self, winners: np.ndarray, sizes: tuple[int, ...]):
        self.winners: Any = winners
        self.sizes = sizes

    def forward(self, y):
        planes = y.shape[:2]
        x = np.zeros((*planes, int(np.prod(self.sizes))), y.dtype)
        np.put_along_axis(x, self.winners.reshape(*planes, -1), y.reshape(*planes, -1), 2)
        return x.reshape(*planes, *self.sizes)

    def backward(self, grad):
        return GatherWinners(self.winners).apply(grad)

    def forget(self):
        self.winners = None

    def options(self) -> dict[str, Any]:
        return {"sizes": self.sizes}


def max_unpool1d(input: Operand, indices: Operand, kernel_size: Any, stride: Any = None, padding: Any = 0,
                 output_size: Any = None) -> Tensor:
    """`max_unpool2d` in one dimension, (N, C, W) → (N, C, W').

    Example
        >>> from tensorgrad import max_pool1d
        >>> y, winners = max_pool1d(Tensor([[[1.0, 3.0, 5.0, 2.0]]]), 2, return_indices=True)
        >>> max_unpool1d(y, winners, 2)
        tensor([[[0., 3., 5., 0.]]])
    """
    return max_unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(input: Operand, indices: Operand, kernel_size: Any, stride: Any = None, padding: Any = 0,
                 output_size: Any = None) -> Tensor:
    """Every entry put back on the cell it was taken from, zeros elsewhere: a partial inverse of `max_pool2d`.

    Where windows overlap, one cell may have won several: the entry of the last of them in row-major order stays.

    Arguments
        indices                         the winners that `max_pool2d` returned
        kernel_size, stride, padding    of that pooling; they give the size of the image
        output_size                     its size, or shape, where that is not the smallest possible

    Gradient
        each entry gets that of its cell, as in PyTorch: also one that was written over, though it has no part in the result

    Raises
        ShapeError      indices of another shape than the input
        DtypeError      indices that are no integers
        RangeError      indices outside the image
        ArgumentError   an option that makes no sense

    Example
        >>> from tensorgrad import max_pool2d
        >>> y, winners = max_pool2d(Tensor([[[1.0, 2.0], [4.0, 3.0]]]), 2, return_indices=True)
        >>> max_unpool2d(y, winners, 2)
        tensor([[[0., 0.],
                [4., 0.]]])
    """
    return max_unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(input: Operand, indices: Operand, kernel_size: Any, stride: Any = None, padding: Any = 0,
                 output_size: Any = None) -> Tensor:
    """`max_unpool2d` in three dimensions, (N, C, D, H, W) → (N, C, D', H', W').

    Example
        >>> from tensorgrad import max_pool3d
        >>> y, winners = max_pool3d(Tensor(np.ones((1, 2, 4, 4, 4))), 2, return_indices=True)
        >>> max_unpool3d(y, winners, 2).shape
        (1, 2, 4, 4, 4)
    """
    return max_unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


def max_unpool(who: str, ndim: int, input: Operand, indices: Operand, kernel_size: Any, stride: Any, padding: Any,
               output_size: Any) -> Tensor:
    """The body of `max_unpool1d`, `max_unpool2d` and `max_unpool3d`: checks, then the op."""
    y = images(who, ndim, input)
    winners = np.asarray(getattr(indices, "array", indices))
    if winners.dtype.kind not in "iu":
        raise DtypeError(message(who, "the indices are no integers", {"input": input, "indices": indices},
                                 "Pass what max_pool returned with return_indices=True."))
    if winners.shape != tuple(input.shape):
        raise ShapeError(message(who, "input and indices differ in shape", {"input": input, "indices": indices},
                                 "Pass what max_pool returned with return_indices=True."))
    window = Window.parse(who, ndim, kernel_size, stride, padding)
    if output_size is None:
        sizes = tuple([(n - 1) * s + k - before - after for n, s, k, (before, after)
                       in zip(y.shape[2:], window.stride, window.kernel, window.padding)])
    else:
        sizes = tuple(output_size)[-ndim:]
    cells = int(np.prod(sizes))
    if winners.size and (winners.min() < 0 or winners.max() >= cells):
        raise RangeError(message(who, f"indices from {winners.min()} to {winners.max()} do not lie in an image of {cells} "
                                 "cells", {"input": input, "size": sizes}, "Pass the output_size that was pooled."))
    x = PutWinners((winners if y is input else winners[None]).astype(np.int64, copy=False), sizes).apply(y)
    return x if y is input else squeeze(x, 0)
