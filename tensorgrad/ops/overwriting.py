"""A tensor with some of its places written over: by an index along an axis, by an index per axis, by a mask, or as a view.

Each function works out the positions that are written, in row-major order, and the rest is one op.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from tensorgrad.errors import ArgumentError, RangeError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.choice import where
from tensorgrad.ops.gathering import ScatterAdd, check_dtypes
from tensorgrad.ops.indexing import select
from tensorgrad.ops.mask_selection import check_mask, filling
from tensorgrad.ops.promotion import Operand, broadcasts_to, to
from tensorgrad.ops.reduction import expand, normalize_dims
from tensorgrad.ops.selection import as_index, check_index, flat_index
from tensorgrad.ops.triangle import diagonal
from tensorgrad.tensor import Tensor, plain

__all__ = ["index_copy", "index_fill", "index_put", "put", "masked_scatter", "select_scatter", "slice_scatter",
           "diagonal_scatter"]


class Overwrite(Op):
    """y = x, with values written at positions in row-major order; of several for one position the last stays, and each has
    the gradient of that position"""

    __slots__ = ()
    keeps = (1,)

    def forward(self, x, positions, values):
        out = x.flatten()
        out[positions.reshape(-1)] = values.reshape(-1) if np.ndim(values) else values
        return out.reshape(x.shape)

    def backward(self, grad):
        (positions,) = self.inputs
        grad_x = Overwrite().apply(grad, positions, 0) if self.needs(0) else None
        return grad_x, None, grad.reshape(-1)[positions] if self.needs(2) else None


def numbered(x: Operand) -> np.ndarray:
    """The positions of the entries of `x`, in its shape."""
    return np.arange(int(np.prod(x.shape))).reshape(x.shape)


def overwrite(x: Operand, positions: np.ndarray, values: Operand) -> Tensor:
    """`x` with `values`, which broadcast to the shape of `positions`, written there."""
    return Overwrite().apply(x, positions, values if not np.ndim(values) else expand(values, positions.shape))


# -- by an index -------------------------------------------------------------------------------------------------------


def along(who: str, input: Operand, dim: int, index: Any, negative: bool = False) -> tuple[int, np.ndarray, np.ndarray]:
    """The axis; the index, of one axis and checked; the positions of all that `input` has at those places."""
    axis = (*normalize_dims(who, input, int(dim)), 0)[0]
    index = plain(flat_index(who, index))
    n = input.shape[axis] if input.ndim else 1
    if negative:
        index = np.where(index < 0, index + n, index)
    check_index(who, index, n, f"axis {axis}", {"input": input, "index": index})
    places = numbered(input)
    return axis, index, places.take(index, axis) if input.ndim else places.reshape(1).take(index)


def index_copy(input: Operand, dim: int, index: Operand, source: Operand) -> Tensor:
    """`input` with what `source` has at place i of axis `dim` written at place ``index[i]``; of several the last stays.

    Gradient
        goes to the entries of `input` that are not written over, and to all of `source`, whether they stay or not, as in
        PyTorch

    Raises
        RangeError   an index outside 0 to n - 1
        ShapeError   a source that is not as long as the index along `dim`, or differs from `input` in another axis
        DtypeError   an index that is not integer, a source of another dtype than `input`

    Example
        >>> index_copy(Tensor([0.0, 0.0, 0.0]), 0, Tensor([2, 0]), Tensor([5.0, 6.0]))
        tensor([6., 0., 5.])
    """
    _, index, positions = along("index_copy", input, dim, index)
    check_dtypes("index_copy", input, source)
    if source.shape != positions.shape and not (source.ndim == 0 and positions.size == 1 and positions.ndim == 1):
        raise ShapeError(message("index_copy", "the source does not fit",
                                 {"input": input, "index": index, "source": source},
                                 f"Give it the shape {positions.shape}."))
    return overwrite(input, positions, source)


def index_fill(input: Operand, dim: int, index: Operand, value: Operand | float) -> Tensor:
    """`input` with `value`, a number or a tensor without axes, at the places `index` of axis `dim`; they may count from the
    end.

    Raises
        RangeError   an index outside the axis
        ShapeError   a value with axes
        DtypeError   an index that is not integer; a fraction for an integer tensor

    Example
        >>> index_fill(Tensor([[1.0, 2.0, 3.0]]), 1, Tensor([0, -1]), 9)
        tensor([[9., 2., 9.]])
    """
    _, _, positions = along("index_fill", input, dim, index, negative=True)
    value = filling("index_fill", input, value)
    mask = np.zeros(input.shape, np.bool_)
    mask.reshape(-1)[positions.reshape(-1)] = True  # a view of new memory: this writes into the mask
    return where(mask, value, input)


def index_put(input: Operand, indices: Sequence[Any], values: Operand, accumulate: bool = False) -> Tensor:
    """``input[indices] = values`` as a new tensor; None among `indices` stands for a whole axis.

    With `accumulate` values are added, and several for one place all count; without it the last stays.

    Shapes
        values   broadcast to the shape of ``input[indices]``

    Raises
        RangeError   an index outside its axis, more indices than axes
        ShapeError   indices that do not broadcast together, values that do not fit
        DtypeError   an index that is neither integer nor bool, values of another dtype than `input`

    Example
        >>> index_put(Tensor([0.0, 0.0, 0.0]), (Tensor([0, 2, 0]),), Tensor([1.0, 2.0, 3.0]), accumulate=True)
        tensor([4., 0., 2.])
    """
    check_dtypes("index_put", input, values)
    shown = {"input": input} | {f"index {i}": index for i, index in enumerate(indices)}
    index = []
    for item in indices:
        if item is not None and getattr(item, "dtype", np.asarray(plain(item)).dtype) == np.bool_:
            index.append(plain(item))
        else:
            index.append(slice(None) if item is None else plain(as_index("index_put", item)))
    try:
        positions = numbered(input)[tuple(index)]
    except IndexError as error:
        raise RangeError(message("index_put", str(error), shown, "Use at most one index per axis, of equal shapes, "
                                 "with entries from 0 to n - 1 or, from the end, from -1 to -n.")) from None
    if not broadcasts_to(values.shape, positions.shape):
        raise ShapeError(message("index_put", f"the values do not fit into shape {positions.shape}",
                                 shown | {"values": values}, "Give one number, or a value per place."))
    if not accumulate:
        return overwrite(input, positions, values)
    added = ScatterAdd(0, (positions_of(input),)).apply(expand(values, positions.shape).reshape(-1), positions.reshape(-1))
    return input + added.reshape(input.shape)


def positions_of(input: Operand) -> int:
    """How many entries there are."""
    return int(np.prod(input.shape))


def put(input: Operand, index: Operand, source: Operand, accumulate: bool = False) -> Tensor:
    """`input` with entries of `source` written, or with `accumulate` added, at positions `index` in row-major order, which
    may count from the end.

    Raises
        RangeError   an index outside the tensor
        ShapeError   another number of entries in `source` than in `index`
        DtypeError   an index that is not integer, a source of another dtype than `input`

    Example
        >>> put(Tensor([[0.0, 0.0], [0.0, 0.0]]), Tensor([1, -1]), Tensor([5.0, 6.0]))
        tensor([[0., 5.],
                [0., 6.]])
    """
    index = as_index("put", index)
    if positions_of(index) != positions_of(source):
        raise ShapeError(message("put", f"{positions_of(source)} entries for {positions_of(index)} positions",
                                 {"input": input, "index": index, "source": source}, "Give one entry per position."))
    flat = index_put(input.reshape(-1), (index.reshape(-1),), source.reshape(-1), accumulate)
    return flat.reshape(input.shape)


# -- by a mask ---------------------------------------------------------------------------------------------------------


def masked_scatter(input: Operand, mask: Operand, source: Operand) -> Tensor:
    """`input` with the entries of `source`, in row-major order, written where `mask` holds; the two are broadcast first.

    Raises
        DtypeError   a mask that is not bool, a source of another dtype than `input`
        ShapeError   a mask that does not broadcast with `input`, a source with too few entries

    Example
        >>> masked_scatter(Tensor([0.0, 0.0, 0.0]), Tensor([True, False, True]), Tensor([1.0, 2.0]))
        tensor([1., 0., 2.])
    """
    mask = check_mask("masked_scatter", input, mask)
    check_dtypes("masked_scatter", input, source)
    shape = np.broadcast_shapes(input.shape, mask.shape)
    positions = np.flatnonzero(np.broadcast_to(plain(mask), shape))
    if positions.size > positions_of(source):
        raise ShapeError(message("masked_scatter", f"the mask holds {positions.size} times, the source has "
                                 f"{positions_of(source)} entries", {"input": input, "mask": mask, "source": source},
                                 f"Give at least {positions.size} entries."))
    return overwrite(expand(input, shape), positions, source.reshape(-1)[:positions.size])


# -- as a view ---------------------------------------------------------------------------------------------------------


def into_view(who: str, input: Operand, src: Operand, positions: Any) -> Tensor:
    """`input` with `src` written at `positions`, which have its shape."""
    if src.shape != positions.shape:
        raise ShapeError(message(who, f"src does not have the shape {positions.shape} of what it replaces",
                                 {"input": input, "src": src}, f"Give it the shape {positions.shape}."))
    return overwrite(input, positions, to(src, input.dtype))


def select_scatter(input: Operand, src: Operand, dim: int, index: int) -> Tensor:
    """`input` with `src` in the place of ``input.select(dim, index)``.

    Raises
        RangeError   no such axis, or an index outside it
        ShapeError   a src of another shape

    Example
        >>> select_scatter(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([8.0, 9.0]), 1, 0)
        tensor([[8., 2.],
                [9., 4.]])
    """
    return into_view("select_scatter", input, src, select(numbered(input), dim, index))


def slice_scatter(input: Operand, src: Operand, dim: int = 0, start: int | None = None, end: int | None = None,
                  step: int = 1) -> Tensor:
    """`input` with `src` in the place of the slice ``start:end:step`` of axis `dim`.

    Raises
        RangeError      no such axis
        ArgumentError   a step below 1
        ShapeError      a src of another shape

    Example
        >>> slice_scatter(Tensor([1.0, 2.0, 3.0, 4.0]), Tensor([8.0, 9.0]), 0, 1, 3)
        tensor([1., 8., 9., 4.])
    """
    if step < 1:
        raise ArgumentError(message("slice_scatter", f"step={step} is below 1", {"input": input}, "Use 1 or more."))
    if not input.ndim:
        raise RangeError(message("slice_scatter", "a tensor without axes has none to work along", {"input": input},
                                 "Give it one first: x.reshape(1)."))
    (axis,) = normalize_dims("slice_scatter", input, dim)
    return into_view("slice_scatter", input, src,
                     numbered(input)[(*[slice(None)] * axis, slice(start, end, step))])


def diagonal_scatter(input: Operand, src: Operand, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """`input` with `src` in the place of ``input.diagonal(offset, dim1, dim2)``.

    Raises
        RangeError   no such axis
        ShapeError   a src of another shape, the same axis twice

    Example
        >>> diagonal_scatter(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([8.0, 9.0]))
        tensor([[8., 2.],
                [3., 9.]])
    """
    return into_view("diagonal_scatter", input, src, diagonal(numbered(input), offset, dim1, dim2))
