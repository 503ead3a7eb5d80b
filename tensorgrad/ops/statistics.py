"""Variance and standard deviation over axes, in two passes: the mean first, so that no digits cancel."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import DtypeError, message
from tensorgrad.op import Op
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import Dims, add_up, count, expand_reduced, mean, normalize_dims
from tensorgrad.tensor import Tensor

__all__ = ["var", "std", "var_mean", "std_mean"]


class Var(Op):
    """y = Σ (x - mean x)² / (n - correction) over `dim`"""

    __slots__ = ("dim", "correction", "keepdim")
    keeps = (0,)

    def __init__(self, dim: tuple[int, ...], correction: float, keepdim: bool):
        self.dim, self.correction, self.keepdim = dim, correction, keepdim

    def forward(self, x):
        n = count(x.shape, self.dim)
        centered = x - add_up(x, self.dim, True) / x.dtype.type(n)
        centered *= centered
        return add_up(centered, self.dim, self.keepdim) / x.dtype.type(max(n - self.correction, 0))

    def backward(self, grad):
        (x,) = self.inputs
        n = count(x.shape, self.dim)
        scale = 2.0 / (n - self.correction) if n != self.correction else float("inf")
        return expand_reduced(grad * scale, x.shape, self.dim, self.keepdim) * (x - mean(x, self.dim, True))


class Std(Var):
    """y = √(Σ (x - mean x)² / (n - correction)) over `dim`"""

    __slots__ = ()
    keeps_output = True

    def forward(self, x):
        return np.sqrt(super().forward(x))

    def backward(self, grad):
        return super().backward(masked(grad / (self.output * 2), self.output != 0))


def settings(who: str, input: Operand, dim: Any, unbiased: bool | None, correction: float | None) -> tuple[Dims, float]:
    """The axes and n's correction from PyTorch's ways to say them: ``var(False)`` is ``var(correction=0)``."""
    if not dtypes.is_float(input.dtype):
        raise DtypeError(message(who, f"is not defined for {input.dtype} values", {"input": input},
                                 f"Convert first: x.float().{who}()."))
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    return normalize_dims(who, input, dim), correction


def var(input: Operand, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *,
        correction: float | None = None) -> Tensor:
    """The variance over axes `dim` (all by default), n - `correction` in the denominator; `correction` is 1 unless given.

    As many entries as `correction`, or fewer, have no variance: the result is NaN, or infinite where the entries differ.

    Raises
        DtypeError   for integer or bool tensors
        RangeError   an axis that `input` does not have

    Example
        >>> var(Tensor([1.0, 2.0, 3.0, 4.0])), var(Tensor([1.0, 2.0, 3.0, 4.0]), correction=0)
        (tensor(1.6667), tensor(1.25))
    """
    dims, correction = settings("var", input, dim, unbiased, correction)
    return Var(dims, correction, keepdim).apply(input)


def std(input: Operand, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *,
        correction: float | None = None) -> Tensor:
    """The square root of the variance over axes `dim`; see `var`.

    Gradient
        0 where all entries are equal, although the slope there is infinite

    Raises
        DtypeError   for integer or bool tensors
        RangeError   an axis that `input` does not have

    Example
        >>> std(Tensor([[1.0, 3.0], [2.0, 2.0]]), dim=1, correction=0)
        tensor([1., 0.])
    """
    dims, correction = settings("std", input, dim, unbiased, correction)
    return Std(dims, correction, keepdim).apply(input)


def var_mean(input: Operand, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *,
             correction: float | None = None) -> tuple[Tensor, Tensor]:
    """The pair of variance and mean over axes `dim`; see `var`.

    Example
        >>> var_mean(Tensor([1.0, 2.0, 3.0]))
        (tensor(1.), tensor(2.))
    """
    return (var(input, dim, unbiased, keepdim, correction=correction),
            mean(input, None if isinstance(dim, bool) else dim, keepdim))


def std_mean(input: Operand, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *,
             correction: float | None = None) -> tuple[Tensor, Tensor]:
    """The pair of standard deviation and mean over axes `dim`; see `var`.

    Example
        >>> std_mean(Tensor([1.0, 2.0, 3.0]))
        (tensor(1.), tensor(2.))
    """
    return (std(input, dim, unbiased, keepdim, correction=correction),
            mean(input, None if isinstance(dim, bool) else dim, keepdim))
