"""Powers, exponentials and roots, entry by entry."""

from __future__ import annotations

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import DtypeError, message
from tensorgrad.ops.choice import where
from tensorgrad.ops.elementwise import Binary, Unary
from tensorgrad.ops.formula import Formula
from tensorgrad.ops.logarithm import LN2, log
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand, as_float, to
from tensorgrad.tensor import Tensor

__all__ = ["exp", "exp2", "expm1", "sqrt", "rsqrt", "square", "reciprocal", "pow", "float_power"]


class Exp(Formula):
    """y = eˣ"""

    __slots__ = ()
    keeps = ()
    keeps_output = True

    def rule(self, grad, y):
        return grad * y


def exp(input: Operand) -> Tensor:
    """e to the power `input`.

    Example
        >>> exp(Tensor([0.0, 1.0]))
        tensor([1.    , 2.7183])
    """
    return Exp().apply(as_float(input))


class Expm1(Unary):
    """y = eˣ - 1"""

    __slots__ = ()
    keeps_output = True

    def forward(self, x):
        return np.expm1(x)

    def backward(self, grad):
        return grad * (self.output + 1)


def expm1(input: Operand) -> Tensor:
    """e to the power `input`, minus 1; exact for small numbers, where the difference would lose digits.

    Example
        >>> expm1(Tensor([0.0, 1.0]))
        tensor([0.    , 1.7183])
    """
    return Expm1().apply(as_float(input))


class Exp2(Unary):
    """y = 2ˣ"""

    __slots__ = ()
    keeps_output = True

    def forward(self, x):
        return np.exp2(x)

    def backward(self, grad):
        return grad * (self.output * LN2)


def exp2(input: Operand) -> Tensor:
    """2 to the power `input`.

    Example
        >>> exp2(Tensor([0.0, 3.0]))
        tensor([1., 8.])
    """
    return Exp2().apply(as_float(input))


class Sqrt(Unary):
    """y = √x"""

    __slots__ = ()
    keeps_output = True

    def forward(self, x):
        return np.sqrt(x)

    def backward(self, grad):
        return grad / (self.output * 2)


def sqrt(input: Operand) -> Tensor:
    """The square root; NaN for a negative number.

    Gradient
        infinite at 0

    Example
        >>> sqrt(Tensor([4.0, 9.0]))
        tensor([2., 3.])
    """
    return Sqrt().apply(as_float(input))


class Rsqrt(Unary):
    """y = 1 / √x"""

    __slots__ = ()
    keeps_output = True

    def forward(self, x):
        return 1 / np.sqrt(x)

    def backward(self, grad):
        y = self.output
        return grad * (y * y * y * -0.5)


def rsqrt(input: Operand) -> Tensor:
    """1 / √`input`.

    Example
        >>> rsqrt(Tensor([4.0]))
        tensor([0.5])
    """
    return Rsqrt().apply(as_float(input))


def square(input: Operand) -> Tensor:
    """`input` · `input`.

    Example
        >>> square(Tensor([3.0]))
        tensor([9.])
    """
    return pow(input, 2)


def reciprocal(input: Operand) -> Tensor:
    """1 / `input`.

    Example
        >>> reciprocal(Tensor([4.0]))
        tensor([0.25])
    """
    return 1 / as_float(input)


class Pow(Binary):
    """y = aᵇ"""

    __slots__ = ()
    keeps = (0, 1)
    keeps_output = True

    def forward(self, a, b):
        if b.__class__ is np.ndarray and b.dtype.kind == "i" and np.any(b < 0):
            # 1/aⁿ cut to an integer: 0 but for ±1; at a = 0 too, as in PyTorch.
            small = np.where(a == 1, 1, np.where(a == -1, 1 - 2 * (b % 2), 0)).astype(b.dtype)
            return np.where(b < 0, small, a ** np.maximum(b, 0))
        return a**b

    def backward(self, grad):
        a, b = self.inputs
        grad_a = grad_b = None
        if self.needs(0):
            # At b = 0 the result is 1 whatever a is, also where a⁻¹ is infinite.
            grad_a = grad * where(b == 0, 0.0, b * a ** where(b == 0, 1.0, b - 1))
        if self.needs(1):
            # At a = 0 the result is 0 for every b > 0, where log a is infinite.
            grad_b = grad * self.output * log_or_zero(a, b)
        return grad_a, grad_b


class PowNumber(Unary):
    """y = xᵖ for a Python number p"""

    __slots__ = ("exponent",)
    keeps = (0,)

    def __init__(self, exponent: float):
        self.exponent = exponent

    def forward(self, x):
        if self.exponent == 2:
            return x * x
        return x**self.exponent

    def backward(self, grad):
        (x,) = self.inputs
        p = self.exponent
        if p == 2:
            return grad * (x * 2)
        if p == 0:
            return masked(grad, np.zeros(grad.shape, bool))
        return grad * (x ** (p - 1) * p)


def pow(input: Operand, exponent: Operand) -> Tensor:
    """`input` to the power `exponent`.

    Gradient
        at exponent 0 the base gets 0; at base 0 the exponent gets 0

    Raises
        DtypeError   integers to a negative number; a tensor of negative integers gives 0 there, but for ±1; a bool tensor to
                     a bool tensor

    Example
        >>> pow(Tensor([1.0, 2.0, 3.0]), 2)
        tensor([1., 4., 9.])
    """
    if isinstance(input, Tensor) and exponent.__class__ in (int, float):
        if input.array.dtype.kind == "f":
            return PowNumber(exponent).apply(input)
        if exponent.__class__ is int and exponent < 0:
            raise DtypeError(message("pow", f"integers to the power {exponent} are no integers", {"input": input},
                                     f"Convert first: x.float() ** {exponent}."))
    if getattr(input, "dtype", None) == np.bool_:
        if exponent.__class__ is bool:
            return input | (not exponent)
        if getattr(exponent, "dtype", None) == np.bool_:
            raise DtypeError(message("pow", "bool tensors have no powers", {"input": input, "exponent": exponent},
                                     "Use input | ~exponent, or convert to an integer dtype."))
    return Pow().apply(input, exponent)


def float_power(input: Operand, exponent: Operand) -> Tensor:
    """`input` to the power `exponent`, computed in float64 whatever the dtypes are.

    Example
        >>> float_power(Tensor([2, 3]), 0.5)
        tensor([1.4142, 1.7321], dtype=float64)
    """
    base, power = [to(x, dtypes.float64) if hasattr(x, "dtype") else float(x) for x in (input, exponent)]
    return pow(base, power)


def log_or_zero(a: Operand, b: Operand) -> Operand:
    """log a, and 0 where a is 0 and b is not negative."""
    if isinstance(a, (int, float)):
        if a:
            return float(np.log(a))
        return where(b >= 0, b.dtype.type(0), b.dtype.type(-np.inf))
    flat = (a == 0) & (b >= 0)
    return where(flat, 0.0, log(where(flat, 1.0, a)))
