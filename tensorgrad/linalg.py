"""Linear algebra by the names of ``torch.linalg``: norms, inverses, determinants, factors.  All take batches of matrices."""

from __future__ import annotations

from tensorgrad.errors import LinAlgError
from tensorgrad.ops.cholesky_factor import cholesky as _cholesky
from tensorgrad.ops.decompositions import eigh, eigvalsh, qr, svd, svdvals
from tensorgrad.ops.determinant import det, slogdet
from tensorgrad.ops.linalg import matmul
from tensorgrad.ops.matrix_chains import matrix_power, multi_dot
from tensorgrad.ops.matrix_inverse import inv, solve
from tensorgrad.ops.matrix_norms import matrix_norm, norm
from tensorgrad.ops.norms import vector_norm
from tensorgrad.ops.promotion import Operand
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
