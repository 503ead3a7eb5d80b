"""Windows that slide along an axis: ``Tensor.unfold``.  Reading the windows and adding them up again are each other's
backward."""

from __future__ import annotations

import numpy as np

from tensorgrad.errors import ArgumentError, RangeError, message
from tensorgrad.op import Op
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import normalize_dims
from tensorgrad.tensor import Tensor

__all__ = ["unfold"]


class Windows(Op):
    """y[..., i, ..., k] = x[..., i · step + k, ...] along `dim`; k is a new last axis, of length `size`"""

    __slots__ = ("dim", "size", "step")
    makes_views = True

    def __init__(self, dim: int, size: int, step: int):
        self.dim, self.size, self.step = dim, size, step

    def forward(self, x):
        every = (*[slice(None)] * self.dim, slice(None, None, self.step))
        if not self.size:  # a window without entries has a place before each entry and one after the last
            return np.empty_like(x, shape=(*x.shape[:self.dim], x.shape[self.dim] + 1, *x.shape[self.dim + 1:], 0))[every]
        return np.lib.stride_tricks.sliding_window_view(x, self.size, self.dim, writeable=True)[every]

    def backward(self, grad):
        return AddWindows(self.dim, self.size, self.step, self.shapes[0]).apply(grad)


class AddWindows(Op):
    """y = zeros of shape `into`, with x[..., i, ..., k] added at [..., i · step + k, ...] along `dim`"""

    __slots__ = ("dim", "size", "step", "into")

    def __init__(self, dim: int, size: int, step: int, into: tuple[int, ...]):
        self.dim, self.size, self.step, self.into = dim, size, step, into

    def forward(self, x):
        out = np.zeros(self.into, x.dtype)
        reach = (x.shape[self.dim] - 1) * self.step + 1
        for k in range(self.size):
            out[(*[slice(None)] * self.dim, slice(k, k + reach, self.step))] += x[..., k]
        return out

    def backward(self, grad):
        return Windows(self.dim, self.size, self.step).apply(grad)


def unfold(self: Operand, dimension: int, size: int, step: int) -> Tensor:
    """All windows of `size` entries along axis `dimension`, `step` apart, as a view: the axis counts the windows, a new last
    axis the entries in one.  (``nn.functional.unfold`` is another function: it makes columns of image patches.)

    Gradient
        an entry in several windows gets the sum

    Raises
        RangeError      an axis that the tensor does not have, a window longer than the axis
        ArgumentError   a negative size, a step below 1

    Example
        >>> unfold(Tensor([1, 2, 3, 4, 5]), 0, 3, 2)
        tensor([[1, 2, 3],
                [3, 4, 5]])
    """
    axis = (*normalize_dims("unfold", self, dimension), 0)[0]
    x = self if self.ndim else self.reshape(1)
    n = x.shape[axis]
    if size < 0 or step < 1:
        raise ArgumentError(message("unfold", f"size={size} and step={step} make no windows", {"self": self},
                                    "Use a size of 0 or more and a step of 1 or more."))
    if size > n:
        raise RangeError(message("unfold", f"a window of {size} is longer than axis {axis}, which has {n} entries",
                                 {"self": self}, f"Use a size of at most {n}."))
    windows = Windows(axis, size, step).apply(x)
    return windows if self.ndim else windows.reshape(size)
