"""Losses for yes-or-no targets: binary cross entropy of probabilities or of scores, and soft margins."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.functional.reducing import Reduction, check_reduction, check_same_shape, reduced
from tensorgrad import Tensor, ops
from tensorgrad.errors import ArgumentError, message
from tensorgrad.ops.entropy import binary_entropy
from tensorgrad.ops.promotion import array_of, as_float, check_broadcast

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "soft_margin_loss", "multilabel_soft_margin_loss"]


def binary_cross_entropy(input: Tensor, target: Any, weight: Any = None, reduction: Reduction = "mean") -> Tensor:
    """-target · log input - (1 - target) · log(1 - input), times `weight`; the logarithms are at least -100.

    Shapes
        input (*): probabilities; target (*): numbers from 0 to 1; weight: broadcasts to it

    Raises
        ArgumentError   an input outside 0 to 1; an unknown reduction
        ShapeError      a target of another shape

    Example
        >>> binary_cross_entropy(Tensor([0.9, 0.2]), Tensor([1.0, 0.0]))
        tensor(0.1643)
    """
    check_reduction("binary_cross_entropy", reduction)
    check_same_shape("binary_cross_entropy", input, target)
    array = array_of(input)
    wrong = ~((array >= 0) & (array <= 1))
    if wrong.any():
        where = tuple([int(i) for i in np.argwhere(wrong)[0]])
        raise ArgumentError(message("binary_cross_entropy", f"input {array[where]:g} at {where} is no probability",
                                    {"input": input},
                                    "Apply sigmoid first, or use binary_cross_entropy_with_logits for scores."))
    return reduced(weighted("binary_cross_entropy", binary_entropy(input, as_float(target)), weight), reduction)


def weighted(who: str, losses: Tensor, weight: Any) -> Tensor:
    """The losses times a weight each, if there is one."""
    if weight is None:
        return losses
    check_broadcast(who, input=losses, weight=weight)
    return losses * weight


def binary_cross_entropy_with_logits(input: Tensor, target: Any, weight: Any = None, reduction: Reduction = "mean",
                                     pos_weight: Any = None) -> Tensor:
    """binary_cross_entropy of sigmoid(input), without its overflow; `pos_weight` multiplies the loss of positive targets.

    Shapes
        input (*): any scores; target (*): numbers from 0 to 1; weight, pos_weight: broadcast to it

    Raises
        ArgumentError   an unknown reduction
        ShapeError      a target of another shape, weights that do not broadcast

    Example
        >>> binary_cross_entropy_with_logits(Tensor([2.0, -1000.0]), Tensor([1.0, 0.0]))
        tensor(0.0635)
    """
    who = "binary_cross_entropy_with_logits"
    check_reduction(who, reduction)
    check_same_shape(who, input, target)
    target = as_float(target)
    log_positive = ops.logsigmoid(input)
    if pos_weight is not None:
        check_broadcast(who, input=input, pos_weight=pos_weight)
        log_positive = log_positive * ((pos_weight - 1) * target + 1)
    return reduced(weighted(who, (1 - target) * input - log_positive, weight), reduction)


def soft_margin_loss(input: Tensor, target: Any, reduction: Reduction = "mean") -> Tensor:
    """log(1 + exp(-target · input)) for targets 1 and -1.

    Raises
        ArgumentError   an unknown reduction
        ShapeError      a target of another shape

    Example
        >>> soft_margin_loss(Tensor([2.0, -1.0]), Tensor([1.0, -1.0]))
        tensor(0.2201)
    """
    check_reduction("soft_margin_loss", reduction)
    check_same_shape("soft_margin_loss", input, target)
    return reduced(-ops.logsigmoid(input * target), reduction)


def multilabel_soft_margin_loss(input: Tensor, target: Any, weight: Any = None, reduction: Reduction = "mean") -> Tensor:
    """binary_cross_entropy_with_logits, averaged over the classes (the last axis) of each example.

    Shapes
        input (N, C) or (C,): scores; target like it: 0 or 1 per class; weight (C,)

    Raises
        ArgumentError   an unknown reduction
        ShapeError      a target of another shape, a weight that does not broadcast

    Example
        >>> multilabel_soft_margin_loss(Tensor([[2.0, -1.0]]), Tensor([[1.0, 0.0]]))
        tensor(0.2201)
    """
    check_reduction("multilabel_soft_margin_loss", reduction)
    check_same_shape("multilabel_soft_margin_loss", input, target)
    target = as_float(target)
    losses = (1 - target) * input - ops.logsigmoid(input)
    return reduced(ops.mean(weighted("multilabel_soft_margin_loss", losses, weight), -1), reduction)
