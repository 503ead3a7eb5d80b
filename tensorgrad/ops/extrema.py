"""Largest and smallest entries and where they are: max, min, amax, amin, argmax, argmin.

What names an index, ``max(dim=...)``, hands the gradient to that entry; a value alone, ``max()`` or amax, shares it equally
among the entries that tie.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tensorgrad import kernels
from tensorgrad.errors import DtypeError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.choice import maximum, minimum
from tensorgrad.ops.comparison import isnan
from tensorgrad.ops.gathering import ScatterAdd
from tensorgrad.ops.promotion import Operand, array_of, only_tensors, to
from tensorgrad.ops.reduction import Dims, expand_reduced, normalize_dims, sum
from tensorgrad.tensor import Tensor, from_array

__all__ = ["max", "min", "amax", "amin", "aminmax", "argmax", "argmin"]


class ValuesIndices(NamedTuple):
    """Entries, and where they were along the axis."""

    values: Any
    indices: Any


class MinMax(NamedTuple):
    """The smallest and the largest entries."""

    min: Tensor
    max: Tensor


def check_not_empty(who: str, input: Operand, dims: tuple[int, ...]) -> None:
    """Raise a ShapeError if there is no entry to choose along one of `dims`."""
    for axis in dims:
        if input.shape[axis] == 0:
            where = f"axis {axis} of the tensor is empty" if input.ndim > 1 else "the tensor is empty"
            raise ShapeError(message(who, f"{where}: no entry can be chosen", {"input": input},
                                     "Reduce another axis, or check for .numel() == 0 first."))


# -- a value alone -----------------------------------------------------------------------------------------------------


class Amax(Op):
    """y = the largest x over `dim`; ties share the gradient equally, NaN makes it NaN"""

    __slots__ = ("dim", "keepdim")
    keeps = (0,)
    keeps_output = True
    smallest, among_nan = False, False

    def __init__(self, dim: tuple[int, ...], keepdim: bool):
        self.dim, self.keepdim = dim, keepdim

    def forward(self, x):
        return kernels.active().extreme(x, self.dim, self.keepdim, self.smallest)

    def backward(self, grad):
        (x,) = self.inputs
        if self.dim and not isinstance(grad, Tensor):
            kept = tuple([1 if i in self.dim else n for i, n in enumerate(x.shape)])
            return kernels.active().extreme_grad(grad.reshape(kept), x, self.output.reshape(kept), self.among_nan)
        wins = self.winners(x, expand_reduced(self.output, x.shape, self.dim, self.keepdim))
        number = sum(to(wins, x.dtype), self.dim, True) if self.dim else to(wins, x.dtype)
        share = expand_reduced(grad, x.shape, self.dim, self.keepdim) / number
        return share * wins

    def winners(self, x: Operand, best: Operand) -> Operand:
        """Where x is the best."""
        return (x == best) | isnan(x) & isnan(best) if self.among_nan else x == best


class Amin(Amax):
    """y = the smallest x over `dim`; ties share the gradient equally, NaN makes it NaN"""

    __slots__ = ()
    smallest = True


class MaxOfAll(Amax):
    """y = the largest of all x; ties share the gradient equally, among NaN too"""

    __slots__ = ()
    among_nan = True


class MinOfAll(MaxOfAll):
    """y = the smallest of all x; ties share the gradient equally, among NaN too"""

    __slots__ = ()
    smallest = True


def amax(input: Operand, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """The largest entries over axes `dim` (all by default); NaN wins.

    Gradient
        shared equally among the entries that tie; NaN everywhere if one of them is NaN, as in PyTorch

    Raises
        ShapeError   an empty axis
        RangeError   an axis that `input` does not have

    Example
        >>> amax(Tensor([[1.0, 4.0], [3.0, 2.0]]), dim=1)
        tensor([4., 3.])
    """
    dims = normalize_dims("amax", input, dim)
    check_not_empty("amax", input, dims)
    return Amax(dims, keepdim).apply(input)


def amin(input: Operand, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """The smallest entries over axes `dim` (all by default); NaN wins.

    Gradient
        shared equally among the entries that tie; NaN everywhere if one of them is NaN, as in PyTorch

    Raises
        ShapeError   an empty axis
        RangeError   an axis that `input` does not have

    Example
        >>> amin(Tensor([[1.0, 4.0], [3.0, 2.0]]), dim=1)
        tensor([1., 2.])
    """
    dims = normalize_dims("amin", input, dim)
    check_not_empty("amin", input, dims)
    return Amin(dims, keepdim).apply(input)


def aminmax(input: Operand, *, dim: int | None = None, keepdim: bool = False) -> MinMax:
    """The smallest and the largest entries over `dim` (all axes by default), as a pair ``min, max``.

    Example
        >>> aminmax(Tensor([3.0, 1.0, 2.0])).max
        tensor(3.)
    """
    return MinMax(amin(input, dim, keepdim), amax(input, dim, keepdim))


# -- a value and its index ---------------------------------------------------------------------------------------------


class Picked(Op):
    """y = those entries of x along `dim` that an index names"""

    __slots__ = ("dim", "keepdim")
    keeps = (1,)

    def __init__(self, dim: int, keepdim: bool = True):
        self.dim, self.keepdim = dim, keepdim

    def forward(self, x, index):
        y = np.take_along_axis(x, index, self.dim)
        return y if self.keepdim else y.reshape(x.shape[:self.dim] + x.shape[self.dim + 1:])

    def backward(self, grad):
        (index,) = self.inputs
        return ScatterAdd(self.dim, self.shapes[0]).apply(grad.reshape(index.shape), index), None


class Max(Picked):
    """y = the largest x along `dim`; of ties the first"""

    __slots__ = ()


class Min(Picked):
    """y = the smallest x along `dim`; of ties the first"""

    __slots__ = ()


def pick(op: type[Picked], input: Operand, index: np.ndarray, axis: int, keepdim: bool = True) -> ValuesIndices:
    """The entries that `index` names along `axis`, and the index as a result."""
    values = op(axis, keepdim).apply(input, index)
    index = index.reshape(values.shape)
    return ValuesIndices(values, from_array(index) if isinstance(input, Tensor) else index)


def with_axis(who: str, input: Operand, dim: int) -> tuple[Operand, np.ndarray, int]:
    """`input` with at least one axis, its array, and `dim` ≥ 0."""
    dims = normalize_dims(who, input, dim)
    operand = input if input.ndim else input.reshape(1)
    check_not_empty(who, operand, dims)
    return operand, array_of(operand), dims[0] if dims else 0


def extreme(who: str, op: type[Picked], smallest: bool, input: Operand, dim: int, keepdim: bool) -> ValuesIndices:
    """The winner along `dim`, and its index."""
    if not isinstance(dim, (int, np.integer)) or isinstance(dim, bool):
        raise DtypeError(f"{who}: dim={dim!r} is not one axis.\n  Use an integer here, or a{who}(dim=...) for several axes.")
    operand, array, axis = with_axis(who, input, dim)
    found = kernels.active().extreme_index(array, axis, smallest)
    return pick(op, operand, found, axis, keepdim and input.ndim > 0)


def max(input: Operand, dim: Any = None, keepdim: bool = False, *, other: Operand | None = None) -> Any:
    """The largest entry; with an axis `dim`, the pair ``values, indices`` along it; with a tensor, `maximum` of the two.

    Gradient
        ``max()`` shares it equally among ties; ``max(dim)`` gives it to the entry at the index, of ties the first

    Raises
        ShapeError   no entries
        RangeError   an axis that `input` does not have

    Example
        >>> max(Tensor([[1.0, 4.0], [3.0, 2.0]]), 1).indices
        tensor([1, 0])
        >>> max(Tensor([[1.0, 4.0], [3.0, 2.0]]))
        tensor(4.)
    """
    other = dim if isinstance(dim, (Tensor, np.ndarray)) else other
    if other is not None:
        return maximum(input, other)
    only_tensors("max", input=input)
    if dim is not None:
        return extreme("max", Max, False, input, dim, keepdim)
    check_not_empty("max", input, tuple(range(input.ndim)))
    return MaxOfAll(tuple(range(input.ndim)), False).apply(input)


def min(input: Operand, dim: Any = None, keepdim: bool = False, *, other: Operand | None = None) -> Any:
    """The smallest entry; with an axis `dim`, the pair ``values, indices`` along it; with a tensor, `minimum` of the two.

    Gradient
        ``min()`` shares it equally among ties; ``min(dim)`` gives it to the entry at the index, of ties the first

    Raises
        ShapeError   no entries
        RangeError   an axis that `input` does not have

    Example
        >>> min(Tensor([[1.0, 4.0], [3.0, 2.0]]), 0).values
        tensor([1., 2.])
    """
    other = dim if isinstance(dim, (Tensor, np.ndarray)) else other
    if other is not None:
        return minimum(input, other)
    only_tensors("min", input=input)
    if dim is not None:
        return extreme("min", Min, True, input, dim, keepdim)
    check_not_empty("min", input, tuple(range(input.ndim)))
    return MinOfAll(tuple(range(input.ndim)), False).apply(input)


# -- indices alone -----------------------------------------------------------------------------------------------------


class ArgExtreme(Op):
    """y = the index of the largest or the smallest x"""

    __slots__ = ("dim", "keepdim")
    differentiable = False
    smallest = False

    def __init__(self, dim: int | None, keepdim: bool):
        self.dim, self.keepdim = dim, keepdim

    def forward(self, x):
        if self.dim is None:
            return np.argmin(x, keepdims=self.keepdim) if self.smallest else np.argmax(x, keepdims=self.keepdim)
        found = kernels.active().extreme_index(x, self.dim, self.smallest)
        return found if self.keepdim else found.squeeze(self.dim)


class Argmax(ArgExtreme):
    """y = the index of the largest x along `dim`, or in the flattened x"""

    __slots__ = ()


class Argmin(ArgExtreme):
    """y = the index of the smallest x along `dim`, or in the flattened x"""

    __slots__ = ()
    smallest = True


def argmax(input: Operand, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest entry along `dim`, of ties the first; without `dim`, its index in the flattened tensor.

    Raises
        ShapeError   no entries
        RangeError   an axis that `input` does not have

    Example
        >>> argmax(Tensor([[1.0, 4.0], [3.0, 2.0]]), dim=1)
        tensor([1, 0])
    """
    return arg_extreme("argmax", Argmax, input, dim, keepdim)


def argmin(input: Operand, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest entry along `dim`, of ties the first; without `dim`, its index in the flattened tensor.

    Raises
        ShapeError   no entries
        RangeError   an axis that `input` does not have

    Example
        >>> argmin(Tensor([[1.0, 4.0], [3.0, 2.0]]))
        tensor(0)
    """
    return arg_extreme("argmin", Argmin, input, dim, keepdim)


def arg_extreme(who: str, op: type[ArgExtreme], input: Operand, dim: int | None, keepdim: bool) -> Tensor:
    """argmax or argmin, checked."""
    dims = normalize_dims(who, input, dim)
    check_not_empty(who, input, dims)
    return op(None if dim is None or not dims else dims[0], keepdim).apply(input)
