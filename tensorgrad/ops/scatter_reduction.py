"""Entries sent to places by an index: written there (scatter), or reduced with those they meet (scatter_reduce)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, message
from tensorgrad.op import Op
from tensorgrad.ops.arithmetic import clone
from tensorgrad.ops.choice import where
from tensorgrad.ops.comparison import isnan
from tensorgrad.ops.gathering import (Gather, Scatter, ScatterAdd, check_along, check_dtypes, fitted, positions,
                                      with_axis)
from tensorgrad.ops.indexing import getitem, one_axis
from tensorgrad.ops.joining import cat
from tensorgrad.ops.masking import masked
from tensorgrad.ops.products import Prod
from tensorgrad.ops.promotion import Operand, to
from tensorgrad.tensor import Tensor, plain

__all__ = ["scatter", "scatter_reduce"]

REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


def scatter(input: Operand, dim: int, index: Operand, src: Operand | float | None = None, *, value: float | None = None,
            reduce: str | None = None) -> Tensor:
    """`input` with entries of `src`, or one number, written along axis `dim`: ``out[i][index[i][j]] = src[i][j]``.

    Of several entries written to one place the last in row-major order stays.  With `reduce` "add" or "multiply" all of them
    are added to what is there, or multiplied with it.

    Gradient
        goes to the entries of `input` that are not written over, and to those of `src` that stay

    Raises
        ArgumentError   neither `src` nor `value`, another `reduce`
        and as gather

    Example
        >>> scatter(Tensor([[0.0, 0.0, 0.0]]), 1, Tensor([[2, 0]]), Tensor([[5.0, 6.0]]))
        tensor([[6., 0., 5.]])
    """
    values = value if src is None else src
    if values is None:
        raise ArgumentError(message("scatter", "neither src nor value is given", {"input": input}, "Give one of them."))
    if reduce not in (None, "add", "multiply"):
        raise ArgumentError(message("scatter", f"reduce={reduce!r} is unknown", {"input": input},
                                    "Use 'add' or 'multiply'; scatter_reduce has more."))
    number = not isinstance(values, (Tensor, np.ndarray))
    sent: Any
    x, index, sent = with_axis("scatter", input, index, np.asarray(values) if number else values)
    if not math.prod(index.shape):
        one_axis("scatter", x, dim)
        return clone(input)
    axis, index = check_along("scatter", x, dim, index, None if number else sent)
    if number:
        sent = sent.astype(x.dtype).reshape(())
        if reduce is not None:
            sent = np.broadcast_to(sent, index.shape)
    else:
        check_dtypes("scatter", x, sent)
        sent = fitted(sent, index)
    if reduce == "add":
        written = x + ScatterAdd(axis, x.shape).apply(sent, index)
    elif reduce == "multiply":
        written = product(x, axis, index, sent, True)
    else:
        written = Scatter(axis).apply(x, index, sent)
    return written.reshape(input.shape)


class ScatterAmax(Op):
    """y = the largest of x and the values sent to its place along `dim`; ties share the gradient equally"""

    __slots__ = ("dim",)
    keeps = (0, 1, 2)
    keeps_output = True
    choose: np.ufunc = np.maximum

    def __init__(self, dim: int):
        self.dim = dim

    def forward(self, x, index, values):
        out = x.flatten()
        self.choose.at(out, positions(index, self.dim, x.shape).reshape(-1), values.reshape(-1))
        return out.reshape(x.shape)

    def backward(self, grad):
        x, index, values = self.inputs
        best = self.output
        wins = (x == best) | (isnan(x) & isnan(best))  # if there is a NaN, it wins
        there = Gather(self.dim).apply(best, index)
        values_win = (values == there) | (isnan(values) & isnan(there))
        number = to(wins, x.dtype) + ScatterAdd(self.dim, x.shape).apply(to(values_win, x.dtype), index)
        share = grad / where(number == 0, 1.0, number)
        return masked(share, wins), None, masked(Gather(self.dim).apply(share, index), values_win)


class ScatterAmin(ScatterAmax):
    """y = the smallest of x and the values sent to its place along `dim`; ties share the gradient equally"""

    __slots__ = ()
    choose = np.minimum


def scatter_reduce(input: Operand, dim: int, index: Operand, src: Operand, reduce: str, *,
                   include_self: bool = True) -> Tensor:
    """`input` with each place along axis `dim` reduced together with the entries of `src` that `index` sends there.

    `reduce` is "sum", "prod", "mean", "amax" or "amin".  Without `include_self` the entry of `input` does not take part
    where an entry of `src` arrives.  The mean of integers is rounded down.

    Shapes
        index   as many axes as input and src, at most as long as src, and as input in axes other than `dim`

    Gradient
        of "amax" and "amin" shared equally among the entries that tie; of "prod" exact where entries are 0 too, for which it
        takes memory for (places reached) × (most entries in one place)

    Raises
        ArgumentError   the name of another reduction
        DtypeError      src of another dtype than `input`
        and as gather

    Example
        >>> scatter_reduce(Tensor([1.0, 2.0]), 0, Tensor([0, 0]), Tensor([5.0, 3.0]), "amax")
        tensor([5., 2.])
    """
    if reduce not in REDUCTIONS:
        raise ArgumentError(message("scatter_reduce", f"reduce={reduce!r} is unknown", {"input": input},
                                    f"Use one of {', '.join(REDUCTIONS)}."))
    check_dtypes("scatter_reduce", input, src)
    shape = input.shape
    input, index, src = with_axis("scatter_reduce", input, index, src)
    axis, index = check_along("scatter_reduce", input, dim, index, src)
    return reduced(input, axis, index, fitted(src, index), reduce, include_self).reshape(shape)


def reduced(input: Operand, axis: int, index: Operand, src: Operand, reduce: str, include_self: bool) -> Tensor:
    """`scatter_reduce` of operands that fit."""
    if reduce == "prod":
        return product(input, axis, index, src, include_self)
    if not include_self:
        reached = np.zeros(input.shape, np.bool_)
        reached.reshape(-1)[positions(plain(index), axis, input.shape)] = True
        input = where(reached, neutral(reduce, input.dtype), input)
    if reduce in ("amax", "amin"):
        return (ScatterAmax if reduce == "amax" else ScatterAmin)(axis).apply(input, index, src)
    total = input + to(ScatterAdd(axis, input.shape).apply(src, index), input.dtype)
    return total if reduce == "sum" else average(total, axis, plain(index), include_self)


def neutral(reduce: str, dtype: np.dtype) -> np.ndarray:
    """What changes no result of the reduction."""
    if reduce in ("sum", "mean"):
        return np.zeros((), dtype)
    if dtype.kind == "f":
        return np.array(-np.inf if reduce == "amax" else np.inf, dtype)
    if dtype.kind == "b":
        return np.array(reduce == "amin")
    return np.array(np.iinfo(dtype).min if reduce == "amax" else np.iinfo(dtype).max, dtype)


def average(total: Operand, axis: int, index: np.ndarray, include_self: bool) -> Tensor:
    """`total` divided by the number of entries that it adds up."""
    number = np.bincount(positions(index, axis, total.shape).reshape(-1), minlength=int(np.prod(total.shape)))
    number = np.maximum(number.reshape(total.shape) + include_self, 1)
    if total.dtype.kind == "f":
        return total / number.astype(total.dtype)
    return total // number.astype(total.dtype)


def product(input: Operand, axis: int, index: Operand, src: Operand, include_self: bool) -> Tensor:
    """The reduction by products: a row of factors for each place reached, filled up with ones, and their product."""
    places = positions(plain(index), axis, input.shape).reshape(-1)
    if not places.size:
        return input + 0
    order = np.argsort(places, kind="stable")
    reached, first, count = np.unique(places[order], return_index=True, return_counts=True)
    column = np.arange(places.size) - np.repeat(first, count) + 1
    own, one = int(np.prod(input.shape)), int(np.prod(input.shape)) + places.size
    factors = np.full((reached.size, int(count.max()) + 1), one)
    if include_self:
        factors[:, 0] = reached
    factors[np.repeat(np.arange(reached.size), count), column] = own + order
    flat = cat([input.reshape(-1), src.reshape(-1), np.ones(1, input.dtype)])
    products = to(Prod().apply(getitem(flat, factors)), input.dtype)
    row = np.arange(own)
    row[reached] = own + np.arange(reached.size)
    return getitem(cat([input.reshape(-1), products]), row).reshape(input.shape)
