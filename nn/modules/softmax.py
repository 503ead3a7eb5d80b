"""Softmax layers: scores to probabilities along an axis.  A loss on logits, such as `CrossEntropyLoss`, needs none."""

from __future__ import annotations

import numpy as np

from nn import functional as F
from nn.module import Module
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.tensor import Tensor

__all__ = ["Softmax", "LogSoftmax", "Softmin", "Softmax2d"]


class Softmax(Module):
    """exp(x) divided by its sum along axis `dim`, without overflow: positive numbers that add up to 1

    Raises
        ArgumentError   `dim` is left out: it has to be said which axis the classes are on

    Example
        >>> import tensorgrad
        >>> Softmax(dim=1)(tensorgrad.zeros(1, 4))
        tensor([[0.25, 0.25, 0.25, 0.25]])
    """

    def __init__(self, dim: int | None = None):
        if not isinstance(dim, (int, np.integer)):
            raise ArgumentError(f"{type(self).__name__}: dim={dim!r} does not say along which axis.\n"
                                "  Use dim=1 for inputs (N, C, ...), dim=-1 for the last axis.")
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithm of `Softmax`, computed without overflow or loss of digits"""

    def forward(self, input: Tensor) -> Tensor:
        return F.log_softmax(input, self.dim)


class Softmin(Softmax):
    """`Softmax` of the negative input"""

    def forward(self, input: Tensor) -> Tensor:
        return F.softmin(input, self.dim)


class Softmax2d(Module):
    """`Softmax` over the channels at every place of an image

    Shapes
        input    (N, C, H, W) or (C, H, W)
        result   the same

    Raises
        ShapeError   another number of axes
    """

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (3, 4):
            raise ShapeError(message("Softmax2d", f"expects 3 or 4 axes, got {input.ndim}", {"input": input},
                                     "Use Softmax(dim) for other shapes."))
        return F.softmax(input, -3)
