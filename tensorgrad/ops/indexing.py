"""``x[index]`` in all its forms, select and narrow.  Reading entries and putting them into zeros are each other's backward.

An index is split in two.  The basic part (integers, slices, None) is a view.  The arrays and masks are applied to that
view, so an integer beside an array is settled first and does not count as an array, as in PyTorch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, DtypeError, RangeError, message
from tensorgrad.op import Op
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import normalize_dims
from tensorgrad.tensor import Tensor, plain

__all__ = ["getitem", "select", "narrow"]

ALL = slice(None)
ARRAY = "array"  # stands in an index for an array that is an operand


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


def filled(index: tuple[Any, ...], arrays: tuple[np.ndarray, ...]) -> tuple[Any, ...]:
    """`index` with the arrays in their places."""
    left = iter(arrays)
    return tuple([next(left) if item == ARRAY else item for item in index])


def written(index: tuple[Any, ...]) -> str:
    """An index as it is typed.

    Example
        >>> written((0, slice(None, 3), Ellipsis, None))
        '[0, :3, ..., None]'
    """
    def one(item: Any) -> str:
        if isinstance(item, slice):
            ends = ["" if end is None else str(end) for end in (item.start, item.stop, item.step)]
            return ":".join(ends if ends[2] else ends[:2])
        return "..." if item is Ellipsis else str(item)

    return f"[{', '.join(map(one, index))}]"


# -- reading an index --------------------------------------------------------------------------------------------------


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


def split_index(x: Operand, items: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...], list[Any]]:
    """The basic index; the index of the view it gives, ARRAY in the place of each array; the arrays.  All checked."""
    shape = x.shape
    if len(items) == 1 and items[0].__class__ is int:  # the usual case
        check_integer(x, items[0], 0)
        return items, (), []
    read = [read_item(x, item) for item in items]
    axes = [axes_of(item) for item in read]
    if sum(axes) > len(shape):
        raise RangeError(message("getitem", f"{sum(axes)} indices for {len(shape)} axes", {"input": x},
                                 "A mask counts for each of its axes."))
    hidden = [i for i, item in enumerate(read) if item is Ellipsis]
    if len(hidden) > 1:
        raise RangeError(message("getitem", "an index has more than one `...`", {"input": x},
                                 "Only one can be filled in; write `:` for the others."))
    at = hidden[0] if hidden else len(read)
    read[at:at + 1] = [ALL] * (len(shape) - sum(axes))

    basic: list[Any] = []
    index: list[Any] = []
    arrays: list[Any] = []
    axis = 0
    for item in read:
        if item is None or isinstance(item, slice):
            basic.append(item)
            index.append(ALL)
        elif item is False:  # a mask without axes: a new axis, of which no entry is taken
            basic.append(None)
            index.append(ARRAY)
            arrays.append(np.zeros(0, np.int64))
        elif isinstance(item, int):
            check_integer(x, item, axis)
            basic.append(item)
        else:
            check_array(x, item, axis)
            basic += [ALL] * axes_of(item)
            index.append(ARRAY)
            arrays.append(item)
        axis += axes_of(item)
    return tuple(basic), tuple(index), arrays


def read_item(x: Operand, item: Any) -> Any:
    """One item of an index as None, Ellipsis, False, a slice, an int, or an array or tensor with axes."""
    if item is None or item is Ellipsis or item.__class__ is int:
        return item
    if isinstance(item, slice):
        if item.step == 0:
            raise ArgumentError(message("getitem", "a slice has step 0", {"input": x}, "Use a step of 1, or leave it out."))
        try:
            return slice(*[None if end is None else end.__index__() for end in (item.start, item.stop, item.step)])
        except AttributeError:
            raise DtypeError(message("getitem", f"{item} does not have integers as its ends", {"input": x},
                                     "Convert them: int(...).")) from None
    if not isinstance(item, (Tensor, np.ndarray)):
        item = np.asarray(plain(list(item) if isinstance(item, range) else item))
        if item.dtype.kind == "f" and not item.size:  # [] names no entry
            item = item.astype(np.int64)
    if item.dtype.kind not in "iub":
        raise DtypeError(message("getitem", "an index is neither integer nor bool", {"input": x, "index": item},
                                 "Convert it: index.astype(int), or index.long() for a tensor."))
    if item.ndim:
        return item
    if item.dtype.kind == "b":
        return None if item else False
    return int(item)


def axes_of(item: Any) -> int:
    """How many axes an item of an index uses up."""
    if item is None or item is Ellipsis or item is False:
        return 0
    if isinstance(item, (int, slice)) or item.dtype.kind != "b":
        return 1
    return item.ndim


def check_integer(x: Operand, item: int, axis: int) -> None:
    """Raise a RangeError for an integer outside `axis`."""
    if axis >= x.ndim:
        raise RangeError(message("getitem", "a tensor without axes has no entries to pick", {"input": x},
                                 "Its one number is x.item()."))
    n = x.shape[axis]
    if not -n <= item < n:
        raise RangeError(message("getitem", f"index {item} is outside axis {axis}, which has {n} entries", {"input": x},
                                 f"Use {-n} to {n - 1}." if n else "The axis is empty."))


def check_array(x: Operand, item: Any, axis: int) -> None:
    """Raise a RangeError for a mask that does not fit, or an integer array with an entry outside `axis`."""
    array = plain(item)
    if array.dtype.kind == "b":
        there = x.shape[axis:axis + array.ndim]
        if array.shape != there:
            raise RangeError(message("getitem", f"the mask has shape {array.shape}, the axes from {axis} on {there}",
                                     {"input": x, "mask": item}, "A mask has the shape of the axes it covers."))
    elif array.size:
        n = x.shape[axis]
        low, high = int(array.min()), int(array.max())
        if low < -n or high >= n:
            wrong = high if high >= n else low
            raise RangeError(message("getitem", f"index {wrong} is outside axis {axis}, which has {n} entries",
                                     {"input": x, "index": item},
                                     f"Use {-n} to {n - 1}." if n else "The axis is empty."))


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

    Example
        >>> narrow(Tensor([1, 2, 3, 4]), 0, 1, 2)
        tensor([2, 3])
    """
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
