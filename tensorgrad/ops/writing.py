"""Writes that are part of a graph: the tensor itself takes over the result of an op, and with it all that lie in its memory.

A recorded write computes something new, so that ops which kept the old numbers go on to have them.  Then the tensor, the
same object, gets the array and the creator of the result.  Tensors that share entries with it, views made before or what it
is a view of, read these entries from the result; together they move to new memory, in which each lies where it did.  What
`detach()` or `.data` gave gets the numbers and no gradient, as in PyTorch, and so does what they were called on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.callers import calling_line
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.assignment import replaced
from tensorgrad.ops.overwriting import overwrite
from tensorgrad.ops.promotion import Operand, broadcasts_to, to
from tensorgrad.ownership import unshared
from tensorgrad.recording import here
from tensorgrad.shared_memory import Memory, Unknown
from tensorgrad.tensor import Tensor

__all__ = ["recorded", "take_over", "over", "writable", "fits_into"]


def recorded(who: str, self: Tensor, *operands: Operand, fix: str = "Wrap the update in `with no_grad():`.") -> bool:
    """Whether a write of the operands into `self` is part of a graph.

    Raises
        GraphError   a leaf that requires grad, while a graph is recorded
    """
    if not here.recording:
        return False
    if self.wants_grad:
        raise GraphError(message(who, "a leaf that requires grad cannot be changed in place while the graph is recorded",
                                 {"self": self}, fix))
    return self.creator is not None or any([isinstance(x, Tensor) and x.requires_grad for x in operands])


def over(who: str, input: Operand, result: Operand) -> Operand:
    """`input` itself, which takes over `result`, the value of an activation: what ``inplace=True`` means."""
    if result is input or not isinstance(input, Tensor):
        return result
    before, creator = input.creator, result.creator
    if before is not None and creator is not None and before.retained is None and input.memory is None \
            and input.dtype == result.dtype:  # the usual case, without a detour
        input.array, input.creator = result.array, creator
        return input
    if recorded(who, input, result, fix="Drop inplace=True, or give it a copy: x.clone()."):
        return take_over(who, input, result)
    holds(who, input, result.dtype)
    fits_into(who, input, result, result)
    if input.memory is None and input.dtype == result.dtype and unshared(input.array, 1):
        input.array = result.array  # nobody else could tell it from a write
    else:
        np.copyto(writable(who, input), result.array, casting="same_kind")
        input.mark_changed(calling_line())
    return input


def take_over(who: str, self: Tensor, result: Operand) -> Tensor:
    """`self`, which becomes `result`, in its own dtype, and so do the entries of the tensors that share its memory.

    Raises
        GraphError   a view of a leaf; what shares memory with a tensor of a graph that does not know it: a view made under
                     `no_grad`, the result of a `Function` that passes its input on
        ShapeError   a result of another shape
        DtypeError   a result of a higher category, such as a float for an integer tensor
    """
    if result is self:
        return self
    holds(who, self, result.dtype)
    if result.shape != self.shape:
        fits_into(who, self, result, result)
    if overlaps_itself(self.array):
        raise ArgumentError(message(who, "several entries lie at one place in memory: it was expanded", {"self": self},
                                    "Write into a copy: x = x.clone()."))
    result = to(result, self.dtype)
    if result.creator is None or result.shape != self.shape:  # the gradient is 0, but there is one
        result = replaced(self, result)
    others = [] if self.memory is None else self.memory.others(self)
    sharing = [entry for entry in others if np.may_share_memory(self.array, entry[0].array)]
    if sharing:
        move_together(who, self, result, others)
    else:
        settle(self, laid_out_as(self.array, result.array), result.creator, None)
    return self


def move_together(who: str, self: Tensor, result: Tensor, others: list[tuple[Tensor, object]]) -> None:
    """Write `result` into `self` where others lie in its memory, too."""
    before: Memory = self.shared_memory()
    family = before.family(self)
    became: dict[int, Tensor] = {}  # of the same family, by identity
    touched = False
    for other, its in others:
        at = positions_in(self.array, other.array)
        if not (at >= 0).any():
            continue
        touched = True
        if its is not family:  # it gets the numbers, and goes on to have the gradient of what it was computed from
            if other.requires_grad and (isinstance(its, Unknown) or isinstance(family, Unknown)):
                refuse_unknown(who, self, other)
            continue
        if other.wants_grad:
            raise GraphError(message(who, "a view of a leaf that requires grad cannot be changed in place while the graph "
                                     "is recorded", {"self": self, "leaf": other}, "Wrap the update in `with no_grad():`."))
        became[id(other)] = with_entries(other, result, at)
    if not touched:
        settle(self, laid_out_as(self.array, result.array), result.creator, None)
        return
    memory = before.moved()
    everyone = [(self, family), *others]
    for (tensor, its), array in zip(everyone, block([tensor.array for tensor, _ in everyone], result.array)):
        settle(tensor, array, became.get(id(tensor), tensor).creator if tensor is not self else result.creator, memory)
        memory.enter(tensor, its)


def refuse_unknown(who: str, self: Tensor, other: Tensor) -> None:
    """Raise a GraphError for a write into what shares its memory with a tensor of a graph that does not know of it."""
    raise GraphError(message(who, "the numbers of another tensor that requires grad would change, and its gradient not",
                             {"self": self, "shares its memory": other},
                             "Write into a copy (x = x.clone()), or under no_grad()."))


def with_entries(other: Tensor, result: Tensor, at: np.ndarray) -> Tensor:
    """`other`, with the entries that it shares read from `result`; `at` holds per entry its position there, or -1."""
    shared = np.flatnonzero(at >= 0)
    flat = result.reshape(-1)
    if len(shared) == len(at):
        return flat[at].reshape(other.shape)
    return overwrite(other, shared, flat[at[shared]])


def settle(tensor: Tensor, array: np.ndarray, creator: Op | None, memory: Memory | None) -> None:
    """Give the tensor its new array and creator, and the place of its memory."""
    before = tensor.creator
    if before is None and memory is None and tensor.memory is not None:
        memory = tensor.memory.moved()  # ops that read the constant ask it when it was changed
    tensor.array, tensor.creator, tensor.memory = array, creator, memory
    if creator is None or creator is before:
        if creator is not None:
            creator.memory = memory
        return
    creator.memory = memory
    if before is not None and before.retains_grad_of(tensor):  # it is the gradient of the latest value that is retained
        before.retained = None
        creator.retain_grad_of(tensor)


# -- places in memory --------------------------------------------------------------------------------------------------


def addresses(array: np.ndarray) -> np.ndarray:
    """Where in memory each entry lies, in row-major order."""
    found = np.array(array.__array_interface__["data"][0])
    for n, stride in zip(array.shape, array.strides):
        found = found[..., None] + np.arange(n) * stride
    return found.reshape(-1)


def positions_in(whole: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Per entry of `part`, in row-major order, the position of the entry of `whole` in the same place, or -1."""
    theirs, ours = addresses(whole), addresses(part)
    found = np.full(len(ours), -1)
    if not len(ours) or not len(theirs):
        return found
    low, high = theirs.min(), theirs.max()
    table = np.full((high - low) // whole.itemsize + 1, -1)
    table[(theirs - low) // whole.itemsize] = np.arange(len(theirs))
    inside = (ours >= low) & (ours <= high)
    found[inside] = table[(ours[inside] - low) // whole.itemsize]
    return found


def block(arrays: list[np.ndarray], written: np.ndarray) -> list[np.ndarray]:
    """The arrays, in the same places of new memory, after the first was written."""
    bounds = [np.lib.array_utils.byte_bounds(array) for array in arrays]
    start = min([low for low, _ in bounds])
    itemsize = written.itemsize
    memory = np.empty((max([high for _, high in bounds]) - start) // itemsize, written.dtype)
    moved = [np.ndarray(array.shape, array.dtype, memory, array.__array_interface__["data"][0] - start, array.strides)
             for array in arrays]
    for array, before in zip(moved, arrays):
        array[...] = before
    moved[0][...] = written
    for array, before in zip(moved, arrays):
        array.flags.writeable = before.flags.writeable
    return moved


def laid_out_as(before: np.ndarray, result: np.ndarray) -> np.ndarray:
    """`result` with the strides of `before`, gaps and all: on them depends whether a reshape is a view."""
    return result if result.strides == before.strides else block([before], result)[0]


def overlaps_itself(array: np.ndarray) -> bool:
    """True if entries lie at one place, as far as it shows in the strides: axes that were expanded, windows that overlap."""
    if array.flags.c_contiguous or array.flags.f_contiguous:
        return False
    low, high = np.lib.array_utils.byte_bounds(array)
    return high - low < array.nbytes or any([not stride and n > 1 for n, stride in zip(array.shape, array.strides)])


# -- checks ------------------------------------------------------------------------------------------------------------


def writable(who: str, self: Tensor) -> np.ndarray:
    """The array, if it may be written into."""
    if not self.array.flags.writeable:
        raise ArgumentError(message(who, "the memory is read-only: it was expanded, or belongs to a read-only array",
                                    {"self": self}, "Write into a copy: x = x.clone()."))
    return self.array


def holds(who: str, self: Tensor, dtype: np.dtype) -> None:
    """Raise a DtypeError for results of a category above that of `self`."""
    mine = self.dtype
    if mine != dtype and dtypes.RANK[dtype.kind] > dtypes.RANK[mine.kind]:
        raise DtypeError(message(who, f"a {dtype.name} result does not fit into {mine.name}", {"self": self},
                                 "Convert first (x = x.float()), or compute a new tensor without the underscore."))


def fits_into(who: str, self: Tensor, array: Any, shown: Operand) -> None:
    """Raise a ShapeError unless `array` broadcasts to the shape of `self`."""
    shape = np.shape(array)
    if shape != self.array.shape and shape != () and not broadcasts_to(shape, self.array.shape):
        raise ShapeError(message(who, f"shape {shape} does not fit into {self.shape}", {"self": self, "other": shown},
                                 "A write keeps the shape: each axis of the other must be equal or 1."))
