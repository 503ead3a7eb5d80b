"""The error function and its complement, entry by entry."""

from __future__ import annotations

from tensorgrad.kernels.reference.formulas import TWO_BY_ROOT_PI
from tensorgrad.ops.exponential import exp
from tensorgrad.ops.formula import Formula
from tensorgrad.ops.promotion import Operand, as_float
from tensorgrad.tensor import Tensor

__all__ = ["erf", "erfc"]


class Erf(Formula):
    """y = 2 / √π · ∫ exp(-t²) dt from 0 to x"""

    __slots__ = ()

    def rule(self, grad, x):
        return grad * exp(-x * x) * TWO_BY_ROOT_PI


def erf(input: Operand) -> Tensor:
    """The error function: the probability that a normal value of variance ½ lies within ±`input`.

    Example
        >>> erf(Tensor([0.0, 0.5, -3.0]))
        tensor([ 0.    ,  0.5205, -1.    ])
    """
    return Erf().apply(as_float(input))


class Erfc(Formula):
    """y = 1 - erf x"""

    __slots__ = ()

    def rule(self, grad, x):
        return grad * exp(-x * x) * -TWO_BY_ROOT_PI


def erfc(input: Operand) -> Tensor:
    """1 - erf(`input`), exact where erf is almost 1.

    Example
        >>> print(erfc(Tensor(5.0, dtype="float64")).item())
        1.537459...e-12
    """
    return Erfc().apply(as_float(input))
