"""The cross entropy of probabilities, whose rule stays finite where its logarithms do not."""

from __future__ import annotations

import numpy as np

from tensorgrad.ops.choice import clamp
from tensorgrad.ops.elementwise import Binary
from tensorgrad.ops.logarithm import log, log1p
from tensorgrad.ops.promotion import Operand
from tensorgrad.tensor import Tensor

__all__ = ["binary_entropy"]


class BinaryCrossEntropy(Binary):
    """y = -t · log x - (1 - t) · log(1 - x), the logarithms at least -100"""

    __slots__ = ()
    keeps = (0, 1)

    def forward(self, x, target):
        return -(target * np.maximum(np.log(x), -100) + (1 - target) * np.maximum(np.log1p(-x), -100))

    def backward(self, grad):
        x, target = self.inputs
        return (grad * ((x - target) / clamp(x * (1 - x), min=1e-12)) if self.needs(0) else None,
                grad * (clamp(log1p(-x), min=-100) - clamp(log(x), min=-100)) if self.needs(1) else None)


def binary_entropy(input: Operand, target: Operand) -> Tensor:
    """-`target` · log `input` - (1 - `target`) · log(1 - `input`), the logarithms at least -100, entry by entry.

    Gradient
        finite at 0 and 1, where the slope is not: its denominator is at least 1e-12

    Example
        >>> binary_entropy(Tensor([0.5, 0.0]), Tensor([1.0, 1.0]))
        tensor([  0.6931, 100.    ])
    """
    return BinaryCrossEntropy().apply(input, target)
