"""Signs and steps: what depends on which side of 0 an entry is."""

from __future__ import annotations

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import DtypeError, GraphError, message
from tensorgrad.ops.choice import where
from tensorgrad.ops.comparison import eq
from tensorgrad.ops.elementwise import Binary
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand, align_floats, array_of, only_tensors
from tensorgrad.ops.rounding import sign
from tensorgrad.tensor import Tensor

__all__ = ["copysign", "heaviside", "isposinf", "isneginf", "positive", "sgn", "signbit"]

sgn = sign


class Copysign(Binary):
    """y = |a| with the sign of b; the gradient at a = 0 is 0"""

    __slots__ = ()
    keeps = (0,)
    keeps_output = True

    def forward(self, a, b):
        return np.copysign(a, b)

    def backward(self, grad):
        (a,) = self.inputs
        zero = a == 0
        slope = self.output / where(zero, 1.0, a)
        return masked(grad * slope, ~zero), masked(grad, np.zeros(grad.shape, bool)) if self.needs(1) else None


def copysign(input: Operand, other: Operand) -> Tensor:
    """|`input`| with the sign of `other`, which -0. has, too.

    Gradient
        of `input` 0 at 0, of `other` 0

    Example
        >>> copysign(Tensor([1.0, -2.0]), Tensor([-0.0, 3.0]))
        tensor([-1.,  2.])
    """
    a, b = align_floats("copysign", input, other)
    return Copysign().apply(a, b if hasattr(b, "dtype") else float(b))


class Heaviside(Binary):
    """y = 0, b or 1 where x is below, at or above 0"""

    __slots__ = ()

    def forward(self, x, b):
        # NaN is not above 0.
        return np.where(x == 0, b, (x > 0).astype(x.dtype))

    def backward(self, grad):
        raise GraphError(f"backward: {self.where} has no gradient, neither here nor in PyTorch.\n"
                         "  Use sigmoid(k * x) for a step that can be differentiated, or detach() the operands.")


def heaviside(input: Operand, values: Operand) -> Tensor:
    """0 where `input` is negative, `values` where it is 0, and 1 where it is positive; 0 for NaN.

    Raises
        DtypeError   operands of different dtypes
        GraphError   in backward

    Example
        >>> heaviside(Tensor([-1.0, 0.0, 2.0]), Tensor([0.5]))
        tensor([0. , 0.5, 1. ])
    """
    only_tensors("heaviside", input=input, values=values)
    if input.dtype != values.dtype:
        raise DtypeError(message("heaviside", "the operands have different dtypes", {"input": input, "values": values},
                                 "Convert one: values.to(input.dtype)."))
    return Heaviside().apply(input, values)


def isposinf(input: Operand) -> Tensor:
    """True where `input` is +inf.

    Example
        >>> isposinf(Tensor([float("inf"), -float("inf"), 1.0]))
        tensor([ True, False, False])
    """
    return eq(input, float("inf"))


def isneginf(input: Operand) -> Tensor:
    """True where `input` is -inf.

    Example
        >>> isneginf(Tensor([float("inf"), -float("inf"), 1.0]))
        tensor([False,  True, False])
    """
    return eq(input, -float("inf"))


def signbit(input: Operand) -> Tensor:
    """True for negative numbers, -0.0 among them.

    Example
        >>> signbit(Tensor([-1.0, -0.0, 0.0]))
        tensor([ True,  True, False])
    """
    array = array_of(input)
    return Tensor(np.signbit(array) if dtypes.is_float(array.dtype) else np.asarray(array < 0))


def positive(input: Operand) -> Tensor:
    """`input` itself: the operator ``+x``.

    Raises
        DtypeError   for a bool tensor

    Example
        >>> positive(Tensor([-1.0]))
        tensor([-1.])
    """
    if input.dtype.kind == "b":
        raise DtypeError(message("positive", "a bool tensor has no sign", {"input": input}, "Convert it with .long()."))
    return input
