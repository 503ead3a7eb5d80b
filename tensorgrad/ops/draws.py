"""Draws whose distribution depends on a tensor.  No gradient flows through them: it is 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand, array_of
from tensorgrad.ops.rounding import Steps
from tensorgrad.random import Generator, default_generator
from tensorgrad.tensor import Tensor

__all__ = ["bernoulli", "multinomial"]


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


def multinomial(input: Operand, num_samples: int, replacement: bool = False, *,
                generator: Generator | None = None) -> Tensor:
    """Indices drawn with probabilities in proportion to the entries of a vector, or of each row of a matrix.

    Shapes
        input    (K,) or (N, K), floats ≥ 0
        result   (num_samples,) or (N, num_samples), int64

    Raises
        ShapeError      another number of axes
        ArgumentError   entries that are negative, not finite or all 0; more than can be drawn without replacement

    Example
        >>> multinomial(Tensor([[0.0, 1.0], [3.0, 0.0]]), 1).tolist()
        [[1], [0]]
    """
    odds = array_of(input)
    if odds.ndim not in (1, 2):
        raise ShapeError(message("multinomial", "expects a vector or a matrix", {"input": input}, "Reshape it first."))
    rows = np.atleast_2d(odds).astype(np.float64)
    if not dtypes.is_float(odds.dtype) or not np.isfinite(rows).all() or (rows < 0).any() or not (rows.sum(1) > 0).all():
        raise ArgumentError(message("multinomial", "the entries of a row are no odds", {"input": input},
                                    "Use finite floats ≥ 0, one of them above 0, such as x.softmax(-1)."))
    if num_samples < 1 or not replacement and num_samples > (rows > 0).sum(1).min():
        raise ArgumentError(message("multinomial", f"{num_samples} samples cannot be drawn", {"input": input},
                                    "Use 1 to as many as have odds above 0, or replacement=True."))
    rng = generator or default_generator()
    if replacement:
        ends = rows.cumsum(1)
        drawn = rng.random((len(rows), num_samples)) * ends[:, -1:]
        found = np.stack([np.searchsorted(end, at, side="right") for end, at in zip(ends, drawn)])
    else:  # a race: the time until an event that happens at that rate
        with np.errstate(divide="ignore"):
            found = (rng.standard_exponential(rows.shape) / rows).argsort(1, kind="stable")[:, :num_samples]
    return Tensor(found.astype(np.int64).reshape(*odds.shape[:-1], num_samples))
