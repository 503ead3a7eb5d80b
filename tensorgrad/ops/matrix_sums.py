"""Products of matrices and vectors added to a tensor: addmm, addmv, addbmm, baddbmm, addr."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import DtypeError, ShapeError, message
from tensorgrad.ops.choice import where
from tensorgrad.ops.linalg import bmm, mm, mv, outer, same_dtype
from tensorgrad.ops.promotion import Operand, broadcasts_to
from tensorgrad.ops.reduction import sum
from tensorgrad.tensor import Tensor

__all__ = ["addmm", "addmv", "addbmm", "baddbmm", "addr"]


def blend(who: str, input: Operand, product: Operand, beta: float, alpha: float) -> Tensor:
    """beta · input + alpha · product, where a beta of 0 leaves the input out, even its NaN.

    Raises
        ShapeError   an input that does not broadcast to the shape of the product
        DtypeError   integers with a beta or alpha that is none
    """
    input, product = same_dtype(who, input, product)
    if not broadcasts_to(input.shape, product.shape):
        raise ShapeError(message(who, f"the input does not broadcast to the shape {product.shape} of the product",
                                 {"input": input, "product": product},
                                 "Axes are matched from the last; each of the input must be equal or 1."))
    for name, factor in (("beta", beta), ("alpha", alpha)):
        if not dtypes.is_float(product.dtype) and isinstance(factor, float):
            raise DtypeError(message(who, f"{name}={factor} for integers", {"input": input, "product": product},
                                     "Use an integer factor, or convert first: x.float()."))
    if alpha != 1:
        product = product * alpha
    if beta == 0:
        return product + where(False, input, np.zeros((), input.dtype))
    return product + (input if beta == 1 else input * beta)


def addmm(input: Operand, mat1: Operand, mat2: Operand, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """`beta` · `input` + `alpha` · (`mat1` @ `mat2`), of matrices (n, m) and (m, p); `input` broadcasts to (n, p).

    A `beta` of 0 leaves the input out, even its NaN.

    Raises
        ShapeError   as mm; an input that does not broadcast
        DtypeError   a fraction as `beta` or `alpha` of integers

    Example
        >>> addmm(Tensor([1.0]), Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]]), alpha=10)
        tensor([[111.]])
    """
    return blend("addmm", input, mm(mat1, mat2), beta, alpha)


def addmv(input: Operand, mat: Operand, vec: Operand, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """`beta` · `input` + `alpha` · (`mat` @ `vec`), of a matrix (n, m) and a vector (m,); `input` broadcasts to (n,).

    Raises
        as addmm

    Example
        >>> addmv(Tensor([1.0]), Tensor([[1.0, 2.0]]), Tensor([3.0, 4.0]))
        tensor([12.])
    """
    return blend("addmv", input, mv(mat, vec), beta, alpha)


def addbmm(input: Operand, batch1: Operand, batch2: Operand, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """`beta` · `input` + `alpha` · Σ (`batch1` @ `batch2`) over the batch, (b, n, m) and (b, m, p); `input` broadcasts to
    (n, p).

    Raises
        as addmm

    Example
        >>> addbmm(Tensor([[1.0]]), Tensor([[[2.0]], [[3.0]]]), Tensor([[[4.0]], [[5.0]]]))
        tensor([[24.]])
    """
    product = bmm(batch1, batch2)
    return blend("addbmm", input, sum(product, 0, dtype=product.dtype), beta, alpha)


def baddbmm(input: Operand, batch1: Operand, batch2: Operand, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """`beta` · `input` + `alpha` · (`batch1` @ `batch2`), of batches (b, n, m) and (b, m, p); `input` broadcasts to
    (b, n, p).

    Raises
        as addmm

    Example
        >>> baddbmm(Tensor([1.0]), Tensor([[[2.0]], [[3.0]]]), Tensor([[[4.0]], [[5.0]]])).shape
        (2, 1, 1)
    """
    return blend("baddbmm", input, bmm(batch1, batch2), beta, alpha)


def addr(input: Operand, vec1: Operand, vec2: Operand, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`beta` · `input` + `alpha` · every product of an entry of `vec1`, (n,), with one of `vec2`, (m,); `input` broadcasts
    to (n, m).

    Raises
        as addmm

    Example
        >>> addr(Tensor([[1.0]]), Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
        tensor([[4., 5.],
                [7., 9.]])
    """
    product = outer(vec1, vec2)
    if input.dtype == product.dtype == dtypes.bool_:  # sums and products of truth values are "or" and "and"
        return (product & bool(alpha)) | (input & bool(beta))
    return blend("addr", input, product, beta, alpha)
