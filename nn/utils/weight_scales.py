"""Weight norm and spectral norm: a weight by its length and direction, or divided by its largest singular value."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.module import Module
from nn.parameter import Buffer
from tensorgrad import ops
from tensorgrad.errors import ArgumentError
from tensorgrad.linalg import vector_norm
from tensorgrad.random import default_generator
from tensorgrad.tensor import Tensor, from_array

__all__ = ["WeightNorm", "SpectralNorm", "lengths", "scaled", "rows_of", "sigma", "improve", "check_iterations"]


class WeightNorm(Module):
    """w = g · v / ‖v‖, along axis `dim`; one length for the whole if it is None or -1."""

    former_names = {"g": "original0", "v": "original1"}

    def __init__(self, dim: int | None = 0):
        self.dim = dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return scaled(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Its lengths, and the weight itself for the direction."""
        return lengths(weight, self.dim), weight

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


def lengths(weight: Tensor, dim: int | None) -> Tensor:
    """The length of every slice along `dim`, with axes of size 1 for the others."""
    if dim is None or dim == -1:
        return vector_norm(weight, 2)
    if not -weight.ndim <= dim < weight.ndim:
        raise ArgumentError(f"weight_norm: dim={dim} for a weight with {weight.ndim} axes.\n"
                            f"  Use 0 to {weight.ndim - 1}, or None for one length of the whole.")
    others = [axis for axis in range(weight.ndim) if axis != dim % weight.ndim]
    return vector_norm(weight, 2, others, keepdim=True) if others else abs(weight)


def scaled(v: Tensor, g: Tensor, dim: int | None) -> Tensor:
    """g · v / ‖v‖"""
    return v * (g / lengths(v, dim))


class SpectralNorm(Module):
    """The weight, as a matrix with axis `dim` as rows, divided by its spectral norm.

    Buffers
        _u, _v   the left and right singular vectors of the largest singular value; none for a weight with one axis
    """

    _u: Tensor
    _v: Tensor
    former_names = {"orig": "original", "u": "0._u", "v": "0._v"}

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12):
        check_iterations(n_power_iterations)
        self.dim = dim % max(1, weight.ndim)
        self.n_power_iterations, self.eps = n_power_iterations, eps
        if weight.ndim > 1:
            rows = rows_of(weight.detach(), self.dim)
            for name, size in zip(("_u", "_v"), rows.shape):
                start = default_generator().normal(size=size).astype(rows.dtype)
                setattr(self, name, Buffer(unit(start, eps)))
            improve(rows.array, self._u, self._v, 15, eps)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return weight / ops.clamp(vector_norm(weight, 2), min=self.eps)
        rows = rows_of(weight, self.dim)
        if self.training:
            improve(rows.array, self._u, self._v, self.n_power_iterations, self.eps)
        return weight / sigma(rows, self._u, self._v)

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value itself."""
        return value

    def extra_repr(self) -> str:
        return f"n_power_iterations={self.n_power_iterations}, dim={self.dim}, eps={self.eps}"


def check_iterations(n_power_iterations: Any) -> None:
    """Raise ArgumentError unless there is at least one iteration."""
    if not isinstance(n_power_iterations, (int, np.integer)) or n_power_iterations < 1:
        raise ArgumentError(f"spectral_norm: n_power_iterations={n_power_iterations!r} is not allowed.\n"
                            "  Use an integer ≥ 1.")


def rows_of(weight: Tensor, dim: int) -> Tensor:
    """A weight as a matrix with axis `dim` as rows."""
    if dim:
        weight = ops.permute(weight, (dim, *[axis for axis in range(weight.ndim) if axis != dim]))
    return ops.reshape(weight, (weight.shape[0], -1))


def sigma(rows: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """uᵀ W v, with the vectors as they are now: later iterations write into them."""
    return (from_array(u.array.copy()) * (rows @ from_array(v.array.copy()))).sum()


def improve(rows: np.ndarray, u: Tensor, v: Tensor, times: int, eps: float) -> None:
    """Power iteration: u ← W v / ‖W v‖, v ← Wᵀ u / ‖Wᵀ u‖, in place."""
    for _ in range(times):
        u.array[...] = unit(rows @ v.array, eps)
        v.array[...] = unit(rows.T @ u.array, eps)
    u.mark_changed()
    v.mark_changed()


def unit(vector: np.ndarray, eps: float) -> np.ndarray:
    """The vector, divided by its length or by `eps`."""
    return vector / max(np.sqrt((vector * vector).sum()), vector.dtype.type(eps))
