"""Several tensors into one along an axis: cat, stack, and the stacks that make rows, columns and layers."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.dimensions import atleast_1d, atleast_2d, atleast_3d
from tensorgrad.ops.index_syntax import ALL
from tensorgrad.ops.indexing import one_axis
from tensorgrad.ops.parts import read_parts
from tensorgrad.ops.promotion import Operand, to
from tensorgrad.tensor import Tensor

__all__ = ["cat", "concat", "concatenate", "stack", "hstack", "vstack", "row_stack", "dstack", "column_stack"]


class Cat(Op):
    """y = the inputs one after the other along `dim`"""

    __slots__ = ("dim",)

    def __init__(self, dim: int):
        self.dim = dim

    def forward(self, *arrays):
        return np.concatenate(arrays, axis=self.dim)

    def backward(self, grad):
        stops = np.cumsum([shape[self.dim] for shape in self.shapes]).tolist()
        before = [ALL] * self.dim
        return wanted_parts(self, grad, [(*before, slice(start, stop)) for start, stop in zip([0, *stops], stops)])


def wanted_parts(op: Op, grad: Operand, indices: Sequence[Any]) -> tuple[Operand | None, ...]:
    """Per input of `op` the part of `grad` at its index, or None if no gradient is wanted."""
    wanted = [op.needs(i) for i in range(len(indices))]
    parts = iter(read_parts(grad, [index for index, needed in zip(indices, wanted) if needed]))
    return tuple([next(parts) if needed else None for needed in wanted])


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


def concat(tensors: Sequence[Operand], dim: int = 0) -> Tensor:
    """`cat` under another of its names."""
    return cat(tensors, dim)


def concatenate(tensors: Sequence[Operand], axis: int = 0, *, dim: int | None = None) -> Tensor:
    """`cat` under NumPy's name; the axis may be named `axis` or `dim`.

    Example
        >>> concatenate([Tensor([[1.0]]), Tensor([[2.0]])], dim=1)
        tensor([[1., 2.]])
    """
    return cat(tensors, axis if dim is None else dim)


def mismatch(first: Operand, other: Operand, axis: int | None) -> str:
    """What to do about two shapes that differ in another axis than `axis`."""
    if other.ndim != first.ndim:
        return f"One has {first.ndim} axes, the other {other.ndim}; reshape or unsqueeze one of them."
    k = next(k for k in range(first.ndim) if k != axis and other.shape[k] != first.shape[k])
    fix = f"Axis {k} has {first.shape[k]} and {other.shape[k]} entries; make them equal"
    if first.ndim in (4, 5) and axis == 1 and k > 1:  # beside what was pooled and enlarged again
        return f"{fix}: nn.functional.interpolate(x, size={tuple(first.shape[2:])}) makes the other fit entry 0."
    others = [n for n in range(first.ndim) if other.shape[n] != first.shape[n]]
    return f"{fix}, or join along it: dim={k}." if axis is not None and others == [k] else f"{fix}."


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
        before = [ALL] * self.dim
        return wanted_parts(self, grad, [(*before, i) for i in range(len(self.shapes))])


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


# -- rows, columns, layers ---------------------------------------------------------------------------------------------


def hstack(tensors: Sequence[Operand]) -> Tensor:
    """The tensors one after the other along axis 1; along axis 0 if they have one axis or none.

    Raises
        as cat

    Example
        >>> hstack([Tensor([1, 2]), Tensor([3])]), hstack([Tensor([[1], [2]]), Tensor([[3], [4]])])
        (tensor([1, 2, 3]), tensor([[1, 3],
            [2, 4]]))
    """
    tensors = [atleast_1d(t) for t in in_one_dtype("hstack", tensors)]
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Operand]) -> Tensor:
    """The tensors one below the other, along axis 0; one with a single axis is a row.

    Raises
        as cat

    Example
        >>> vstack([Tensor([1, 2]), Tensor([[3, 4], [5, 6]])])
        tensor([[1, 2],
                [3, 4],
                [5, 6]])
    """
    return cat([atleast_2d(t) for t in in_one_dtype("vstack", tensors)], 0)


def row_stack(tensors: Sequence[Operand]) -> Tensor:
    """`vstack` under another of its names."""
    return vstack(tensors)


def dstack(tensors: Sequence[Operand]) -> Tensor:
    """The tensors one behind the other, along axis 2; one with fewer axes is a layer of it.

    Raises
        as cat

    Example
        >>> dstack([Tensor([1, 2]), Tensor([3, 4])])
        tensor([[[1, 3],
                 [2, 4]]])
    """
    return cat([atleast_3d(t) for t in in_one_dtype("dstack", tensors)], 2)


def column_stack(tensors: Sequence[Operand]) -> Tensor:
    """The tensors side by side, along axis 1; one with a single axis or none is a column.

    Raises
        as cat

    Example
        >>> column_stack([Tensor([1, 2]), Tensor([[3, 4], [5, 6]])])
        tensor([[1, 3, 4],
                [2, 5, 6]])
    """
    columns = in_one_dtype("column_stack", tensors)
    return cat([t.reshape((-1, 1)) if t.ndim < 2 else t for t in columns], 1)
