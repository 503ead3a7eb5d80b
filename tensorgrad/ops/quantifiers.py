"""How many entries hold: any, all, count_nonzero, over all entries or axes.  No gradient."""

from __future__ import annotations

import numpy as np

from tensorgrad.op import Op
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import Dims, normalize_dims
from tensorgrad.tensor import Tensor

__all__ = ["any", "all", "count_nonzero"]


class Quantifier(Op):
    """y = one of NumPy's functions that reduce truth values over `dim`"""

    __slots__ = ("dim", "keepdim")
    differentiable = False

    def __init__(self, dim: tuple[int, ...], keepdim: bool):
        self.dim, self.keepdim = dim, keepdim


class Any(Quantifier):
    """y = True if some x is true"""

    __slots__ = ()

    def forward(self, x):
        return truth(np.any(x, axis=self.dim, keepdims=self.keepdim), x)


class All(Quantifier):
    """y = True if every x is true"""

    __slots__ = ()

    def forward(self, x):
        return truth(np.all(x, axis=self.dim, keepdims=self.keepdim), x)


def truth(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """`y` as bool, of uint8 as uint8: PyTorch's masks were of that dtype once."""
    return y.astype(x.dtype) if x.dtype == np.uint8 else y


class CountNonzero(Quantifier):
    """y = the number of x that are not 0"""

    __slots__ = ()

    def forward(self, x):
        return np.asarray(np.count_nonzero(x, axis=self.dim, keepdims=self.keepdim), np.int64)


def axes(who: str, input: Operand, dim: Dims) -> tuple[int, ...]:
    """The axes `dim` of `input`: all if it is None, none if it is (), as PyTorch has it for these two alone."""
    return () if isinstance(dim, (tuple, list)) and not dim else normalize_dims(who, input, dim)


def any(input: Operand, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """True where at least one entry over axes `dim` (all by default, none for ``()``) is not 0.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> any(Tensor([[False, True], [False, False]]), dim=1)
        tensor([ True, False])
    """
    return Any(axes("any", input, dim), keepdim).apply(input)


def all(input: Operand, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """True where no entry over axes `dim` (all by default, none for ``()``) is 0.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> all(Tensor([[True, True], [False, True]]), dim=1)
        tensor([ True, False])
    """
    return All(axes("all", input, dim), keepdim).apply(input)


def count_nonzero(input: Operand, dim: Dims = None) -> Tensor:
    """How many entries over axes `dim` (all by default) are not 0.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> count_nonzero(Tensor([1.0, 0.0, 2.0]))
        tensor(2)
    """
    return CountNonzero(normalize_dims("count_nonzero", input, dim), False).apply(input)
