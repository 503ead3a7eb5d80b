"""Choosing between values entry by entry: where, maximum, minimum, clamp."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError, message
from tensorgrad.kernels.reference.entrywise import selected
from tensorgrad.op import Op
from tensorgrad.ops.elementwise import Binary, Unary
from tensorgrad.ops.promotion import Operand, align, array_of, check_broadcast, to
from tensorgrad.tensor import Tensor, from_array

__all__ = ["where", "maximum", "minimum", "clamp", "clip", "clamp_min", "clamp_max", "fill"]


class Where(Op):
    """y = a where the condition holds, else b"""

    __slots__ = ()
    keeps = (0,)

    def forward(self, condition, a, b):
        return where_arrays(condition, a, b)

    def backward(self, grad):
        (condition,) = self.inputs
        return (None, where(condition, grad, 0.0) if self.needs(1) else None,
                where(condition, 0.0, grad) if self.needs(2) else None)


def places(input: Operand) -> tuple[Any, ...]:
    """Where the entries are that are not 0: one index per axis, which together index them."""
    found = np.nonzero(np.atleast_1d(array_of(input)))
    return tuple([from_array(index) if isinstance(input, Tensor) else index for index in found])


def where(condition: Operand, input: Operand | None = None, other: Operand | None = None) -> Any:
    """`input` where `condition` holds, else `other`; of a condition alone, ``nonzero(condition, as_tuple=True)``.

    Raises
        DtypeError      for a condition that is not bool
        ArgumentError   one of the two choices without the other

    Example
        >>> where(Tensor([True, False]), Tensor([1.0, 2.0]), 0.0)
        tensor([1., 0.])
        >>> where(Tensor([True, False, True]))
        (tensor([0, 2]),)
    """
    if input is None and other is None:
        return places(condition)
    if input is None or other is None:
        raise ArgumentError("where: one of input and other is missing.\n  Give both, or the condition alone.")
    if getattr(condition, "dtype", np.asarray(condition).dtype) != dtypes.bool_:
        raise DtypeError(message("where", "the condition is not bool", {"condition": condition},
                                 "Compare it to something first, such as condition != 0."))
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        if not isinstance(condition, Tensor):
            return where_arrays(condition, input, other)
        input = Tensor(input, dtype=getattr(input, "dtype", getattr(other, "dtype", None)))
    a, b = align("where", input, other)
    check_broadcast("where", condition=condition, input=a, other=b)
    return Where().apply(condition, a, b)


def where_arrays(condition, a, b):
    """`numpy.where` in which a Python number does not widen the other operand."""
    dtype = next((x.dtype for x in (a, b) if isinstance(x, np.ndarray | np.generic)), None)
    if dtype is None:
        return np.where(condition, a, b)
    return selected(condition, np.asarray(a, dtype), np.asarray(b, dtype))


class Maximum(Binary):
    """y = the larger of a and b; a tie shares the gradient equally"""

    __slots__ = ()
    keeps = (0, 1)

    def forward(self, a, b):
        return np.maximum(a, b)

    def backward(self, grad):
        a, b = self.inputs
        share = where(a == b, grad * 0.5, grad)
        return (where(a < b, 0.0, share) if self.needs(0) else None,
                where(b < a, 0.0, share) if self.needs(1) else None)


def maximum(input: Operand, other: Operand) -> Tensor:
    """The larger of `input` and `other`, entry by entry; NaN wins.

    Gradient
        goes to the larger; a tie gives each half, and NaN each the whole, as in PyTorch

    Example
        >>> maximum(Tensor([1.0, 5.0]), 3.0)
        tensor([3., 5.])
    """
    return Maximum().apply(input, other)


class Minimum(Binary):
    """y = the smaller of a and b; a tie shares the gradient equally"""

    __slots__ = ()
    keeps = (0, 1)

    def forward(self, a, b):
        return np.minimum(a, b)

    def backward(self, grad):
        a, b = self.inputs
        share = where(a == b, grad * 0.5, grad)
        return (where(b < a, 0.0, share) if self.needs(0) else None,
                where(a < b, 0.0, share) if self.needs(1) else None)


def minimum(input: Operand, other: Operand) -> Tensor:
    """The smaller of `input` and `other`, entry by entry; NaN wins.

    Gradient
        goes to the smaller; a tie gives each half, and NaN each the whole, as in PyTorch

    Example
        >>> minimum(Tensor([1.0, 5.0]), 3.0)
        tensor([1., 3.])
    """
    return Minimum().apply(input, other)


class Clamp(Unary):
    """y = x limited to [min, max]; the gradient passes where x is inside, the limits included"""

    __slots__ = ("min", "max")
    keeps = (0,)

    def __init__(self, min: float | None, max: float | None):
        self.min, self.max = min, max

    def forward(self, x):
        return np.clip(x, self.min, self.max)

    def backward(self, grad):
        (x,) = self.inputs
        inside = True
        if self.min is not None:
            inside = x >= self.min
        if self.max is not None:
            inside = (x <= self.max) & inside
        return where(inside, grad, 0.0)


class ClampBetween(Op):
    """y = x limited to [low, high], of which one may be None; x has the gradient where it is inside, limits included"""

    __slots__ = ()
    keeps = (0, 1, 2)

    def forward(self, x, low, high):
        y = x if low is None else np.maximum(x, low)
        return y if high is None else np.minimum(y, high)

    def backward(self, grad):
        x, low, high = self.inputs
        if high is None:
            return where(x >= low, grad, 0.0), where(x < low, grad, 0.0), None
        if low is None:
            return where(x <= high, grad, 0.0), None, where(x > high, grad, 0.0)
        return (where((x >= low) & (x <= high), grad, 0.0), where((low < high) & (x < low), grad, 0.0),
                where((x > high) | (high < low), grad, 0.0))


def clamp(input: Operand, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """`input` limited to [`min`, `max`]; either limit may be left out, or be a tensor.

    Gradient
        passes where the entry is inside, the limits included; elsewhere a tensor limit that was taken has it

    Raises
        ArgumentError   without any limit

    Example
        >>> clamp(Tensor([-2.0, 0.5, 2.0]), -1, 1)
        tensor([-1. ,  0.5,  1. ])
    """
    if min is None and max is None:
        raise ArgumentError(message("clamp", "neither min nor max is given", {"input": input}, "Give at least one limit."))
    if any(isinstance(limit, (Tensor, np.ndarray)) for limit in (min, max)):
        return ClampBetween().apply(*limits_aligned(input, min, max))
    if isinstance(input, Tensor) and input.array.dtype.kind != "f" and any(isinstance(x, float) for x in (min, max)):
        input = to(input, dtypes.get_default_dtype())
    return Clamp(min, max).apply(input)


clip = clamp


def limits_aligned(input: Operand, min: Operand | None, max: Operand | None) -> tuple[Operand, ...]:
    """The three in one dtype, their shapes checked."""
    given = {"min": min, "max": max}
    for limit in given.values():
        if limit is not None:
            input, _ = align("clamp", input, limit)
    limits = [None if limit is None else align("clamp", input, limit)[1] for limit in given.values()]
    check_broadcast("clamp", input=input, **{name: x for name, x in zip(given, limits) if x is not None})
    return input, *limits


def clamp_min(input: Operand, min: Operand) -> Tensor:
    """`input`, and `min` where it is below.

    Example
        >>> clamp_min(Tensor([-2.0, 2.0]), 0.0)
        tensor([0., 2.])
    """
    return clamp(input, min=min)


def clamp_max(input: Operand, max: Operand) -> Tensor:
    """`input`, and `max` where it is above.

    Example
        >>> clamp_max(Tensor([-2.0, 2.0]), 0.0)
        tensor([-2.,  0.])
    """
    return clamp(input, max=max)


def fill(input: Tensor, value: Operand) -> Tensor:
    """`value`, a number or a tensor without axes, everywhere in the shape and dtype of `input`.

    Gradient
        all goes to `value`

    Raises
        ShapeError   `value` with axes

    Example
        >>> fill(Tensor([1.0, 2.0]), 7)
        tensor([7., 7.])
    """
    if getattr(value, "ndim", 0):
        raise ShapeError(message("fill", "value is not one number", {"value": value}, "Use where() to fill with many."))
    value = to(value, input.dtype) if hasattr(value, "dtype") else np.asarray(value, input.dtype)
    return where(np.ones(input.shape, bool), value, input)
