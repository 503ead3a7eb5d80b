"""Losses for numbers and distributions: mse_loss, l1_loss, smooth_l1_loss, huber_loss, kl_div and the likelihood losses."""

from __future__ import annotations

import math
import warnings
from typing import Any

from nn.functional.reducing import (Reduction, check_reduction, check_same_shape, reduced, shape_of,
                                    warn_of_broadcasting)
from tensorgrad import Tensor, ops
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.ops.deviation import deviation
from tensorgrad.ops.promotion import array_of, as_float

__all__ = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "poisson_nll_loss", "gaussian_nll_loss"]


def mse_loss(input: Tensor, target: Any, reduction: Reduction = "mean", weight: Any = None) -> Tensor:
    """(input - target)², entry by entry, times `weight`, if there is one, by whose sum the mean then divides.

    Shapes that differ are broadcast, with a warning: (N, 1) against (N,) compares every pair.

    Raises
        ArgumentError   an unknown reduction
        ShapeError      shapes that cannot be broadcast, a weight of another shape than `input`

    Example
        >>> mse_loss(Tensor([1.0, 2.0]), Tensor([1.0, 4.0]))
        tensor(2.)
    """
    check_reduction("mse_loss", reduction)
    warn_of_broadcasting("mse_loss", input, target)
    return weighted("mse_loss", "square", input, target, weight, reduction)


def weighted(who: str, formula: str, input: Tensor, target: Any, weight: Any, reduction: Reduction) -> Tensor:
    """The losses times a weight each, if there is one, reduced; the mean is over the sum of weights."""
    if weight is None:
        return deviation(input, target, formula, reduction)
    check_same_shape(who, input, weight, "weight")
    losses = deviation(input, target, formula, "none") * weight
    return ops.sum(losses) / ops.sum(as_float(weight)) if reduction == "mean" else reduced(losses, reduction)


def l1_loss(input: Tensor, target: Any, reduction: Reduction = "mean", weight: Any = None) -> Tensor:
    """|input - target|, entry by entry, times `weight`, if there is one, by whose sum the mean then divides.

    Gradient
        0 where they are equal

    Raises
        ArgumentError   an unknown reduction
        ShapeError      shapes that cannot be broadcast; those that differ are warned of

    Example
        >>> l1_loss(Tensor([1.0, 2.0]), Tensor([1.0, 4.0]))
        tensor(1.)
    """
    check_reduction("l1_loss", reduction)
    warn_of_broadcasting("l1_loss", input, target)
    return weighted("l1_loss", "absolute", input, target, weight, reduction)


def smooth_l1_loss(input: Tensor, target: Any, reduction: Reduction = "mean", beta: float = 1.0) -> Tensor:
    """½ d² / `beta` where the distance d is below `beta`, else d - ½ `beta`; l1_loss for beta = 0.

    Raises
        ArgumentError   an unknown reduction, a negative `beta`
        ShapeError      shapes that cannot be broadcast; those that differ are warned of

    Source
        Girshick, Fast R-CNN, 2015

    Example
        >>> smooth_l1_loss(Tensor([1.0, 2.0]), Tensor([1.5, 4.0]), reduction="none")
        tensor([0.125, 1.5  ])
    """
    check_reduction("smooth_l1_loss", reduction)
    if beta < 0:
        raise ArgumentError(f"smooth_l1_loss: beta={beta} is negative.\n  Use a number ≥ 0.")
    warn_of_broadcasting("smooth_l1_loss", input, target)
    if beta == 0:
        return deviation(input, target, "absolute", reduction)
    return deviation(input, target, "huber", reduction, beta, 1 / beta)


def huber_loss(input: Tensor, target: Any, reduction: Reduction = "mean", delta: float = 1.0, weight: Any = None) -> Tensor:
    """½ d² where the distance d is below `delta`, else `delta` · (d - ½ `delta`); times `weight`, if there is one.

    As in PyTorch, the mean of weighted losses is over their number, where that of mse_loss is over the sum of weights.

    Raises
        ArgumentError   an unknown reduction, a `delta` that is not above 0
        ShapeError      shapes that cannot be broadcast; those that differ are warned of

    Source
        Huber, Robust Estimation of a Location Parameter, 1964

    Example
        >>> huber_loss(Tensor([1.0, 2.0]), Tensor([1.5, 4.0]), reduction="none", delta=0.5)
        tensor([0.125, 0.875])
    """
    check_reduction("huber_loss", reduction)
    if delta <= 0:
        raise ArgumentError(f"huber_loss: delta={delta} is not above 0.\n  Use a number > 0, such as 1.0.")
    warn_of_broadcasting("huber_loss", input, target)
    if weight is None:
        return deviation(input, target, "huber", reduction, delta, 1.0)
    check_same_shape("huber_loss", input, weight, "weight")
    return reduced(deviation(input, target, "huber", "none", delta, 1.0) * weight, reduction)


def kl_div(input: Tensor, target: Any, reduction: Reduction = "mean", log_target: bool = False) -> Tensor:
    """target · (log target - input), for log probabilities `input`; the divergence of `input` from `target` when summed.

    "batchmean" divides the sum by the length of the first axis, which is the divergence per example; "mean" by all entries.

    Raises
        ArgumentError   an unknown reduction
        ShapeError      shapes that cannot be broadcast; those that differ are warned of

    Example
        >>> kl_div(Tensor([[0.5, 0.5]]).log(), Tensor([[0.9, 0.1]]), reduction="batchmean")
        tensor(0.3681)
    """
    check_reduction("kl_div", reduction, "batchmean")
    warn_of_broadcasting("kl_div", input, target)
    if reduction == "mean" and input.ndim > 1:
        warnings.warn("kl_div: reduction='mean' divides by the number of entries, not of examples.\n"
                      "  Use reduction='batchmean' for the divergence per example.", UserWarning, stacklevel=2)
    if log_target:
        losses = ops.exp(target) * (target - input)
    else:
        target = as_float(target)
        losses = ops.xlogy(target, target) - target * input
    if reduction == "batchmean":
        return ops.sum(losses) / float(input.shape[0] if input.ndim else 1)
    return reduced(losses, reduction)


def poisson_nll_loss(input: Tensor, target: Any, log_input: bool = True, full: bool = False, eps: float = 1e-8,
                     reduction: Reduction = "mean") -> Tensor:
    """The negative log likelihood of counts `target` under Poisson laws of rate exp(input), or `input` itself.

    `full` adds Stirling's approximation of the part that does not depend on `input`, for targets above 1.

    Raises
        ArgumentError   an unknown reduction
        ShapeError      shapes that cannot be broadcast; those that differ are warned of

    Example
        >>> poisson_nll_loss(Tensor([0.0]), Tensor([2.0]))
        tensor(1.)
    """
    check_reduction("poisson_nll_loss", reduction)
    warn_of_broadcasting("poisson_nll_loss", input, target)
    losses = ops.exp(input) - target * input if log_input else input - target * ops.log(input + eps)
    if full:
        target = as_float(target)
        safe = ops.where(target > 1, target, 1.0)
        stirling = target * ops.log(safe) - target + 0.5 * ops.log(safe * (2 * math.pi))
        losses = losses + ops.where(target > 1, stirling, 0.0)
    return reduced(losses, reduction)


def gaussian_nll_loss(input: Tensor, target: Any, var: Any, full: bool = False, eps: float = 1e-6,
                      reduction: Reduction = "mean") -> Tensor:
    """The negative log likelihood of `target` under normal laws of mean `input` and variance `var`, which is at least `eps`.

    `full` adds the constant ½ log 2π.  The gradient of `var` passes the limit `eps` as if it were not there.

    Shapes
        input, target (*); var like input, or with one axis of length 1, or without the last axis, or one number

    Raises
        ArgumentError   an unknown reduction, a negative variance
        ShapeError      a `var` of another shape

    Example
        >>> gaussian_nll_loss(Tensor([1.0]), Tensor([3.0]), Tensor([4.0]))
        tensor(1.1931)
    """
    check_reduction("gaussian_nll_loss", reduction)
    warn_of_broadcasting("gaussian_nll_loss", input, target)
    if isinstance(var, (int, float)):
        var = input.detach() * 0 + var
    shape = shape_of(var)
    if shape != input.shape:
        if shape == input.shape[:-1]:
            var = ops.unsqueeze(var, -1)
        elif len(shape) != input.ndim or [n for n, m in zip(shape, input.shape) if n != m] != [1]:
            raise ShapeError(message("gaussian_nll_loss", f"var has shape {shape}, the input {input.shape}",
                                     {"input": input, "var": var},
                                     f"Use {input.shape}, {(*input.shape[:-1], 1)} or one number."))
    array = array_of(var)
    if (array < 0).any():
        raise ArgumentError(message("gaussian_nll_loss", f"var holds the negative number {array.min():g}", {"var": var},
                                    "A variance is at least 0: use exp or softplus to keep it there."))
    raised = var + (ops.clamp(array, min=eps) - array)
    losses = 0.5 * (ops.log(raised) + ops.square(input - target) / raised)
    return reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)
