"""Rows made of the entries of vectors: each with each, or so many out of one; and matrices along a diagonal."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.ops.joining import cat, stack
from tensorgrad.ops.padding import pad
from tensorgrad.ops.promotion import to
from tensorgrad.ops.selection import index_select
from tensorgrad.ops.shape import reshape
from tensorgrad.tensor import Tensor

__all__ = ["cartesian_prod", "combinations", "block_diag"]


def cartesian_prod(*tensors: Any) -> Any:
    """Every way to take one entry of each vector, as rows (M, K); of one vector the vector itself.

    Raises
        ArgumentError   no vectors
        ShapeError      what is no vector

    Example
        >>> cartesian_prod(Tensor([1, 2]), Tensor([3, 4])).tolist()
        [[1, 3], [1, 4], [2, 3], [2, 4]]
    """
    if not tensors:
        raise ArgumentError("cartesian_prod: there are no vectors.\n  Pass one or more.")
    for tensor in tensors:
        check_vector("cartesian_prod", tensor)
    if len(tensors) == 1:
        return tensors[0]
    places = np.indices([len(tensor) for tensor in tensors]).reshape(len(tensors), -1)
    return stack([index_select(tensor, 0, Tensor(place)) for tensor, place in zip(tensors, places)], 1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """Every way to take `r` entries of a vector in their order, as rows (M, r); `with_replacement` also an entry twice.

    Raises
        ArgumentError   a negative `r`
        ShapeError      what is no vector

    Example
        >>> combinations(Tensor([1, 2, 3])).tolist()
        [[1, 2], [1, 3], [2, 3]]
    """
    check_vector("combinations", input)
    if r < 0:
        raise ArgumentError(f"combinations: r={r} is negative.\n  Use r ≥ 0.")
    if r == 0:
        return Tensor(np.empty(0, input.dtype))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    places = np.array(list(choose(range(len(input)), r)), np.int64).reshape(-1, r)
    return reshape(index_select(input, 0, Tensor(places.reshape(-1))), places.shape)


def block_diag(*tensors: Any) -> Any:
    """The matrices along the diagonal of one that is 0 elsewhere; vectors are rows, and numbers matrices of one entry.

    Raises
        ShapeError   more than two axes

    Example
        >>> block_diag(Tensor([[1, 2]]), Tensor([[3], [4]])).tolist()
        [[1, 2, 0], [0, 0, 3], [0, 0, 4]]
    """
    if not tensors:
        return Tensor(np.empty((1, 0), dtypes.get_default_dtype()))
    for tensor in tensors:
        if tensor.ndim > 2:
            raise ShapeError(message("block_diag", "expects matrices", {"tensor": tensor}, "Use tensors of up to two axes."))
    dtype = tensors[0].dtype
    for tensor in tensors[1:]:
        dtype = dtypes.promote(dtype, tensor.dtype)
    blocks = [to(tensor if tensor.ndim == 2 else reshape(tensor, (1, -1)), dtype) for tensor in tensors]
    width, left, rows = sum(block.shape[1] for block in blocks), 0, []
    for block in blocks:
        rows.append(pad(block, (left, width - left - block.shape[1])))
        left += block.shape[1]
    return cat(rows, 0)


def check_vector(who: str, tensor: Any) -> None:
    """Raise a ShapeError unless `tensor` has one axis."""
    if tensor.ndim != 1:
        raise ShapeError(message(who, f"expects vectors, got {tensor.ndim} axes", {"tensor": tensor},
                                 "Flatten it first: x.flatten()."))
