"""Places of an axis picked, or added to, by an index that stands for everything there: rows of a table, channels, classes.

Picking and adding are each other's backward.  An embedding is a pick of rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.choice import where
from tensorgrad.ops.indexing import add_along, one_axis
from tensorgrad.ops.promotion import Operand
from tensorgrad.tensor import Tensor, from_array, plain

__all__ = ["index_select", "index_add", "embedding", "one_hot"]


def as_index(who: str, index: Any) -> Operand:
    """An index as a tensor or an array of integers.

    Raises
        DtypeError   an index of another dtype
    """
    if not isinstance(index, (Tensor, np.ndarray)):
        index = np.asarray(plain(index))
    if index.dtype.kind not in "iu":
        raise DtypeError(message(who, f"the index is {index.dtype}, not an integer", {"index": index},
                                 "Convert it: index.astype(int), or index.long() for a tensor."))
    return index


def check_index(who: str, index: Operand, n: int, of: str, operands: dict[str, Operand]) -> None:
    """Raise a RangeError for an entry of `index` outside 0 to `n` - 1; `of` says what has `n` entries."""
    array = plain(index)
    if array.size and (array.min() < 0 or array.max() >= n):
        at = np.unravel_index(int(np.argmax((array < 0) | (array >= n))), array.shape)
        where_in = f" (at {list(map(int, at))})" if at else ""
        raise RangeError(message(who, f"index {int(array[at])}{where_in} is outside {of}, which has {n} entries",
                                 operands, f"Use 0 to {n - 1}." if n else "There is nothing to pick."))


class IndexSelect(Op):
    """y = x with axis `dim` replaced by the axes of an index, each of which stands for all that x has at that place"""

    __slots__ = ("dim",)
    keeps = (1,)

    def __init__(self, dim: int):
        self.dim = dim

    def forward(self, x, index):
        return x.take(index, axis=self.dim)

    def backward(self, grad):
        return IndexAdd(self.dim, self.shapes[0]).apply(grad, *self.inputs), None


class IndexAdd(Op):
    """y = zeros of shape `into`, with what x has for each index added at that place of axis `dim`"""

    __slots__ = ("dim", "into")
    keeps = (1,)

    def __init__(self, dim: int, into: tuple[int, ...]):
        self.dim, self.into = dim, into

    def forward(self, x, index):
        return add_along(x, index, self.dim, self.into)

    def backward(self, grad):
        return IndexSelect(self.dim).apply(grad, *self.inputs), None


def index_select(input: Operand, dim: int, index: Operand) -> Tensor:
    """`input` with the places of axis `dim` that `index`, of one axis, names, in that order.

    Gradient
        a place named several times gets the sum

    Raises
        RangeError   an index outside 0 to n - 1
        ShapeError   an index with more than one axis
        DtypeError   an index that is not integer

    Example
        >>> index_select(Tensor([[1.0, 2.0, 3.0]]), 1, Tensor([2, 2, 0]))
        tensor([[3., 3., 1.]])
    """
    x, index = input if input.ndim else input.reshape(1), flat_index("index_select", index)
    if not input.ndim and index.shape != (1,):
        raise ShapeError(message("index_select", f"{index.shape[0]} indices for a tensor without axes",
                                 {"input": input, "index": index}, "Give it an axis first: x.reshape(1)."))
    axis = one_axis("index_select", x, dim)
    check_index("index_select", index, x.shape[axis], f"axis {axis}", {"input": input, "index": index})
    picked = IndexSelect(axis).apply(x, index)
    return picked if input.ndim else picked.reshape(())


def flat_index(who: str, index: Any) -> Operand:
    """An index of one axis, or of none, which counts as one entry."""
    index = as_index(who, index)
    if index.ndim > 1:
        raise ShapeError(message(who, f"the index has {index.ndim} axes", {"index": index},
                                 "Use one axis: index.flatten()."))
    return index if index.ndim else index.reshape(1)


def index_add(input: Operand, dim: int, index: Operand, source: Operand, *, alpha: float = 1) -> Tensor:
    """`input` with what `source` has at place i of axis `dim`, times `alpha`, added at place ``index[i]``.

    Raises
        RangeError   an index outside 0 to n - 1
        ShapeError   a source that is not as long as the index along `dim`, or differs from `input` in another axis
        DtypeError   an index that is not integer, a source of another dtype than `input`

    Example
        >>> index_add(Tensor([0.0, 0.0]), 0, Tensor([1, 1]), Tensor([2.0, 3.0]))
        tensor([0., 5.])
    """
    index = flat_index("index_add", index)
    operands = {"input": input, "index": index, "source": source}
    axis, shape = one_axis("index_add", input if input.ndim else input.reshape(1), dim), input.shape or (1,)
    wanted = (*shape[:axis], index.shape[0], *shape[axis + 1:])
    if source.shape != wanted and not (wanted == (1,) and source.shape == ()):
        raise ShapeError(message("index_add", "the source does not fit", operands, f"Give it the shape {wanted}."))
    if source.dtype != input.dtype:
        raise DtypeError(message("index_add", "the source has another dtype than the input", operands,
                                 f"Convert it: source.to(tensorgrad.{input.dtype.name})."))
    check_index("index_add", index, shape[axis], f"axis {axis}", operands)
    added = IndexAdd(axis, shape).apply(source.reshape(wanted), index).reshape(input.shape)
    return input + (added if alpha == 1 else added * alpha)


class Embedding(Op):
    """y = the rows of a table that an index names; the row `padding_idx` gets no gradient"""

    __slots__ = ("padding_idx", "scale_grad_by_freq")
    keeps = (0,)

    def __init__(self, padding_idx: int | None, scale_grad_by_freq: bool = False):
        self.padding_idx, self.scale_grad_by_freq = padding_idx, scale_grad_by_freq

    def forward(self, index, table):
        return table.take(index, axis=0)

    def backward(self, grad):
        (index,) = self.inputs
        if self.padding_idx is not None:
            learned = plain(index) != self.padding_idx
            grad = where(learned[..., None], grad, 0.0)
        if self.scale_grad_by_freq:
            times = np.bincount(plain(index).reshape(-1))[plain(index)][..., None]
            grad = grad / times.astype(grad.dtype)
        return None, IndexAdd(0, self.shapes[1]).apply(grad, index)


def embedding(input: Operand, weight: Operand, padding_idx: int | None = None, max_norm: float | None = None,
              norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False) -> Tensor:
    """The rows of `weight` that `input` names.

    Arguments
        padding_idx          a row that gets no gradient
        max_norm             rows that are named and longer than this, by their `norm_type`-norm, are first scaled down to
                             it: in `weight` itself, outside of the graph
        scale_grad_by_freq   divide the gradient of a row by how often it is named

    Shapes
        input    any, integer
        weight   (rows, features); the result is (*input, features)

    Gradient
        a row named several times gets the sum; the row `padding_idx` gets 0

    Raises
        RangeError      a number outside 0 to rows - 1
        ShapeError      a weight without two axes
        DtypeError      an input that is not integer
        ArgumentError   `sparse`: gradients are dense

    Example
        >>> embedding(Tensor([[1, 0]]), Tensor([[1.0, 2.0], [3.0, 4.0]]))
        tensor([[[3., 4.],
                 [1., 2.]]])
    """
    index = as_index("embedding", input)
    if weight.ndim != 2:
        raise ShapeError(message("embedding", f"the weight has {weight.ndim} axes", {"input": index, "weight": weight},
                                 "Use (rows, features)."))
    if sparse:
        raise ArgumentError("embedding: sparse=True asks for a sparse gradient.\n  Gradients are dense: leave it out.")
    rows = weight.shape[0]
    check_index("embedding", index, rows, "the table", {"input": index, "weight": weight})
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise RangeError(message("embedding", f"padding_idx={padding_idx} is outside the table of {rows} rows",
                                     {"weight": weight}, f"Use {-rows} to {rows - 1}."))
        padding_idx %= rows
    if max_norm is not None:
        shorten_rows(weight, plain(index), max_norm, norm_type)
    return Embedding(padding_idx, bool(scale_grad_by_freq)).apply(index, weight)


def shorten_rows(weight: Operand, index: np.ndarray, max_norm: float, norm_type: float) -> None:
    """Scale the rows that `index` names down to the length `max_norm`, in place, where they are longer."""
    table, named = plain(weight), np.unique(index)
    lengths = np.linalg.norm(table[named], norm_type, axis=1)
    long = lengths > max_norm
    if long.any():
        table[named[long]] *= (max_norm / (lengths[long] + 1e-7)).astype(table.dtype)[:, None]
        if isinstance(weight, Tensor):
            weight.mark_changed()


def one_hot(tensor: Operand, num_classes: int = -1) -> Tensor:
    """Per class number a row of 0s with a 1 at that place, as int64; by default for the classes up to the largest met.

    Shapes
        tensor   any, integer; the result has an axis of length `num_classes` at the end

    Raises
        RangeError   a class outside 0 to num_classes - 1; no classes to count in an empty tensor
        DtypeError   a tensor that is not integer

    Example
        >>> one_hot(Tensor([2, 0]))
        tensor([[0, 0, 1],
                [1, 0, 0]])
    """
    classes = as_index("one_hot", tensor)
    array = plain(classes)
    if num_classes == -1:
        if not array.size:
            raise RangeError(message("one_hot", "an empty tensor does not tell how many classes there are",
                                     {"tensor": classes}, "Give num_classes."))
        num_classes = int(array.max()) + 1
    check_index("one_hot", classes, num_classes, "num_classes", {"tensor": classes})
    found = (array[..., None] == np.arange(num_classes)).astype(np.int64)
    return from_array(found) if isinstance(classes, Tensor) else found
