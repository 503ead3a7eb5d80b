"""`view`, which gives the same memory another shape or reads it as another dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import ShapeError, message
from tensorgrad.ops.shape import reshape
from tensorgrad.tensor import Tensor, from_array

__all__ = ["view"]


def view(input: Tensor, *sizes: Any, size: Any = None, dtype: Any = None) -> Tensor:
    """`reshape`; or, with a dtype instead of sizes, the memory of `input` read as that dtype.

    Entries of another size than those of `input` make the last axis shorter or longer.

    Gradient
        none through another dtype

    Raises
        ShapeError   the numbers of entries differ; a last axis that is no whole number of entries of the dtype

    Example
        >>> view(Tensor([1, 2, 3, 4]), 2, -1)
        tensor([[1, 2],
                [3, 4]])
        >>> view(Tensor([1.0], dtype="float32"), "int32")
        tensor([1065353216], dtype=int32)
    """
    if dtype is None:
        if len(sizes) != 1 or isinstance(sizes[0], (int, np.integer, tuple, list)):
            return reshape(input, *sizes, shape=size)
        dtype = sizes[0]
    dtype = dtypes.as_dtype(dtype)
    return reshape(input, input.shape) if dtype == input.dtype else read_as(input, dtype)


def read_as(input: Tensor, dtype: np.dtype) -> Tensor:
    """The bytes of `input` as another dtype, in the same memory and outside its graph."""
    try:
        read = input.array.view(dtype)
    except ValueError:
        raise ShapeError(message("view", f"entries of {input.itemsize} bytes along its last axis cannot be read as {dtype}",
                                 {"input": input}, "The last axis must lie in one piece, of a whole number of entries.")
                         ) from None
    result = from_array(read)
    result.share(input, object())
    return result
