"""The inverse of matrices that have none, and what rank they have.

The gradient of P = A⁺ at a constant rank is Golub and Pereyra's (1973, "The differentiation of pseudo-inverses and nonlinear
least squares problems whose variables separate", theorem 4.3):

    dP = −P dA P + P Pᵀ dAᵀ (1 − A P) + (1 − P A) dAᵀ Pᵀ P
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError
from tensorgrad.op import Op
from tensorgrad.ops.linalg import Matmul
from tensorgrad.ops.matrices import check_matrix, lapack
from tensorgrad.ops.promotion import Operand, array_of
from tensorgrad.tensor import Tensor

__all__ = ["pinv", "matrix_rank"]


class Pseudoinverse(Op):
    """y = x⁺, whose singular values are those of x inverted, or 0 where they are not above the tolerance"""

    __slots__ = ("atol", "rtol")
    keeps = (0,)
    keeps_output = True

    def __init__(self, atol: Any, rtol: Any):
        self.atol, self.rtol = atol, rtol

    def forward(self, x):
        u, s, vt = lapack("pinv", lambda x: tuple(np.linalg.svd(x, full_matrices=False)), x)
        above = s > tolerance(x, s, self.atol, self.rtol)
        inverted = np.divide(1, s, out=np.zeros_like(s), where=above)
        return (np.swapaxes(vt, -1, -2) * inverted[..., None, :]) @ np.swapaxes(u, -1, -2)

    def backward(self, grad):
        (x,), p = self.inputs, self.output
        turned = grad.mT
        beside = times(turned, times(p, p.mT))
        above = times(times(p.mT, p), turned)
        return (beside - times(x, times(p, beside))) + (above - times(times(above, p), x)) - times(times(p.mT, grad), p.mT)


def times(a: Operand, b: Operand) -> Tensor:
    """a · b, as a new op each time."""
    return Matmul().apply(a, b)


def tolerance(x: Operand, s: np.ndarray, atol: Any, rtol: Any) -> np.ndarray:
    """Up to which size the singular values `s` of `x` count as 0, per matrix; the tolerances may differ between matrices."""
    least = per_matrix(0.0 if atol is None else atol, s)
    if rtol is None:
        share = np.where(least > 0, 0.0, max(x.shape[-2:]) * np.finfo(s.dtype).eps).astype(s.dtype)
    else:
        share = per_matrix(rtol, s)
    return np.maximum(least, share * s[..., :1])


def per_matrix(value: Any, s: np.ndarray) -> np.ndarray:
    """A number, or one for each matrix, with an axis for the singular values."""
    return np.asarray(array_of(value), s.dtype)[..., None]


def pinv(A: Operand, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Tensor:
    """The pseudoinverse of a matrix, or of each of a batch of them: what gives the shortest X with the smallest ‖`A` X − B‖.

    Singular values up to the larger of `atol` and `rtol` times the largest one count as 0.  `rtol` is max(m, n) times the
    step from 1 to the next number of the dtype by default, and 0 where `atol` is above 0.  Both may be tensors, of a number
    per matrix.

    Shapes
        A (*, m, n), float; the result has shape (*, n, m)

    Gradient
        as if the rank stayed the same

    Raises
        ShapeError      fewer than two axes
        DtypeError      integers
        ArgumentError   hermitian=True, by which PyTorch reads one triangle alone

    Example
        >>> pinv(Tensor([[2.0, 0.0], [0.0, 0.0]]))
        tensor([[0.5, 0. ],
                [0. , 0. ]])
    """
    check_general("pinv", hermitian)
    check_matrix("pinv", A)
    return Pseudoinverse(atol, rtol).apply(A)


class Rank(Op):
    """y = the number of singular values of x above the tolerance"""

    __slots__ = ("atol", "rtol")
    differentiable = False

    def __init__(self, atol: Any, rtol: Any):
        self.atol, self.rtol = atol, rtol

    def forward(self, x):
        s = lapack("matrix_rank", lambda x: np.linalg.svd(x, compute_uv=False), x)
        return np.asarray((s > tolerance(x, s, self.atol, self.rtol)).sum(-1, dtype=np.int64))


def matrix_rank(A: Operand, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Tensor:
    """How many singular values of a matrix, or of each of a batch of them, do not count as 0; tolerances as in `pinv`.

    Raises
        ShapeError      fewer than two axes
        DtypeError      integers
        ArgumentError   hermitian=True, by which PyTorch reads one triangle alone

    Example
        >>> matrix_rank(Tensor([[1.0, 2.0], [2.0, 4.0]]))
        tensor(1)
    """
    check_general("matrix_rank", hermitian)
    check_matrix("matrix_rank", A)
    return Rank(atol, rtol).apply(A)


def check_general(who: str, hermitian: bool) -> None:
    """Refuse to read one triangle of a matrix as the whole."""
    if hermitian:
        raise ArgumentError(f"{who}: hermitian=True is not there: all entries are read.\n"
                            "  Leave it out, which gives the same for symmetric matrices.")
