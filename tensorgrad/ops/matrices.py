"""What functions of matrices have in common: checks of shape and dtype, and calls of LAPACK through NumPy."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import DtypeError, LinAlgError, ShapeError, message
from tensorgrad.kernels.blas import one_thread
from tensorgrad.ops.promotion import Operand

__all__ = ["check_float", "check_matrix", "check_square", "lapack"]


def check_float(who: str, input: Operand) -> None:
    """Raise a DtypeError unless `input` has a float dtype."""
    if not dtypes.is_float(input.dtype):
        raise DtypeError(message(who, f"is not defined for {input.dtype} values", {"input": input},
                                 "Convert first: x.float()."))


def check_matrix(who: str, input: Operand, floats: bool = True) -> None:
    """Raise unless `input` is a matrix, or a batch of them, of a float dtype if `floats`."""
    if input.ndim < 2:
        raise ShapeError(message(who, f"the input has {input.ndim} axes, a matrix has two", {"input": input},
                                 "Give it a second axis first: x.unsqueeze(-1)."))
    if floats:
        check_float(who, input)


def check_square(who: str, input: Operand, floats: bool = True) -> None:
    """Raise unless `input` is a square matrix, or a batch of them, of a float dtype if `floats`."""
    check_matrix(who, input, floats)
    rows, columns = input.shape[-2:]
    if rows != columns:
        raise ShapeError(message(who, f"the matrix is not square: {rows} rows, {columns} columns", {"input": input},
                                 "The last two axes must have one length."))


def lapack(who: str, function: Callable[..., Any], *arrays: np.ndarray) -> Any:
    """``function(*arrays)``, one of ``numpy.linalg``, with one thread, and with float16 computed in float32.

    Raises
        LinAlgError   where NumPy does
    """
    half = arrays[0].dtype == dtypes.float16
    if half:
        arrays = tuple([array.astype(np.float32) for array in arrays])
    try:
        with one_thread:
            found = function(*arrays)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(message(who, str(error).lower(), {f"matrix {i}": array for i, array in enumerate(arrays)},
                                  "Add a small multiple of the identity, or find the rows that depend on each other.")
                          ) from None
    if not half:
        return found
    return tuple([array.astype(np.float16) for array in found]) if isinstance(found, tuple) else found.astype(np.float16)
