"""Writing into a tensor: ``add_`` and its relatives, ``+=``, and assignment to an index.

    target                        while a graph is recorded                             under `no_grad`
    leaf that requires grad       GraphError, and so for its views                      in its memory
    something requires grad       recorded: the tensor takes over an op's result        in its memory
    constants only                in its memory                                         in its memory

A write keeps shape and dtype, and every tensor that shares the memory sees it.  Of a recorded one, see `ops.writing`, ops
that kept the old numbers notice nothing.  One in memory is noted, so that a graph that kept the memory, also through a view
or `detach()`, refuses to run backward with changed numbers.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from tensorgrad import dtypes, ops
from tensorgrad.callers import calling_line
from tensorgrad.errors import DtypeError, ShapeError, message
from tensorgrad.ops.assignment import assigned, entries
from tensorgrad.ops.index_syntax import split_index
from tensorgrad.ops.indexing import filled
from tensorgrad.ops.promotion import Operand, to
from tensorgrad.ops.writing import fits_into, holds, recorded, take_over, writable
from tensorgrad.ownership import unshared
from tensorgrad.porting.keyword_names import with_other_names
from tensorgrad.recording import no_grad
from tensorgrad.tensor import Tensor, plain

__all__ = ["add_", "sub_", "mul_", "div_", "addcmul_", "addcdiv_", "lerp_", "detach_", "in_place", "augmented", "iadd",
           "isub", "imul", "itruediv", "setitem"]


# -- arithmetic --------------------------------------------------------------------------------------------------------


def add_(self: Tensor, other: Operand, *, alpha: float = 1) -> Tensor:
    """Add `alpha` · `other` to this tensor, in place.

    Raises
        GraphError   a leaf that requires grad, while a graph is recorded
        ShapeError   a result of another shape
        DtypeError   a float added to an integer tensor

    Example
        >>> Tensor([1.0, 2.0]).add_(1)
        tensor([2., 3.])
    """
    return combined("add_", np.add, ops.add, self, other, alpha=alpha)


def sub_(self: Tensor, other: Operand, *, alpha: float = 1) -> Tensor:
    """Subtract `alpha` · `other` from this tensor, in place."""
    return combined("sub_", np.subtract, ops.sub, self, other, alpha=alpha)


def mul_(self: Tensor, other: Operand) -> Tensor:
    """Multiply this tensor by `other`, in place."""
    return combined("mul_", np.multiply, ops.mul, self, other)


def div_(self: Tensor, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
    """Divide this tensor by `other`, in place; `rounding_mode` as in `div`."""
    if rounding_mode is not None or recorded("div_", self, other):
        return replace("div_", self, ops.div, other, rounding_mode=rounding_mode)
    return arithmetic("div_", np.true_divide, self, other)


def addcmul_(self: Tensor, tensor1: Operand, tensor2: Operand, *, value: float = 1) -> Tensor:
    """Add `value` · `tensor1` · `tensor2`, in place.

    Example
        >>> Tensor([1.0]).addcmul_(Tensor([2.0]), Tensor([3.0]), value=10)
        tensor([61.])
    """
    if recorded("addcmul_", self, tensor1, tensor2):
        return take_over("addcmul_", self, ops.addcmul(self, tensor1, tensor2, value=value))
    with no_grad():
        return arithmetic("addcmul_", np.add, self, ops.mul(tensor1, tensor2), value)


def addcdiv_(self: Tensor, tensor1: Operand, tensor2: Operand, *, value: float = 1) -> Tensor:
    """Add `value` · `tensor1` / `tensor2`, in place.

    Example
        >>> Tensor([1.0]).addcdiv_(Tensor([3.0]), Tensor([2.0]), value=2)
        tensor([4.])
    """
    if recorded("addcdiv_", self, tensor1, tensor2):
        return take_over("addcdiv_", self, ops.addcdiv(self, tensor1, tensor2, value=value))
    with no_grad():
        return arithmetic("addcdiv_", np.add, self, ops.div(tensor1, tensor2), value)


def lerp_(self: Tensor, end: Operand, weight: Operand) -> Tensor:
    """Move by the fraction `weight` towards `end`, in place.

    Example
        >>> Tensor([0.0]).lerp_(Tensor([10.0]), 0.25)
        tensor([2.5])
    """
    if recorded("lerp_", self, end, weight):
        return take_over("lerp_", self, ops.lerp(self, end, weight))
    with no_grad():
        return arithmetic("lerp_", np.add, self, (end - self) * weight)


def combined(who: str, function: np.ufunc, op: Callable[..., Any], self: Tensor, other: Operand, **alpha: float) -> Tensor:
    """`self` and `other` by `op` in the graph, or by `function`, which is the same, in the memory of `self`."""
    if recorded(who, self, other):
        return take_over(who, self, op(self, other, **alpha))
    return arithmetic(who, function, self, other, **alpha)


def arithmetic(who: str, function: np.ufunc, self: Tensor, other: Operand, alpha: float = 1) -> Tensor:
    """``self = function(self, alpha * other)``, written into the memory of `self`."""
    mine = writable(who, self)
    theirs = other.array if isinstance(other, Tensor) else dtypes.constant(other, mine.dtype)
    if alpha != 1:
        theirs = theirs * dtypes.constant(alpha, getattr(theirs, "dtype", mine.dtype))
    kind = "f" if function is np.true_divide else getattr(theirs, "dtype", np.dtype(type(theirs))).kind
    if dtypes.RANK[kind] > dtypes.RANK[mine.dtype.kind]:
        raise DtypeError(message(who, f"the result does not fit into {mine.dtype.name}", {"self": self, "other": other},
                                 "Convert first (x = x.float()), or compute a new tensor without the underscore."))
    fits_into(who, self, theirs, other)
    function(mine, theirs, out=mine, casting="unsafe")
    self.mark_changed(calling_line())
    return self


def iadd(self: Tensor, other: Operand) -> Tensor:
    """``self += other``"""
    return combined("+=", np.add, ops.add, self, other)


def isub(self: Tensor, other: Operand) -> Tensor:
    """``self -= other``"""
    return combined("-=", np.subtract, ops.sub, self, other)


def imul(self: Tensor, other: Operand) -> Tensor:
    """``self *= other``"""
    return combined("*=", np.multiply, ops.mul, self, other)


def itruediv(self: Tensor, other: Operand) -> Tensor:
    """``self /= other``"""
    return combined("/=", np.true_divide, ops.div, self, other)


# -- any op in place ---------------------------------------------------------------------------------------------------


def in_place(name: str) -> Callable[..., Tensor]:
    """The method that replaces a tensor's contents by what the op `name` makes of them: ``exp_`` from ``exp``."""
    op = with_other_names(getattr(ops, name))

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return replace(f"{name}_", self, op, *args, **kwargs)

    method.__name__ = method.__qualname__ = f"{name}_"
    method.__doc__ = f"`{name}` of this tensor, in place."
    return method


def augmented(sign: str, op: Callable[..., Any]) -> Callable[..., Tensor]:
    """The method behind an assignment such as ``**=``: the result of `op` in place."""
    def method(self: Tensor, other: Operand) -> Tensor:
        return replace(sign, self, op, other)

    method.__doc__ = f"``self {sign} other``"
    return method


def replace(who: str, self: Tensor, op: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
    """``self = op(self, ...)``, in the graph or written into the memory of `self`."""
    if recorded(who, self, *args, *kwargs.values()):
        return take_over(who, self, op(self, *args, **kwargs))
    mine = writable(who, self)
    with no_grad():
        result = op(self, *args, **kwargs).array
    holds(who, self, result.dtype)
    fits_into(who, self, result, result)
    np.copyto(mine, result, casting="unsafe")
    self.mark_changed(calling_line())
    return self


def detach_(self: Tensor) -> Tensor:
    """Make this tensor itself a constant, cut off from the graph that computed it.

    Example
        >>> y = Tensor([1.0], requires_grad=True) * 2; y.detach_().requires_grad
        False
    """
    self.shared_memory()  # the op, too, is to hear of writes from here on
    self.creator = None
    self.wants_grad = False
    return self


# -- assignment to an index --------------------------------------------------------------------------------------------


def setitem(self: Tensor, index: Any, value: Operand) -> None:
    """``self[index] = value``, in place; indices are read as by `getitem`.

    Gradient
        of the tensor is 0 where it was written; several values for one place all have its gradient, as in PyTorch

    Raises
        GraphError   a leaf that requires grad, while a graph is recorded
        RangeError   an index outside the tensor
        ShapeError   a value that does not fit the place
        DtypeError   a value that the dtype cannot hold, such as 0.5 in an integer tensor

    Example
        >>> x = Tensor([1.0, 2.0, 3.0]); x[1:] = 0; x
        tensor([1., 0., 0.])
    """
    if recorded("setitem", self, value):
        record_assignment(self, index, value)
        return
    mine = writable("setitem", self)
    basic, places, arrays = split_index(self, index if isinstance(index, tuple) else (index,), "setitem")
    values = exactly("setitem", self, value)
    view = mine[(*basic, ...)]
    try:
        if arrays:
            view[filled(places, tuple(map(plain, arrays)))] = values
        else:
            view[...] = values
    except (IndexError, ValueError) as error:
        entries("setitem", view, places, arrays)
        raise ShapeError(message("setitem", f"the value does not fit the place: {error}", {"self": self, "value": value},
                                 "Give one number, or a value of the shape of self[index].")) from None
    self.mark_changed(calling_line())


def record_assignment(self: Tensor, index: Any, value: Operand) -> None:
    """``self[index] = value`` as part of the graph."""
    if isinstance(value, Tensor):
        if value.memory is not None and value.memory is self.memory and lies_at(self, index, value):
            return  # x[i] += y has written there already
        holds("setitem", self, value.dtype)
        value = to(value, self.dtype)
    else:
        value = exactly("setitem", self, value)
    own = self.memory is None and unshared(self.array, 1)
    take_over("setitem", self, assigned("setitem", self, index, value, own))


def lies_at(self: Tensor, index: Any, value: Tensor) -> bool:
    """True if `value` is that place of `self`, for an index without arrays."""
    basic, _, arrays = split_index(self, index if isinstance(index, tuple) else (index,), "setitem")
    place, there = self.array[(*basic, ...)], value.array
    return not arrays and (place.shape, place.strides, place.ctypes.data) == (there.shape, there.strides, there.ctypes.data)


# -- checks ------------------------------------------------------------------------------------------------------------


def exactly(who: str, self: Tensor, value: Operand) -> np.ndarray:
    """`value` as an array of the dtype of `self`; a DtypeError where that would change a number of a higher category."""
    array = dtypes.as_array(getattr(value, "array", value))
    dtype = self.array.dtype
    if array.dtype == dtype:
        return array
    converted = array.astype(dtype)
    lower = dtypes.RANK[array.dtype.kind] > dtypes.RANK[dtype.kind]
    if lower and not (dtype.kind == "b" and array.dtype.kind in "iu") and not np.array_equal(converted, array):
        raise DtypeError(message(who, f"{dtype.name} cannot hold these values", {"self": self, "value": value},
                                 "Convert the tensor first: x = x.float()."))
    return converted
