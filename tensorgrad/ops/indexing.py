"""``x[index]`` in all its forms, select and narrow.  Reading entries and putting them into zeros are each other's backward.

The basic part of an index (integers, slices, None) is a view; its arrays and masks are applied to that view.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import DtypeError, RangeError, message
from tensorgrad.op import Op
from tensorgrad.ops.index_syntax import ALL, ARRAY, split_index, written
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import normalize_dims
from tensorgrad.tensor import Tensor

__all__ = ["getitem", "select", "narrow"]


class GetItem(Op):
    """y = x[index], with integers, slices and None"""

    __slots__ = ("index",)
    name = "getitem"
    makes_views = True

    def __init__(self, index: tuple[Any, ...]):
        self.index = index

    def forward(self, x):
        return x[(*self.index, ...)]  # the ellipsis makes a view of a single entry too

    def backward(self, grad):
        return PutItem(self.index, self.shapes[0]).apply(grad)

    def options(self):
        return {"index": written(self.index)}


class PutItem(Op):
    """y = zeros of shape `into`, with y[index] = x"""

    __slots__ = ("index", "into")
    name = "putitem"

    def __init__(self, index: tuple[Any, ...], into: tuple[int, ...]):
        self.index, self.into = index, into

    def forward(self, x):
        out = np.zeros_like(x, shape=self.into)
        out[(*self.index, ...)] = x
        return out

    def backward(self, grad):
        return GetItem(self.index).apply(grad)

    def options(self):
        return {"index": written(self.index), "into": self.into}


class TakeItems(Op):
    """y = x[index], with integer arrays and masks: the inputs after x"""

    __slots__ = ("index", "keeps")

    def __init__(self, index: tuple[Any, ...], arrays: int):
        self.index, self.keeps = index, tuple(range(1, arrays + 1))

    def forward(self, x, *arrays):
        return x[filled(self.index, arrays)]

    def backward(self, grad):
        return (AddItems(self.index, self.shapes[0], len(self.keeps)).apply(grad, *self.inputs), *[None] * len(self.keeps))

    def options(self):
        return {"index": written(self.index)}


class AddItems(Op):
    """y = zeros of shape `into`, with x added at the index; an entry named several times gets the sum"""

    __slots__ = ("index", "into", "keeps")

    def __init__(self, index: tuple[Any, ...], into: tuple[int, ...], arrays: int):
        self.index, self.into, self.keeps = index, into, tuple(range(1, arrays + 1))

    def forward(self, x, *arrays):
        index = filled(self.index, arrays)
        if len(arrays) == 1 and arrays[0].dtype == bool:  # a mask names an entry once
            out = np.zeros_like(x, shape=self.into, order="C")
            out[index] = x
            return out
        if len(arrays) == 1:
            return add_along(x, arrays[0], self.index.index(ARRAY), self.into)
        return add_into_zeros(x, np.arange(int(np.prod(self.into))).reshape(self.into)[index], self.into)

    def backward(self, grad):
        return (TakeItems(self.index, len(self.keeps)).apply(grad, *self.inputs), *[None] * len(self.keeps))

    def options(self):
        return {"index": written(self.index), "into": self.into}


def add_into_zeros(values: np.ndarray, positions: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Zeros of `shape`, with each of `values` added at its position in row-major order."""
    out = np.zeros(int(np.prod(shape)), values.dtype)
    # On flat arrays add.at has a loop of its own, 5 to 10 times as fast as on rows, and faster than sorting.
    np.add.at(out, positions.reshape(-1), values.reshape(-1))
    return out.reshape(shape)


def add_along(values: np.ndarray, index: np.ndarray, axis: int, shape: tuple[int, ...]) -> np.ndarray:
    """Zeros of `shape`, with what `values` has for each entry of `index` added at that place of `axis`."""
    n, outer, inner = shape[axis], int(np.prod(shape[:axis])), int(np.prod(shape[axis + 1:]))
    index = index.reshape(-1).astype(np.intp, copy=False)
    values = values.reshape(outer, index.size, inner)
    out = np.zeros((outer, n, inner), values.dtype)
    if inner >= 16:  # write the first that goes to a place there, a row at a time, and add only what comes after it
        order, first = np.arange(index.size), np.empty(n, np.intp)
        first[index[::-1]] = order[::-1]
        is_first = first[index] == order
        if is_first.all():
            out[:, index] = values
            return out.reshape(shape)
        out[:, index[is_first]] = values[:, is_first]
        index, values = index[~is_first], values[:, ~is_first]
    rows = np.arange(outer)[:, None] * n + index % n
    np.add.at(out.reshape(-1), (rows[:, :, None] * inner + np.arange(inner)).reshape(-1), values.reshape(-1))
    return out.reshape(shape)


def filled(index: tuple[Any, ...], arrays: tuple[np.ndarray, ...]) -> tuple[Any, ...]:
    """`index` with the arrays in their places."""
    left = iter(arrays)
    return tuple([next(left) if item == ARRAY else item for item in index])


def getitem(input: Operand, index: Any) -> Tensor:
    """``input[index]``: integers, slices, None and ``...`` give a view; integer arrays, masks and lists give a copy.

    Indices may be mixed, may be tensors, and may count from the end.  An integer next to arrays picks its entry first.

    Gradient
        an entry read several times gets the sum

    Raises
        RangeError      an index outside its axis, more indices than axes, a mask of another shape
        DtypeError      an index that is neither an integer nor a bool
        ArgumentError   a slice with step 0

    Example
        >>> x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
        >>> x[0, ::2], x[:, [0, 0]], x[x > 4]
        (tensor([1., 3.]), tensor([[1., 1.],
            [4., 4.]]), tensor([5., 6.]))
    """
    basic, index, arrays = split_index(input, index if isinstance(index, tuple) else (index,))
    if not arrays:
        return GetItem(basic).apply(input)
    if any(item != ALL for item in basic):
        input = GetItem(basic).apply(input)
    try:
        return TakeItems(index, len(arrays)).apply(input, *arrays)
    except IndexError:
        raise RangeError(message("getitem", "the index arrays do not broadcast together",
                                 {f"index {i}": array for i, array in enumerate(arrays)},
                                 "Arrays in one index pick entries together, one by one; give them equal shapes.")) from None


# -- parts along one axis ----------------------------------------------------------------------------------------------


def one_axis(who: str, input: Operand, dim: int) -> int:
    """`dim` as an axis number ≥ 0.

    Raises
        RangeError   no such axis, or no axes at all
    """
    if not input.ndim:
        raise RangeError(message(who, "a tensor without axes has none to work along", {"input": input},
                                 "Give it one first: x.reshape(1)."))
    return normalize_dims(who, input, int(dim))[0]


def select(input: Operand, dim: int, index: int) -> Tensor:
    """Entry `index` of axis `dim`, which disappears: a view.

    Raises
        RangeError   no such axis, or an index outside it

    Example
        >>> select(Tensor([[1, 2], [3, 4]]), 1, -1)
        tensor([2, 4])
    """
    axis, index = one_axis("select", input, dim), int(index)
    n = input.shape[axis]
    if not -n <= index < n:
        raise RangeError(message("select", f"index {index} is outside axis {axis}, which has {n} entries", {"input": input},
                                 f"Use {-n} to {n - 1}." if n else "The axis is empty."))
    return GetItem((*[ALL] * axis, index)).apply(input)


def narrow(input: Operand, dim: int, start: int, length: int) -> Tensor:
    """`length` entries of axis `dim` from `start` on: a view.

    Raises
        RangeError   entries that the axis does not have
        DtypeError   a start that is no integer

    Example
        >>> narrow(Tensor([1, 2, 3, 4]), 0, 1, 2)
        tensor([2, 3])
    """
    if getattr(start, "dtype", np.dtype(int)).kind not in "iu":
        raise DtypeError(message("narrow", "the start is no integer", {"input": input, "start": start},
                                 "Convert it: int(start)."))
    axis, start, length = one_axis("narrow", input, dim), int(start), int(length)
    n = input.shape[axis]
    if not -n <= start <= n:
        raise RangeError(message("narrow", f"start={start} is outside axis {axis}, which has {n} entries",
                                 {"input": input}, f"Use {-n} to {n}."))
    first = start + n if start < 0 else start
    if not 0 <= length <= n - first:
        raise RangeError(message("narrow", f"axis {axis} has no {length} entries from {start} on", {"input": input},
                                 f"Use a length of 0 to {n - first}."))
    return part(input, axis, first, first + length)


def part(input: Operand, axis: int, start: int, stop: int) -> Operand:
    """``input[:, ..., start:stop]`` with the slice at `axis`, unchecked."""
    return GetItem((*[ALL] * axis, slice(start, stop))).apply(input)
