"""Normalised exponentials along an axis: softmax, its logarithm, and logsumexp.  The largest entry is taken out first."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import kernels
from tensorgrad.errors import ArgumentError, message
from tensorgrad.op import Op
from tensorgrad.ops.exponential import exp
from tensorgrad.ops.promotion import Operand, as_float, to
from tensorgrad.ops.reduction import Dims, expand_reduced, normalize_dims, sum
from tensorgrad.tensor import Tensor

__all__ = ["softmax", "log_softmax", "softmin", "logsumexp"]


class Softmax(Op):
    """y = eˣ / Σ eˣ along `dim`"""

    __slots__ = ("dim",)
    keeps_output = True

    def __init__(self, dim: tuple[int, ...]):
        self.dim = dim

    def forward(self, x):
        return by_kernel(kernels.active().softmax, x, self.dim)

    def backward(self, grad):
        y = self.output
        if not isinstance(grad, Tensor) and grad.ndim:
            return kernels.active().softmax_grad(grad, y, self.dim[0])
        weighted = grad * y
        return weighted - y * sum(weighted, self.dim, True)


class LogSoftmax(Op):
    """y = x - log Σ eˣ along `dim`"""

    __slots__ = ("dim",)
    keeps_output = True

    def __init__(self, dim: tuple[int, ...]):
        self.dim = dim

    def forward(self, x):
        return by_kernel(kernels.active().log_softmax, x, self.dim)

    def backward(self, grad):
        y = self.output
        if not isinstance(grad, Tensor) and grad.ndim:
            return kernels.active().log_softmax_grad(grad, y, self.dim[0])
        return grad - exp(y) * sum(grad, self.dim, True)


def by_kernel(kernel: Any, x: np.ndarray, dim: tuple[int, ...]) -> np.ndarray:
    """A kernel along one axis; a number without axes is a row of its own."""
    return kernel(x, dim[0]) if dim else kernel(x.reshape(1), 0).reshape(())


def along(who: str, input: Operand, dim: int | None, dtype: Any) -> tuple[Operand, tuple[int, ...]]:
    """The operand as floats, and the one axis, which has to be named."""
    if dim is None:
        raise ArgumentError(message(who, "dim is missing, and a guess would be wrong half the time", {"input": input},
                                    "Use dim=1 for scores (N, C) or (N, C, H, W), dim=-1 for the last axis."))
    return as_float(input if dtype is None else to(input, dtype)), normalize_dims(who, input, int(dim))


def softmax(input: Operand, dim: int | None = None, dtype: Any = None) -> Tensor:
    """exp(`input`), divided by its sum along `dim`: positive numbers that sum to 1.

    Raises
        ArgumentError   without `dim`
        RangeError      an axis that `input` does not have

    Example
        >>> softmax(Tensor([[0.0, 0.0], [1000.0, 0.0]]), dim=1)
        tensor([[0.5, 0.5],
                [1. , 0. ]])
    """
    x, dims = along("softmax", input, dim, dtype)
    return Softmax(dims).apply(x)


def softmin(input: Operand, dim: int | None = None, *, dtype: Any = None) -> Tensor:
    """softmax(-`input`): the smallest entry gets the largest share.

    Raises
        ArgumentError   without `dim`
        RangeError      an axis that `input` does not have

    Example
        >>> softmin(Tensor([1.0, 2.0]), dim=0)
        tensor([0.7311, 0.2689])
    """
    x, dims = along("softmin", input, dim, dtype)
    return Softmax(dims).apply(-x)


def log_softmax(input: Operand, dim: int | None = None, dtype: Any = None) -> Tensor:
    """The logarithm of softmax along `dim`, finite where softmax itself would round to 0.

    Raises
        ArgumentError   without `dim`
        RangeError      an axis that `input` does not have

    Example
        >>> log_softmax(Tensor([1000.0, 0.0]), dim=0)
        tensor([    0., -1000.])
    """
    x, dims = along("log_softmax", input, dim, dtype)
    return LogSoftmax(dims).apply(x)


class LogSumExp(Op):
    """y = log Σ eˣ over `dim`"""

    __slots__ = ("dim", "keepdim")
    keeps = (0,)
    keeps_output = True
    name = "logsumexp"

    def __init__(self, dim: tuple[int, ...], keepdim: bool):
        self.dim, self.keepdim = dim, keepdim

    def forward(self, x):
        top = x.max(axis=self.dim, keepdims=True, initial=-np.inf)
        top = np.where(np.isinf(top), x.dtype.type(0), top)  # an infinite result comes out of the sum itself
        y = np.log(np.exp(x - top).sum(axis=self.dim, keepdims=True)) + top
        return y if self.keepdim else y.reshape([n for i, n in enumerate(x.shape) if i not in self.dim])

    def backward(self, grad):
        (x,) = self.inputs
        dim, keepdim = self.dim, self.keepdim
        share = exp(x - expand_reduced(self.output, x.shape, dim, keepdim))
        return share * expand_reduced(grad, x.shape, dim, keepdim)


def logsumexp(input: Operand, dim: Dims, keepdim: bool = False) -> Tensor:
    """log Σ exp(`input`) over axes `dim`, without overflow.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> logsumexp(Tensor([1000.0, 1000.0]), dim=0).item() - 1000
        0.6931...
    """
    return LogSumExp(normalize_dims("logsumexp", input, dim), keepdim).apply(as_float(input))
