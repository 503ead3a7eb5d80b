"""What stands between the brackets of ``x[...]``: read, checked against the tensor, and split in two.

The basic part (integers, slices, None) gives a view, and the arrays and masks are applied to that view.  An integer beside
an array is therefore settled first and does not count as an array, as in PyTorch; NumPy would count it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, DtypeError, RangeError, message
from tensorgrad.ops.promotion import Operand
from tensorgrad.tensor import Tensor, plain

ALL = slice(None)
ARRAY = "array"  # stands in an index for an array that is an operand
PLAIN = (int, type(None))


def split_index(x: Operand, items: tuple[Any, ...],
                who: str = "getitem") -> tuple[tuple[Any, ...], tuple[Any, ...], list[Any]]:
    """The basic index; the index of the view it gives, ARRAY in the place of each array; the arrays.  All checked."""
    shape = x.shape
    if len(items) == 1 and items[0].__class__ is int:  # the usual case
        check_integer(who, x, items[0], 0)
        return items, (), []
    read = [read_item(who, x, item) for item in items]
    axes = [axes_of(item) for item in read]
    if sum(axes) > len(shape):
        raise RangeError(message(who, f"{sum(axes)} indices for {len(shape)} axes", {"input": x},
                                 "A mask counts for each of its axes."))
    hidden = [i for i, item in enumerate(read) if item is Ellipsis]
    if len(hidden) > 1:
        raise RangeError(message(who, "an index has more than one `...`", {"input": x},
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
        elif isinstance(item, bool):  # a mask without axes: a new axis, whose entry is taken or not
            basic.append(None)
            index.append(ARRAY)
            arrays.append(np.zeros(int(item), np.int64))
        elif isinstance(item, int):
            check_integer(who, x, item, axis)
            basic.append(item)
        else:
            check_array(who, x, item, axis)
            basic += [ALL] * axes_of(item)
            index.append(ARRAY)
            arrays.append(item)
        axis += axes_of(item)
    return tuple(basic), tuple(index), arrays


def read_item(who: str, x: Operand, item: Any) -> Any:
    """One item of an index as None, Ellipsis, a bool, a slice, an int, or an array or tensor with axes."""
    if item is None or item is Ellipsis or item.__class__ is int:
        return item
    if isinstance(item, slice):
        if item.step == 0:
            raise ArgumentError(message(who, "a slice has step 0", {"input": x}, "Use a step of 1, or leave it out."))
        if item.step is None and item.start.__class__ in PLAIN and item.stop.__class__ in PLAIN:
            return item
        try:
            return slice(*[None if end is None else end.__index__() for end in (item.start, item.stop, item.step)])
        except AttributeError:
            raise DtypeError(message(who, f"{item} does not have integers as its ends", {"input": x},
                                     "Convert them: int(...).")) from None
    if not isinstance(item, (Tensor, np.ndarray)):
        item = np.asarray(plain(list(item) if isinstance(item, range) else item))
        if item.dtype.kind == "f" and not item.size:  # [] names no entry
            item = item.astype(np.int64)
    if item.dtype.kind not in "iub":
        raise DtypeError(message(who, "an index is neither integer nor bool", {"input": x, "index": item},
                                 "Convert it: index.astype(int), or index.long() for a tensor."))
    if item.dtype == np.uint8 and isinstance(item, Tensor):
        raise DtypeError(message(who, "an index is uint8, which PyTorch takes for a mask", {"x": x, "index": item},
                                 "Use index.bool() for a mask, index.long() for places."))
    if item.ndim:
        return item
    if item.dtype.kind == "b":
        return bool(item)
    return int(item)


def axes_of(item: Any) -> int:
    """How many axes an item of an index uses up."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    if isinstance(item, (int, slice)) or item.dtype.kind != "b":
        return 1
    return item.ndim


def check_integer(who: str, x: Operand, item: int, axis: int) -> None:
    """Raise a RangeError for an integer outside `axis`."""
    if axis >= x.ndim:
        raise RangeError(message(who, "a tensor without axes has no entries to pick", {"input": x},
                                 "Its one number is x.item()."))
    n = x.shape[axis]
    if not -n <= item < n:
        raise RangeError(message(who, f"index {item} is outside axis {axis}, which has {n} entries", {"input": x},
                                 f"Use {-n} to {n - 1}." if n else "The axis is empty."))


def check_array(who: str, x: Operand, item: Any, axis: int) -> None:
    """Raise a RangeError for a mask that does not fit, or an integer array with an entry outside `axis`."""
    array = plain(item)
    if array.dtype.kind == "b":
        there = x.shape[axis:axis + array.ndim]
        if array.shape != there:
            raise RangeError(message(who, f"the mask has shape {array.shape}, the axes from {axis} on {there}",
                                     {"input": x, "mask": item}, "A mask has the shape of the axes it covers."))
    elif array.size:
        n = x.shape[axis]
        low, high = int(array.min()), int(array.max())
        if low < -n or high >= n:
            wrong = high if high >= n else low
            raise RangeError(message(who, f"index {wrong} is outside axis {axis}, which has {n} entries",
                                     {"input": x, "index": item},
                                     f"Use {-n} to {n - 1}." if n else "The axis is empty."))


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
