"""Linear algebra by the names of ``torch.linalg``: norms, inverses, determinants, factors.  All take batches of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import LinAlgError, ShapeError, message
from tensorgrad.ops.cholesky_factor import cholesky as _cholesky
from tensorgrad.ops.decompositions import eigh, eigvalsh, qr, svd, svdvals
from tensorgrad.ops.determinant import det, slogdet
from tensorgrad.ops.linalg import matmul
from tensorgrad.ops.matrices import check_float as _check_float, check_square as _check_square
from tensorgrad.ops.matrix_chains import matrix_power, multi_dot
from tensorgrad.ops.matrix_inverse import inv, solve
from tensorgrad.ops.matrix_norms import matrix_norm
from tensorgrad.ops.norms import vector_norm
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.pseudoinverse import matrix_rank, pinv
from tensorgrad.ops.reduction import Dims, sum as _sum
from tensorgrad.ops.triangle import diagonal as _diagonal, tril as _tril, triu as _triu
from tensorgrad.ops.vector_products import cross as _cross
from tensorgrad.tensor import Tensor

__all__ = ["LinAlgError", "cholesky", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "matmul", "matrix_norm",
           "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve", "solve_triangular", "svd",
           "svdvals", "vecdot", "vector_norm"]


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


def solve_triangular(A: Operand, B: Operand, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """The X with `A` X = `B`, or with X `A` = `B` if not `left`, of the upper or the lower triangle of `A`.

    What is in the other triangle is ignored, and with `unitriangular` the diagonal too, which then counts as 1.

    Shapes
        A (*, n, n), B (*, n, k), or (*, k, n) if not `left`, whose leading axes broadcast

    Raises
        LinAlgError   a 0 on the diagonal, where PyTorch gives infinities
        ShapeError    a matrix that is not square, a B that is no matrix or does not fit
        DtypeError    integers

    Example
        >>> solve_triangular(Tensor([[2.0, 1.0], [9.0, 4.0]]), Tensor([[4.0], [8.0]]), upper=True)
        tensor([[1.],
                [2.]])
    """
    _check_square("solve_triangular", A)
    if B.ndim < 2:
        raise ShapeError(message("solve_triangular", "B is no matrix", {"A": A, "B": B}, "Use B.unsqueeze(-1)."))
    triangle = _triu if upper else _tril
    ones = np.eye(A.shape[-1], dtype=A.dtype)
    of = triangle(A, 1 if upper else -1) + ones if unitriangular else triangle(A)
    return solve(of, B.reshape((1,) * (A.ndim - B.ndim) + tuple(B.shape)), left=left)


def vecdot(x: Operand, y: Operand, *, dim: int = -1) -> Tensor:
    """The dot products of the vectors along axis `dim`, whose other axes broadcast.

    Raises
        ShapeError   shapes that do not fit together
        RangeError   an axis that the product does not have
        DtypeError   integers

    Example
        >>> vecdot(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([1.0, 1.0]))
        tensor([3., 7.])
    """
    product = x * y
    _check_float("vecdot", product)
    return _sum(product, dim, dtype=product.dtype)
