"""New tensors of indices: the places in a triangle of a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.devices import on_cpu
from tensorgrad.errors import ArgumentError
from tensorgrad.tensor import Tensor

__all__ = ["tril_indices", "triu_indices"]


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = dtypes.int64, device: Any = None) -> Tensor:
    """Rows and columns (2, M) of the places of a `row` × `col` matrix on and below the diagonal, which `offset` moves up.

    Raises
        ArgumentError   a negative size

    Example
        >>> tril_indices(2, 3)
        tensor([[0, 1, 1],
                [0, 0, 1]])
    """
    return places("tril_indices", np.tril, row, col, offset, dtype, device)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = dtypes.int64, device: Any = None) -> Tensor:
    """Rows and columns (2, M) of the places of a `row` × `col` matrix on and above the diagonal, which `offset` moves up.

    Raises
        ArgumentError   a negative size

    Example
        >>> triu_indices(2, 2, 1)
        tensor([[0],
                [1]])
    """
    return places("triu_indices", np.triu, row, col, offset, dtype, device)


def places(who: str, triangle: Any, row: int, col: int, offset: int, dtype: Any, device: Any) -> Tensor:
    """The indices of the entries that `triangle` keeps, row by row."""
    on_cpu(who, device)
    if row < 0 or col < 0:
        raise ArgumentError(f"{who}: a matrix of {row} × {col} is not possible.\n  Use sizes ≥ 0.")
    return Tensor(np.stack(np.nonzero(triangle(np.ones((row, col), bool), offset))).astype(dtypes.as_dtype(dtype)))
