"""Filling a tensor with given or random values, in place.  How a write becomes part of a graph: see `arithmetic`."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from tensorgrad import dtypes
from tensorgrad.callers import calling_line
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError, message
from tensorgrad.in_place.arithmetic import exactly
from tensorgrad.ops.assignment import replaced
from tensorgrad.ops.mask_selection import masked_fill
from tensorgrad.ops.promotion import Operand, to
from tensorgrad.ops.writing import fits_into, holds, recorded, take_over, writable
from tensorgrad.random import Generator, default_generator
from tensorgrad.tensor import Tensor

__all__ = ["zero_", "fill_", "fill_diagonal_", "copy_", "masked_fill_", "normal_", "uniform_", "bernoulli_",
           "exponential_", "random_"]


# -- whole contents ----------------------------------------------------------------------------------------------------


def zero_(self: Tensor) -> Tensor:
    """Set every entry to 0, in place.

    Example
        >>> Tensor([1.0, 2.0]).zero_()
        tensor([0., 0.])
    """
    return fill("zero_", self, 0)


def fill_(self: Tensor, value: Operand) -> Tensor:
    """Set every entry to `value`, one number, in place.

    Raises
        ShapeError   a value of several entries
        DtypeError   a value that the dtype cannot hold, such as 0.5 in an integer tensor

    Example
        >>> Tensor([1.0, 2.0]).fill_(7)
        tensor([7., 7.])
    """
    return fill("fill_", self, value)


def fill(who: str, self: Tensor, value: Operand) -> Tensor:
    """Set every entry to `value`."""
    if np.size(value.array if isinstance(value, Tensor) else value) != 1:
        raise ShapeError(message(who, "the value is not one number", {"value": value}, "Use copy_() for a tensor."))
    if recorded(who, self, value):
        return take_over(who, self, replaced(self, in_dtype(who, self, value).reshape(())))
    mine = writable(who, self)
    mine[...] = exactly(who, self, value).reshape(())
    self.mark_changed(calling_line())
    return self


def fill_diagonal_(self: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
    """Set the main diagonal to one number, in place; of a tall matrix with `wrap` also those that follow after a row.

    Raises
        ShapeError   fewer than two axes, or more of different lengths

    Example
        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).fill_diagonal_(0)
        tensor([[0., 2.],
                [3., 0.]])
    """
    if self.ndim < 2 or self.ndim > 2 and len(set(self.shape)) > 1:
        raise ShapeError(message("fill_diagonal_", "there is no diagonal", {"self": self},
                                 "Use a matrix, or more axes of equal length."))
    place = np.zeros(self.shape, bool)
    np.fill_diagonal(place, True, wrap)
    return masked_fill_(self, place, fill_value)


def copy_(self: Tensor, src: Operand) -> Tensor:
    """Take over the values of `src`, converted to this tensor's dtype and broadcast to its shape, in place.

    Example
        >>> Tensor([[0.0, 0.0], [0.0, 0.0]]).copy_(Tensor([1, 2]))
        tensor([[1., 2.],
                [1., 2.]])
    """
    theirs = dtypes.as_array(getattr(src, "array", src))
    fits_into("copy_", self, theirs, src)
    if recorded("copy_", self, src):
        return take_over("copy_", self, replaced(self, in_dtype("copy_", self, src)))
    mine = writable("copy_", self)
    np.copyto(mine, theirs, casting="unsafe")
    self.mark_changed(calling_line())
    return self


def masked_fill_(self: Tensor, mask: Operand, value: Operand) -> Tensor:
    """Set the entries where `mask` holds to `value`, in place.

    Example
        >>> x = Tensor([1.0, -2.0]); x.masked_fill_(x < 0, 0)
        tensor([1., 0.])
    """
    where = np.asarray(getattr(mask, "array", mask))
    if where.dtype != dtypes.bool_:
        raise DtypeError(message("masked_fill_", "the mask is not bool", {"mask": mask}, "Compare it to something first."))
    fits_into("masked_fill_", self, where, mask)
    if recorded("masked_fill_", self, value):
        return take_over("masked_fill_", self, masked_fill(self, mask, value))
    mine = writable("masked_fill_", self)
    np.copyto(mine, exactly("masked_fill_", self, value), where=where)
    self.mark_changed(calling_line())
    return self


def in_dtype(who: str, self: Tensor, value: Operand) -> Operand:
    """`value` in the dtype of `self`, in its graph if it is a tensor."""
    if not isinstance(value, Tensor):
        return exactly(who, self, value)
    holds(who, self, value.dtype)
    return to(value, self.dtype)


# -- random values ----------------------------------------------------------------------------------------------------


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with normally distributed numbers, in place.

    Example
        >>> Tensor([1.0, 2.0]).normal_(3.0, 0.0)
        tensor([3., 3.])
    """
    if std < 0:
        raise ArgumentError(f"normal_: std={std} is negative.\n  Use std ≥ 0.")

    def numbers(rng: Generator, shape: tuple[int, ...], dtype: Any) -> Any:
        return rng.standard_normal(shape, dtype) * dtype(std) + dtype(mean)

    return draw("normal_", self, numbers, generator)


def uniform_(self: Tensor, low: float = 0.0, high: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with numbers uniform on [`low`, `high`), in place.

    Example
        >>> x = Tensor([0.0, 0.0]).uniform_(1.0, 2.0); bool((x >= 1).array.all() and (x <= 2).array.all())
        True
    """
    if high < low:
        raise ArgumentError(f"uniform_: there is nothing between {low} and {high}.\n  Use low ≤ high.")

    def numbers(rng: Generator, shape: tuple[int, ...], dtype: Any) -> Any:
        return rng.random(shape, dtype) * dtype(high - low) + dtype(low)

    return draw("uniform_", self, numbers, generator)


def bernoulli_(self: Tensor, p: float = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with 1 with probability `p`, else 0, in place.

    Example
        >>> Tensor([0.0, 0.0]).bernoulli_(1.0)
        tensor([1., 1.])
    """
    if not 0 <= p <= 1:
        raise ArgumentError(f"bernoulli_: p={p} is no probability.\n  Use 0 to 1.")
    return draw("bernoulli_", self, lambda rng, shape, dtype: rng.random(shape, dtype) < p, generator)


def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with exponentially distributed numbers of rate `lambd`, in place."""
    if lambd <= 0:
        raise ArgumentError(f"exponential_: lambd={lambd} is no rate.\n  Use lambd > 0.")
    return draw("exponential_", self, lambda rng, shape, dtype: rng.standard_exponential(shape, dtype) / dtype(lambd),
                generator)


def random_(self: Tensor, low: int, high: int | None = None, *, generator: Generator | None = None) -> Tensor:
    """Fill with integers from `low` to `high` - 1 (0 to `low` - 1 if it is alone), in place.

    Example
        >>> Tensor([0, 0]).random_(5, 6)
        tensor([5, 5])
    """
    low, high = (0, low) if high is None else (low, high)
    if high <= low:
        raise ArgumentError(f"random_: there is no integer from {low} to {high} - 1.\n  Use high > {low}.")
    return draw("random_", self, lambda rng, shape, dtype: rng.integers(low, high, shape), generator)


def draw(who: str, self: Tensor, numbers: Callable[..., Any], generator: Generator | None) -> Tensor:
    """Write ``numbers(generator, shape, float type)``: float64 numbers for a float64 tensor, else float32 ones."""
    joins = recorded(who, self)
    mine = self.array if joins else writable(who, self)
    drawn_in = np.float64 if mine.dtype == dtypes.float64 else np.float32
    drawn = np.asarray(numbers(generator or default_generator(), mine.shape, drawn_in))
    if joins:
        return take_over(who, self, replaced(self, drawn.astype(mine.dtype)))
    if drawn.dtype.kind == "f" and mine.dtype.kind != "f":
        raise DtypeError(message(who, f"{mine.dtype.name} cannot hold these numbers", {"self": self},
                                 "Use a float tensor, or random_() or bernoulli_()."))
    mine[...] = drawn
    self.mark_changed(calling_line())
    return self
