"""Trigonometric functions and their inverses, entry by entry; angles in radians."""

from __future__ import annotations

import math

import numpy as np

from tensorgrad.ops.choice import where
from tensorgrad.ops.elementwise import Binary, Unary
from tensorgrad.ops.exponential import sqrt
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand, align_floats, as_float, some_float
from tensorgrad.tensor import Tensor

__all__ = ["sin", "cos", "tan", "asin", "acos", "atan", "atan2", "arcsin", "arccos", "arctan", "arctan2", "hypot", "sinc",
           "deg2rad", "rad2deg"]


class Sin(Unary):
    """y = sin x"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.sin(x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad * cos(x)


def sin(input: Operand) -> Tensor:
    """The sine of an angle in radians.

    Example
        >>> sin(Tensor([0.0, 1.0]))
        tensor([0.    , 0.8415])
    """
    return Sin().apply(as_float(input))


class Cos(Unary):
    """y = cos x"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.cos(x)

    def backward(self, grad):
        (x,) = self.inputs
        return -grad * sin(x)


def cos(input: Operand) -> Tensor:
    """The cosine of an angle in radians.

    Example
        >>> cos(Tensor([0.0, 1.0]))
        tensor([1.    , 0.5403])
    """
    return Cos().apply(as_float(input))


class Tan(Unary):
    """y = tan x"""

    __slots__ = ()
    keeps_output = True

    def forward(self, x):
        return np.tan(x)

    def backward(self, grad):
        return grad * (self.output * self.output + 1)


def tan(input: Operand) -> Tensor:
    """The tangent of an angle in radians.

    Example
        >>> tan(Tensor([0.0, 1.0]))
        tensor([0.    , 1.5574])
    """
    return Tan().apply(as_float(input))


class Asin(Unary):
    """y = arcsin x"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.arcsin(x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad / sqrt(1 - x * x)


def asin(input: Operand) -> Tensor:
    """The angle in [-π/2, π/2] whose sine is `input`; NaN outside [-1, 1].

    Example
        >>> asin(Tensor([0.0, 1.0]))
        tensor([0.    , 1.5708])
    """
    return Asin().apply(as_float(input))


class Acos(Unary):
    """y = arccos x"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.arccos(x)

    def backward(self, grad):
        (x,) = self.inputs
        return -grad / sqrt(1 - x * x)


def acos(input: Operand) -> Tensor:
    """The angle in [0, π] whose cosine is `input`; NaN outside [-1, 1].

    Example
        >>> acos(Tensor([0.0, 1.0]))
        tensor([1.5708, 0.    ])
    """
    return Acos().apply(as_float(input))


class Atan(Unary):
    """y = arctan x"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.arctan(x)

    def backward(self, grad):
        (x,) = self.inputs
        return grad / (x * x + 1)


def atan(input: Operand) -> Tensor:
    """The angle in (-π/2, π/2) whose tangent is `input`.

    Example
        >>> atan(Tensor([0.0, 1.0]))
        tensor([0.    , 0.7854])
    """
    return Atan().apply(as_float(input))


class Atan2(Binary):
    """y = the angle of the point (b, a)"""

    __slots__ = ()
    keeps = (0, 1)

    def forward(self, a, b):
        return np.arctan2(a, b)

    def backward(self, grad):
        a, b = self.inputs
        square = a * a + b * b
        origin = square == 0
        share = masked(grad / where(origin, 1.0, square), ~origin)
        return share * b, -share * a


def atan2(input: Operand, other: Operand) -> Tensor:
    """The angle in (-π, π] between the x-axis and the point (`other`, `input`).

    Gradient
        0 at the origin

    Example
        >>> atan2(Tensor([1.0]), Tensor([-1.0]))
        tensor([2.3562])
    """
    return Atan2().apply(*align_floats("atan2", input, other))


arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2


class Hypot(Binary):
    """y = √(a² + b²)"""

    __slots__ = ()
    keeps = (0, 1)
    keeps_output = True

    def forward(self, a, b):
        return np.hypot(a, b)

    def backward(self, grad):
        a, b = self.inputs
        return grad * (a / self.output), grad * (b / self.output)


def hypot(input: Operand, other: Operand) -> Tensor:
    """The length of the hypotenuse over the legs `input` and `other`, without overflow of the squares.

    Gradient
        NaN at the origin, as in PyTorch

    Raises
        DtypeError   for integer or bool tensors alone

    Example
        >>> hypot(Tensor([3.0]), Tensor([4.0]))
        tensor([5.])
    """
    some_float("hypot", input=input, other=other)
    return Hypot().apply(*align_floats("hypot", input, other))


class Sinc(Unary):
    """y = sin(πx) / (πx), and 1 at 0"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        angle = x * math.pi
        return np.where(x == 0, x.dtype.type(1), np.sin(angle) / angle)

    def backward(self, grad):
        (x,) = self.inputs
        zero = x == 0
        angle = where(zero, 1.0, x) * math.pi
        slope = (angle * cos(angle) - sin(angle)) / (angle * angle) * math.pi
        return grad * where(zero, 0.0, slope)


def sinc(input: Operand) -> Tensor:
    """sin(π `input`) / (π `input`), and 1 at 0: the ideal low-pass filter.

    Example
        >>> sinc(Tensor([0.0, 0.5]))
        tensor([1.    , 0.6366])
    """
    return Sinc().apply(as_float(input))


def deg2rad(input: Operand) -> Tensor:
    """Degrees as radians.

    Example
        >>> deg2rad(Tensor([180.0]))
        tensor([3.1416])
    """
    return as_float(input) * (math.pi / 180)


def rad2deg(input: Operand) -> Tensor:
    """Radians as degrees.

    Example
        >>> rad2deg(Tensor([3.1415927]))
        tensor([180.])
    """
    return as_float(input) * (180 / math.pi)
