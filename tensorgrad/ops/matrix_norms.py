"""Norms of matrices, and `linalg.norm`, which takes both matrices and vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.ops.decompositions import svdvals
from tensorgrad.ops.extrema import amax, amin
from tensorgrad.ops.norms import in_dtype, length, vector_norm
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import Dims, normalize_dims, sum
from tensorgrad.ops.rounding import abs
from tensorgrad.ops.shape import movedim, unsqueeze
from tensorgrad.tensor import Tensor

__all__ = ["matrix_norm"]

NUMBERS = (1, -1, 2, -2, float("inf"), -float("inf"))


def matrix_norm(A: Operand, ord: Any = "fro", dim: tuple[int, int] = (-2, -1), keepdim: bool = False, *,
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
    """The largest along `dim` for a positive `ord`, else the smallest."""
    if values.shape[dim] == 0:
        raise ShapeError(message("matrix_norm", f"ord={ord} of a matrix without entries is not defined", {"A": A},
                                 "Use 'fro' or 'nuc'."))
    return amax(values, dim) if ord > 0 else amin(values, dim)


def norm(A: Operand, ord: Any = None, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The norm of vectors, if `dim` is one axis, or of matrices, if it is two.

    Without `ord` it is √Σ x² over all of `dim`.  With `ord` and without `dim` the input is one vector or one matrix.

    Raises
        ShapeError   `ord` without `dim` for an input with more than two axes
        and as vector_norm and matrix_norm

    Example
        >>> norm(Tensor([[3.0, 0.0], [0.0, 4.0]])), norm(Tensor([3.0, -4.0]), 1), norm(Tensor([[3.0, 0.0], [0.0, 4.0]]), 1)
        (tensor(5.), tensor(7.), tensor(4.))
    """
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is None:
        if A.ndim not in (1, 2) or (isinstance(ord, str) and A.ndim == 1):
            raise ShapeError(message("norm", f"ord={ord!r} without dim, for an input with {A.ndim} axes", {"A": A},
                                     "Name the axes: one of a vector, two of a matrix."))
        dim = tuple(range(A.ndim))
    several = (dim,) if isinstance(dim, (int, np.integer)) else tuple(dim)
    if len(several) == 2 or isinstance(ord, str):
        return matrix_norm(A, ord, several, keepdim, dtype=dtype)  # type: ignore[arg-type]
    return vector_norm(A, ord, several, keepdim, dtype=dtype)
