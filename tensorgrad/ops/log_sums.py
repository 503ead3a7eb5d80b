"""Logarithms of sums of exponentials, without overflow: of two operands, and running along an axis."""

from __future__ import annotations

import numpy as np

from tensorgrad.op import Op
from tensorgrad.ops.activation import sigmoid
from tensorgrad.ops.choice import where
from tensorgrad.ops.elementwise import Binary
from tensorgrad.ops.exponential import exp
from tensorgrad.ops.logarithm import LN2, log
from tensorgrad.ops.promotion import Operand, align_floats, only_floats, some_float
from tensorgrad.ops.reduction import normalize_dims
from tensorgrad.tensor import Tensor

__all__ = ["logaddexp", "logaddexp2", "logcumsumexp"]


class LogAddExp(Binary):
    """y = log(eᵃ + eᵇ), or the same to base 2"""

    __slots__ = ("base",)
    keeps = (0, 1)
    name = "logaddexp"

    def __init__(self, base: float):
        self.base = base

    def forward(self, a, b):
        return np.logaddexp2(a, b) if self.base == 2 else np.logaddexp(a, b)

    def backward(self, grad):
        a, b = self.inputs
        lead = (a - b) * LN2 if self.base == 2 else a - b
        return grad * sigmoid(lead), grad * sigmoid(-lead)


def logaddexp(input: Operand, other: Operand) -> Tensor:
    """log(exp(`input`) + exp(`other`)): a sum of two numbers that are known by their logarithms.

    Gradient
        NaN where both operands are the same infinity, as in PyTorch

    Raises
        DtypeError   for integer or bool tensors alone

    Example
        >>> logaddexp(Tensor([1000.0]), Tensor([1000.0])).item() - 1000
        0.6931...
    """
    some_float("logaddexp", input=input, other=other)
    return LogAddExp(np.e).apply(*align_floats("logaddexp", input, other))


def logaddexp2(input: Operand, other: Operand) -> Tensor:
    """log₂(2 to the `input` + 2 to the `other`).

    Raises
        DtypeError   for integer or bool tensors alone

    Example
        >>> logaddexp2(Tensor([3.0]), Tensor([3.0]))
        tensor([4.])
    """
    some_float("logaddexp2", input=input, other=other)
    return LogAddExp(2).apply(*align_floats("logaddexp2", input, other))


class LogCumsumExp(Op):
    """yᵢ = log Σ exp xⱼ over j ≤ i along `dim`, over j ≥ i if backwards"""

    __slots__ = ("dim", "backwards")
    keeps = (0,)
    keeps_output = True
    name = "logcumsumexp"

    def __init__(self, dim: int, backwards: bool = False):
        self.dim, self.backwards = dim, backwards

    def forward(self, x):
        if self.backwards:
            return np.flip(np.logaddexp.accumulate(np.flip(x, self.dim), axis=self.dim), self.dim)
        return np.logaddexp.accumulate(x, axis=self.dim)

    def backward(self, grad):
        # Σ gⱼ exp(xᵢ - yⱼ), the positive and the negative gⱼ apart, so that their logarithms can be summed.
        (x,) = self.inputs
        y = self.output
        return self.weighted(grad, x, y) - self.weighted(-grad, x, y)

    def weighted(self, grad: Operand, x: Operand, y: Operand) -> Operand:
        """Σ gⱼ exp(xᵢ - yⱼ) over the positive gⱼ."""
        lowest = float(np.finfo(x.dtype).min) / 4  # in place of log 0 = -inf, of which differences would be NaN
        positive = grad > 0
        logs = where(positive, log(where(positive, grad, 1.0)), lowest) - y
        return exp(LogCumsumExp(self.dim, not self.backwards).apply(logs) + x)


def logcumsumexp(input: Operand, dim: int) -> Tensor:
    """Running log-sums of exponentials along `dim`: entry i is log Σ exp of entries 0 to i.

    Raises
        DtypeError   for integer or bool tensors
        RangeError   an axis that `input` does not have

    Example
        >>> logcumsumexp(Tensor([0.0, 0.0, 0.0]), 0)
        tensor([0.    , 0.6931, 1.0986])
    """
    only_floats("logcumsumexp", input=input)
    dims = normalize_dims("logcumsumexp", input, dim)
    return LogCumsumExp(dims[0]).apply(input) if dims else input
