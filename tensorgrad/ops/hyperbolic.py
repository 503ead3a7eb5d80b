"""Hyperbolic functions and their inverses, entry by entry."""

from __future__ import annotations

import numpy as np

from tensorgrad.ops.elementwise import Unary
from tensorgrad.ops.exponential import sqrt
from tensorgrad.ops.formula import Formula
from tensorgrad.ops.promotion import Operand, as_float
from tensorgrad.tensor import Tensor

__all__ = ["sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "arcsinh", "arccosh", "arctanh"]


class Sinh(Unary):
    """y = (eˣ - e⁻ˣ) / 2"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.sinh(x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad * cosh(x)


def sinh(input: Operand) -> Tensor:
    """The hyperbolic sine.

    Example
        >>> sinh(Tensor([0.0, 1.0]))
        tensor([0.    , 1.1752])
    """
    return Sinh().apply(as_float(input))


class Cosh(Unary):
    """y = (eˣ + e⁻ˣ) / 2"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.cosh(x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad * sinh(x)


def cosh(input: Operand) -> Tensor:
    """The hyperbolic cosine.

    Example
        >>> cosh(Tensor([0.0, 1.0]))
        tensor([1.    , 1.5431])
    """
    return Cosh().apply(as_float(input))


class Tanh(Formula):
    """y = sinh x / cosh x"""

    __slots__ = ()
    keeps = ()
    keeps_output = True

    def rule(self, grad, y):
        return grad * (1 - y * y)


def tanh(input: Operand) -> Tensor:
    """The hyperbolic tangent, between -1 and 1.

    Example
        >>> tanh(Tensor([0.0, 1.0]))
        tensor([0.    , 0.7616])
    """
    return Tanh().apply(as_float(input))


class Asinh(Unary):
    """y = log(x + √(x² + 1))"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.arcsinh(x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad / sqrt(x * x + 1)


def asinh(input: Operand) -> Tensor:
    """The number whose hyperbolic sine is `input`.

    Example
        >>> asinh(Tensor([0.0, 1.0]))
        tensor([0.    , 0.8814])
    """
    return Asinh().apply(as_float(input))


class Acosh(Unary):
    """y = log(x + √(x² - 1))"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.arccosh(x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad / sqrt(x * x - 1)


def acosh(input: Operand) -> Tensor:
    """The number ≥ 0 whose hyperbolic cosine is `input`; NaN below 1.

    Example
        >>> acosh(Tensor([1.0, 2.0]))
        tensor([0.   , 1.317])
    """
    return Acosh().apply(as_float(input))


class Atanh(Unary):
    """y = log((1 + x) / (1 - x)) / 2"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.arctanh(x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad / (1 - x * x)


def atanh(input: Operand) -> Tensor:
    """The number whose hyperbolic tangent is `input`; infinite at ±1, NaN outside.

    Example
        >>> atanh(Tensor([0.0, 0.5]))
        tensor([0.    , 0.5493])
    """
    return Atanh().apply(as_float(input))


arcsinh, arccosh, arctanh = asinh, acosh, atanh
