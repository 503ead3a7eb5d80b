"""Logarithms, entry by entry: -inf at 0, NaN below."""

from __future__ import annotations

import numpy as np

from tensorgrad.ops.choice import where
from tensorgrad.ops.elementwise import Binary, Unary
from tensorgrad.ops.promotion import Operand, align_floats, as_float, only_tensors
from tensorgrad.tensor import Tensor

__all__ = ["log", "log1p", "log2", "log10", "xlogy", "logit"]

LN2, LN10 = 0.6931471805599453, 2.302585092994046


class Log(Unary):
    """y = log x"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.log(x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad / x


def log(input: Operand) -> Tensor:
    """The natural logarithm; log 0 is -inf, the logarithm of a negative number NaN.

    Example
        >>> log(Tensor([1.0, 10.0]))
        tensor([0.    , 2.3026])
    """
    return Log().apply(as_float(input))


class Log1p(Unary):
    """y = log(1 + x)"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.log1p(x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad / (x + 1)


def log1p(input: Operand) -> Tensor:
    """The natural logarithm of 1 + `input`; exact for small numbers, where the sum would lose digits.

    Example
        >>> log1p(Tensor([0.0, 1.0]))
        tensor([0.    , 0.6931])
    """
    return Log1p().apply(as_float(input))


class LogBase(Unary):
    """y = log x to base 2 or 10"""

    __slots__ = ("base",)
    keeps = (0,)

    def __init__(self, base: int):
        self.base = base

    def forward(self, x):
        return np.log2(x) if self.base == 2 else np.log10(x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad / (x * (LN2 if self.base == 2 else LN10))


def log2(input: Operand) -> Tensor:
    """The logarithm to base 2.

    Example
        >>> log2(Tensor([1.0, 8.0]))
        tensor([0., 3.])
    """
    return LogBase(2).apply(as_float(input))


def log10(input: Operand) -> Tensor:
    """The logarithm to base 10.

    Example
        >>> log10(Tensor([1.0, 100.0]))
        tensor([0., 2.])
    """
    return LogBase(10).apply(as_float(input))


class Xlogy(Binary):
    """y = a log b, and 0 where a is 0"""

    __slots__ = ()
    keeps = (0, 1)

    def forward(self, a, b):
        zero = (a == 0) & ~np.isnan(b)
        return where(zero, 0.0, a * np.log(where(zero, 1.0, b)))

    def backward(self, grad):
        a, b = self.inputs
        grad_a = grad_b = None
        if self.needs(0):
            infinite = (a == 0) & (b <= 0)  # where the limit is taken, the slope towards a is not
            grad_a = grad * where(infinite, 0.0, log(where(infinite, 1.0, b)))
        if self.needs(1):
            grad_b = grad * a / b
        return grad_a, grad_b


def xlogy(input: Operand, other: Operand) -> Tensor:
    """`input` · log `other`, and 0 where `input` is 0, whatever `other` is: what entropies are sums of.

    Gradient
        where both are 0, `input` gets 0

    Example
        >>> xlogy(Tensor([0.0, 2.0]), Tensor([0.0, 1.0]))
        tensor([0., 0.])
    """
    if not hasattr(input, "dtype"):
        only_tensors("xlogy", other=other)
    if hasattr(input, "dtype") and hasattr(other, "dtype"):
        return Xlogy().apply(*align_floats("xlogy", input, other))
    return Xlogy().apply(entries(as_float(input), other), entries(as_float(other), input))


class Logit(Unary):
    """y = log(x / (1 - x)), x limited to [eps, 1 - eps]"""

    __slots__ = ("eps",)
    keeps = (0,)

    def __init__(self, eps: float | None):
        self.eps = eps

    def forward(self, x):
        if self.eps is not None:
            eps = x.dtype.type(self.eps)
            x = np.where(x < eps, eps, np.minimum(x, 1 - eps))
        return np.log(x / (1 - x))

    def backward(self, grad):
        (x,) = self.inputs
        eps = self.eps or 0.0
        inside = (x >= eps) & (x <= 1 - eps)
        return where(inside, grad / (x * (1 - x)), float("nan") if self.eps is None else 0.0)


def logit(input: Operand, eps: float | None = None) -> Tensor:
    """log(`input` / (1 - `input`)), the inverse of the sigmoid.  `eps` limits `input` to [`eps`, 1 - `eps`] first.

    Gradient
        0 outside of the limits; without `eps` infinite at 0 and 1, NaN outside

    Example
        >>> logit(Tensor([0.5, 0.75])), logit(Tensor([0.0, 1.0]), eps=0.25)
        (tensor([0.    , 1.0986]), tensor([-1.0986,  1.0986]))
    """
    return Logit(eps).apply(as_float(input))


def entries(x: Operand, other: Operand) -> Operand:
    """`x`; a Python number as an array, in the dtype of the other operand, since the rule asks for its logarithm."""
    return np.asarray(x, as_float(other).dtype) if isinstance(x, (int, float)) else x
