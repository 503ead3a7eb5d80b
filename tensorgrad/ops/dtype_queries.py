"""Questions about dtypes and sizes: which dtype a result would have, what converts to what."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.ops.promotion import Operand, common_dtype
from tensorgrad.tensor import Tensor

__all__ = ["numel", "is_floating_point", "is_complex", "is_signed", "is_nonzero", "is_same_size", "result_type",
           "promote_types", "can_cast"]


def numel(input: Operand) -> int:
    """How many entries `input` has.

    Example
        >>> numel(Tensor([[1.0, 2.0]]))
        2
    """
    return input.size if isinstance(input, np.ndarray) else input.numel()


def is_floating_point(input: Operand) -> bool:
    """True for float16, float32 and float64 tensors.

    Example
        >>> is_floating_point(Tensor([1.0])), is_floating_point(Tensor([1]))
        (True, False)
    """
    return dtypes.is_float(input.dtype)


def is_complex(input: Operand) -> bool:
    """False: there are no complex tensors."""
    return False


def is_signed(input: Operand) -> bool:
    """True for dtypes that hold negative numbers.

    Example
        >>> is_signed(Tensor([1.0])), is_signed(Tensor([1], dtype="uint8"))
        (True, False)
    """
    return input.dtype.kind in "if"


def is_nonzero(input: Tensor) -> bool:
    """True if the only entry of `input` is not 0.

    Raises
        ShapeError   for any other number of entries

    Example
        >>> is_nonzero(Tensor([2.0]))
        True
    """
    return bool(input)


def is_same_size(input: Operand, other: Operand) -> bool:
    """True if the two have the same shape.

    Example
        >>> is_same_size(Tensor([1.0]), Tensor([[1.0]]))
        False
    """
    return input.shape == other.shape


def result_type(tensor1: Any, tensor2: Any) -> np.dtype:
    """The dtype of arithmetic with these two operands, tensors or Python numbers.

    Example
        >>> result_type(Tensor([1, 2]), 1.0), result_type(Tensor([1, 2], dtype="uint8"), Tensor(1))
        (dtype('float32'), dtype('uint8'))
    """
    # Numbers weigh less than tensors without axes, and those less than tensors with axes.
    found: list[tuple[int, np.dtype]] = []
    for x in (tensor1, tensor2):
        if isinstance(x, Tensor):
            found.append((2 if x.ndim else 1, x.dtype))
        else:
            found.append((0, dtypes.as_array(x).dtype))
    return common_dtype(*found)


def promote_types(type1: Any, type2: Any) -> np.dtype:
    """The smallest dtype that both convert to without changing kind.

    Example
        >>> promote_types("float32", "int64"), promote_types("uint8", "int8")
        (dtype('float32'), dtype('int16'))
    """
    return dtypes.promote(dtypes.as_dtype(type1), dtypes.as_dtype(type2))


def can_cast(from_: Any, to: Any) -> bool:
    """True if a result of dtype `from_` may be stored in a tensor of dtype `to`: from float not to integer, from no other
    dtype to bool.

    Example
        >>> can_cast("int64", "float32"), can_cast("float32", "int64")
        (True, False)
    """
    return dtypes.RANK[dtypes.as_dtype(from_).kind] <= dtypes.RANK[dtypes.as_dtype(to).kind]
