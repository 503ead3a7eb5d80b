"""Cross entropies: of classes given scores, and of probabilities, whose rule stays finite where its logarithms do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import kernels
from tensorgrad.op import Op
from tensorgrad.ops.choice import clamp
from tensorgrad.ops.elementwise import Binary
from tensorgrad.ops.logarithm import log, log1p
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand, array_of, as_float
from tensorgrad.ops.softmax import softmax
from tensorgrad.tensor import Tensor

__all__ = ["binary_entropy", "class_entropy"]


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


class CrossEntropy(Op):
    """y = weight · (log Σ eˣ - x of the right class), of each example, their sum, or their mean by weight"""

    __slots__ = ("reduction", "shares", "counted", "norms", "divisor")
    keeps = (0, 1)
    shares: Any
    norms: Any
    divisor: Any

    def __init__(self, shares: np.ndarray | None, reduction: str, counted: int | None):
        self.shares, self.reduction, self.counted = shares, reduction, counted

    def forward(self, x, classes):
        losses, self.norms = kernels.active().cross_entropy(scores(x), classes.reshape(-1))
        if self.shares is not None:
            losses *= self.shares.reshape(-1)
        if self.reduction == "none":
            return losses.reshape(classes.shape)
        total = np.add.reduce(losses)
        if self.reduction == "sum":
            return total
        # By the weights of all examples that count; without weights, by how many there are.
        if self.shares is None:
            self.divisor = x.dtype.type(np.count_nonzero(classes >= 0) if self.counted is None else self.counted)
        else:
            self.divisor = np.add.reduce(self.shares, axis=None, dtype=x.dtype)
        return total / self.divisor

    def backward(self, grad):
        x, classes = self.inputs[0], array_of(self.inputs[1])
        if self.reduction == "mean":
            grad = grad / self.divisor
            if not self.divisor and not (classes >= 0).any():  # the mean of no losses is NaN, its gradient 0
                grad = masked(grad, np.zeros((), bool))
        if self.shares is not None:
            grad = grad * self.shares
        axis = min(x.ndim - 1, 1)
        if not isinstance(grad, Tensor):
            factors = np.empty(classes.size, x.dtype)
            factors.reshape(classes.shape)[...] = grad
            rows = kernels.active().cross_entropy_grad(factors, scores(x), classes.reshape(-1), self.norms)
            if x.ndim == 2:
                return rows, None
            last_to_axis = [*range(axis), x.ndim - 1, *range(axis, x.ndim - 1)]
            return rows.reshape(*x.shape[:axis], *x.shape[axis + 1:], x.shape[axis]).transpose(last_to_axis), None
        right = np.expand_dims(classes, axis) == np.arange(x.shape[axis]).reshape(-1, *[1] * (x.ndim - 1 - axis))
        if grad.ndim:
            grad = grad.reshape(*x.shape[:axis], 1, *x.shape[axis + 1:])
        change = (softmax(x, axis) - right.astype(x.dtype)) * grad
        return masked(change, np.broadcast_to(np.expand_dims(classes, axis) >= 0, x.shape)), None

    def forget(self):
        self.shares = self.norms = None

    def options(self):
        return {"reduction": self.reduction}


def scores(x: np.ndarray) -> np.ndarray:
    """Scores (N, C, *) or (C,) as a matrix with one row per example and position."""
    if x.ndim <= 2:
        return x.reshape(-1, x.shape[-1])
    return np.moveaxis(x, 1, -1).reshape(x.size // max(x.shape[1], 1), x.shape[1])


def class_entropy(input: Operand, classes: Operand, shares: np.ndarray | None, reduction: str,
                  counted: int | None = None) -> Tensor:
    """The cross entropy of softmax(`input`) along axis 1 with the class of each example, of which `counted` are not
    negative; None has them counted.

    Shapes
        input (N, C, *) or (C,); classes (N, *): from 0 to C - 1, or negative for examples that do not count; shares like
        classes, what each loss is multiplied by, 0 where an example does not count

    Gradient
        share · (softmax - 1 at the class, 0 elsewhere); 0 for examples that do not count, whatever their scores

    Example
        >>> class_entropy(Tensor([[0.0, 0.0], [0.0, 0.0]]), np.array([0, -1]), None, "none")
        tensor([0.6931, 0.    ])
    """
    return CrossEntropy(shares, reduction, counted).apply(as_float(input), classes)
