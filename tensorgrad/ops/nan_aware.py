"""Functions that pass over NaN, which stands for a missing value, instead of handing it on."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import DtypeError, message
from tensorgrad.ops.choice import where
from tensorgrad.ops.comparison import isnan
from tensorgrad.ops.elementwise import Binary, Unary
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand, to
from tensorgrad.ops.reduction import Dims, sum
from tensorgrad.tensor import Tensor

__all__ = ["nan_to_num", "nansum", "nanmean", "fmax", "fmin"]


class NanToNum(Unary):
    """y = x, with numbers in place of NaN and ±inf; their gradient is 0"""

    __slots__ = ("nan", "posinf", "neginf")
    keeps = (0,)

    def __init__(self, nan: float, posinf: float | None, neginf: float | None):
        self.nan, self.posinf, self.neginf = nan, posinf, neginf

    def forward(self, x):
        return np.nan_to_num(x, nan=self.nan, posinf=self.posinf, neginf=self.neginf)

    def backward(self, grad):
        (x,) = self.inputs
        return masked(grad, abs(x) < float("inf"))


def nan_to_num(input: Operand, nan: float | None = None, posinf: float | None = None,
               neginf: float | None = None) -> Tensor:
    """`input` with `nan` in place of NaN (0 by default), `posinf` and `neginf` in place of ±inf (by default the largest and
    the smallest number of the dtype).

    Gradient
        0 where something was replaced

    Example
        >>> nan_to_num(Tensor([float("nan"), float("inf"), 1.0]), posinf=9.0)
        tensor([0., 9., 1.])
    """
    return NanToNum(nan or 0.0, posinf, neginf).apply(input)


class NanToZero(Unary):
    """y = x, and 0 for NaN"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return where(np.isnan(x), 0.0, x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad * ~isnan(x)  # an infinite gradient, that of a mean of nothing, becomes NaN


def nansum(input: Operand, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum over axes `dim` (all by default) of what is not NaN.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> nansum(Tensor([1.0, float("nan"), 2.0]))
        tensor(3.)
    """
    if input.dtype.kind == "f":
        input = NanToZero().apply(input)
    return sum(input, dim, keepdim, dtype=dtype)


def nanmean(input: Operand, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean over axes `dim` (all by default) of what is not NaN; NaN where nothing is left.

    Raises
        DtypeError   for integer or bool tensors
        RangeError   an axis that `input` does not have

    Example
        >>> nanmean(Tensor([1.0, float("nan"), 2.0]))
        tensor(1.5)
    """
    if input.dtype.kind != "f":
        raise DtypeError(message("nanmean", f"is not defined for {input.dtype} values", {"input": input},
                                 "Convert first: x.float().nanmean()."))
    number = sum(~isnan(input), dim, keepdim)
    total = nansum(input, dim, keepdim, dtype=dtype)
    return total / to(number, total.dtype)


class Fmax(Binary):
    """y = the larger of a and b, or the one that is not NaN; a tie gives the gradient to a"""

    __slots__ = ()
    keeps = (0, 1)

    def forward(self, a, b):
        return np.fmax(a, b)

    def backward(self, grad):
        a, b = self.inputs
        first = (a >= b) | isnan(b)
        return masked(grad, first), masked(grad, ~first)


def fmax(input: Operand, other: Operand) -> Tensor:
    """The larger of `input` and `other`, entry by entry; of a number and NaN the number.

    Gradient
        goes to the larger; in a tie to `input`, as in PyTorch

    Example
        >>> fmax(Tensor([1.0, float("nan")]), Tensor([2.0, 3.0]))
        tensor([2., 3.])
    """
    return Fmax().apply(input, other)


class Fmin(Binary):
    """y = the smaller of a and b, or the one that is not NaN; a tie gives the gradient to a"""

    __slots__ = ()
    keeps = (0, 1)

    def forward(self, a, b):
        return np.fmin(a, b)

    def backward(self, grad):
        a, b = self.inputs
        first = (a <= b) | isnan(b)
        return masked(grad, first), masked(grad, ~first)


def fmin(input: Operand, other: Operand) -> Tensor:
    """The smaller of `input` and `other`, entry by entry; of a number and NaN the number.

    Gradient
        goes to the smaller; in a tie to `input`, as in PyTorch

    Example
        >>> fmin(Tensor([1.0, float("nan")]), Tensor([2.0, 3.0]))
        tensor([1., 3.])
    """
    return Fmin().apply(input, other)
