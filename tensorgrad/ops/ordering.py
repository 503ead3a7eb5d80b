"""Entries in order: sort, argsort, topk, median.  The gradient goes to the entries that the indices name."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import RangeError, message
from tensorgrad.ops.extrema import MaxOfAll, Picked, ValuesIndices, check_not_empty, pick, with_axis
from tensorgrad.ops.promotion import Operand, array_of
from tensorgrad.ops.reduction import normalize_dims
from tensorgrad.tensor import Tensor

__all__ = ["sort", "argsort", "topk", "median", "nanmedian"]


def order_along(array: np.ndarray, axis: int, descending: bool) -> np.ndarray:
    """The indices that sort `array`, equal entries in the order they had; NaN counts as largest."""
    if not descending:
        return np.argsort(array, axis=axis, kind="stable")
    backwards = np.argsort(np.flip(array, axis), axis=axis, kind="stable")
    return np.flip(array.shape[axis] - 1 - backwards, axis)


class Sort(Picked):
    """y = x in order along `dim`"""

    __slots__ = ()


def msort(input: Operand) -> Any:
    """The entries in order along the first axis: the values of ``sort(input, 0)``.

    Example
        >>> msort(Tensor([3.0, 1.0, 2.0]))
        tensor([1., 2., 3.])
    """
    return sort(input, 0)[0]


def sort(input: Operand, dim: int = -1, descending: bool = False, *, stable: bool = False) -> ValuesIndices:
    """The entries in order along `dim`, as a pair ``values, indices``; equal entries keep their order, NaN is largest.

    Every sort is stable here; in PyTorch equal entries come in any order without `stable`.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> sort(Tensor([3.0, 1.0, 2.0])).indices
        tensor([1, 2, 0])
    """
    dims = normalize_dims("sort", input, dim)
    if not dims:
        values, indices = sort(input.reshape(1), 0)
        return ValuesIndices(values.reshape(()), indices.reshape(()))
    return pick(Sort, input, order_along(array_of(input), dims[0], descending), dims[0])


def argsort(input: Operand, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """The indices that put `input` in order along `dim`.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> argsort(Tensor([3.0, 1.0, 2.0]), descending=True)
        tensor([0, 2, 1])
    """
    return sort(input, dim, descending).indices


class Topk(Picked):
    """y = the k largest or smallest x along `dim`"""

    __slots__ = ()


def topk(input: Operand, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesIndices:
    """The `k` largest (or smallest) entries along `dim`, the best first, as a pair ``values, indices``.

    Of equal entries the first is taken; in PyTorch it may be any.  The result is in order also with sorted=False.

    Raises
        RangeError   more entries than there are; an axis that `input` does not have

    Example
        >>> topk(Tensor([3.0, 1.0, 4.0]), 2).values
        tensor([4., 3.])
    """
    dims = normalize_dims("topk", input, dim)
    n = input.shape[dims[0]] if dims else 1
    if not 0 <= k <= n:
        raise RangeError(message("topk", f"cannot take {k} of {n} entries along dim={dim}", {"input": input},
                                 f"Use k from 0 to {n}."))
    operand = input if dims else input.reshape(1)
    axis = dims[0] if dims else 0
    order = order_along(array_of(operand), axis, largest)
    values, indices = pick(Topk, operand, np.take(order, np.arange(k), axis), axis)
    return ValuesIndices(values, indices) if dims or not k else ValuesIndices(values.reshape(()), indices.reshape(()))


class Median(Picked):
    """y = the middle x along `dim`; of two the smaller"""

    __slots__ = ()


class MedianOfAll(MaxOfAll):
    """y = the middle of all x; of two the smaller; ties share the gradient equally"""

    __slots__ = ()

    def forward(self, x):
        return np.take(x.reshape(-1), middle_of(x.reshape(-1), 0))[0] if x.size else np.full((), np.nan, x.dtype)


def middle_of(array: np.ndarray, axis: int) -> np.ndarray:
    """The index of the middle entry along `axis`, or of the first NaN, with the axis kept."""
    middle = np.take(order_along(array, axis, False), [(array.shape[axis] - 1) // 2], axis)
    if array.dtype.kind != "f":
        return middle
    return np.where(np.isnan(array).any(axis=axis, keepdims=True), np.argmax(array, axis=axis, keepdims=True), middle)


def median(input: Operand, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle entry, of two the smaller; with an axis `dim`, the pair ``values, indices`` along it.

    Gradient
        ``median()`` shares it equally among ties; ``median(dim)`` gives it to the entry at the index

    Raises
        ShapeError   no entries; all of no float entries is NaN
        RangeError   an axis that `input` does not have

    Example
        >>> median(Tensor([3.0, 1.0, 2.0, 4.0]))
        tensor(2.)
    """
    if dim is None:
        every = tuple(range(input.ndim))
        if input.dtype.kind != "f":
            check_not_empty("median", input, every)
        return MedianOfAll(every, False).apply(input)
    operand, array, axis = with_axis("median", input, dim)
    return pick(Median, operand, middle_of(array, axis), axis, keepdim and input.ndim > 0)


class Nanmedian(Picked):
    """y = the middle x along `dim` of those that are not NaN; of two the smaller"""

    __slots__ = ()


class NanmedianOfAll(MaxOfAll):
    """y = the middle of all x that are not NaN; of two the smaller; ties share the gradient equally"""

    __slots__ = ()

    def forward(self, x):
        return np.take(x.reshape(-1), middle_without_nan(x.reshape(-1), 0))[0] if x.size else np.full((), np.nan, x.dtype)


def middle_without_nan(array: np.ndarray, axis: int) -> np.ndarray:
    """The index of the middle entry along `axis` of those that are not NaN, which are sorted last."""
    number = array.shape[axis] - np.isnan(array).sum(axis=axis, keepdims=True)
    return np.take_along_axis(order_along(array, axis, False), np.maximum(number - 1, 0) // 2, axis)


def nanmedian(input: Operand, dim: int | None = None, keepdim: bool = False) -> Any:
    """The `median` of the entries that are not NaN; NaN where all are.

    Gradient
        ``nanmedian()`` shares it equally among ties; ``nanmedian(dim)`` gives it to the entry at the index

    Raises
        as median

    Example
        >>> nanmedian(Tensor([3.0, float("nan"), 2.0, 4.0]))
        tensor(3.)
    """
    if dim is None:
        every = tuple(range(input.ndim))
        if input.dtype.kind != "f":
            check_not_empty("nanmedian", input, every)
        return NanmedianOfAll(every, False).apply(input)
    operand, array, axis = with_axis("nanmedian", input, dim)
    return pick(Nanmedian, operand, middle_without_nan(array, axis), axis, keepdim and input.ndim > 0)
