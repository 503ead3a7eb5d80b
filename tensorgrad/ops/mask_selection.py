"""Entries replaced or picked by a mask, and where the entries are that are not 0: masked_fill, masked_select, nonzero."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import DtypeError, ShapeError, message
from tensorgrad.ops.choice import places, where
from tensorgrad.ops.indexing import getitem
from tensorgrad.ops.promotion import Operand, array_of, check_broadcast, to
from tensorgrad.ops.reduction import expand
from tensorgrad.tensor import Tensor, from_array, plain

__all__ = ["masked_fill", "masked_select", "nonzero", "argwhere"]


def check_mask(who: str, input: Operand, mask: Operand) -> Operand:
    """The mask as a tensor or an array, checked against `input`."""
    mask = mask if isinstance(mask, (Tensor, np.ndarray)) else np.asarray(mask)
    if mask.dtype != dtypes.bool_:
        raise DtypeError(message(who, "the mask is not bool", {"input": input, "mask": mask},
                                 "Compare it to something first, such as mask != 0."))
    check_broadcast(who, input=input, mask=mask)
    return mask


def filling(who: str, input: Operand, value: Operand | float) -> Operand:
    """One value that is to be written into `input`, in its dtype.

    Raises
        ShapeError   a value with axes
        DtypeError   a fraction for an integer tensor
    """
    if np.ndim(plain(value)):
        raise ShapeError(message(who, "the value has axes", {"input": input, "value": value},
                                 "Use where(mask, value, input) for a value per entry."))
    if isinstance(value, Tensor):
        return to(value, input.dtype)
    exact = np.asarray(value)
    if not dtypes.is_float(input.dtype) and exact.dtype.kind == "f" and exact % 1 != 0:
        raise DtypeError(message(who, f"{input.dtype} values cannot hold {value}", {"input": input},
                                 "Convert the tensor first: x.float()."))
    return exact.astype(input.dtype)


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
    value = filling("masked_fill", input, value)
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


def nonzero(input: Operand, *, as_tuple: bool = False) -> Any:
    """Where the entries are that are not 0: a row of indices for each, in row-major order; with `as_tuple` one index tensor
    per axis, which together index the entries.

    Shapes
        (found, axes) int64; with `as_tuple` per axis (found,), a tensor without axes counting as one of one entry

    Example
        >>> nonzero(Tensor([[0, 5], [7, 0]]))
        tensor([[0, 1],
                [1, 0]])
        >>> nonzero(Tensor([0, 5, 7]), as_tuple=True)
        (tensor([1, 2]),)
    """
    if as_tuple:
        return places(input)
    found = np.argwhere(array_of(input))
    return from_array(found) if isinstance(input, Tensor) else found


def argwhere(input: Operand) -> Tensor:
    """`nonzero` under NumPy's name: a row of indices for each entry that is not 0."""
    return nonzero(input)
