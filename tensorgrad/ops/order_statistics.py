"""What stands at a place in the order of the entries: the k-th smallest, quantiles; and the most frequent one."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError, message
from tensorgrad.ops.blends import Lerp
from tensorgrad.ops.choice import where
from tensorgrad.ops.extrema import Picked, ValuesIndices, pick, with_axis
from tensorgrad.ops.gathering import Gather
from tensorgrad.ops.ordering import order_along, sort
from tensorgrad.ops.promotion import Operand, array_of
from tensorgrad.ops.shape import movedim
from tensorgrad.tensor import Tensor

__all__ = ["kthvalue", "mode", "quantile", "nanquantile"]


class Kthvalue(Picked):
    """y = the k-th smallest x along `dim`"""

    __slots__ = ()


def kthvalue(input: Operand, k: int, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """The `k`-th smallest entry along `dim`, counted from 1, as a pair ``values, indices``; NaN counts as largest.

    Of equal entries the index names any one, as in PyTorch.

    Gradient
        goes to the entry at the index

    Raises
        RangeError   `k` is not between 1 and the number of entries; an axis that `input` does not have

    Example
        >>> kthvalue(Tensor([3.0, 1.0, 2.0]), 2).values
        tensor(2.)
    """
    operand, array, axis = with_axis("kthvalue", input, dim)
    n = array.shape[axis]
    if not 1 <= k <= n:
        raise RangeError(message("kthvalue", f"there is no entry number {k} of {n} along dim={dim}", {"input": input},
                                 f"Use k from 1 to {n}."))
    found = np.take(order_along(array, axis, False), [k - 1], axis)
    return pick(Kthvalue, operand, found, axis, keepdim and input.ndim > 0)


class Mode(Picked):
    """y = the most frequent x along `dim`; of several the smallest"""

    __slots__ = ()


def mode(input: Operand, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """The most frequent entry along `dim`, of several the smallest, as a pair ``values, indices`` with its last place.

    In PyTorch the index may be any of its places.  Every NaN occurs once and counts as largest; in PyTorch, which sorts NaN
    anywhere, it depends on the order of the entries whether one of them or a number is the mode where nothing occurs twice.

    Gradient
        goes to the entry at the index

    Raises
        ShapeError   an empty axis
        RangeError   an axis that `input` does not have

    Example
        >>> mode(Tensor([3.0, 1.0, 3.0, 2.0])).values
        tensor(3.)
    """
    operand, array, axis = with_axis("mode", input, dim)
    order = np.moveaxis(order_along(array, axis, False), axis, -1)
    ranked = np.take_along_axis(np.moveaxis(array, axis, -1), order, -1)
    # How often the value at a place in the order has occurred up to there: the largest such count is the mode's.
    places = np.arange(ranked.shape[-1])
    starts = np.concatenate([np.ones_like(ranked[..., :1], bool), ranked[..., 1:] != ranked[..., :-1]], -1)
    counts = places - np.maximum.accumulate(np.where(starts, places, 0), axis=-1)
    found = np.take_along_axis(order, np.argmax(counts, axis=-1, keepdims=True), -1)
    return pick(Mode, operand, np.moveaxis(found, -1, axis), axis, keepdim and input.ndim > 0)


INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def quantile(input: Operand, q: Any, dim: int | None = None, keepdim: bool = False, *,
             interpolation: str = "linear") -> Tensor:
    """The value below which the part `q` of the entries along `dim` (of all by default) lies; NaN if one of them is NaN.

    Between the two entries next to place q · (n - 1) in the order, `interpolation` is "linear", or takes the "lower", the
    "higher", the "nearest" or the "midpoint" of both.

    Shapes
        q   a number, or a tensor with one axis, which becomes the first axis of the result

    Gradient
        goes to the one or two entries that the result is made of, and with "linear" to a tensor `q`

    Raises
        ArgumentError   `q` outside [0, 1]; an unknown `interpolation`
        DtypeError      input that is not float32 or float64; a tensor `q` of another dtype
        ShapeError      no entries; `q` with several axes
        RangeError      an axis that `input` does not have

    Example
        >>> quantile(Tensor([1.0, 2.0, 3.0, 4.0]), 0.5), quantile(Tensor([1.0, 2.0, 3.0]), Tensor([0.0, 0.75]))
        (tensor(2.5), tensor([1. , 2.5]))
    """
    return by_rank("quantile", input, q, dim, keepdim, interpolation, False)


def nanquantile(input: Operand, q: Any, dim: int | None = None, keepdim: bool = False, *,
                interpolation: str = "linear") -> Tensor:
    """`quantile` of the entries that are not NaN; NaN where all are.

    Example
        >>> nanquantile(Tensor([1.0, float("nan"), 3.0]), 0.5)
        tensor(2.)
    """
    return by_rank("nanquantile", input, q, dim, keepdim, interpolation, True)


def by_rank(who: str, input: Operand, q: Any, dim: int | None, keepdim: bool, interpolation: str,
            without_nan: bool) -> Any:
    """quantile or nanquantile."""
    parts = check_quantile(who, input, q, interpolation)
    shape = input.shape
    operand = input.reshape(-1) if dim is None else input
    operand, array, axis = with_axis(who, operand, 0 if dim is None else dim)
    ordered = movedim(sort(operand, axis).values, axis, -1)

    missing = np.moveaxis(np.isnan(array), axis, -1).sum(-1, keepdims=True)
    last = array.shape[axis] - 1
    highest = (np.maximum(last - missing, 0) if without_nan else np.full_like(missing, last)).astype(array.dtype)
    rank = (q if isinstance(q, Tensor) else parts).reshape(-1) * highest  # (..., number of q)
    if not without_nan:
        rank = where(missing > 0, float(last), rank)  # NaN is sorted last
    place = np.round(array_of(rank)) if interpolation == "nearest" else array_of(rank)
    below = (np.ceil if interpolation == "higher" else np.floor)(place)
    result = Gather(ordered.ndim - 1).apply(ordered, below.astype(np.int64))
    if interpolation in ("linear", "midpoint"):
        above = Gather(ordered.ndim - 1).apply(ordered, np.ceil(place).astype(np.int64))
        weight = rank - below if interpolation == "linear" else np.full_like(place, 0.5)
        result = Lerp().apply(result, above, weight)
    # The axis of q comes first, and goes if q is one number.
    kept = (1,) * len(shape) if dim is None else shape[:axis] + (1,) * (len(shape) > 0) + shape[axis + 1:]
    gone = () if dim is None else shape[:axis] + shape[axis + 1:]
    return movedim(result, -1, 0).reshape((*parts.shape, *(kept if keepdim else gone)))


def check_quantile(who: str, input: Operand, q: Any, interpolation: str) -> np.ndarray:
    """`q` as an array in the dtype of `input`, after all checks."""
    operands = {"input": input, "q": q}
    if interpolation not in INTERPOLATIONS:
        raise ArgumentError(f"{who}: interpolation={interpolation!r} is unknown.\n  Use one of {INTERPOLATIONS}.")
    if input.dtype.kind != "f" or input.dtype.itemsize < 4:
        raise DtypeError(message(who, f"is not defined for {input.dtype} values", operands,
                                 f"Convert first: x.float().{who}(...)."))
    if hasattr(q, "dtype") and q.dtype != input.dtype:
        raise DtypeError(message(who, "q has another dtype than input", operands, "Convert it: q.to(input.dtype)."))
    if 0 in input.shape:
        raise ShapeError(message(who, "there are no entries", operands, "Check for .numel() == 0 first."))
    parts = np.asarray(array_of(q), input.dtype)
    if parts.ndim > 1:
        raise ShapeError(message(who, f"q has {parts.ndim} axes", operands, "Use a number, or a tensor with one axis."))
    if not np.all((parts >= 0) & (parts <= 1)):
        raise ArgumentError(message(who, "q is not between 0 and 1", operands, "Use parts of 1, such as 0.95 for 95 %."))
    return parts
