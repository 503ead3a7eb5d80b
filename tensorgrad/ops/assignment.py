"""``x[index] = value`` as an op: a copy of x in which the place has the value.  Graphs record it for an assignment."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import RangeError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.choice import Where
from tensorgrad.ops.index_syntax import split_index, written
from tensorgrad.ops.indexing import GetItem, filled
from tensorgrad.ops.overwriting import numbered, overwrite
from tensorgrad.ops.promotion import Operand, broadcasts_to
from tensorgrad.ownership import unshared
from tensorgrad.tensor import Tensor, plain

__all__ = ["assigned", "replaced"]


class SetItem(Op):
    """y = x, with y[index] = value, for integers, slices and None"""

    __slots__ = ("index", "own")
    name = "setitem"

    def __init__(self, index: tuple[Any, ...], own: bool = False):
        self.index, self.own = index, own  # own: nobody else reads x, which may become the result

    def forward(self, x, value):
        out = x if self.own else x.copy(order="K") if self.index else np.empty_like(x)
        out[(*self.index, ...)] = value
        return out

    def backward(self, grad):
        own = grad.__class__ is np.ndarray and grad.flags.writeable and unshared(grad, 2)  # held by the walk and here
        grad_value = None
        if self.needs(1):
            grad_value = GetItem(self.index).apply(grad)
            if own:
                grad_value = grad_value.copy()
        return SetItem(self.index, own).apply(grad, 0.0) if self.needs(0) else None, grad_value

    def options(self):
        return {"index": written(self.index)}


def replaced(input: Tensor, value: Operand) -> Tensor:
    """`value`, broadcast to the shape of `input`, as what became of it: still in its graph, with the gradient 0."""
    return SetItem(()).apply(input, value)


def assigned(who: str, input: Tensor, index: Any, value: Operand, own: bool = False) -> Tensor:
    """`input` with `value`, of its dtype, at `index`, which is read as by `getitem`.

    Arguments
        own   nobody else reads the array of `input`: it may become that of the result

    Gradient
        of `input` is 0 where it was written; several values for one place all have its gradient, as in PyTorch

    Raises
        RangeError   an index outside the tensor, a mask of another shape
        DtypeError   an index that is neither integer nor bool
        ShapeError   a value that does not fit the place

    Example
        >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> assigned("setitem", x, slice(1, None), Tensor([0.0]))
        tensor([1., 0., 0.], creator=setitem)
    """
    basic, index, arrays = split_index(input, index if isinstance(index, tuple) else (index,), who)
    if not arrays:
        value = fitting(who, input, value, input.array[(*basic, ...)].shape)
        return SetItem(basic, own).apply(input, value)
    mask = arrays[0]
    if mask.dtype == dtypes.bool_ and mask.shape == input.shape and len(basic) == mask.ndim and not np.ndim(plain(value)):
        return Where().apply(mask, value, input)
    positions = entries(who, numbered(input)[(*basic, ...)], index, arrays)
    return overwrite(input, positions, fitting(who, input, value, positions.shape))


def entries(who: str, view: np.ndarray, index: tuple[Any, ...], arrays: list[Any]) -> np.ndarray:
    """What an index with arrays reads of the view that its basic part gives."""
    try:
        return view[filled(index, tuple(map(plain, arrays)))]
    except IndexError:
        raise RangeError(message(who, "the index arrays do not broadcast together",
                                 {f"index {i}": array for i, array in enumerate(arrays)},
                                 "Arrays in one index pick entries together, one by one; give them equal shapes.")) from None


def fitting(who: str, input: Tensor, value: Operand, shape: tuple[int, ...]) -> Operand:
    """`value` without axes of length 1 that the place, of that shape, does not have."""
    given = np.shape(plain(value))
    extra = len(given) - len(shape)
    if extra > 0 and given[:extra] == (1,) * extra:
        value, given = value.reshape(given[extra:]), given[extra:]
    if given and not broadcasts_to(given, shape):
        raise ShapeError(message(who, f"the value does not fit the place, which has the shape {shape}",
                                 {"self": input, "value": value},
                                 "Give one number, or a value of the shape of self[index]."))
    return value
