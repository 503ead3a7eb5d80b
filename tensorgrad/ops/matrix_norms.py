"""Norms of matrices, and `norm`, which takes both matrices and vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.ops.decompositions import svdvals
from tensorgrad.ops.extrema import amax, amin
from tensorgrad.ops.norms import in_dtype, length
from tensorgrad.ops.promotion import Operand, as_float, to
from tensorgrad.ops.reduction import Dims, normalize_dims, sum
from tensorgrad.ops.rounding import abs
from tensorgrad.ops.shape import movedim, unsqueeze
from tensorgrad.tensor import Tensor

__all__ = ["matrix_norm", "norm"]

NUMBERS = (1, -1, 2, -2, float("inf"), -float("inf"))


def matrix_norm(A: Operand, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *,
                dtype: Any = None) -> Tensor:
    """A norm of the matrices that axes `dim`, rows and columns, make up.

    `ord`: "fro" √Σ x²; "nuc" the sum of the singular values; 2 and -2 the largest and the smallest of them; 1 and -1 the
    largest and the smallest sum of |x| over a column; inf and -inf over a row.

    Gradient
        of "fro" 0 where the norm is 0; of those that choose a largest or smallest, shared equally among ties

    Raises
        ArgumentError   another `ord`
        ShapeError      fewer than two axes, the same axis twice, nothing to choose from
        RangeError      an axis that `A` does not have
        DtypeError      integers; a `dtype` narrower than that of `A`

    Example
        >>> A = Tensor([[3.0, 0.0], [0.0, 4.0]])
        >>> matrix_norm(A), matrix_norm(A, "nuc"), matrix_norm(A, 2)
        (tensor(5.), tensor(7.), tensor(4.))
    """
    if A.ndim < 2:
        raise ShapeError(message("matrix_norm", f"the input has {A.ndim} axes, a matrix has two", {"A": A},
                                 "Use vector_norm."))
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise ArgumentError(message("matrix_norm", f"dim={dim} are not two axes", {"A": A}, "Name rows and columns."))
    if ord not in (*NUMBERS, "fro", "nuc"):
        raise ArgumentError(message("matrix_norm", f"ord={ord!r} is unknown", {"A": A},
                                    "Use 'fro', 'nuc', 1, -1, 2, -2, inf or -inf."))
    A = in_dtype("matrix_norm", A, dtype)
    both = normalize_dims("matrix_norm", A, dim)
    if ord == "fro":
        return length("matrix_norm", A, 2, both, keepdim)
    rows, columns = [int(d) % A.ndim for d in dim]
    if ord in ("nuc", 2, -2):
        values = svdvals(movedim(A, (rows, columns), (-2, -1)))
        found = sum(values, -1) if ord == "nuc" else chosen(values, float(ord), -1, A)
    else:
        first, second = (rows, columns) if np.abs(ord) == 1 else (columns, rows)
        found = chosen(sum(abs(A), first), float(ord), second - (second > first), A)
    for axis in both if keepdim else ():
        found = unsqueeze(found, axis)
    return found


def chosen(values: Operand, ord: float, dim: int, A: Operand) -> Tensor:
    """The largest along `dim` for a positive `ord`, 0 if there is none; else the smallest."""
    if values.shape[dim] == 0 and ord > 0:
        return sum(values, dim)
    if values.shape[dim] == 0:
        raise ShapeError(message("matrix_norm", f"ord={ord} of a matrix without entries is not defined", {"A": A},
                                 "Use 'fro' or 'nuc'."))
    return amax(values, dim) if ord > 0 else amin(values, dim)


def norm(input: Operand, p: Any = "fro", dim: Dims = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """(Σ |`input`|ᵖ)^(1/p) over axes `dim` (all by default); `p` may be inf (the largest), -inf (the smallest), 0 (how many
    are not 0), "fro", which is 2, or "nuc", the sum of the singular values of the matrices that two axes make up.

    Gradient
        0 where the norm is 0; that of ±inf is shared equally among the entries that tie

    Raises
        ArgumentError   for the name of another norm
        ShapeError      an empty axis, where p is inf or negative; "nuc" without two axes
        RangeError      an axis that `input` does not have

    Example
        >>> norm(Tensor([3.0, -4.0])), norm(Tensor([3.0, -4.0]), 1), norm(Tensor([3.0, -4.0]), float("inf"))
        (tensor(5.), tensor(7.), tensor(4.))
    """
    input = as_float(input if dtype is None else to(input, dtype))
    if p == "nuc":
        return matrix_norm(input, "nuc", dim or tuple(range(input.ndim)), keepdim)
    if p is None or p == "fro":
        p = 2
    if isinstance(p, str):
        raise ArgumentError(f"norm: p={p!r} is unknown.\n  Use a number, float('inf'), -float('inf'), 'fro' or 'nuc'.")
    return length("norm", input, p, normalize_dims("norm", input, dim), keepdim)
