"""Entries of an axis picked, added to or written by an index tensor that has one index per entry.

Picking and adding are each other's backward.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tensorgrad.errors import DtypeError, RangeError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.indexing import add_into_zeros, one_axis
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import expand, sum
from tensorgrad.ops.selection import as_index, check_index
from tensorgrad.tensor import Tensor, plain

__all__ = ["gather", "scatter_add", "take", "take_along_dim"]


class Gather(Op):
    """y[..., i, ...] = x[..., index[..., i, ...], ...] along `dim`"""

    __slots__ = ("dim",)
    keeps = (1,)

    def __init__(self, dim: int):
        self.dim = dim

    def forward(self, x, index):
        if x.flags.c_contiguous:
            return x.reshape(-1).take(positions(index, self.dim, x.shape))
        reached = x[tuple([slice(None) if d == self.dim else slice(0, n) for d, n in enumerate(index.shape)])]
        return np.take_along_axis(reached, index, self.dim)

    def backward(self, grad):
        return ScatterAdd(self.dim, self.shapes[0]).apply(grad, *self.inputs), None


class ScatterAdd(Op):
    """y = zeros of shape `into`, with x[..., i, ...] added at [..., index[..., i, ...], ...] along `dim`"""

    __slots__ = ("dim", "into")
    keeps = (1,)

    def __init__(self, dim: int, into: tuple[int, ...]):
        self.dim, self.into = dim, into

    def forward(self, x, index):
        return add_into_zeros(x, positions(index, self.dim, self.into), self.into)

    def backward(self, grad):
        return Gather(self.dim).apply(grad, *self.inputs), None


class Scatter(Op):
    """y = x, with values written at [..., index[..., i, ...], ...] along `dim`; of several for one place the last stays"""

    __slots__ = ("dim",)
    keeps = (1,)

    def __init__(self, dim: int):
        self.dim = dim

    def forward(self, x, index, values):
        out = x.flatten()
        out[positions(index, self.dim, x.shape).reshape(-1)] = values.reshape(-1) if np.ndim(values) else values
        return out.reshape(x.shape)

    def backward(self, grad):
        (index,) = self.inputs
        grad_x = Scatter(self.dim).apply(grad, index, 0) if self.needs(0) else None
        return grad_x, None, Gather(self.dim).apply(grad, index) if self.needs(2) else None


def positions(index: np.ndarray, dim: int, shape: tuple[int, ...]) -> np.ndarray:
    """Per entry of `index` the position, in row-major order in an array of `shape`, that it stands for."""
    stride = 1
    place: Any = 0  # of the axes other than `dim`, as one small array that broadcasts with the index
    for d in reversed(range(len(shape))):
        if d == dim:
            found = index.astype(np.intp, copy=False) * stride
        elif index.shape[d] > 1:
            place = place + (np.arange(index.shape[d]) * stride).reshape(-1, *[1] * (len(shape) - 1 - d))
        stride *= shape[d]
    found += place
    return found


def check_along(who: str, input: Operand, dim: int, index: Any, src: Operand | None = None) -> tuple[int, Operand]:
    """The axis and the index, checked against `input` and, if there is one, `src`; all of them have axes."""
    axis = one_axis(who, input, dim)
    operands = {"input": input, "index": index} | ({} if src is None else {"src": src})
    if any(o.ndim != input.ndim for o in operands.values()):
        numbers = ", ".join(str(o.ndim) for o in operands.values())
        raise ShapeError(message(who, f"the operands have {numbers} axes", operands,
                                 f"All need the {input.ndim} axes of the input; reshape or unsqueeze the others."))
    for d, n in enumerate(index.shape):
        for name, other in operands.items():
            if n > other.shape[d] and not (name == "input" and d == axis):
                raise ShapeError(message(who, f"the index is longer than {name} in axis {d}: {n} > {other.shape[d]}",
                                         operands, f"Use an index with at most {other.shape[d]} entries there."))
    check_index(who, index, input.shape[axis], f"axis {axis}", operands)
    return axis, index


def gather(input: Operand, dim: int, index: Operand, *, sparse_grad: bool = False) -> Tensor:
    """Entries of `input` picked along axis `dim`: ``out[i][j] = input[i][index[i][j]]`` for dim=1.

    With `sparse_grad` PyTorch keeps the gradient as a sparse tensor; here it is dense all the same.

    Shapes
        index   as many axes as input, and in axes other than `dim` at most as long; the result has its shape

    Gradient
        an entry picked several times gets the sum; dense, also with `sparse_grad`

    Raises
        RangeError   an index outside 0 to n - 1
        ShapeError   an index with other axes, or longer than `input` in another axis than `dim`
        DtypeError   an index that is not integer

    Example
        >>> gather(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, Tensor([[1], [0]]))
        tensor([[2.],
                [3.]])
    """
    shape = np.shape(plain(index))
    x, index, _ = with_axis("gather", input, index)
    if not math.prod(shape):  # nothing is picked, along any axes
        one_axis("gather", x, dim)
        return x.reshape(-1)[:0].reshape(shape)
    axis, index = check_along("gather", x, dim, index)
    picked = Gather(axis).apply(x, index)
    return picked if shape else picked.reshape(())


def scatter_add(input: Operand, dim: int, index: Operand, src: Operand) -> Tensor:
    """`input` with entries of `src` added along axis `dim`: ``out[i][index[i][j]] += src[i][j]`` for dim=1.

    Shapes
        index   as many axes as input and src, at most as long as src, and as input in axes other than `dim`

    Raises
        as gather

    Example
        >>> scatter_add(Tensor([[0.0, 0.0]]), 1, Tensor([[1, 1]]), Tensor([[2.0, 3.0]]))
        tensor([[0., 5.]])
    """
    x, index, src = with_axis("scatter_add", input, index, src)
    if not math.prod(index.shape):
        return input + sum(src.reshape(-1)[:0], dtype=src.dtype)
    axis, index = check_along("scatter_add", x, dim, index, src)
    check_dtypes("scatter_add", input, src)
    return input + ScatterAdd(axis, x.shape).apply(fitted(src, index), index).reshape(input.shape)


def with_axis(who: str, input: Operand, index: Any, src: Operand | None = None) -> tuple[Operand, Operand, Operand | None]:
    """The operands, in which a tensor without axes counts as one with one entry."""
    index = as_index(who, index)
    return (input if input.ndim else input.reshape(1), index if index.ndim else index.reshape(1),
            src if src is None or src.ndim else src.reshape(1))


def check_dtypes(who: str, input: Operand, src: Operand) -> None:
    """Raise a DtypeError for `src` of another dtype than `input`."""
    if input.dtype != src.dtype:
        raise DtypeError(message(who, "src has another dtype than input", {"input": input, "src": src},
                                 f"Convert it: src.to(tensorgrad.{input.dtype.name})."))


def fitted(src: Operand, index: Operand) -> Operand:
    """The part of `src` that has an index."""
    return src if src.shape == index.shape else src[tuple([slice(0, n) for n in index.shape])]


def take_along_dim(input: Operand, indices: Operand, dim: int | None = None) -> Tensor:
    """`gather` whose operands are broadcast along the other axes, and whose indices may count from the end.

    With dim=None both are flattened first.  What argmax or argsort return with their axis kept picks the entries it means.

    Raises
        RangeError   an index outside its axis
        ShapeError   other axes that do not broadcast
        DtypeError   indices that are not integer

    Example
        >>> take_along_dim(Tensor([[1.0, 9.0], [8.0, 4.0]]), Tensor([[-1], [0]]), dim=1)
        tensor([[9.],
                [8.]])
    """
    indices = as_index("take_along_dim", indices)
    array = plain(indices)
    if dim is None:
        input, array, dim = input.reshape(-1), array.reshape(-1), 0
    axis = one_axis("take_along_dim", input, dim)
    n = input.shape[axis]
    if array.size and (array.min() < -n or array.max() >= n):
        wrong = int(array.max() if array.max() >= n else array.min())
        raise RangeError(message("take_along_dim", f"index {wrong} is outside axis {axis}, which has {n} entries",
                                 {"input": input, "indices": indices}, f"Use {-n} to {n - 1}."))
    try:
        lengths = list(np.broadcast_shapes(*[(*shape[:axis], 1, *shape[axis + 1:]) for shape in (input.shape, array.shape)]))
        if array.ndim != input.ndim:
            raise ValueError
    except ValueError:
        raise ShapeError(message("take_along_dim", f"the shapes do not fit outside of axis {axis}",
                                 {"input": input, "indices": indices},
                                 "Both need the same number of axes, equal or 1 except along dim.")) from None
    lengths[axis] = n
    input = expand(input, *lengths)
    lengths[axis] = array.shape[axis]
    return Gather(axis).apply(input, np.broadcast_to(np.where(array < 0, array + n, array), lengths))


def take(input: Operand, index: Operand) -> Tensor:
    """Entries of `input` picked by their position in row-major order, in the shape of `index`; it may count from the end.

    Gradient
        an entry picked several times gets the sum

    Raises
        RangeError   an index outside the tensor
        DtypeError   an index that is not integer

    Example
        >>> take(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([[0, -1]]))
        tensor([[1., 4.]])
    """
    index = as_index("take", index)
    picked = take_along_dim(input.reshape(-1), index.reshape(-1), 0)
    return picked.reshape(index.shape)
