"""Products of several matrices: multi_dot, chain_matmul, matrix_power."""

from __future__ import annotations

import functools
from typing import Any, Sequence

import numpy as np

from tensorgrad.errors import ArgumentError, DtypeError, ShapeError, message
from tensorgrad.ops.choice import where
from tensorgrad.ops.linalg import matmul
from tensorgrad.ops.matrices import check_square
from tensorgrad.ops.matrix_inverse import inv
from tensorgrad.ops.promotion import Operand
from tensorgrad.tensor import Tensor

__all__ = ["multi_dot", "chain_matmul", "matrix_power"]


def multi_dot(tensors: Sequence[Operand]) -> Tensor:
    """The product of two or more matrices, multiplied in the order that takes the fewest multiplications; the first and the
    last may be vectors.

    Raises
        ArgumentError   fewer than two matrices
        ShapeError      other numbers of axes, inner sizes that differ

    Example
        >>> multi_dot([Tensor([1.0, 2.0]), Tensor([[1.0, 0.0], [0.0, 2.0]]), Tensor([3.0, 4.0])])
        tensor(19.)
    """
    tensors = list(tensors)
    shown = {f"matrix {i}": tensor for i, tensor in enumerate(tensors)}
    if len(tensors) < 2:
        raise ArgumentError(message("multi_dot", f"{len(tensors)} matrices are no product", shown, "Give at least two."))
    for i, tensor in enumerate(tensors):
        if tensor.ndim != 2 and not (tensor.ndim == 1 and i in (0, len(tensors) - 1)):
            raise ShapeError(message("multi_dot", f"matrix {i} has {tensor.ndim} axes", shown,
                                     "Give matrices; the first and the last may be vectors."))
    first, last = tensors[0], tensors[-1]
    tensors[0] = first.reshape((1, -1)) if first.ndim == 1 else first
    tensors[-1] = last.reshape((-1, 1)) if last.ndim == 1 else last
    product = multiplied("multi_dot", tensors)
    rows = () if first.ndim == 1 else product.shape[:1]
    return product.reshape((*rows, *(() if last.ndim == 1 else product.shape[1:])))


def chain_matmul(*matrices: Operand) -> Tensor:
    """The product of matrices, multiplied in the order that takes the fewest multiplications.

    Raises
        ArgumentError   no matrices
        ShapeError      operands that are no matrices, inner sizes that differ

    Example
        >>> chain_matmul(Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]]), Tensor([[2.0]]))
        tensor([[22.]])
    """
    shown = {f"matrix {i}": matrix for i, matrix in enumerate(matrices)}
    if not matrices:
        raise ArgumentError(message("chain_matmul", "no matrices are given", fix="Give at least one."))
    for i, matrix in enumerate(matrices):
        if matrix.ndim != 2:
            raise ShapeError(message("chain_matmul", f"matrix {i} has {matrix.ndim} axes", shown, "Give matrices."))
    return multiplied("chain_matmul", list(matrices))


def multiplied(who: str, matrices: list[Any]) -> Tensor:
    """The product of one or more matrices, in the best order."""
    for i, (a, b) in enumerate(zip(matrices, matrices[1:])):
        if a.shape[1] != b.shape[0]:
            raise ShapeError(message(who, f"the inner sizes differ: {a.shape[1]} and {b.shape[0]}",
                                     {f"matrix {i}": a, f"matrix {i + 1}": b},
                                     f"Matrix {i + 1} needs {a.shape[1]} rows."))
    sizes = [matrices[0].shape[0], *[matrix.shape[1] for matrix in matrices]]
    cuts = best_cuts(sizes)
    done: dict[tuple[int, int], Any] = {(i, i): matrix for i, matrix in enumerate(matrices)}
    stack = [(0, len(matrices) - 1)]
    while stack:
        i, j = stack[-1]
        if (i, j) in done:
            stack.pop()
            continue
        cut = cuts[i, j]
        missing = [part for part in ((i, cut), (cut + 1, j)) if part not in done]
        if missing:
            stack += missing
        else:
            done[i, j] = matmul(done[i, cut], done[cut + 1, j])
    return done[0, len(matrices) - 1]


def best_cuts(sizes: list[int]) -> np.ndarray:
    """Per run i to j of matrices, matrix k being (sizes[k], sizes[k + 1]), after which one to cut it in two.

    Source
        Cormen, Leiserson, Rivest, Stein, "Introduction to Algorithms", matrix-chain multiplication
    """
    n = len(sizes) - 1
    cost, cuts = np.zeros((n, n)), np.zeros((n, n), np.intp)
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            tried = [cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)]
            cost[i, j] = min(tried)
            cuts[i, j] = i + int(np.argmin(tried))
    return cuts


def matrix_power(input: Operand, n: int) -> Tensor:
    """A square matrix, or each of a batch of them, multiplied by itself `n` times; a negative `n` multiplies its inverse, 0
    gives the identity.

    Raises
        DtypeError    an `n` that is no integer; integers and a negative `n`
        LinAlgError   a negative `n` for a matrix without inverse
        ShapeError    a matrix that is not square

    Example
        >>> matrix_power(Tensor([[2.0, 0.0], [0.0, 3.0]]), 3)
        tensor([[ 8.,  0.],
                [ 0., 27.]])
    """
    if not isinstance(n, (int, np.integer)):
        raise DtypeError(message("matrix_power", f"n={n!r} is no integer", {"input": input}, "Use an integer."))
    check_square("matrix_power", input, floats=n < 0)
    if n == 0:
        return where(False, input, np.eye(input.shape[-1], dtype=input.dtype))
    base, left = (inv(input), -n) if n < 0 else (input, n)
    factors = []  # base to those powers of 2 that add up to n
    while left:
        if left % 2:
            factors.append(base)
        left //= 2
        base = matmul(base, base) if left else base
    return functools.reduce(matmul, factors)
