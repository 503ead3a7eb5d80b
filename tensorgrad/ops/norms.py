"""Norms of vectors along axes: the size of what the entries there make up."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError
from tensorgrad.op import Op
from tensorgrad.ops.extrema import amax, amin
from tensorgrad.ops.choice import where
from tensorgrad.ops.exponential import pow
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand, as_float, to
from tensorgrad.ops.reduction import Dims, add_up, expand_reduced, normalize_dims, sum
from tensorgrad.ops.rounding import abs
from tensorgrad.tensor import Tensor

__all__ = ["norm"]


class EuclideanNorm(Op):
    """y = √Σ x² over `dim`; the gradient at 0 is 0"""

    __slots__ = ("dim", "keepdim")
    keeps = (0,)
    keeps_output = True

    def __init__(self, dim: tuple[int, ...], keepdim: bool):
        self.dim, self.keepdim = dim, keepdim

    def forward(self, x):
        return np.sqrt(add_up(x * x, self.dim, self.keepdim))

    def backward(self, grad):
        (x,) = self.inputs
        y = self.output
        share = masked(grad / where(y == 0, 1.0, y), y != 0)
        return x * expand_reduced(share, x.shape, self.dim, self.keepdim)


def norm(input: Operand, p: Any = 2, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """(Σ |`input`|ᵖ)^(1/p) over axes `dim` (all by default); `p` may be inf (the largest), -inf (the smallest), 0 (how many
    are not 0), or "fro", which is 2.

    Gradient
        0 where the norm is 0; that of ±inf is shared equally among the entries that tie

    Raises
        ArgumentError   for the name of another norm
        RangeError      an axis that `input` does not have

    Example
        >>> norm(Tensor([3.0, -4.0])), norm(Tensor([3.0, -4.0]), 1), norm(Tensor([3.0, -4.0]), float("inf"))
        (tensor(5.), tensor(7.), tensor(4.))
    """
    if p is None or p == "fro":
        p = 2
    if isinstance(p, str):
        raise ArgumentError(f"norm: p={p!r} is unknown.\n  Use a number, float('inf'), -float('inf') or 'fro'.")
    input = as_float(input if dtype is None else to(input, dtype))
    dims = normalize_dims("norm", input, dim)
    if p == 2:
        return EuclideanNorm(dims, keepdim).apply(input)
    size = abs(input)
    if p == 1:
        return sum(size, dims, keepdim)
    if p == float("inf"):
        return amax(size, dims, keepdim)
    if p == -float("inf"):
        return amin(size, dims, keepdim)
    if p == 0:
        return sum(to(input != 0, input.dtype), dims, keepdim)
    return pow(sum(pow(size, p), dims, keepdim), 1 / p)
