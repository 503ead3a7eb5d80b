"""Products over an axis, running sums and products along one.  Gradients are exact where entries are 0, at any order."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.op import Op
from tensorgrad.ops.arithmetic import clone
from tensorgrad.ops.choice import where
from tensorgrad.ops.promotion import Operand, array_of, to
from tensorgrad.ops.reduction import Expand, normalize_dims, sum
from tensorgrad.ops.shape import permute, transpose, unsqueeze
from tensorgrad.tensor import Tensor

__all__ = ["prod", "cumsum", "cumprod"]


class Prod(Op):
    """y = Π x over the last axis"""

    __slots__ = ("whole",)
    keeps = (0,)
    keeps_output = True

    def __init__(self, whole: bool = False):
        self.whole = whole  # x is all entries of a tensor

    def forward(self, x):
        return np.prod(x, axis=-1, dtype=x.dtype if x.dtype.kind == "f" else np.int64)

    def backward(self, grad):
        (x,) = self.inputs
        grad, zeros = unsqueeze(grad, -1), np.count_nonzero(array_of(x) == 0)
        if not zeros:
            return grad * unsqueeze(self.output, -1) / x
        if self.whole and zeros > 1 and not isinstance(grad, Tensor):
            return np.zeros_like(x)
        return grad * ProductOfOthers().apply(x)


class ProductOfOthers(Op):
    """yᵢ = Π xⱼ over j ≠ i, along the last axis"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, x):
        # Products of what comes before and of what comes after, so that a 0 is not divided by.
        before, after = np.ones_like(x), np.ones_like(x)
        np.cumprod(x[..., :-1], axis=-1, out=before[..., 1:])
        after[..., :-1] = np.cumprod(x[..., :0:-1], axis=-1)[..., ::-1]
        return before * after

    def backward(self, grad):
        (x,) = self.inputs
        n = x.shape[-1]
        return through_factors(grad, x, ~np.eye(n, dtype=bool))


def through_factors(grad: Operand, x: Operand, factors: np.ndarray) -> Operand:
    """The gradient of yᵢ = Π xⱼ over those j for which factors[i, j] holds."""
    n = x.shape[-1]
    rows = where(factors, Expand((*x.shape[:-1], n, n)).apply(unsqueeze(x, -2)), 1.0)
    return sum(where(factors, unsqueeze(grad, -1) * ProductOfOthers().apply(rows), 0.0), -2)


def prod(input: Operand, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The product over `dim` (over all entries by default); of integers and bools in int64; 1 over nothing.

    Gradient
        grad · y / x where no entry is 0, so NaN for an infinite one, as in PyTorch; else the product of the other entries

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> prod(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
        tensor([ 2., 12.])
    """
    if dtype is not None:
        return to(prod(to(input, dtype), dim, keepdim), dtype)
    dims = normalize_dims("prod", input, dim)
    if dim is None or not dims:
        return Prod(whole=True).apply(input.reshape(-1))
    y = Prod().apply(to_last(input, dims[0]))
    return unsqueeze(y, dims[0]) if keepdim else y


def to_last(x: Operand, axis: int) -> Operand:
    """`x` with `axis` moved to the end."""
    return x if axis == x.ndim - 1 else permute(x, *[i for i in range(x.ndim) if i != axis], axis)


class Cumsum(Op):
    """yᵢ = Σ xⱼ over j ≤ i along `dim`, over j ≥ i if backwards"""

    __slots__ = ("dim", "backwards")

    def __init__(self, dim: int, backwards: bool = False):
        self.dim, self.backwards = dim, backwards

    def forward(self, x):
        dtype = x.dtype if x.dtype.kind == "f" else np.int64
        if self.backwards:
            return np.flip(np.cumsum(np.flip(x, self.dim), axis=self.dim, dtype=dtype), self.dim)
        return np.cumsum(x, axis=self.dim, dtype=dtype)

    def backward(self, grad):
        return Cumsum(self.dim, not self.backwards).apply(grad)


def cumsum(input: Operand, dim: int, *, dtype: Any = None) -> Tensor:
    """Running sums along `dim`: entry i is the sum of entries 0 to i.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> cumsum(Tensor([1.0, 2.0, 3.0]), 0)
        tensor([1., 3., 6.])
    """
    if dtype is not None:
        return to(cumsum(to(input, dtype), dim), dtype)
    dims = normalize_dims("cumsum", input, dim)
    return Cumsum(dims[0]).apply(input) if dims else Cumsum(0).apply(input.reshape(1)).reshape(())


class Cumprod(Op):
    """yᵢ = Π xⱼ over j ≤ i along the last axis"""

    __slots__ = ()
    keeps = (0,)
    keeps_output = True

    def forward(self, x):
        return np.cumprod(x, axis=-1, dtype=x.dtype if x.dtype.kind == "f" else np.int64)

    def backward(self, grad):
        (x,) = self.inputs
        if x.shape[-1] == 1:
            return grad
        if np.all(array_of(x)):
            return Cumsum(len(self.shape) - 1, True).apply(grad * self.output) / x
        if isinstance(grad, Tensor):
            return through_factors(grad, x, np.tri(x.shape[-1], dtype=bool))
        return around_zeros(grad, x, self.output)


def around_zeros(grad: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The gradient of the running products y of x, in one pass.

    The first 0 of a row makes all products from there on 0.  Before it the gradient is that of the products so far, as if
    nothing followed; behind it 0; and of the 0 itself that of the products in which it counts as 1, up to the next 0."""
    zeros = np.cumsum(x == 0, -1)
    first = (zeros == 1) & (x == 0)
    counted = (zeros == 1) | (zeros == 2) & (x == 0)
    with np.errstate(invalid="ignore"):  # inf · 0
        before = np.where(first[..., 1:], y[..., :-1], 0).sum(-1, keepdims=True) + first[..., :1]
        behind = np.cumprod(np.where((zeros == 0) | first, 1, x), -1, dtype=x.dtype)
        of_first = before * np.where(counted, grad * behind, 0).sum(-1, keepdims=True)
        running = np.flip(np.cumsum(np.flip(np.where(zeros == 0, grad * y, 0), -1), -1), -1)
        return np.where(first, of_first, np.where(zeros == 0, running, 0) / np.where(zeros == 0, x, 1))


def cumprod(input: Operand, dim: int, *, dtype: Any = None) -> Tensor:
    """Running products along `dim`: entry i is the product of entries 0 to i.

    Gradient
        exact where entries are 0, too.  Where these meet infinities it is NaN where PyTorch's is: before the first 0 the sum
        over the products is divided by the entry, and behind it all is 0.  Under ``create_graph`` it takes memory for n²
        entries, if one is 0

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> cumprod(Tensor([1.0, 2.0, 3.0]), 0)
        tensor([1., 2., 6.])
    """
    if dtype is not None:
        return to(cumprod(to(input, dtype), dim), dtype)
    dims = normalize_dims("cumprod", input, dim)
    if not dims:
        return clone(input) if input.dtype.kind == "f" else to(input, "int64")
    last = input.ndim - 1
    y = Cumprod().apply(transpose(input, dims[0], last))
    return transpose(y, dims[0], last)
