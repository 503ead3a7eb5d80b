"""Sums over axes and their mirror image, expansion along axes.  Each is the other's backward."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes, kernels
from tensorgrad.errors import DtypeError, RangeError, ShapeError, message
from tensorgrad.kernels.reference.sums import count
from tensorgrad.op import Op
from tensorgrad.ops.promotion import Operand, to
from tensorgrad.tensor import Tensor

__all__ = ["sum", "mean", "expand", "broadcast_to"]

Dims = Any  # int | tuple[int, ...] | None


def normalize_dims(who: str, x: Operand, dim: Dims) -> tuple[int, ...]:
    """`dim` as a sorted tuple of axis numbers ≥ 0; None and () mean every axis.

    Raises
        RangeError   an axis that `x` does not have
        ShapeError   an axis named twice
    """
    ndim = x.ndim
    if dim is None or dim == () or dim == []:
        return tuple(range(ndim))
    dims = (dim,) if isinstance(dim, (int, np.integer)) else tuple(dim)
    found = []
    for axis in dims:
        if not -max(ndim, 1) <= axis < max(ndim, 1):
            raise RangeError(message(who, f"dim={axis} is no axis of a tensor with {ndim} axes", {"input": x},
                                     f"Use {-max(ndim, 1)} to {max(ndim, 1) - 1}."))
        found.append(int(axis) % ndim if ndim else 0)
    if len(set(found)) != len(found):
        raise ShapeError(message(who, f"dim={dims} names an axis twice", {"input": x}, "Name each axis once."))
    return tuple(sorted(found)) if ndim else ()


def add_up(x: np.ndarray, dim: tuple[int, ...], keepdim: bool = False) -> np.ndarray:
    """Σ x over `dim`, in the dtype of `x`."""
    return kernels.active().sum(x, dim, keepdim)


class Sum(Op):
    """y = Σ x over `dim`"""

    __slots__ = ("dim", "keepdim")

    def __init__(self, dim: tuple[int, ...], keepdim: bool):
        self.dim, self.keepdim = dim, keepdim

    def forward(self, x):
        if x.dtype.kind == "f":
            return add_up(x, self.dim, self.keepdim)
        return x.sum(axis=self.dim, keepdims=self.keepdim, dtype=np.int64)

    def backward(self, grad):
        return expand_reduced(grad, self.shapes[0], self.dim, self.keepdim)


def sum(input: Operand, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum over axes `dim` (all by default); of integers and bools in int64.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> sum(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
        tensor([4., 6.])
    """
    if dtype is not None:
        return to(sum(to(input, dtype), dim, keepdim), dtype)
    return Sum(normalize_dims("sum", input, dim), keepdim).apply(input)


class Mean(Op):
    """y = Σ x / n over `dim`"""

    __slots__ = ("dim", "keepdim")

    def __init__(self, dim: tuple[int, ...], keepdim: bool):
        self.dim, self.keepdim = dim, keepdim

    def forward(self, x):
        if not x.size:  # the mean of nothing is NaN, about which NumPy warns
            return x.sum(axis=self.dim, keepdims=self.keepdim) + x.dtype.type(0 if count(x.shape, self.dim) else np.nan)
        if x.itemsize == 2:  # the sum may exceed the range of float16
            return x.mean(axis=self.dim, keepdims=self.keepdim)
        return add_up(x, self.dim, self.keepdim) / x.dtype.type(count(x.shape, self.dim))

    def backward(self, grad):
        shape = self.shapes[0]
        return expand_reduced(grad * (1.0 / max(count(shape, self.dim), 1)), shape, self.dim, self.keepdim)


def mean(input: Operand, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean over axes `dim` (all by default); NaN over nothing.

    Raises
        DtypeError   for integer or bool tensors, whose mean is no integer
        RangeError   an axis that `input` does not have

    Example
        >>> mean(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
        tensor([1.5, 3.5])
    """
    if dtype is not None:
        input = to(input, dtype)
    if not dtypes.is_float(input.dtype):
        raise DtypeError(message("mean", f"the mean of {input.dtype} values is no {input.dtype}", {"input": input},
                                 "Convert first: x.float().mean(), or mean(dtype=tensorgrad.float32)."))
    return Mean(normalize_dims("mean", input, dim), keepdim).apply(input)


# -- expansion ---------------------------------------------------------------------------------------------------------


class Expand(Op):
    """y = x repeated along axes of length 1, and along new axes in front"""

    __slots__ = ("to_shape",)
    makes_views = True

    def __init__(self, to_shape: tuple[int, ...]):
        self.to_shape = to_shape

    def forward(self, x):
        y = np.broadcast_to(x, self.to_shape)
        return x.reshape(self.to_shape) if y.size == x.size else y  # which may be written into

    def backward(self, grad):
        return sum_to(grad, self.shapes[0])


class SumTo(Op):
    """y = Σ x over the axes along which an array of `to_shape` was repeated"""

    __slots__ = ("to_shape",)

    def __init__(self, to_shape: tuple[int, ...]):
        self.to_shape = to_shape

    def forward(self, x):
        new = x.ndim - len(self.to_shape)
        repeated = tuple(i for i in range(new, x.ndim) if self.to_shape[i - new] == 1 and x.shape[i] != 1)
        return add_up(x, tuple(range(new)) + repeated, True).reshape(self.to_shape)

    def backward(self, grad):
        return Expand(self.shapes[0]).apply(grad)


def sum_to(x: Operand, shape: tuple[int, ...]) -> Operand:
    """`x` summed to `shape`, from which it was broadcast: how the engine undoes broadcasting."""
    return x if x.shape == shape else SumTo(shape).apply(x)


def expand_reduced(grad: Operand, shape: tuple[int, ...], dim: tuple[int, ...], keepdim: bool) -> Operand:
    """The gradient of a reduction over `dim`, repeated along the axes that it summed away."""
    if not keepdim and dim and grad.ndim:
        grad = grad.reshape(tuple([1 if i in dim else n for i, n in enumerate(shape)]))
    return Expand(shape).apply(grad)


def expand(input: Operand, *sizes: Any, size: Any = None) -> Tensor:
    """`input` repeated, without copying, along axes of length 1; -1 keeps an axis, extra axes come in front.

    Raises
        ShapeError   an axis that is neither 1 nor the wanted length

    Example
        >>> expand(Tensor([[1.0], [2.0]]), 2, 3)
        tensor([[1., 1., 1.],
                [2., 2., 2.]])
    """
    if size is not None:
        sizes = tuple(size)
    shape = tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes
    new = len(shape) - input.ndim
    wanted = tuple([input.shape[i - new] if n == -1 and i >= new else n for i, n in enumerate(shape)])
    fits = new >= 0 and all(n >= 0 and have in (1, n) for n, have in zip(wanted[new:], input.shape))
    if not fits or any(n < 0 for n in wanted[:max(new, 0)]):
        raise ShapeError(message("expand", f"cannot repeat to {shape}", {"input": input},
                                 "Only axes of length 1 can be repeated; new axes come in front."))
    return input if wanted == input.shape else Expand(wanted).apply(input)


def broadcast_to(input: Operand, size: tuple[int, ...]) -> Tensor:
    """`expand` under NumPy's name.

    Example
        >>> broadcast_to(Tensor([1.0, 2.0]), (2, 2))
        tensor([[1., 2.],
                [1., 2.]])
    """
    return expand(input, *size)
