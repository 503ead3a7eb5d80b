"""What the losses share: the reduction of one loss per example to one number, and shapes that have to agree."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tensorgrad import Tensor, ops
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.ops.promotion import check_broadcast

__all__ = ["check_reduction", "reduced", "check_same_shape", "warn_of_broadcasting", "shape_of"]

Reduction = str  # "mean" | "sum" | "none"


def check_reduction(who: str, reduction: Reduction, *more: str) -> None:
    """Raise an ArgumentError for a reduction that the loss does not know."""
    known = ("mean", "sum", "none", *more)
    if reduction not in known:
        raise ArgumentError(f"{who}: reduction={reduction!r} is unknown.\n  Use {', '.join(map(repr, known[:-1]))} or "
                            f"{known[-1]!r}.")


def reduced(loss: Tensor, reduction: Reduction) -> Tensor:
    """The mean, the sum, or the losses as they are."""
    return loss if reduction == "none" else ops.sum(loss) if reduction == "sum" else ops.mean(loss)


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a tensor, an array or a number."""
    return x.shape if isinstance(x, (Tensor, np.ndarray)) else np.shape(x)


def check_same_shape(who: str, input: Tensor, other: Any, name: str = "target") -> None:
    """Raise a ShapeError unless there is a target, or what `name` says, for each entry of the input."""
    shape = shape_of(other)
    if shape != input.shape:
        raise ShapeError(message(who, f"the {name} has shape {shape}, the input {input.shape}",
                                 {"input": input, name: other}, remedy(input.shape, shape, name)))


def warn_of_broadcasting(who: str, input: Tensor, target: Any) -> None:
    """Warn if input and target differ in shape, which broadcasting makes a loss of every pair; raise if it cannot."""
    there = shape_of(target)
    if there == input.shape:
        return
    check_broadcast(who, input=input, target=target)
    result = np.broadcast_shapes(input.shape, there)
    warnings.warn(f"{who}: the input has shape {input.shape}, the target {there}; broadcast together they make {result}, "
                  f"and the loss compares entries that do not belong together.\n  {remedy(input.shape, there)}",
                  UserWarning, stacklevel=3)


def remedy(wanted: tuple[int, ...], given: tuple[int, ...], name: str = "target") -> str:
    """How a target comes to the shape of the input."""
    if np.prod(wanted) == np.prod(given):
        return f"Reshape one of them: {name}.reshape({wanted}) has a {name} for each entry of the input."
    return f"Give a {name} of shape {wanted}."
