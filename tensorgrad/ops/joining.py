"""Several tensors into one along an axis, and one into several: cat, stack, split, chunk, unbind."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.indexing import GetItem, one_axis, part
from tensorgrad.ops.promotion import Operand, to
from tensorgrad.tensor import Tensor

__all__ = ["cat", "stack", "split", "chunk", "unbind"]


class Cat(Op):
    """y = the inputs one after the other along `dim`"""

    __slots__ = ("dim",)

    def __init__(self, dim: int):
        self.dim = dim

    def forward(self, *arrays):
        return np.concatenate(arrays, axis=self.dim)

    def backward(self, grad):
        pieces, start = [], 0
        for i, shape in enumerate(self.shapes):
            stop = start + shape[self.dim]
            pieces.append(part(grad, self.dim, start, stop) if self.needs(i) else None)
            start = stop
        return tuple(pieces)


def cat(tensors: Sequence[Operand], dim: int = 0) -> Tensor:
    """The tensors one after the other along axis `dim`, in their common dtype.

    An entry of shape (0,) is skipped where the others have more axes, so that a result can grow from an empty tensor.

    Raises
        ArgumentError   no tensors
        DtypeError      an entry that is no tensor
        ShapeError      an entry that differs from the first in another axis than `dim`
        RangeError      an axis that the tensors do not have

    Example
        >>> cat([Tensor([[1, 2]]), Tensor([[3, 4], [5, 6]])])
        tensor([[1, 2],
                [3, 4],
                [5, 6]])
    """
    tensors = in_one_dtype("cat", tensors)
    widest = max(t.ndim for t in tensors)
    tensors = [t for t in tensors if t.shape != (0,) or widest == 1]
    first = tensors[0]
    if not first.ndim:
        raise ShapeError(message("cat", "entry 0 has no axes to join along", {"entry 0": first},
                                 "Use stack, which adds an axis."))
    axis = one_axis("cat", first, dim)
    for i, other in enumerate(tensors):
        if other.ndim != first.ndim or any(n != m for k, (n, m) in enumerate(zip(other.shape, first.shape)) if k != axis):
            raise ShapeError(message("cat", f"entry {i} does not fit entry 0: they may differ in axis {axis} only",
                                     {"entry 0": first, f"entry {i}": other}, mismatch(first, other, axis)))
    return Cat(axis).apply(*tensors)


def mismatch(first: Operand, other: Operand, axis: int | None) -> str:
    """What to do about two shapes that differ in another axis than `axis`."""
    if other.ndim != first.ndim:
        return f"One has {first.ndim} axes, the other {other.ndim}; reshape or unsqueeze one of them."
    k = next(k for k in range(first.ndim) if k != axis and other.shape[k] != first.shape[k])
    return f"Axis {k} has {first.shape[k]} and {other.shape[k]} entries; make them equal."


def in_one_dtype(who: str, tensors: Sequence[Operand]) -> list[Operand]:
    """The entries of a list, checked, and converted to a common dtype if a Tensor is among them."""
    if isinstance(tensors, (Tensor, np.ndarray)) or not isinstance(tensors, (list, tuple)):
        raise DtypeError(message(who, f"expects a list of tensors, not a {type(tensors).__name__}", {"tensors": tensors},
                                 f"Write {who}([a, b])."))
    if not tensors:
        raise ArgumentError(message(who, "the list of tensors is empty", fix="Give at least one."))
    for i, entry in enumerate(tensors):
        if not isinstance(entry, (Tensor, np.ndarray, np.generic)):
            raise DtypeError(message(who, f"entry {i} is a {type(entry).__name__}, not a tensor", {f"entry {i}": entry},
                                     "Wrap it in tensor(...)."))
    found = [t.dtype for t in tensors if isinstance(t, Tensor)]
    if not found or all(t.dtype is found[0] for t in tensors):
        return list(tensors)
    common = found[0]
    for dtype in found[1:]:
        common = dtypes.promote(common, dtype)
    for entry in tensors:
        if not isinstance(entry, Tensor):
            common = dtypes.promote(common, dtypes.constant(entry, common).dtype)
    return [to(t, common) if isinstance(t, Tensor) else t.astype(common) for t in tensors]


class Stack(Op):
    """y = the inputs side by side along a new axis `dim`"""

    __slots__ = ("dim",)

    def __init__(self, dim: int):
        self.dim = dim

    def forward(self, *arrays):
        return np.stack(arrays, axis=self.dim)

    def backward(self, grad):
        before = [slice(None)] * self.dim
        return tuple([GetItem((*before, i)).apply(grad) if self.needs(i) else None for i in range(len(self.shapes))])


def stack(tensors: Sequence[Operand], dim: int = 0) -> Tensor:
    """The tensors side by side along a new axis `dim`, in their common dtype.

    Raises
        ArgumentError   no tensors
        DtypeError      an entry that is no tensor
        ShapeError      an entry of another shape than the first
        RangeError      a position outside 0 to ndim

    Example
        >>> stack([Tensor([1, 2]), Tensor([3, 4])], dim=1)
        tensor([[1, 3],
                [2, 4]])
    """
    tensors = in_one_dtype("stack", tensors)
    first = tensors[0]
    if not -first.ndim - 1 <= dim <= first.ndim:
        raise RangeError(message("stack", f"dim={dim} is no place for a new axis", {"entry 0": first},
                                 f"Use {-first.ndim - 1} to {first.ndim}."))
    for i, other in enumerate(tensors):
        if other.shape != first.shape:
            raise ShapeError(message("stack", f"entry {i} has another shape than entry 0",
                                     {"entry 0": first, f"entry {i}": other}, mismatch(first, other, None)))
    return Stack(dim % (first.ndim + 1)).apply(*tensors)


# -- one into several --------------------------------------------------------------------------------------------------


def split(tensor: Operand, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts of axis `dim`: of a given length, the last maybe shorter, or of the lengths in a list.

    Raises
        ShapeError      lengths that do not add up to the axis
        ArgumentError   a length below 0, or 0 for an axis that has entries
        RangeError      an axis that the tensor does not have

    Example
        >>> split(Tensor([1, 2, 3, 4, 5]), 2)
        (tensor([1, 2]), tensor([3, 4]), tensor([5]))
        >>> split(Tensor([1, 2, 3, 4, 5]), [1, 4])
        (tensor([1]), tensor([2, 3, 4, 5]))
    """
    axis = one_axis("split", tensor, dim)
    n, wanted = tensor.shape[axis], split_size_or_sections
    if isinstance(wanted, (list, tuple)):
        sizes = [int(size) for size in wanted]
        if any(size < 0 for size in sizes):
            raise ArgumentError(message("split", f"the lengths {sizes} include a negative one", {"tensor": tensor},
                                        "Use lengths of 0 or more."))
        if sum(sizes) != n:
            raise ShapeError(message("split", f"the lengths {sizes} add up to {sum(sizes)}, axis {axis} has {n} entries",
                                     {"tensor": tensor}, f"Make them add up to {n}."))
    else:
        size = int(wanted)  # type: ignore[arg-type]
        if size < 0 or size == 0 != n:
            raise ArgumentError(message("split", f"cannot split axis {axis} into parts of {size}", {"tensor": tensor},
                                        f"Use a length of 1 to {n}, or a list of lengths."))
        sizes = [min(size, n - start) for start in range(0, n, size)] if n else [0]
    stops = np.cumsum(sizes).tolist()
    return tuple([part(tensor, axis, stop - size, stop) for size, stop in zip(sizes, stops)])


def chunk(input: Operand, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """`input` split along axis `dim` into at most `chunks` views of equal length; the last may be shorter.

    Raises
        ArgumentError   `chunks` below 1
        RangeError      an axis that `input` does not have

    Example
        >>> chunk(Tensor([1, 2, 3, 4, 5]), 3)
        (tensor([1, 2]), tensor([3, 4]), tensor([5]))
    """
    axis = one_axis("chunk", input, dim)
    if chunks < 1:
        raise ArgumentError(message("chunk", f"cannot make {chunks} chunks", {"input": input}, "Ask for at least 1."))
    n = input.shape[axis]
    return split(input, -(-n // chunks), axis) if n else split(input, [0] * chunks, axis)


def unbind(input: Operand, dim: int = 0) -> tuple[Tensor, ...]:
    """The entries of axis `dim` one by one, without that axis: views.  Iterating over a tensor does this.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> unbind(Tensor([[1, 2], [3, 4]]))
        (tensor([1, 2]), tensor([3, 4]))
    """
    axis = one_axis("unbind", input, dim)
    before = [slice(None)] * axis
    return tuple([GetItem((*before, i)).apply(input) for i in range(input.shape[axis])])
