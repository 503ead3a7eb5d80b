"""Draws whose distribution depends on a tensor.  No gradient flows through them: it is 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import ArgumentError, message
from tensorgrad.op import Op
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand, array_of
from tensorgrad.ops.rounding import Steps
from tensorgrad.random import Generator, default_generator
from tensorgrad.tensor import Tensor

__all__ = ["bernoulli"]


class NormalDraw(Op):
    """y = a standard normal draw · std + mean; its gradient is 0"""

    __slots__ = ("drawn",)

    def __init__(self, drawn: Any):
        self.drawn = drawn

    def forward(self, mean, std):
        drawn, self.drawn = self.drawn, None
        return drawn * std + mean

    def backward(self, grad):
        nowhere = np.zeros(grad.shape, bool)
        return masked(grad, nowhere), masked(grad, nowhere)


class Bernoulli(Steps):
    """y = 1 where a number drawn from [0, 1) is below x, else 0; its gradient is 0"""

    __slots__ = ("drawn",)

    def __init__(self, drawn: Any):
        self.drawn = drawn

    def forward(self, x):
        drawn, self.drawn = self.drawn, None
        return np.less(drawn, x).astype(x.dtype)


def bernoulli(input: Operand, p: float | None = None, *, generator: Generator | None = None) -> Any:
    """1 with the probability that stands at that place of `input`, else 0; with a number `p` everywhere with that.

    Gradient
        0

    Raises
        ArgumentError   a probability outside [0, 1]

    Example
        >>> bernoulli(Tensor([0.0, 1.0])), bernoulli(Tensor([3.0, 3.0]), 1.0)
        (tensor([0., 1.]), tensor([1., 1.]))
    """
    x = array_of(input)
    likely = x if p is None else np.asarray(p, dtypes.get_default_dtype())
    if not dtypes.is_float(likely.dtype) or not bool(np.all((likely >= 0) & (likely <= 1))):
        raise ArgumentError(message("bernoulli", "the entries are no probabilities", {"input": input, "p": p},
                                    "Use floats from 0 to 1, such as x.sigmoid()."))
    drawn_in = np.float64 if x.dtype == dtypes.float64 else np.float32
    drawn = np.asarray((generator or default_generator()).random(x.shape, drawn_in))
    if p is None:
        return Bernoulli(drawn).apply(input)
    drawn = np.less(drawn, likely).astype(x.dtype)
    return Tensor(drawn) if isinstance(input, Tensor) else drawn
