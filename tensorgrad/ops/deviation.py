"""Functions of the difference of two tensors, such as squared errors, reduced at once: the difference is never in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import kernels
from tensorgrad.op import Op
from tensorgrad.ops.choice import where
from tensorgrad.ops.promotion import Operand, align, as_float
from tensorgrad.ops.rounding import abs, sign
from tensorgrad.tensor import Tensor

__all__ = ["deviation"]


class Deviation(Op):
    """y = f(x - t), entry by entry, or their sum or mean; f is an entry of `kernels.contract.FORMULAS`"""

    __slots__ = ("formula", "numbers", "reduction")
    keeps = (0, 1)

    def __init__(self, formula: str, numbers: tuple[float, ...], reduction: str):
        self.formula, self.numbers, self.reduction = formula, numbers, reduction

    def forward(self, x, target):
        if self.reduction == "none":
            return kernels.active().unary(x - target, self.formula, *self.numbers)
        if x.itemsize == 2:  # the sum may exceed the range of float16, though the mean does not
            return np.asarray(self.forward(x.astype(np.float32), target.astype(np.float32)), x.dtype)
        total = kernels.active().deviation(x, target, self.formula, *self.numbers)
        n = self.count(x.shape, target.shape)
        return total if self.reduction == "sum" else total / x.dtype.type(n) if n else x.dtype.type(np.nan)

    def backward(self, grad):
        x, target = self.inputs
        if self.reduction == "mean":
            grad = grad * (1 / max(self.count(x.shape, target.shape), 1))
        slope: Any
        if isinstance(grad, Tensor):
            slope = grad * self.slope(x - target)
        elif self.reduction == "none":
            slope = kernels.active().unary_grad(grad, x - target, self.formula, *self.numbers)
        else:
            slope = kernels.active().deviation_grad(x, target, grad, self.formula, *self.numbers)
        return slope, -slope if self.needs(1) else None

    def slope(self, difference: Tensor) -> Tensor:
        """f' in ops."""
        if self.formula == "square":
            return difference * 2
        if self.formula == "absolute":
            return sign(difference)
        delta, scale = self.numbers
        return where(abs(difference) < delta, difference, sign(difference) * delta) * scale

    def count(self, a: tuple[int, ...], b: tuple[int, ...]) -> int:
        """How many differences there are."""
        return int(np.prod(a if a == b else np.broadcast_shapes(a, b)))

    def options(self):
        return {"formula": self.formula, "reduction": self.reduction}


def deviation(input: Operand, target: Operand, formula: str, reduction: str, *numbers: float) -> Tensor:
    """f(`input` - `target`) of each pair of entries, their sum, or their mean: `reduction` is "none", "sum" or "mean".

    `formula` is "square", "absolute", or "huber" with the numbers delta and scale: scale · d² / 2 where |d| < delta, else
    scale · delta · (|d| - delta / 2).

    Gradient
        of "absolute" it is 0 where the two are equal

    Example
        >>> deviation(Tensor([1.0, 2.0]), Tensor([1.0, 4.0]), "square", "mean")
        tensor(2.)
    """
    a, b = align(formula, as_float(input), target)
    return Deviation(formula, numbers, reduction).apply(a, np.asarray(b, a.dtype) if isinstance(b, (int, float)) else b)
