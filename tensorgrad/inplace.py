"""Writing into a tensor's own memory: ``add_`` and its relatives, ``+=``, and assignment to an index.

A graph cannot record a write, so while one is recorded (outside `no_grad`) the rule is:

    target                       `+=  -=  *=  /=`            methods with an underscore, x[i] = y
    leaf that requires grad      GraphError                  GraphError
    something requires grad      a new tensor is bound       GraphError, which says what to use instead
    constants only               in place                    in place

Under `no_grad` everything is in place.  A write keeps the tensor's dtype and is noted, so that a graph that kept the memory,
also through a view or `detach()`, refuses to run backward with changed numbers.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from tensorgrad import dtypes, ops
from tensorgrad.callers import calling_line
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, RangeError, ShapeError, message
from tensorgrad.ops.promotion import Operand
from tensorgrad.recording import here, no_grad
from tensorgrad.tensor import Tensor

__all__ = ["add_", "sub_", "mul_", "div_", "addcmul_", "addcdiv_", "lerp_", "detach_", "in_place", "iadd", "isub", "imul",
           "itruediv", "setitem"]


# -- arithmetic --------------------------------------------------------------------------------------------------------


def add_(self: Tensor, other: Operand, *, alpha: float = 1) -> Tensor:
    """Add `alpha` · `other` to this tensor, in place.

    Raises
        GraphError   while a graph is recorded and one of the two requires grad
        ShapeError   a result of another shape
        DtypeError   a float added to an integer tensor

    Example
        >>> Tensor([1.0, 2.0]).add_(1)
        tensor([2., 3.])
    """
    return arithmetic("add_", np.add, self, other, alpha)


def sub_(self: Tensor, other: Operand, *, alpha: float = 1) -> Tensor:
    """Subtract `alpha` · `other` from this tensor, in place."""
    return arithmetic("sub_", np.subtract, self, other, alpha)


def mul_(self: Tensor, other: Operand) -> Tensor:
    """Multiply this tensor by `other`, in place."""
    return arithmetic("mul_", np.multiply, self, other)


def div_(self: Tensor, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
    """Divide this tensor by `other`, in place; `rounding_mode` as in `div`."""
    if rounding_mode is not None:
        return replace("div_", self, ops.div, other, rounding_mode=rounding_mode)
    return arithmetic("div_", np.true_divide, self, other)


def addcmul_(self: Tensor, tensor1: Operand, tensor2: Operand, *, value: float = 1) -> Tensor:
    """Add `value` · `tensor1` · `tensor2`, in place.

    Example
        >>> Tensor([1.0]).addcmul_(Tensor([2.0]), Tensor([3.0]), value=10)
        tensor([61.])
    """
    refuse_recorded("addcmul_", self, tensor1, tensor2)
    with no_grad():
        return arithmetic("addcmul_", np.add, self, ops.mul(tensor1, tensor2), value)


def addcdiv_(self: Tensor, tensor1: Operand, tensor2: Operand, *, value: float = 1) -> Tensor:
    """Add `value` · `tensor1` / `tensor2`, in place.

    Example
        >>> Tensor([1.0]).addcdiv_(Tensor([3.0]), Tensor([2.0]), value=2)
        tensor([4.])
    """
    refuse_recorded("addcdiv_", self, tensor1, tensor2)
    with no_grad():
        return arithmetic("addcdiv_", np.add, self, ops.div(tensor1, tensor2), value)


def lerp_(self: Tensor, end: Operand, weight: Operand) -> Tensor:
    """Move by the fraction `weight` towards `end`, in place.

    Example
        >>> Tensor([0.0]).lerp_(Tensor([10.0]), 0.25)
        tensor([2.5])
    """
    refuse_recorded("lerp_", self, end, weight)
    with no_grad():
        return arithmetic("lerp_", np.add, self, (end - self) * weight)


def arithmetic(who: str, function: np.ufunc, self: Tensor, other: Operand, alpha: float = 1) -> Tensor:
    """``self = function(self, alpha * other)``, written into the memory of `self`."""
    refuse_recorded(who, self, other)
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
    return augmented("+=", np.add, ops.add, self, other)


def isub(self: Tensor, other: Operand) -> Tensor:
    """``self -= other``"""
    return augmented("-=", np.subtract, ops.sub, self, other)


def imul(self: Tensor, other: Operand) -> Tensor:
    """``self *= other``"""
    return augmented("*=", np.multiply, ops.mul, self, other)


def itruediv(self: Tensor, other: Operand) -> Tensor:
    """``self /= other``"""
    return augmented("/=", np.true_divide, ops.div, self, other)


def augmented(sign: str, function: np.ufunc, op: Callable[..., Tensor], self: Tensor, other: Operand) -> Tensor:
    """In place where no graph is recorded; where one is, a new tensor, to which Python binds the name."""
    if here.recording and not self.wants_grad and (self.creator is not None or wants_grad(other)):
        return op(self, other)
    return arithmetic(sign, function, self, other)


# -- any op in place ---------------------------------------------------------------------------------------------------


def in_place(name: str) -> Callable[..., Tensor]:
    """The method that replaces a tensor's contents by what the op `name` makes of them: ``exp_`` from ``exp``."""
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return replace(f"{name}_", self, getattr(ops, name), *args, **kwargs)

    method.__name__ = method.__qualname__ = f"{name}_"
    method.__doc__ = f"`{name}` of this tensor, in place."
    return method


def replace(who: str, self: Tensor, op: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
    """``self = op(self, ...)``, written into the memory of `self`."""
    refuse_recorded(who, self, *args, *kwargs.values())
    mine = writable(who, self)
    with no_grad():
        result = op(self, *args, **kwargs).array
    if dtypes.RANK[result.dtype.kind] > dtypes.RANK[mine.dtype.kind]:
        raise DtypeError(message(who, f"a {result.dtype.name} result does not fit into {mine.dtype.name}", {"self": self},
                                 "Convert first (x = x.float()), or compute a new tensor without the underscore."))
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
    """``self[index] = value``, in place.

    Raises
        GraphError   while a graph is recorded and the tensor or the value requires grad
        RangeError   an index outside the tensor
        ShapeError   a value that does not fit the place
        DtypeError   a value that the dtype cannot hold, such as 0.5 in an integer tensor

    Example
        >>> x = Tensor([1.0, 2.0, 3.0]); x[1:] = 0; x
        tensor([1., 0., 0.])
    """
    refuse_recorded("setitem", self, value)
    mine = writable("setitem", self)
    place = tuple(arrays_of(i) for i in index) if isinstance(index, tuple) else arrays_of(index)
    values = exactly("setitem", self, value)
    try:
        mine[place] = values
    except IndexError as error:
        raise RangeError(message("setitem", str(error), {"self": self, "index": index},
                                 "Index within the shape: 0 to length - 1 per axis, or from the end with -1.")) from None
    except ValueError as error:
        raise ShapeError(message("setitem", f"the value does not fit the place: {error}", {"self": self, "value": value},
                                 "Give one number, or a value of the shape of self[index].")) from None
    self.mark_changed(calling_line())


def arrays_of(index: Any) -> Any:
    """An index with its tensors replaced by their arrays."""
    if isinstance(index, Tensor):
        return index.array
    return [arrays_of(i) for i in index] if isinstance(index, list) else index


# -- checks ------------------------------------------------------------------------------------------------------------


INSTEAD = {
    "setitem": "Build a new tensor (where(mask, value, x), cat, stack), or assign under no_grad().",
    "fill_": "Use full_like(x, value), or write under no_grad().",
    "copy_": "Use the source itself (x = src), or write under no_grad().",
    "masked_fill_": "Use x = where(mask, value, x), or write under no_grad().",
}


def refuse_recorded(who: str, self: Tensor, *operands: Operand) -> None:
    """Raise a GraphError if a graph is being recorded and the write would be part of it."""
    if not here.recording:
        return
    if self.wants_grad:
        raise GraphError(message(who, "a leaf that requires grad cannot be changed in place while the graph is recorded",
                                 {"self": self}, "Wrap the update in `with no_grad():`."))
    if self.creator is not None or any(map(wants_grad, operands)):
        shown = {"self": self, **{f"operand {i}": x for i, x in enumerate(operands) if isinstance(x, Tensor)}}
        instead = INSTEAD.get(who, f"Use the result of {who.rstrip('_')}() (x = x.{who.rstrip('_')}(...)), "
                                   "or write under no_grad().")
        raise GraphError(message(who, "the graph cannot record a write into memory", shown, instead))


def wants_grad(operand: Operand) -> bool:
    """True for a tensor through which gradients flow."""
    return isinstance(operand, Tensor) and operand.requires_grad


def writable(who: str, self: Tensor) -> np.ndarray:
    """The array, if it may be written into."""
    if not self.array.flags.writeable:
        raise ArgumentError(message(who, "the memory is read-only: it was expanded, or belongs to a read-only array",
                                    {"self": self}, "Write into a copy: x = x.clone()."))
    return self.array


def fits_into(who: str, self: Tensor, array: Any, shown: Operand) -> None:
    """Raise a ShapeError unless `array` broadcasts to the shape of `self`."""
    shape = np.shape(array)
    if shape != self.array.shape and shape != ():
        try:
            fits = np.broadcast_shapes(shape, self.array.shape) == self.array.shape
        except ValueError:
            fits = False
        if not fits:
            raise ShapeError(message(who, f"shape {shape} does not fit into {self.shape}", {"self": self, "other": shown},
                                     "A write keeps the shape: each axis of the other must be equal or 1."))


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
