"""The Cholesky factor of a positive definite matrix."""

from __future__ import annotations

import numpy as np

from tensorgrad.op import Op
from tensorgrad.ops.linalg import Matmul
from tensorgrad.ops.matrices import check_square, lapack
from tensorgrad.ops.matrix_inverse import Inverse
from tensorgrad.ops.promotion import Operand
from tensorgrad.tensor import Tensor

__all__ = ["cholesky"]


class Cholesky(Op):
    """y = the lower triangle with y · yᵀ = x, of which the lower triangle is read"""

    __slots__ = ()
    keeps_output = True

    def forward(self, x):
        return lapack("cholesky", np.linalg.cholesky, x)

    def backward(self, grad):
        # Murray (2016), "Differentiation of the Cholesky decomposition", section 3.1: the gradient is spread over both
        # triangles, as for a symmetric matrix.
        y = self.output
        n = y.shape[-1]
        half = np.tri(n, dtype=y.dtype) - np.eye(n, dtype=y.dtype) * y.dtype.type(0.5)
        inverse = Inverse().apply(y)
        inner = Matmul().apply(y.mT, grad) * half
        full = Matmul().apply(Matmul().apply(inverse.mT, inner), inverse)
        return (full + full.mT) * 0.5


def cholesky(input: Operand, upper: bool = False) -> Tensor:
    """The lower triangle L with L · Lᵀ = `input`, a symmetric positive definite matrix, or of each of a batch of them; with
    `upper` Lᵀ.

    Only one triangle of `input` is read: the lower one, or with `upper` the upper.

    Gradient
        symmetric, as for a symmetric input

    Raises
        LinAlgError   a matrix that is not positive definite
        ShapeError    a matrix that is not square
        DtypeError    integers

    Example
        >>> cholesky(Tensor([[4.0, 2.0], [2.0, 5.0]]))
        tensor([[2., 0.],
                [1., 2.]])
    """
    check_square("cholesky", input)
    return Cholesky().apply(input.mT).mT if upper else Cholesky().apply(input)
