"""Activations that are flat or straight in pieces: hardtanh, hardswish, the shrinkages.  Kinks as in PyTorch.

With `inplace` the tensor itself takes over the result, as said in `ops.writing`.
"""

from __future__ import annotations

from tensorgrad.errors import ArgumentError
from tensorgrad.ops.formula import Formula
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand, as_float
from tensorgrad.ops.writing import over
from tensorgrad.tensor import Tensor

__all__ = ["hardtanh", "relu6", "hardsigmoid", "hardswish", "threshold", "hardshrink", "softshrink"]


class Hardtanh(Formula):
    """y = x limited to [min_val, max_val]; the gradient passes strictly inside"""

    __slots__ = ("min_val", "max_val")

    def __init__(self, min_val: float, max_val: float):
        self.min_val, self.max_val = min_val, max_val

    def rule(self, grad, x):
        return masked(grad, ~((x <= self.min_val) | (x >= self.max_val)))


def hardtanh(input: Operand, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """`input` limited to [`min_val`, `max_val`].

    Gradient
        0 at the limits, where that of `clamp` is 1

    Raises
        ArgumentError   limits in the wrong order

    Example
        >>> hardtanh(Tensor([-2.0, 0.5]))
        tensor([-1. ,  0.5])
    """
    if min_val > max_val:
        raise ArgumentError(f"hardtanh: min_val={min_val} is above max_val={max_val}.\n  Swap them.")
    if input.dtype.kind in "iu":  # limits become integers, too, as in PyTorch
        min_val, max_val = int(min_val), int(max_val)
    result = Hardtanh(min_val, max_val).apply(input)
    return over("hardtanh", input, result) if inplace else result


def relu6(input: Operand, inplace: bool = False) -> Tensor:
    """`input` limited to [0, 6].

    Gradient
        0 at 0 and at 6

    Example
        >>> relu6(Tensor([-1.0, 2.0, 8.0]))
        tensor([0., 2., 6.])
    """
    result = Hardtanh(0, 6).apply(input)
    return over("relu6", input, result) if inplace else result


class Hardsigmoid(Formula):
    """y = x / 6 + ½ limited to [0, 1]"""

    __slots__ = ()

    def rule(self, grad, x):
        return masked(grad * (1 / 6), (x > -3) & (x < 3))


def hardsigmoid(input: Operand, inplace: bool = False) -> Tensor:
    """A straight line in place of the sigmoid: 0 below -3, 1 above 3.

    Gradient
        0 at -3 and at 3

    Example
        >>> hardsigmoid(Tensor([-4.0, 0.0, 1.5]))
        tensor([0.  , 0.5 , 0.75])
    """
    result = Hardsigmoid().apply(as_float(input))
    return over("hardsigmoid", input, result) if inplace else result


class Hardswish(Formula):
    """y = x · (x / 6 + ½ limited to [0, 1])"""

    __slots__ = ()

    def rule(self, grad, x):
        low = x < 3
        return masked(grad * (x * (1 / 3) + 0.5), (x > -3) & low) + masked(grad, ~low)


def hardswish(input: Operand, inplace: bool = False) -> Tensor:
    """`input` · hardsigmoid(`input`).

    Gradient
        0 at -3, 1 at 3

    Source
        Howard et al., Searching for MobileNetV3, 2019

    Example
        >>> hardswish(Tensor([-4.0, 1.0, 4.0]))
        tensor([-0.    ,  0.6667,  4.    ])
    """
    result = Hardswish().apply(as_float(input))
    return over("hardswish", input, result) if inplace else result


class Threshold(Formula):
    """y = x where x > threshold, else value"""

    __slots__ = ("threshold", "value")

    def __init__(self, threshold: float, value: float):
        self.threshold, self.value = threshold, value

    def rule(self, grad, x):
        return masked(grad, ~(x <= self.threshold))


def threshold(input: Operand, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """`input` where it is above `threshold`, else `value`.

    Gradient
        0 at the threshold

    Example
        >>> threshold(Tensor([0.5, 2.0]), 1.0, -1.0)
        tensor([-1.,  2.])
    """
    result = Threshold(threshold, value).apply(input)
    return over("threshold", input, result) if inplace else result


class Hardshrink(Formula):
    """y = 0 where |x| ≤ lambd, else x"""

    __slots__ = ("lambd",)

    def __init__(self, lambd: float):
        self.lambd = lambd

    def rule(self, grad, x):
        return masked(grad, ~((x >= -self.lambd) & (x <= self.lambd)))


def hardshrink(input: Operand, lambd: float = 0.5) -> Tensor:
    """`input` where it is further than `lambd` from 0, else 0.

    Gradient
        0 at ±`lambd`

    Example
        >>> hardshrink(Tensor([-1.0, 0.25]))
        tensor([-1.,  0.])
    """
    return Hardshrink(lambd).apply(as_float(input))


class Softshrink(Formula):
    """y = 0 where |x| ≤ lambd, else x moved towards 0 by lambd"""

    __slots__ = ("lambd",)

    def __init__(self, lambd: float):
        self.lambd = lambd

    def rule(self, grad, x):
        return masked(grad, ~((x >= -self.lambd) & (x <= self.lambd)))


def softshrink(input: Operand, lambd: float = 0.5) -> Tensor:
    """`input` moved by `lambd` towards 0, and 0 where it is nearer than that.

    Gradient
        0 at ±`lambd`

    Raises
        ArgumentError   for a negative `lambd`

    Example
        >>> softshrink(Tensor([-1.0, 0.25]))
        tensor([-0.5,  0. ])
    """
    if lambd < 0:
        raise ArgumentError(f"softshrink: lambd={lambd} is negative.\n  Use a number ≥ 0, such as {-lambd}.")
    return Softshrink(lambd).apply(as_float(input))
