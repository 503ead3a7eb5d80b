"""Running extrema along an axis: the largest or smallest entry so far, and where it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.ops.extrema import Picked, ValuesIndices, pick
from tensorgrad.ops.promotion import array_of
from tensorgrad.ops.reduction import normalize_dims
from tensorgrad.tensor import Tensor

__all__ = ["cummax", "cummin"]


class Cummax(Picked):
    """yᵢ = the largest xⱼ over j ≤ i along `dim`; of ties the last"""

    __slots__ = ()


class Cummin(Picked):
    """yᵢ = the smallest xⱼ over j ≤ i along `dim`; of ties the last"""

    __slots__ = ()


def cummax(input: Tensor | np.ndarray, dim: int) -> ValuesIndices:
    """The largest entry so far along `dim`, of ties the last, as a pair ``values, indices``; NaN wins.

    Gradient
        goes to the entries that the indices name

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> cummax(Tensor([1.0, 3.0, 2.0]), 0).values
        tensor([1., 3., 3.])
    """
    return record_holders("cummax", Cummax, np.maximum, input, dim)


def cummin(input: Tensor | np.ndarray, dim: int) -> ValuesIndices:
    """The smallest entry so far along `dim`, of ties the last, as a pair ``values, indices``; NaN wins.

    Gradient
        goes to the entries that the indices name

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> cummin(Tensor([3.0, 1.0, 2.0]), 0).indices
        tensor([0, 1, 1])
    """
    return record_holders("cummin", Cummin, np.minimum, input, dim)


def record_holders(who: str, op: type[Picked], better: np.ufunc, input: Tensor | np.ndarray, dim: int) -> Any:
    """Per entry the best so far and its index."""
    dims = normalize_dims(who, input, dim)
    if not dims:
        values, indices = record_holders(who, op, better, input.reshape(1), 0)
        return ValuesIndices(values.reshape(()), indices.reshape(()))
    (axis,) = dims
    array = array_of(input)
    # A record is set or equalled where an entry is the best so far; the latest such place holds it.
    sets = (array == better.accumulate(array, axis=axis)) | np.isnan(array)
    places = np.arange(array.shape[axis]).reshape([-1 if i == axis else 1 for i in range(array.ndim)])
    return pick(op, input, np.maximum.accumulate(np.where(sets, places, 0), axis=axis), axis)
