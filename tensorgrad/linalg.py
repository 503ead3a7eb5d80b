"""Linear algebra by the names of ``torch.linalg``: norms, inverses, determinants, factors.  All take batches of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import LinAlgError, ShapeError, message
from tensorgrad.ops.cholesky_factor import cholesky as _cholesky
from tensorgrad.ops.decompositions import eigh, eigvalsh, qr, svd, svdvals
from tensorgrad.ops.determinant import det, slogdet
from tensorgrad.ops.linalg import matmul
from tensorgrad.ops.matrix_chains import matrix_power, multi_dot
from tensorgrad.ops.matrix_inverse import inv, solve
from tensorgrad.ops.matrix_norms import matrix_norm
from tensorgrad.ops.norms import vector_norm
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import Dims
from tensorgrad.ops.triangle import diagonal as _diagonal
from tensorgrad.ops.vector_products import cross as _cross
from tensorgrad.tensor import Tensor

__all__ = ["LinAlgError", "cholesky", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "matmul", "matrix_norm",
           "matrix_power", "multi_dot", "norm", "qr", "slogdet", "solve", "svd", "svdvals", "vector_norm"]


def cholesky(A: Operand, *, upper: bool = False) -> Tensor:
    """`tensorgrad.cholesky`: L with L · Lᵀ = `A`, or Lᵀ with `upper`."""
    return _cholesky(A, upper)


def cross(input: Operand, other: Operand, *, dim: int = -1) -> Tensor:
    """`tensorgrad.cross` along the last axis by default."""
    return _cross(input, other, dim)


def diagonal(A: Operand, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """`tensorgrad.diagonal` of the last two axes by default."""
    return _diagonal(A, offset, dim1, dim2)


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
        return matrix_norm(A, ord, several, keepdim, dtype=dtype)
    return vector_norm(A, ord, several, keepdim, dtype=dtype)
