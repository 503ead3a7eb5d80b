"""The inverse of a matrix and the solution of linear equations.

Source of the gradients: Giles (2008), "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation", sections 2.2.3 and 2.3.1.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.linalg import Matmul, same_dtype
from tensorgrad.ops.matrices import check_float, check_square, lapack
from tensorgrad.ops.promotion import Operand
from tensorgrad.tensor import Tensor

__all__ = ["inv", "inverse", "solve"]


class Inverse(Op):
    """y = x⁻¹"""

    __slots__ = ()
    keeps_output = True

    def forward(self, x):
        return lapack("inv", np.linalg.inv, x)

    def backward(self, grad):
        y = self.output.mT
        return -Matmul().apply(Matmul().apply(y, grad), y)


def inv(A: Operand) -> Tensor:
    """The inverse of a square matrix, or of each of a batch of them.

    Shapes
        A (*, n, n), float; the result has the same shape

    Raises
        LinAlgError   a matrix that has no inverse
        ShapeError    a matrix that is not square
        DtypeError    integers

    Example
        >>> inv(Tensor([[2.0, 0.0], [0.0, 4.0]]))
        tensor([[0.5 , 0.  ],
                [0.  , 0.25]])
    """
    check_square("inv", A)
    return Inverse().apply(A)


def inverse(input: Operand) -> Tensor:
    """`linalg.inv`, the inverse of a matrix or of each of a batch.

    Raises
        LinAlgError, ShapeError, DtypeError   as linalg.inv

    Example
        >>> inverse(Tensor([[2.0]]))
        tensor([[0.5]])
    """
    return inv(input)


class Solve(Op):
    """y = a⁻¹ · b"""

    __slots__ = ()
    keeps = (0,)
    keeps_output = True

    def forward(self, a, b):
        return lapack("solve", np.linalg.solve, a, b)

    def backward(self, grad):
        (a,) = self.inputs
        grad_b = Solve().apply(a.mT, grad)
        return -Matmul().apply(grad_b, self.output.mT) if self.needs(0) else None, grad_b


def solve(A: Operand, B: Operand, *, left: bool = True) -> Tensor:
    """The X with `A` X = `B`, or with X `A` = `B` if not `left`.

    Shapes
        A (*, n, n), B (*, n, k), or (*, k, n) if not `left`, whose leading axes broadcast; B may also be a vector, (n,), or
        one per matrix, (*, n).  The result has the shape of B, broadcast.

    Raises
        LinAlgError     a matrix without inverse
        ShapeError      a matrix that is not square, a B that does not fit
        ArgumentError   vectors if not `left`
        DtypeError      integers

    Example
        >>> solve(Tensor([[2.0, 0.0], [0.0, 4.0]]), Tensor([2.0, 2.0]))
        tensor([1. , 0.5])
    """
    check_float("solve", A)
    A, B = same_dtype("solve", A, B)
    check_square("solve", A)
    shown = {"A": A, "B": B}
    vectors = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    if vectors and not left:
        raise ArgumentError(message("solve", "left=False is not defined for vectors", shown, "Give B a second axis."))
    if vectors:
        B = B.reshape((*B.shape, 1))
    if B.ndim < 2 or B.shape[-2 if left else -1] != A.shape[-1]:
        raise ShapeError(message("solve", "A and B do not fit", shown,
                                 f"Axis {-2 if left else -1} of B needs the {A.shape[-1]} entries of a row of A."))
    try:
        np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    except ValueError:
        raise ShapeError(message("solve", f"the leading axes {A.shape[:-2]} and {B.shape[:-2]} cannot be broadcast together",
                                 shown, "Axes are matched from the last; each pair must be equal or have a 1.")) from None
    if not left:
        return Solve().apply(A.mT, B.mT).mT
    X = Solve().apply(A, B)
    return X.reshape(X.shape[:-1]) if vectors else X
