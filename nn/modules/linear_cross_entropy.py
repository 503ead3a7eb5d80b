"""The last layer of a classifier and its loss in one."""

from __future__ import annotations

import math
from typing import Any, Sequence

from nn import functional as F
from nn.modules.arguments import count
from nn.modules.linear import Linear
from nn.modules.loss import WeightedLoss
from tensorgrad.devices import on_cpu
from tensorgrad.errors import ArgumentError, ShapeError
from tensorgrad.tensor import Tensor

__all__ = ["LinearCrossEntropyLoss"]


class LinearCrossEntropyLoss(WeightedLoss):
    """`CrossEntropyLoss` of the scores of a linear layer of its own.

    Options
        out_features      sizes d1, ... of the places that get a class each; none by default
        bias              give the layer a bias
        weight            (C,) a factor per class; the mean is divided by the sum of the factors used
        ignore_index      a target that does not count
        label_smoothing   this share of the target is spread evenly over all classes

    Parameters
        linear.weight   (C · d1 · ..., in_features)
        linear.bias     (C · d1 · ...) with ``bias=True``

    Shapes
        input    (N, in_features), or (in_features,) without `out_features`
        target   (N, d1, ...), () integers from 0 to C - 1; or probabilities (N, C, d1, ...), (C,)
        result   (), or the shape of an integer target for reduction 'none'

    Raises
        ArgumentError   options that make no sense
        ShapeError      weights of another number than the classes; when called: shapes that do not fit
        RangeError      when called: a target outside of 0 … C - 1

    Example
        >>> import tensorgrad
        >>> loss = LinearCrossEntropyLoss(8, 10)
        >>> round(loss(tensorgrad.zeros(3, 8), tensorgrad.tensor([1, 2, 3])).item(), 4)  # all scores are 0
        2.3026
        >>> loss.linear.weight.shape
        (10, 8)
    """

    def __init__(self, in_features: int, num_classes: int, *, out_features: Sequence[int] = (), bias: bool = False,
                 device: Any = None, dtype: Any = None, reduction: str = "mean", weight: Any = None,
                 ignore_index: int | None = None, label_smoothing: float = 0.0, options: None = None):
        on_cpu("LinearCrossEntropyLoss", device)
        super().__init__(weight, reduction)
        self.num_classes = count("LinearCrossEntropyLoss", "num_classes", num_classes)
        self.out_features = tuple([count("LinearCrossEntropyLoss", "out_features", n) for n in out_features])
        if self.weight is not None and self.weight.shape != (self.num_classes,):
            raise ShapeError(f"LinearCrossEntropyLoss: a weight of shape {self.weight.shape} for {num_classes} classes.\n"
                             f"  Use one number per class: shape ({num_classes},).")
        if not 0 <= label_smoothing <= 1:
            raise ArgumentError(f"LinearCrossEntropyLoss: label_smoothing={label_smoothing!r} is no share.\n"
                                "  Use a number from 0 to 1.")
        if options is not None:
            raise ArgumentError(f"LinearCrossEntropyLoss: options={options!r} are not supported.\n"
                                "  Leave them out: the loss is the same.")
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing
        self.linear = Linear(in_features, math.prod((self.num_classes, *self.out_features)), bias, dtype=dtype)

    def forward(self, input: Tensor, target: Any) -> Tensor:
        sizes = (self.num_classes, *self.out_features)
        matrix, bias = self.linear.weight, self.linear.bias
        return F.linear_cross_entropy(
            input, matrix.reshape(*sizes, matrix.shape[-1]), target,
            linear_bias=None if bias is None else bias.reshape(*sizes), weight=self.weight, reduction=self.reduction,
            ignore_index=self.ignore_index, label_smoothing=self.label_smoothing)

    def extra_repr(self) -> str:
        return (f"in_features={self.linear.in_features}, num_classes={self.num_classes}, out_features={self.out_features}, "
                f"bias={self.linear.bias is not None}")
