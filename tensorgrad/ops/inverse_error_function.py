"""The inverse of the error function: how many standard deviations, over √2, a probability is away from the middle."""

from __future__ import annotations

import math

import numpy as np

from tensorgrad.kernels.reference.error_function import complement, error, in_slices
from tensorgrad.kernels.reference.formulas import TWO_BY_ROOT_PI
from tensorgrad.ops.elementwise import Unary
from tensorgrad.ops.exponential import exp
from tensorgrad.ops.promotion import Operand, as_float
from tensorgrad.tensor import Tensor

__all__ = ["erfinv"]


def inverse(x: np.ndarray) -> np.ndarray:
    """y with erf y = x; a flat float32 or float64 array.

    From Winitzki's approximation, right to 0.2 %, two of Halley's steps, each of which triples the right digits.  The tail
    is solved for 1 - |x|, which has digits there that x has not.
    """
    size = np.abs(x)
    inside = np.where(size < 1, size, 0)
    rest = 1 - inside  # exact for size ≥ ½
    log = np.log1p(-inside * inside)
    a = 0.147
    half = 2 / (math.pi * a) + log * 0.5
    y = np.sqrt(-log / a / (np.sqrt(half * half - log / a) + half))
    for _ in range(2):
        wrong = np.where(inside < 0.5, error(y) - inside, rest - complement(y))
        step = wrong / (np.exp(-y * y) * TWO_BY_ROOT_PI)
        y = y - step / (1 + y * step)
    y = np.where(size < 1, y, np.where(size == 1, np.inf, np.nan))
    return np.copysign(y, x).astype(x.dtype, copy=False)


class Erfinv(Unary):
    """y with erf y = x"""

    __slots__ = ()
    keeps_output = True

    def forward(self, x):
        return in_slices(inverse, x)

    def backward(self, grad):
        y = self.output
        return grad * exp(y * y) * (1 / TWO_BY_ROOT_PI)


def erfinv(input: Operand) -> Tensor:
    """The inverse of `erf`: ±inf at ±1, NaN outside.

    Source
        S. Winitzki, "A handy approximation for the error function and its inverse" (2008), for the first approximation

    Example
        >>> erfinv(Tensor([0.0, 0.5, -1.0]))
        tensor([0.    , 0.4769,   -inf])
    """
    return Erfinv().apply(as_float(input))
