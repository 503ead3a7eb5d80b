"""Absolute value, sign, rounding and remainders, entry by entry.  What is flat between jumps has gradient 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import kernels
from tensorgrad.ops.arithmetic import LARGE, div, refuse_zero
from tensorgrad.ops.elementwise import Binary, Unary
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand, align
from tensorgrad.tensor import Tensor

__all__ = ["abs", "absolute", "sign", "floor", "ceil", "trunc", "round", "frac", "remainder", "fmod"]


class Abs(Unary):
    """y = |x|; the gradient at 0 is 0"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        if x.size > LARGE and x.dtype.kind == "f":
            return kernels.active().unary(x, "magnitude")
        return np.abs(x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad * sign(x) if isinstance(grad, Tensor) else kernels.active().unary_grad(grad, x, "magnitude")


def abs(input: Operand) -> Tensor:
    """The distance from 0.

    Gradient
        0 at 0

    Example
        >>> abs(Tensor([-1.5, 2.0]))
        tensor([1.5, 2. ])
    """
    return Abs().apply(input)


absolute = abs


class Steps(Unary):
    """y = a step function of x: its gradient is 0"""

    __slots__ = ()

    def backward(self, grad):
        return masked(grad, np.zeros(grad.shape, bool))


class Sign(Steps):
    """y = -1, 0 or 1"""

    __slots__ = ()

    def forward(self, x):
        if x.dtype.kind == "b":
            return x.copy()
        y = np.sign(x)
        return np.where(np.isnan(y), x.dtype.type(0), y) if np.isnan(np.max(y, initial=0)) else y


def sign(input: Operand) -> Tensor:
    """-1, 0 or 1; 0 for NaN.

    Example
        >>> sign(Tensor([-1.5, 0.0, 2.0]))
        tensor([-1.,  0.,  1.])
    """
    return Sign().apply(input)


class Floor(Steps):
    """y = ⌊x⌋"""

    __slots__ = ()

    def forward(self, x):
        return np.floor(x) if x.dtype.kind == "f" else x.copy()


def floor(input: Operand) -> Tensor:
    """The largest integer that is not above `input`, in the dtype of `input`.

    Example
        >>> floor(Tensor([-1.5, 1.5]))
        tensor([-2.,  1.])
    """
    return Floor().apply(input)


class Ceil(Steps):
    """y = ⌈x⌉"""

    __slots__ = ()

    def forward(self, x):
        return np.ceil(x) if x.dtype.kind == "f" else x.copy()


def ceil(input: Operand) -> Tensor:
    """The smallest integer that is not below `input`, in the dtype of `input`.

    Example
        >>> ceil(Tensor([-1.5, 1.5]))
        tensor([-1.,  2.])
    """
    return Ceil().apply(input)


class Trunc(Steps):
    """y = x without its fraction"""

    __slots__ = ()

    def forward(self, x):
        return np.trunc(x) if x.dtype.kind == "f" else x.copy()


def trunc(input: Operand) -> Tensor:
    """`input` rounded towards 0.

    Example
        >>> trunc(Tensor([-1.5, 1.5]))
        tensor([-1.,  1.])
    """
    return Trunc().apply(input)


fix = trunc


class Round(Steps):
    """y = x rounded to `decimals`; a half goes to the even neighbour"""

    __slots__ = ("decimals",)

    def __init__(self, decimals: int):
        self.decimals = decimals

    def forward(self, x):
        return np.round(x, self.decimals)


def round(input: Operand, *, decimals: int = 0) -> Tensor:
    """`input` rounded to `decimals` places; a half goes to the even neighbour.

    Example
        >>> round(Tensor([0.5, 1.5, 2.4]))
        tensor([0., 2., 2.])
    """
    return Round(decimals).apply(input)


def frac(input: Operand) -> Tensor:
    """The fraction that `trunc` cuts off, with the sign of `input`.

    Example
        >>> frac(Tensor([-1.5, 1.25]))
        tensor([-0.5 ,  0.25])
    """
    return input - trunc(input)


class Remainder(Binary):
    """y = a - b · (a / b rounded down, or towards 0)"""

    __slots__ = ("rounding_mode",)
    keeps = (0, 1)

    def __init__(self, rounding_mode: str):
        self.rounding_mode = rounding_mode

    def forward(self, a, b):
        return np.remainder(a, b) if self.rounding_mode == "floor" else np.fmod(a, b)

    def backward(self, grad):
        a, b = self.inputs
        return grad, -grad * div(a, b, rounding_mode=self.rounding_mode) if self.needs(1) else None


def remainder(input: Operand, other: Any) -> Tensor:
    """What is left of `input` after division by `other`, with the sign of `other`: Python's ``%``.

    Raises
        ArgumentError   an integer divided by 0
        DtypeError      for bool operands

    Example
        >>> remainder(Tensor([-3.0, 5.0]), 2)
        tensor([1., 1.])
    """
    return Remainder("floor").apply(*divisible("remainder", input, other))


def fmod(input: Operand, other: Any) -> Tensor:
    """What is left of `input` after division by `other`, with the sign of `input`: C's ``fmod``.

    Raises
        as remainder

    Example
        >>> fmod(Tensor([-3.0, 5.0]), 2)
        tensor([-1.,  1.])
    """
    return Remainder("trunc").apply(*divisible("fmod", input, other))


def divisible(who: str, input: Operand, other: Any) -> tuple[Operand, Operand]:
    """The operands in one dtype, refused if integers would be divided by 0."""
    a, b = align(who, input, other)
    refuse_zero(who, a, b)
    return a, b
