"""Sorting into bins and counting: unique values, places in a sorted sequence, histograms.  No gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError, message
from tensorgrad.ops.promotion import Operand, array_of, only_floats
from tensorgrad.ops.reduction import normalize_dims
from tensorgrad.ops.selection import as_index
from tensorgrad.tensor import Tensor, from_array

__all__ = ["unique", "searchsorted", "bucketize", "histc", "bincount"]


def like(array: np.ndarray, *operands: Any) -> Any:
    """`array` as a tensor if one of the operands is one."""
    return from_array(array) if any(isinstance(o, Tensor) for o in operands) else array


def unique(input: Operand, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
           dim: int | None = None) -> Any:
    """The distinct entries in ascending order, or along `dim` the distinct slices; every NaN is distinct.

    With `return_inverse` also where each entry went, with `return_counts` also how often each occurred, as a tuple.
    `sorted=False` gives the same: PyTorch leaves the order open then.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> unique(Tensor([3, 1, 3]), return_counts=True)
        (tensor([1, 3]), tensor([1, 2]))
    """
    axis = None if dim is None else (normalize_dims("unique", input, dim) or (None,))[0]
    array = array_of(input)
    values, inverse, counts = np.unique(array, return_inverse=True, return_counts=True, axis=axis, equal_nan=False)
    inverse = inverse.reshape(array.shape if axis is None else -1)  # whose shape differs between versions of NumPy
    results = [values, *[inverse] * return_inverse, *[counts] * return_counts]
    found = tuple([like(r, input) for r in results])
    return found if len(found) > 1 else found[0]


def searchsorted(sorted_sequence: Operand, input: Any, *, out_int32: bool = False, right: bool = False,
                 side: str | None = None, sorter: Operand | None = None) -> Tensor:
    """Per entry of `input` the place in `sorted_sequence` where it can be inserted so that the order is kept.

    Of equal entries before the first, with ``right=True`` (``side="right"``) behind the last.

    Shapes
        sorted_sequence   one axis, or the axes of `input`, equal but for the last
        sorter            as sorted_sequence: the indices that sort it

    Raises
        ArgumentError   `side` and `right` that contradict each other
        ShapeError      axes that do not fit

    Example
        >>> searchsorted(Tensor([1.0, 3.0, 5.0]), Tensor([3.0, 9.0]))
        tensor([1, 3])
    """
    if side not in (None, "left", "right"):
        raise ArgumentError(f"searchsorted: side={side!r} is unknown.\n  Use 'left' or 'right'.")
    if side == "left" and right:
        raise ArgumentError("searchsorted: side='left' and right=True contradict each other.\n  Give one of them.")
    sequence, values = array_of(sorted_sequence), np.asarray(array_of(input))
    operands = {"sorted_sequence": sorted_sequence, "input": input}
    if sequence.ndim != 1 and (sequence.ndim == 0 or sequence.shape[:-1] != values.shape[:-1] or values.ndim == 0):
        raise ShapeError(message("searchsorted", "the axes before the last differ", operands,
                                 "Use a sequence with one axis, or one row of it per row of the input."))
    if sorter is not None:
        order = array_of(as_index("searchsorted", sorter))
        if order.shape != sequence.shape:
            raise ShapeError(message("searchsorted", "sorter has another shape than sorted_sequence",
                                     {**operands, "sorter": sorter}, "Use argsort(sorted_sequence)."))
        if order.size and not 0 <= order.min() <= order.max() < sequence.shape[-1]:
            raise RangeError(message("searchsorted", "sorter has an index outside of sorted_sequence",
                                     {**operands, "sorter": sorter}, f"Use 0 to {sequence.shape[-1] - 1}."))
        sequence = np.take_along_axis(sequence, order, -1)
    where: Any = "right" if right or side == "right" else "left"
    rows = sequence.reshape(math.prod(sequence.shape[:-1]), sequence.shape[-1])
    parts = values.reshape(1, values.size) if sequence.ndim == 1 else values.reshape(len(rows), values.shape[-1])
    found = np.reshape([np.searchsorted(row, part, where) for row, part in zip(rows, parts)], values.shape)
    return like(found.astype(np.int32 if out_int32 else np.int64), sorted_sequence, input)


def bucketize(input: Any, boundaries: Operand, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Per entry of `input` the number of the bin between ascending `boundaries` it falls into.

    A value on a boundary belongs to the bin below it, with ``right=True`` to the one above.

    Raises
        ShapeError   boundaries with several axes

    Example
        >>> bucketize(Tensor([0.5, 3.0, 9.0]), Tensor([1.0, 3.0, 5.0]))
        tensor([0, 1, 3])
    """
    if boundaries.ndim != 1:
        raise ShapeError(message("bucketize", f"the boundaries have {boundaries.ndim} axes", {"boundaries": boundaries},
                                 "Use one axis."))
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def histc(input: Operand, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many entries fall into each of `bins` equal bins from `min` to `max`, in the dtype of `input`.

    The last bin includes `max`; what lies outside, and NaN, is not counted.  With equal `min` and `max` the bins reach from
    the smallest entry to the largest.

    Raises
        ArgumentError   no bins; `max` < `min`; a range that is not finite
        DtypeError      for integer or bool tensors

    Example
        >>> histc(Tensor([1.0, 2.0, 2.5, 9.0]), bins=2, min=0, max=4)
        tensor([1., 2.])
    """
    only_floats("histc", input=input)
    if bins < 1:
        raise ArgumentError(f"histc: bins={bins} gives no bin.\n  Use bins ≥ 1.")
    array = array_of(input).reshape(-1)
    low, high = float(min), float(max)
    if low == high and array.size:
        low, high = float(array.min()), float(array.max())
    if low == high:
        low, high = low - 1, high + 1
    if not np.isfinite([low, high]).all() or high < low:
        raise ArgumentError(message("histc", f"there is no range from {low} to {high}", {"input": input},
                                    "Give finite bounds, min < max."))
    inside = array[(array >= low) & (array <= high)]
    place = ((inside - low) / (high - low) * bins).astype(np.int64)
    counts = np.bincount(np.minimum(place, bins - 1), minlength=bins)
    return like(counts.astype(input.dtype), input)


def bincount(input: Operand, weights: Operand | None = None, minlength: int = 0) -> Tensor:
    """How often each number from 0 to the largest one occurs, or the sum of its `weights`.

    Shapes
        input, weights   (N,) of integers ≥ 0, and (N,)
        result           (largest + 1,), or (minlength,) if that is longer; int64, with weights float32 or float64

    Raises
        DtypeError      input that is not integer
        ShapeError      several axes, weights of another length
        ArgumentError   a negative number, a negative `minlength`

    Example
        >>> bincount(Tensor([1, 2, 2]))
        tensor([0, 1, 2])
    """
    operands = {"input": input} | ({} if weights is None else {"weights": weights})
    if input.dtype.kind not in "iu":
        raise DtypeError(message("bincount", "only integers can be counted", operands, "Convert with .long()."))
    if input.ndim != 1 or weights is not None and weights.shape != input.shape:
        raise ShapeError(message("bincount", "expects tensors with one axis, of equal length", operands, "Flatten them."))
    array = array_of(input)
    if minlength < 0 or array.size and array.min() < 0:
        wrong = f"minlength={minlength}" if minlength < 0 else f"entry {array.min()}"
        raise ArgumentError(message("bincount", f"{wrong} is negative", operands, "Use integers ≥ 0."))
    if weights is None or not array.size:
        return like(np.bincount(array.astype(np.int64), minlength=minlength), input)
    counts = np.bincount(array.astype(np.int64), array_of(weights), minlength)
    return like(counts.astype(np.float32 if weights.dtype == np.float32 else np.float64), input, weights)
