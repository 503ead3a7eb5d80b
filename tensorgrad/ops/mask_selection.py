"""Entries replaced or picked by a mask: masked_fill, masked_select."""

from __future__ import annotations

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import DtypeError, ShapeError, message
from tensorgrad.ops.choice import where
from tensorgrad.ops.indexing import getitem
from tensorgrad.ops.promotion import Operand, check_broadcast
from tensorgrad.ops.reduction import expand
from tensorgrad.tensor import Tensor, plain

__all__ = ["masked_fill", "masked_select"]


def check_mask(who: str, input: Operand, mask: Operand) -> Operand:
    """The mask as a tensor or an array, checked against `input`."""
    mask = mask if isinstance(mask, (Tensor, np.ndarray)) else np.asarray(mask)
    if mask.dtype != dtypes.bool_:
        raise DtypeError(message(who, "the mask is not bool", {"input": input, "mask": mask},
                                 "Compare it to something first, such as mask != 0."))
    check_broadcast(who, input=input, mask=mask)
    return mask


def masked_fill(input: Operand, mask: Operand, value: Operand | float) -> Tensor:
    """`input` with `value`, a number or a tensor without axes, where `mask` holds; in the dtype of `input`.

    Raises
        DtypeError   a mask that is not bool; a fraction for an integer tensor
        ShapeError   a mask that does not broadcast with `input`; a value with axes

    Example
        >>> masked_fill(Tensor([1.0, 2.0]), Tensor([True, False]), -1)
        tensor([-1.,  2.])
    """
    mask = check_mask("masked_fill", input, mask)
    if np.ndim(plain(value)):
        raise ShapeError(message("masked_fill", "the value has axes", {"input": input, "value": value},
                                 "Use where(mask, value, input) for a value per entry."))
    if not isinstance(value, Tensor):
        exact = np.asarray(value)
        if not dtypes.is_float(input.dtype) and exact.dtype.kind == "f" and exact % 1 != 0:
            raise DtypeError(message("masked_fill", f"{input.dtype} values cannot hold {value}", {"input": input},
                                     "Convert the tensor first: x.float()."))
        value = exact.astype(input.dtype)
    elif value.dtype != input.dtype:
        value = value.to(input.dtype)
    return where(mask, value, input)


def masked_select(input: Operand, mask: Operand) -> Tensor:
    """The entries of `input` where `mask` holds, on one axis, in row-major order; the two are broadcast first.

    Raises
        DtypeError   a mask that is not bool
        ShapeError   a mask that does not broadcast with `input`

    Example
        >>> masked_select(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([True, False]))
        tensor([1., 3.])
    """
    mask = check_mask("masked_select", input, mask)
    shape = np.broadcast_shapes(input.shape, mask.shape)
    if not shape:
        input, mask, shape = input.reshape(1), mask.reshape(1), (1,)
    return getitem(expand(input, *shape), expand(mask, *shape))
