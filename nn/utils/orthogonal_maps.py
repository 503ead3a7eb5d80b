"""Orthogonal matrices by free numbers: the exponential and the Cayley map of a skew-symmetric matrix, and reflections."""

from __future__ import annotations

import math

import numpy as np

from nn.module import Module
from nn.parameter import Buffer
from tensorgrad import ops
from tensorgrad.linalg import solve
from tensorgrad.random import default_generator
from tensorgrad.tensor import Tensor, from_array

__all__ = ["MAPS", "Orthogonal"]

MAPS = ("matrix_exp", "cayley", "householder")
TERMS = 14  # of the exponential series: the rest is below the rounding of float64 for norms up to 1/2


class Orthogonal(Module):
    """A matrix with orthonormal columns, or rows where they are fewer, from one of any numbers.

    Buffers
        base   with `use_trivialization`, the square matrix that the result of the map is multiplied by
    """

    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool = True):
        self.orthogonal_map = orthogonal_map
        self.trivial = use_trivialization
        if self.trivial:
            rows = max(weight.shape[-2:])
            self.base = Buffer(np.zeros((*weight.shape[:-2], rows, rows), weight.dtype))

    def forward(self, X: Tensor) -> Tensor:
        wide = X.shape[-2] < X.shape[-1]
        if wide:
            X = X.mT
        Q = reflected(X) if self.orthogonal_map == "householder" else self.mapped(X)
        if self.trivial:
            Q = self.base.detach() @ Q
        return Q.mT if wide else Q

    def mapped(self, X: Tensor) -> Tensor:
        """exp(A) or the Cayley map of A, the skew-symmetric matrix with the lower triangle of X; the columns X has."""
        n, k = X.shape[-2:]
        lower = ops.tril(X)
        if n != k:
            lower = ops.cat([lower, from_array(np.zeros((*X.shape[:-1], n - k), X.dtype))], -1)
        A = lower - lower.mT
        eye = from_array(np.broadcast_to(np.eye(n, dtype=X.dtype), A.shape))
        Q = exponential(A) if self.orthogonal_map == "matrix_exp" else solve(eye - A * 0.5, eye + A * 0.5)
        return Q if n == k else Q[..., :k]

    def right_inverse(self, Q: Tensor) -> Tensor:
        """The numbers from which Q, or an orthogonal matrix near it, comes."""
        wide = Q.shape[-2] < Q.shape[-1]
        q = np.swapaxes(Q.array, -1, -2) if wide else Q.array
        n, k = q.shape[-2:]
        if self.trivial:
            if n != k:
                rest = default_generator().normal(size=(*q.shape[:-1], n - k)).astype(q.dtype)
                q = np.concatenate([q, rest], -1)
            self.base.data = q.copy() if n == k and is_orthogonal(q) else made_orthogonal(q)
            start = np.zeros(Q.shape, Q.dtype)
            start[..., range(k), range(k)] = -1  # maps to the base itself: reflections of the axes, with their signs
            return from_array(start)
        if self.orthogonal_map != "householder":
            raise NotImplementedError("without a base, there is no inverse that reaches every orthogonal matrix")
        packed, tau = np.linalg.qr(q, mode="raw")
        A = np.swapaxes(packed, -1, -2).copy()
        diagonal = np.sign(A[..., range(k), range(k)])
        A[..., range(k), range(k)] = np.where(tau == 0, -diagonal, diagonal)
        return from_array(np.swapaxes(A, -1, -2).copy() if wide else A)

    def extra_repr(self) -> str:
        return f"orthogonal_map={self.orthogonal_map!r}"


def exponential(A: Tensor) -> Tensor:
    """exp(A) = exp(A / 2ˢ) squared s times, the first by its series."""
    norm = float(np.abs(A.array).sum(-2).max(initial=0))
    halvings = max(0, math.ceil(math.log2(norm)) + 1) if 0 < norm < math.inf else 0
    eye = from_array(np.broadcast_to(np.eye(A.shape[-1], dtype=A.dtype), A.shape))
    small, total = A * 0.5**halvings, eye
    for n in range(TERMS, 0, -1):
        total = eye + small @ total * (1 / n)
    for _ in range(halvings):
        total = total @ total
    return total


def reflected(X: Tensor) -> Tensor:
    """The product of the reflections along the columns of X below its diagonal, which holds the signs of the columns."""
    n, k = X.shape[-2:]
    below = ops.tril(X, -1)
    normals = below + from_array(np.eye(n, k, dtype=X.dtype))
    factors = 2 / (1 + (below * below).sum(-2, keepdim=True))
    Q: Tensor = from_array(np.broadcast_to(np.eye(n, k, dtype=X.dtype), X.shape))
    for i in range(k - 1, -1, -1):
        normal = normals[..., i:i + 1]
        Q = Q - factors[..., i:i + 1] * (normal @ (normal.mT @ Q))
    return Q * from_array(np.trunc(X.array[..., range(k), range(k)])[..., None, :])


def is_orthogonal(q: np.ndarray) -> bool:
    """Whether q qᵀ = 1, up to rounding."""
    return bool(np.abs(np.swapaxes(q, -1, -2) @ q - np.eye(q.shape[-1])).max(initial=0) <= 10 * q.shape[-1]
                * np.finfo(q.dtype).eps)


def made_orthogonal(q: np.ndarray) -> np.ndarray:
    """The orthogonal factor of q, whose columns keep their directions as far as they can."""
    Q, R = np.linalg.qr(q)
    return Q * np.sign(np.diagonal(R, axis1=-2, axis2=-1))[..., None, :]
