"""Matrices taken apart: singular values, eigenvalues of symmetric matrices, orthogonal and triangular factors.

Each op computes all its factors at once and lays them side by side along one axis; the factors are parts of that result, so
that their gradients come back together.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Sequence

import numpy as np

from tensorgrad.errors import ArgumentError, GraphError, message
from tensorgrad.op import Op
from tensorgrad.ops.index_syntax import ALL
from tensorgrad.ops.indexing import GetItem
from tensorgrad.ops.joining import cat
from tensorgrad.ops.linalg import Matmul
from tensorgrad.ops.matrices import check_matrix, check_square, lapack
from tensorgrad.ops.matrix_inverse import Inverse
from tensorgrad.ops.parts import Part, Pieces
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.shape import unsqueeze
from tensorgrad.ops.triangle import diag_embed, tril
from tensorgrad.tensor import Tensor

__all__ = ["svd", "svdvals", "eigh", "eigvalsh", "qr"]


class Svd(NamedTuple):
    """The factors of A = U diag(S) Vh."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class Eigh(NamedTuple):
    """Eigenvalues, ascending, and the eigenvectors as columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class Qr(NamedTuple):
    """The factors of A = Q R."""

    Q: Tensor
    R: Tensor


class Factors(Op):
    """The factors of a matrix, each laid out in one row, side by side along the last axis"""

    __slots__ = ()
    differentiable = False
    keeps_output = True

    def shapes_of(self, rows: int, columns: int) -> list[tuple[int, ...]]:
        """The shapes of the factors of one matrix."""
        raise NotImplementedError

    def factors(self, x: np.ndarray) -> Sequence[np.ndarray]:
        """The factors of each matrix."""
        raise NotImplementedError

    def forward(self, x):
        batch, (rows, columns) = x.shape[:-2], x.shape[-2:]
        found = zip(self.factors(x), self.shapes_of(rows, columns))
        return np.concatenate([factor.reshape((*batch, math.prod(shape))) for factor, shape in found], axis=-1)

    def unpacked(self, packed: Operand, rows: int, columns: int) -> list[Any]:
        """The factors, read from the result of forward."""
        shapes = self.shapes_of(rows, columns)
        stops = np.cumsum([math.prod(shape) for shape in shapes]).tolist()
        read = Part if isinstance(packed, Tensor) and packed.creator is self else GetItem
        before = [ALL] * (packed.ndim - 1)
        found = [read((*before, slice(start, stop))).apply(packed) for start, stop in zip([0, *stops], stops)]
        return [part.reshape((*packed.shape[:-1], *shape)) for part, shape in zip(found, shapes)]

    def gradients(self, grad: Pieces, rows: int, columns: int) -> list[Any]:
        """Per factor its gradient, or None where there is none."""
        start, found = 0, []
        for shape in self.shapes_of(rows, columns):
            total = None
            for index, piece in zip(grad.indices, grad.grads):
                if index[-1].start == start:  # several, if a backward rule has read the factor too
                    total = piece if total is None else total + piece
            found.append(None if total is None else total.reshape((*total.shape[:-1], *shape)))
            start += math.prod(shape)
        return found

    def read(self, input: Operand) -> list[Any]:
        """The factors of `input` as tensors."""
        return self.unpacked(self.apply(input), *input.shape[-2:])


def product(*matrices: Operand) -> Operand:
    """The product of several matrices from the left."""
    result = matrices[0]
    for matrix in matrices[1:]:
        result = Matmul().apply(result, matrix)
    return result


def differences(values: Operand) -> Operand:
    """Entry j minus entry i at (i, j), and 1 on the diagonal."""
    return unsqueeze(values, -2) - unsqueeze(values, -1) + np.eye(values.shape[-1], dtype=values.dtype)


# -- singular values ---------------------------------------------------------------------------------------------------


class SingularValues(Factors):
    """x = u · diag(s) · vᵀ: u, s and vᵀ side by side"""

    # Townsend (2016), "Differentiating the singular value decomposition", equations 27 to 31.
    __slots__ = ()
    differentiable = True

    def shapes_of(self, rows, columns):
        k = min(rows, columns)
        return [(rows, k), (k,), (k, columns)]

    def factors(self, x):
        return lapack("svd", lambda x: tuple(np.linalg.svd(x, full_matrices=False)), x)

    def backward(self, grad):
        rows, columns = self.shapes[0][-2:]
        u, s, vt = self.unpacked(self.output, rows, columns)
        grad_u, grad_s, grad_vt = self.gradients(grad, rows, columns)
        inner = None if grad_s is None else diag_embed(grad_s)
        total: Any = 0
        if grad_u is not None or grad_vt is not None:
            scale = differences(s * s)  # sⱼ² − sᵢ²
            if grad_u is not None:
                turned = Matmul().apply(u.mT, grad_u)
                term = (turned - turned.mT) / scale * unsqueeze(s, -2)
                inner = term if inner is None else inner + term
                if rows > columns:
                    outside = grad_u / unsqueeze(s, -2)
                    total = total + product(outside - product(u, u.mT, outside), vt)
            if grad_vt is not None:
                turned = Matmul().apply(vt, grad_vt.mT)
                term = unsqueeze(s, -1) * ((turned - turned.mT) / scale)
                inner = term if inner is None else inner + term
                if columns > rows:
                    outside = grad_vt / unsqueeze(s, -1)
                    total = total + product(u, outside - product(outside, vt.mT, vt))
        return product(u, inner, vt) + total


def svd(A: Operand, full_matrices: bool = True) -> Svd:
    """The singular value decomposition `A` = U diag(S) Vh of a matrix, or of each of a batch of them, S descending.

    Shapes
        A (*, m, n) → U (*, m, k), S (*, k), Vh (*, k, n), k = min(m, n); with `full_matrices` U (*, m, m), Vh (*, n, n)

    Gradient
        unique only up to the signs of the columns of U and rows of Vh, and infinite where two singular values agree; that
        of S alone is always defined.  With `full_matrices` there is none for a matrix that is not square.

    Raises
        ShapeError   fewer than two axes
        DtypeError   integers
        GraphError   `full_matrices` for a matrix that requires grad and is not square

    Example
        >>> svd(Tensor([[3.0, 0.0], [0.0, 4.0]])).S
        tensor([4., 3.])
    """
    check_matrix("svd", A)
    rows, columns = A.shape[-2:]
    if not full_matrices or rows == columns:
        return Svd(*SingularValues().read(A))
    if isinstance(A, Tensor):
        if A.requires_grad:
            raise GraphError(message("svd", "full matrices have no gradient: added columns are arbitrary", {"A": A},
                                     "Use full_matrices=False."))
        return Svd(*map(Tensor, svd(A.array, True)))
    return Svd(*lapack("svd", lambda x: tuple(np.linalg.svd(x)), A))


def svdvals(A: Operand) -> Tensor:
    """The singular values of a matrix, or of each of a batch of them, descending.

    Raises
        ShapeError   fewer than two axes
        DtypeError   integers

    Example
        >>> svdvals(Tensor([[3.0, 0.0], [0.0, 4.0]]))
        tensor([4., 3.])
    """
    return svd(A, full_matrices=False).S


# -- eigenvalues of symmetric matrices ---------------------------------------------------------------------------------


class SymmetricEigenvalues(Factors):
    """x = v · diag(w) · vᵀ for a symmetric x: w and v side by side; one triangle of x is read"""

    # Giles (2008), section 3.1.
    __slots__ = ("uplo",)
    differentiable = True

    def __init__(self, uplo: Any):
        self.uplo = uplo

    def shapes_of(self, rows, columns):
        return [(rows,), (rows, rows)]

    def factors(self, x):
        return lapack("eigh", lambda x: tuple(np.linalg.eigh(x, self.uplo)), x)

    def backward(self, grad):
        rows, columns = self.shapes[0][-2:]
        w, v = self.unpacked(self.output, rows, columns)
        grad_w, grad_v = self.gradients(grad, rows, columns)
        inner = None if grad_w is None else diag_embed(grad_w)
        if grad_v is not None:
            away = (1 - np.eye(rows)).astype(v.dtype)
            turned = Matmul().apply(v.mT, grad_v)
            turned = (turned - turned.mT) / (2 * differences(w)) * away  # v stays orthonormal: it only turns
            inner = turned if inner is None else inner + turned
        return product(v, inner, v.mT)


def eigh(A: Operand, UPLO: str = "L") -> Eigh:
    """Eigenvalues, ascending, and eigenvectors, as columns, of a symmetric matrix, or of each of a batch of them.

    Only the lower triangle is read, or with `UPLO` "U" the upper.

    Gradient
        as for a symmetric input; of the eigenvectors unique only up to their signs, and infinite where two eigenvalues agree

    Raises
        ShapeError      a matrix that is not square
        DtypeError      integers
        ArgumentError   an `UPLO` that is neither "L" nor "U"

    Example
        >>> eigh(Tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
        tensor([1., 2.])
    """
    check_square("eigh", A)
    if UPLO.upper() not in ("L", "U"):
        raise ArgumentError(message("eigh", f"UPLO={UPLO!r} is unknown", {"A": A}, "Use 'L' or 'U'."))
    return Eigh(*SymmetricEigenvalues(UPLO.upper()).read(A))


def eigvalsh(A: Operand, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix, or of each of a batch of them, ascending.

    Raises
        as eigh

    Example
        >>> eigvalsh(Tensor([[2.0, 0.0], [0.0, 1.0]]))
        tensor([1., 2.])
    """
    return eigh(A, UPLO).eigenvalues


# -- orthogonal and triangular factors ---------------------------------------------------------------------------------


class OrthogonalTriangular(Factors):
    """x = q · r with orthonormal columns in q and an upper triangle r: both side by side"""

    # Walter, Lehmann (2018), "Algorithmic differentiation of linear algebra functions", section on the QR decomposition.
    __slots__ = ()
    differentiable = True

    def shapes_of(self, rows, columns):
        k = min(rows, columns)
        return [(rows, k), (k, columns)]

    def factors(self, x):
        return lapack("qr", lambda x: tuple(np.linalg.qr(x)), x)

    def backward(self, grad):
        rows, columns = self.shapes[0][-2:]
        q, r = self.unpacked(self.output, rows, columns)
        grad_q, grad_r = self.gradients(grad, rows, columns)
        inner: Any = 0
        if grad_r is not None:
            inner = Matmul().apply(r, grad_r.mT)
        if grad_q is not None:
            inner = inner - Matmul().apply(grad_q.mT, q)
        turned = Matmul().apply(q, tril(inner) + tril(inner, -1).mT)
        if grad_q is not None:
            turned = turned + grad_q
        return Matmul().apply(turned, Inverse().apply(r).mT)


def qr(A: Operand, mode: str = "reduced") -> Qr:
    """The decomposition `A` = Q R of a matrix, or of each of a batch, into orthonormal columns and an upper triangle.

    Shapes
        A (*, m, n) → Q (*, m, k), R (*, k, n), k = min(m, n); with `mode` "complete" Q (*, m, m), R (*, m, n); with "r" no Q

    Gradient
        for "reduced", of matrices whose first k columns do not depend on each other

    Raises
        ShapeError      fewer than two axes
        DtypeError      integers
        ArgumentError   another mode
        GraphError      a matrix that requires grad, where there is no gradient

    Example
        >>> qr(Tensor([[3.0, 0.0], [0.0, 4.0]])).R.shape
        (2, 2)
    """
    check_matrix("qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise ArgumentError(message("qr", f"mode={mode!r} is unknown", {"A": A}, "Use 'reduced', 'complete' or 'r'."))
    rows, columns = A.shape[-2:]
    if mode == "reduced" and rows >= columns:
        return Qr(*OrthogonalTriangular().read(A))
    if mode == "reduced":  # the columns after the first ones, in the axes that those make up
        Q, R = OrthogonalTriangular().read(A[..., :rows])
        return Qr(Q, cat([R, Matmul().apply(Q.mT, A[..., rows:])], -1))
    if isinstance(A, Tensor):
        if A.requires_grad:
            raise GraphError(message("qr", f"mode={mode!r} of a ({rows}, {columns}) matrix has no gradient", {"A": A},
                                     "Use mode='reduced'."))
        return Qr(*map(Tensor, qr(A.array, mode)))
    none: Any = np.empty(0, A.dtype)
    if mode == "r":
        return Qr(none, lapack("qr", lambda x: np.linalg.qr(x, "r"), A))
    return Qr(*lapack("qr", lambda x: tuple(np.linalg.qr(x, "complete")), A))
