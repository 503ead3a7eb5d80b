"""linear_cross_entropy: the last layer of a classifier and its loss as one function."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.functional.classification import cross_entropy
from nn.functional.reducing import Reduction, check_reduction
from tensorgrad import Tensor, ops
from tensorgrad.errors import ArgumentError, ShapeError, message

__all__ = ["linear_cross_entropy"]


def linear_cross_entropy(input: Tensor, linear_weight: Tensor, target: Any, *, linear_bias: Tensor | None = None,
                         weight: Any = None, reduction: Reduction = "mean", ignore_index: int | None = None,
                         label_smoothing: float = 0.0, options: None = None) -> Tensor:
    """`cross_entropy` of the scores that a linear layer gives to `input`.

    Shapes
        input (N, F) or (F,); linear_weight (C, F), or (C, d1, ..., F) for a class at each of several places of one input;
        linear_bias like linear_weight without F; target and weight as in `cross_entropy` of scores (N, C, d1, ...) or (C,)

    `options`, PyTorch's for computing in chunks, are not supported.

    Raises
        ArgumentError   an `ignore_index` for targets that are probabilities; `options`
        ShapeError      shapes that do not fit each other
        and as cross_entropy

    Example
        >>> linear_cross_entropy(Tensor([[1.0, 0.0]]), Tensor([[2.0, 0.0], [0.0, 1.0]]), Tensor([0]))
        tensor(0.1269)
    """
    who = "linear_cross_entropy"
    check_reduction(who, reduction)
    if options is not None:
        raise ArgumentError(f"{who}: options={options!r} are not supported.\n  Leave them out: the loss is the same.")
    check_shapes(who, input, linear_weight, linear_bias)
    *sizes, features = linear_weight.shape
    flat_bias = None if linear_bias is None else linear_bias.reshape(-1)
    scores = ops.linear(input, linear_weight.reshape(-1, features), flat_bias).reshape(*input.shape[:-1], *sizes)
    target = target if isinstance(target, (Tensor, np.ndarray)) else np.asarray(target)
    if ignore_index is not None and target.dtype.kind == "f":
        raise ArgumentError(message(who, f"ignore_index={ignore_index} is for classes, and the target holds probabilities",
                                    {"target": target}, "Leave ignore_index out."))
    return cross_entropy(scores, target, weight, -100 if ignore_index is None else ignore_index, reduction, label_smoothing)


def check_shapes(who: str, input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    """Raise a ShapeError unless the layer fits the input and the bias its weight."""
    operands = {"input": input, "linear_weight": weight}
    if input.ndim not in (1, 2):
        raise ShapeError(message(who, f"the input has {input.ndim} axes", operands, "Use (N, F), or (F,) for one example."))
    if weight.ndim < 2:
        raise ShapeError(message(who, "the weight is no matrix", operands, "Use (C, F): a row of F numbers per class."))
    if input.shape[-1] != weight.shape[-1]:
        raise ShapeError(message(who, f"the weight is for {weight.shape[-1]} features, and the input has {input.shape[-1]}",
                                 operands, "The last axes of both must agree."))
    if weight.ndim > 2 and input.ndim == 1:
        raise ShapeError(message(who, "a class at each of several places needs a batch of inputs", operands,
                                 "Give the input as (1, F): input.unsqueeze(0)."))
    if bias is not None and bias.shape != weight.shape[:-1]:
        raise ShapeError(message(who, "the bias does not fit the weight", {**operands, "linear_bias": bias},
                                 f"Its shape must be {weight.shape[:-1]}."))
