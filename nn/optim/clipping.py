"""Gradient clipping: by the norm of all gradients together, or entry by entry."""

from __future__ import annotations

import math
from typing import Iterable

import numpy as np

from tensorgrad.errors import ArgumentError, GraphError
from tensorgrad.kernels.blas import one_thread
from tensorgrad.tensor import Tensor, from_array

__all__ = ["clip_grad_norm_", "clip_grad_value_", "get_total_norm", "clip_grads_with_norm_"]


@np.errstate(all="ignore")
def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0,
                    error_if_nonfinite: bool = False, foreach: bool | None = None) -> Tensor:
    """The norm of all gradients taken as one vector, which is scaled to `max_norm` where it is longer.

        scale = min(1, max_norm / (norm + 1e-6))

    A clipped parameter gets a new gradient array; the old one, which others may share, is left as it is.

    Parameters
        norm_type            p of the norm (Σ |g|ᵖ)^(1/p); math.inf for the largest |g|
        error_if_nonfinite   raise if the norm is NaN or infinite, with the gradients as they were; without it, they become
                             NaN or 0 as the scale does
        foreach              changes nothing

    Raises
        ArgumentError   `max_norm` below 0, `norm_type` not above 0
        GraphError      a norm that is not finite, under `error_if_nonfinite`

    Source
        Pascanu, Mikolov and Bengio 2013; the 1e-6 as in PyTorch

    Example
        >>> w = Tensor([3.0, 4.0], requires_grad=True)
        >>> (w * w).sum().backward()
        >>> clip_grad_norm_([w], max_norm=1.0)
        tensor(10.)
        >>> w.grad
        tensor([0.6, 0.8])
    """
    who, norm_type = "clip_grad_norm_", float(norm_type)
    check_limits(who, max_norm, norm_type)
    clipped = with_gradient(parameters)
    grads = [p.grad.array for p in clipped]  # type: ignore[union-attr]
    norms = norms_of(grads, norm_type)
    total = norm(np.array(norms), norm_type)
    if error_if_nonfinite and not math.isfinite(total):
        culprit = next((i for i, value in enumerate(norms) if not math.isfinite(value)), 0)
        name = clipped[culprit].name or f"number {culprit} of those with a gradient"
        refuse_nonfinite(who, total, f"that of parameter {name}")
    scale_down(clipped, max_norm, total)
    return from_array(np.array(total, np.result_type(*[grad.dtype for grad in grads]) if grads else np.float32))


@np.errstate(all="ignore")
def get_total_norm(tensors: Tensor | Iterable[Tensor], norm_type: float = 2.0, error_if_nonfinite: bool = False,
                   foreach: bool | None = None) -> Tensor:
    """The norm of all tensors taken as one vector: what `clip_grad_norm_` compares, of tensors instead of gradients.

    `foreach` changes nothing.

    Raises
        ArgumentError   `norm_type` not above 0
        GraphError      a norm that is not finite, under `error_if_nonfinite`

    Example
        >>> get_total_norm([Tensor([3.0]), Tensor([[4.0]])])
        tensor(5.)
    """
    who, norm_type = "get_total_norm", float(norm_type)
    check_limits(who, 0, norm_type)
    arrays = [t.array for t in ([tensors] if isinstance(tensors, Tensor) else tensors)]
    norms = norms_of(arrays, norm_type)
    total = norm(np.array(norms), norm_type)
    if error_if_nonfinite and not math.isfinite(total):
        culprit = next((i for i, value in enumerate(norms) if not math.isfinite(value)), 0)
        refuse_nonfinite(who, total, f"that of tensor {culprit}")
    return from_array(np.array(total, np.result_type(*[array.dtype for array in arrays]) if arrays else np.float32))


@np.errstate(all="ignore")
def clip_grads_with_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor,
                          foreach: bool | None = None) -> None:
    """Scale all gradients by ``min(1, max_norm / (total_norm + 1e-6))``: `clip_grad_norm_` with a norm computed before.

    A clipped parameter gets a new gradient array.  `foreach` changes nothing.

    Raises
        ArgumentError   `max_norm` below 0

    Example
        >>> w = Tensor([3.0, 4.0], requires_grad=True)
        >>> (w * w).sum().backward()
        >>> clip_grads_with_norm_([w], max_norm=1.0, total_norm=get_total_norm([w.grad])); w.grad
        tensor([0.6, 0.8])
    """
    check_limits("clip_grads_with_norm_", max_norm, 2.0)
    scale_down(with_gradient(parameters), max_norm, float(total_norm))


def check_limits(who: str, max_norm: float, norm_type: float) -> None:
    """Raise ArgumentError for limits or kinds of norm that make no sense."""
    if not max_norm >= 0:
        raise ArgumentError(f"{who}: max_norm={max_norm!r} is not allowed.\n  Use a number ≥ 0.")
    if not norm_type > 0:
        raise ArgumentError(f"{who}: norm_type={norm_type!r} is not allowed.\n  Use a number > 0, or math.inf.")


def refuse_nonfinite(who: str, total: float, culprit: str) -> None:
    """Raise the GraphError for a norm that is not finite."""
    raise GraphError(f"{who}: the norm of all gradients is {total}; the first that is not finite is {culprit}.\n"
                     "  Lower the learning rate, or pass error_if_nonfinite=False to go on.")


def scale_down(parameters: list[Tensor], max_norm: float, total: float) -> None:
    """Give the parameters gradients of a norm of `max_norm` at most, where `total` is what it is now."""
    scale = min(max_norm / (total + 1e-6), 1.0) if total == total else math.nan
    if scale != 1.0:
        for p in parameters:
            p.grad = from_array(p.grad.array * scale)  # type: ignore[union-attr]


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Move every entry of every gradient into [−clip_value, clip_value].

    A parameter gets a new gradient array; the old one, which others may share, is left as it is.  `foreach` changes
    nothing.

    Raises
        ArgumentError   `clip_value` below 0

    Example
        >>> w = Tensor([3.0, -0.1], requires_grad=True)
        >>> (w * w).sum().backward()
        >>> clip_grad_value_([w], 1.0); w.grad
        tensor([ 1. , -0.2])
    """
    limit = float(clip_value)
    if not limit >= 0:
        raise ArgumentError(f"clip_grad_value_: clip_value={clip_value!r} is not allowed.\n  Use a number ≥ 0.")
    for p in with_gradient(parameters):
        p.grad = from_array(np.asarray(np.clip(p.grad.array, -limit, limit)))  # type: ignore[union-attr]


def with_gradient(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    """Those of the parameters that have a gradient."""
    return [p for p in ([parameters] if isinstance(parameters, Tensor) else parameters) if p.grad is not None]


def norms_of(arrays: list[np.ndarray], p: float) -> list[float]:
    """The p-norm of each."""
    with one_thread:  # norms are products of vectors where they can be
        return [norm(array, p) for array in arrays]


def norm(x: np.ndarray, p: float) -> float:
    """The p-norm of all entries.  Squares that leave the range of the dtype are taken again in proportion to the largest."""
    if not x.size:
        return 0.0
    if p == math.inf:
        return float(np.max(np.abs(x)))
    flat = x.ravel("K")
    if p == 2 and x.dtype != np.float16:
        total = float(np.dot(flat, flat))
    else:
        total = float(np.sum(np.abs(flat, dtype=wide(x)) ** p))
    if math.isfinite(total) and total > np.finfo(x.dtype).tiny * x.size:
        return total ** (1 / p)
    largest = float(np.max(np.abs(x)))
    if largest == 0 or not math.isfinite(largest):
        return largest
    return largest * float(np.sum((np.abs(flat, dtype=np.float64) / largest) ** p)) ** (1 / p)


def wide(x: np.ndarray) -> type[np.floating]:
    """The dtype to add in: float32 at least."""
    return np.float64 if x.dtype == np.float64 else np.float32
