"""Gradient clipping: by the norm of all gradients together, or entry by entry."""

from __future__ import annotations

import math
from typing import Iterable

import numpy as np

from tensorgrad.errors import ArgumentError, GraphError
from tensorgrad.kernels.blas import one_thread
from tensorgrad.tensor import Tensor, from_array

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


@np.errstate(all="ignore")
def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0,
                    error_if_nonfinite: bool = False) -> Tensor:
    """The norm of all gradients taken as one vector, which is scaled to `max_norm` where it is longer.

        scale = min(1, max_norm / (norm + 1e-6))

    A clipped parameter gets a new gradient array; the old one, which others may share, is left as it is.

    Parameters
        norm_type            p of the norm (Σ |g|ᵖ)^(1/p); math.inf for the largest |g|
        error_if_nonfinite   raise if the norm is NaN or infinite, with the gradients as they were; without it, they become
                             NaN or 0 as the scale does

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
    norm_type = float(norm_type)
    if not max_norm >= 0:
        raise ArgumentError(f"clip_grad_norm_: max_norm={max_norm!r} is not allowed.\n  Use a number ≥ 0.")
    if not norm_type > 0:
        raise ArgumentError(f"clip_grad_norm_: norm_type={norm_type!r} is not allowed.\n  Use a number > 0, or math.inf.")
    clipped = with_gradient(parameters)
    norms = [(norm(p.grad.array, norm_type), p) for p in clipped]  # type: ignore[union-attr]
    total = norm(np.array([value for value, _ in norms]), norm_type)
    if error_if_nonfinite and not math.isfinite(total):
        culprit = next((i for i, (value, _) in enumerate(norms) if not math.isfinite(value)), 0)
        name = clipped[culprit].name or f"number {culprit} of those with a gradient"
        raise GraphError(f"clip_grad_norm_: the norm of all gradients is {total}; the first that is not finite is that of "
                         f"parameter {name}.\n  Lower the learning rate, or pass error_if_nonfinite=False to go on.")
    scale = min(max_norm / (total + 1e-6), 1.0) if total == total else math.nan
    if scale != 1.0:
        for p in clipped:
            p.grad = from_array(p.grad.array * scale)  # type: ignore[union-attr]
    dtype = np.result_type(*[p.grad.array.dtype for p in clipped]) if clipped else np.float32  # type: ignore[union-attr]
    return from_array(np.array(total, dtype))


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Move every entry of every gradient into [−clip_value, clip_value].

    A parameter gets a new gradient array; the old one, which others may share, is left as it is.

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


def norm(x: np.ndarray, p: float) -> float:
    """The p-norm of all entries.  Squares that leave the range of the dtype are taken again in proportion to the largest."""
    if not x.size:
        return 0.0
    if p == math.inf:
        return float(np.max(np.abs(x)))
    flat = x.ravel("K")
    if p == 2 and x.dtype != np.float16:
        with one_thread:
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
