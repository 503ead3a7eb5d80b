"""Norms of vectors along axes: the size of what the entries there make up."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import DtypeError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.choice import where
from tensorgrad.ops.exponential import pow
from tensorgrad.ops.extrema import amax, amin
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand, to
from tensorgrad.ops.reduction import Dims, add_up, expand_reduced, normalize_dims, sum
from tensorgrad.ops.rounding import abs, sign
from tensorgrad.tensor import Tensor

__all__ = ["vector_norm"]

INF = float("inf")


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


class PowerNorm(Op):
    """y = (Σ |x|ᵖ)^(1/p) over `dim`; the gradient of an entry at 0 is 0, and that at y = 0"""

    __slots__ = ("p", "dim", "keepdim")
    keeps = (0,)
    keeps_output = True

    def __init__(self, p: float, dim: tuple[int, ...], keepdim: bool):
        self.p, self.dim, self.keepdim = p, dim, keepdim

    def forward(self, x):
        return add_up(np.abs(x) ** self.p, self.dim, self.keepdim) ** (1 / self.p)

    def backward(self, grad):
        (x,) = self.inputs
        y, p = self.output, self.p
        slope = masked(sign(x) * pow(where(x == 0, 1.0, abs(x)), p - 1), x != 0)
        share = masked(grad / pow(where(y == 0, 1.0, y), p - 1), y != 0)
        return slope * expand_reduced(share, x.shape, self.dim, self.keepdim)


def length(who: str, input: Operand, p: float, dims: tuple[int, ...], keepdim: bool) -> Tensor:
    """The norm of the vectors along axes `dims`."""
    p = float(p)
    if (p < 0 or p == INF) and any(input.shape[axis] == 0 for axis in dims):
        raise ShapeError(message(who, f"the norm with p={p} of a vector without entries is not defined", {"input": input},
                                 "Reduce another axis, or check for .numel() == 0 first."))
    if p == 2:
        return EuclideanNorm(dims, keepdim).apply(input)
    if not dims and p != 0:
        return abs(input)
    if p == 1:
        return sum(abs(input), dims, keepdim)
    if p == INF:
        return amax(abs(input), dims, keepdim)
    if p == -INF:
        return amin(abs(input), dims, keepdim)
    if p == 0:
        return sum(where(input != 0, 1.0, input * 0.0), dims, keepdim)
    return PowerNorm(p, dims, keepdim).apply(input)


def vector_norm(x: Operand, ord: float = 2, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """(Σ |x|ᵖ)^(1/p), with p = `ord`, over axes `dim` (all by default); p may be inf (the largest), -inf (the smallest) or 0
    (how many are not 0).

    Gradient
        0 where the norm is 0; of ±inf shared equally among the entries that tie

    Raises
        DtypeError   integers; a `dtype` narrower than that of `x`
        ShapeError   an empty axis, where p is inf or negative
        RangeError   an axis that `x` does not have

    Example
        >>> vector_norm(Tensor([3.0, -4.0])), vector_norm(Tensor([3.0, -4.0]), float("inf"))
        (tensor(5.), tensor(4.))
    """
    return length("vector_norm", in_dtype("vector_norm", x, dtype), ord, normalize_dims("vector_norm", x, dim), keepdim)


def in_dtype(who: str, x: Operand, dtype: Any) -> Operand:
    """`x`, of floats, in a `dtype` that is at least as wide; None keeps that of `x`."""
    if not dtypes.is_float(x.dtype):
        raise DtypeError(message(who, f"is not defined for {x.dtype} values", {"x": x}, "Convert first: x.float()."))
    if dtype is None:
        return x
    wanted = dtypes.as_dtype(dtype)
    if not dtypes.is_float(wanted) or wanted.itemsize < x.dtype.itemsize:
        raise DtypeError(message(who, f"dtype={wanted} is narrower than that of the input", {"x": x},
                                 f"Use {x.dtype} or a wider float."))
    return to(x, wanted)
