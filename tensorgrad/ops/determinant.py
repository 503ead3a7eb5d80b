"""Determinants and their logarithms.

The gradient of det(x) is its matrix of cofactors, det(x) · x⁻ᵀ where x has an inverse (Giles 2008, section 2.2.4).  It is
worked out from the singular values, x = U diag(s) Vᵀ, as det(U) det(V) · U diag(Π sⱼ over j ≠ i) Vᵀ, which holds for
singular matrices too; so does its derivative, in which two of the factors are left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tensorgrad.op import Op
from tensorgrad.ops.linalg import Matmul
from tensorgrad.ops.matrices import check_square, lapack
from tensorgrad.ops.matrix_inverse import Inverse
from tensorgrad.ops.products import ProductOfOthers
from tensorgrad.ops.promotion import Operand, array_of
from tensorgrad.ops.reduction import Expand, sum
from tensorgrad.tensor import Tensor

__all__ = ["det", "slogdet", "logdet"]


class Det(Op):
    """y = det(x)"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.asarray(lapack("det", np.linalg.det, x))

    def backward(self, grad):
        (x,) = self.inputs
        return per_matrix(grad) * Cofactors().apply(x)


class Cofactors(Op):
    """yᵢⱼ = ∂ det(x) / ∂xᵢⱼ"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        u, s, vt, sign = factors(x)
        return sign * (u * ProductOfOthers().apply(s)[..., None, :]) @ vt

    def backward(self, grad):
        (x,) = self.inputs
        if isinstance(x, Tensor):  # to be differentiated once more: as ops, which need an inverse
            inverse = Inverse().apply(x).mT
            turned = Matmul().apply(Matmul().apply(inverse, grad.mT), inverse)
            return per_matrix(Det().apply(x)) * (per_matrix(sum(grad * inverse, (-2, -1))) * inverse - turned)
        u, s, vt, sign = factors(x)
        g = np.swapaxes(u, -1, -2) @ grad @ np.swapaxes(vt, -1, -2)
        pairs = products_of_others(s)
        inner = -np.swapaxes(g, -1, -2) * pairs
        diagonal = np.arange(s.shape[-1])
        inner[..., diagonal, diagonal] = (pairs @ np.diagonal(g, 0, -2, -1)[..., None])[..., 0]
        return sign * (u @ inner @ vt)


def factors(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The singular value decomposition of `x`, and det(U) · det(V), per matrix."""
    u, s, vt = lapack("det", lambda x: tuple(np.linalg.svd(x)), x)
    return u, s, vt, np.sign(per_matrix(lapack("det", np.linalg.det, u) * lapack("det", np.linalg.det, vt)))


def products_of_others(s: np.ndarray) -> np.ndarray:
    """Per pair i ≠ j the product of all `s` but these two; 0 for i = j."""
    n = s.shape[-1]
    left_out = np.eye(n, dtype=bool)[:, None] | np.eye(n, dtype=bool)
    products = np.prod(np.where(left_out, s.dtype.type(1), s[..., None, None, :]), axis=-1)
    return np.where(np.eye(n, dtype=bool), s.dtype.type(0), products)


def per_matrix(x: Operand) -> Operand:
    """A number for each matrix, with two axes of length 1."""
    return x.reshape((*x.shape, 1, 1))


def det(input: Operand) -> Tensor:
    """The determinant of a square matrix, or of each of a batch of them.

    Shapes
        input (*, n, n), float; the result has shape (*)

    Gradient
        the cofactors, also where the matrix is singular

    Raises
        ShapeError   a matrix that is not square
        DtypeError   integers

    Example
        >>> det(Tensor([[2.0, 1.0], [0.0, 4.0]]))
        tensor(8.)
    """
    check_square("det", input)
    return Det().apply(input)


class LogAbsDet(Op):
    """y = log |det(x)|"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        return np.asarray(lapack("slogdet", np.linalg.slogdet, x)[1])

    def backward(self, grad):
        (x,) = self.inputs
        return per_matrix(grad) * Inverse().apply(x).mT


class SignDet(Op):
    """y = the sign of det(x), whose gradient is 0"""

    __slots__ = ()

    def forward(self, x):
        return np.asarray(lapack("slogdet", np.linalg.slogdet, x)[0])

    def backward(self, grad):
        return Expand(self.shapes[0]).apply(per_matrix(grad * 0.0))


class SignLogAbsDet(NamedTuple):
    """The sign of a determinant, and the logarithm of its size."""

    sign: Tensor
    logabsdet: Tensor


def slogdet(input: Operand) -> SignLogAbsDet:
    """The sign of the determinant and the logarithm of its size, as a pair ``sign, logabsdet``, for each of a batch of
    matrices; where the determinant itself would leave the range of floats, this does not.

    Gradient
        of logabsdet x⁻ᵀ; of the sign 0

    Raises
        ShapeError    a matrix that is not square
        DtypeError    integers
        LinAlgError   in backward, for a matrix without inverse

    Example
        >>> slogdet(Tensor([[-1.0, 0.0], [0.0, 1.0]]))
        SignLogAbsDet(sign=tensor(-1.), logabsdet=tensor(0.))
    """
    check_square("slogdet", input)
    return SignLogAbsDet(SignDet().apply(input), LogAbsDet().apply(input))


def logdet(input: Operand) -> Tensor:
    """The logarithm of the determinant of a matrix, or of each of a batch of them; NaN where it is negative.

    Raises
        ShapeError    a matrix that is not square
        DtypeError    integers
        LinAlgError   in backward, for a matrix without inverse

    Example
        >>> logdet(Tensor([[1.0, 0.0], [0.0, 1.0]]))
        tensor(0.)
    """
    check_square("logdet", input)
    negative = SignDet().apply(array_of(input)) < 0
    logabsdet = LogAbsDet().apply(input)
    return logabsdet + np.where(negative, np.nan, 0.0).astype(input.dtype) if negative.any() else logabsdet
