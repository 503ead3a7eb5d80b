"""Entries or whole channels dropped at random while training.  The graph keeps the mask, one byte per draw, and no image."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import kernels
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.promotion import Operand, array_of, as_float
from tensorgrad.ops.writing import over
from tensorgrad.random import Generator, default_generator
from tensorgrad.tensor import Tensor

__all__ = ["dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"]

SELU_LIMIT = -1.7580993408473766  # what selu tends to for large negative numbers: -scale · alpha


class Dropout(Op):
    """y = x / (1 - p) where the mask holds, else 0"""

    __slots__ = ("p", "mask")
    mask: Any

    def __init__(self, p: float, mask: np.ndarray):
        self.p, self.mask = p, mask

    def forward(self, x):
        return kernels.active().dropout(x, self.mask, 1 / (1 - self.p) if self.p < 1 else 0.0)

    def backward(self, grad):
        return Dropout(self.p, self.mask).apply(grad)

    def forget(self):
        self.mask = None

    def options(self):
        return {"p": self.p}


class AlphaDropout(Dropout):
    """y = a · (x where the mask holds, else selu's lower limit) + b, with a and b that restore mean 0 and variance 1"""

    __slots__ = ()

    def forward(self, x):
        a = self.gain()
        y = x * self.mask
        y += ~self.mask * x.dtype.type(SELU_LIMIT)
        y *= a
        y -= a * SELU_LIMIT * self.p
        return y

    def backward(self, grad):
        return grad * self.mask * self.gain()

    def gain(self) -> float:
        """a: what the variance of the mixture has to be divided by, square-rooted."""
        return ((1 - self.p) * (1 + self.p * SELU_LIMIT**2)) ** -0.5 if self.p < 1 else 0.0


def drop(who: str, op: type[Dropout], input: Operand, p: float, training: bool, inplace: bool,
         generator: Generator | None, mask_shape: tuple[int, ...] | None = None) -> Tensor:
    """`input` through `op` with a fresh mask; as it is when nothing is dropped."""
    if not 0 <= p <= 1:
        raise ArgumentError(f"{who}: p={p} is no probability.\n  Use a number from 0 (drop nothing) to 1 (drop all).")
    if not training or p == 0:
        return input
    given, input = input, as_float(input)
    array = array_of(input)
    # Drawn in row-major order and laid out as the input is: the same entries stay, whatever its strides.
    mask = np.empty_like(array, bool) if mask_shape is None else np.empty(mask_shape, bool)
    np.greater_equal((generator or default_generator()).random(mask.shape, np.float32), p, out=mask)
    result = op(p, mask).apply(input)
    return over(who, given, result) if inplace else result


def dropout(input: Operand, p: float = 0.5, training: bool = True, inplace: bool = False, *,
            generator: Generator | None = None) -> Tensor:
    """`input` with each entry set to 0 with probability `p`, the others divided by 1 - p; unchanged unless `training`.

    `generator` draws instead of the process-wide one; with `inplace` the tensor itself takes over the result.

    Gradient
        passes through the entries that stayed, with the same factor

    Raises
        ArgumentError   p outside 0 to 1

    Source
        Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014

    Example
        >>> dropout(Tensor(np.ones(8)), 0.5, generator=np.random.default_rng(0))
        tensor([2., 2., 2., 0., 0., 0., 0., 0.], dtype=float64)
    """
    return drop("dropout", Dropout, input, p, training, inplace, generator)


def channels_of(who: str, input: Operand, spatial: int) -> tuple[int, ...]:
    """The shape of a mask with one entry per channel of ``(N, C, *)`` or ``(C, *)``."""
    if input.ndim not in (spatial + 1, spatial + 2):
        raise ShapeError(message(who, f"expects {spatial + 2} axes, or {spatial + 1} without a batch, got {input.ndim}",
                                 {"input": input}, "Use dropout, which drops entries one by one."))
    lead = input.ndim - spatial
    return (*input.shape[:lead], *[1] * spatial)


def dropout1d(input: Operand, p: float = 0.5, training: bool = True, inplace: bool = False, *,
              generator: Generator | None = None) -> Tensor:
    """`input` (N, C, L) or (C, L) with whole channels set to 0 with probability `p`, the others divided by 1 - p.

    Raises
        ArgumentError   p outside 0 to 1
        ShapeError      another number of axes
    """
    return drop("dropout1d", Dropout, input, p, training, inplace, generator, channels_of("dropout1d", input, 1))


def dropout2d(input: Operand, p: float = 0.5, training: bool = True, inplace: bool = False, *,
              generator: Generator | None = None) -> Tensor:
    """`input` (N, C, H, W) or (C, H, W) with whole channels set to 0 with probability `p`, the others divided by 1 - p.

    Neighbouring pixels of a feature map carry much the same, so dropping single entries hides little.

    Raises
        ArgumentError   p outside 0 to 1
        ShapeError      another number of axes

    Source
        Tompson et al., Efficient Object Localization Using Convolutional Networks, 2015

    Example
        >>> dropout2d(Tensor(np.ones((1, 4, 1, 2))), 0.5, generator=np.random.default_rng(0)).tolist()
        [[[[2.0, 2.0]], [[2.0, 2.0]], [[2.0, 2.0]], [[0.0, 0.0]]]]
    """
    return drop("dropout2d", Dropout, input, p, training, inplace, generator, channels_of("dropout2d", input, 2))


def dropout3d(input: Operand, p: float = 0.5, training: bool = True, inplace: bool = False, *,
              generator: Generator | None = None) -> Tensor:
    """`input` (N, C, D, H, W) or (C, D, H, W) with whole channels set to 0 with probability `p`, the others over 1 - p.

    Raises
        ArgumentError   p outside 0 to 1
        ShapeError      another number of axes
    """
    return drop("dropout3d", Dropout, input, p, training, inplace, generator, channels_of("dropout3d", input, 3))


def alpha_dropout(input: Operand, p: float = 0.5, training: bool = False, inplace: bool = False, *,
                  generator: Generator | None = None) -> Tensor:
    """`input` with entries set to selu's lower limit with probability `p`, then scaled and shifted to mean 0 and variance 1.

    Raises
        ArgumentError   p outside 0 to 1

    Source
        Klambauer et al., Self-Normalizing Neural Networks, 2017
    """
    return drop("alpha_dropout", AlphaDropout, input, p, training, inplace, generator)


def feature_alpha_dropout(input: Operand, p: float = 0.5, training: bool = False, inplace: bool = False, *,
                          generator: Generator | None = None) -> Tensor:
    """`alpha_dropout` of whole channels of `input` (N, C, *).

    Raises
        ArgumentError   p outside 0 to 1
        ShapeError      fewer than two axes
    """
    if input.ndim < 2 and training and p:
        raise ShapeError(message("feature_alpha_dropout", f"expects (N, C, ...), got {input.ndim} axes", {"input": input},
                                 "Use alpha_dropout, which drops entries one by one."))
    return drop("feature_alpha_dropout", AlphaDropout, input, p, training, inplace, generator,
                (*input.shape[:2], *[1] * (input.ndim - 2)))
