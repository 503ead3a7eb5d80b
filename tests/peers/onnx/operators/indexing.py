"""Entries picked by index or mask, and written to where an index says."""

from __future__ import annotations

from typing import Any

import nn.functional as F
import tensorgrad as tg
from tensorgrad import Tensor

__all__ = ["OPERATORS"]

REDUCTIONS = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}


def counted(index: Tensor, n: int) -> Tensor:
    """Indices counted from the front."""
    return tg.where(index < 0, index + n, index).to(tg.int64)


def take(x: Tensor, index: Tensor, axis: int = 0) -> Tensor:
    return x[(slice(None),) * (axis % x.ndim) + (index,)]


def gather_elements(x: Tensor, index: Tensor, axis: int = 0) -> Tensor:
    return tg.gather(x, axis, counted(index, x.shape[axis]))


def gather_nd(x: Tensor, index: Tensor, batch_dims: int = 0) -> Tensor:
    batch = [tg.arange(n).reshape([-1 if i == axis else 1 for i in range(index.ndim - 1)])
             for axis, n in enumerate(index.shape[:batch_dims])]
    return x[(*batch, *tg.unbind(index, -1))]


def scatter_elements(x: Tensor, index: Tensor, updates: Tensor, axis: int = 0, reduction: str = "none") -> Tensor:
    index = counted(index, x.shape[axis])
    if reduction == "none":
        return tg.scatter(x, axis, index, updates)
    return tg.scatter_reduce(x, axis, index, updates, REDUCTIONS[reduction])


def scatter_nd(x: Tensor, index: Tensor, updates: Tensor, reduction: str = "none") -> Tensor:
    places = tg.unbind(index, -1)
    if reduction in ("none", "add"):
        return tg.index_put(x, tuple(places), updates, accumulate=reduction == "add")
    row: Any = 0  # the number of the row that an index picks, with the indexed axes as one
    for place, n in zip(places, x.shape):
        row = row * n + counted(place, n)
    rest = x.shape[len(places):]
    rows, new = x.reshape((-1, *rest)), updates.reshape((-1, *rest))
    where = row.reshape((-1, *[1] * len(rest))).expand(*new.shape)
    return tg.scatter_reduce(rows, 0, where, new, REDUCTIONS[reduction]).reshape(x.shape)


def one_hot(index: Tensor, depth: Tensor, values: Tensor, axis: int = -1) -> Tensor:
    n = int(depth.item())
    off, on = tg.unbind(values)
    whole = index.to(tg.int64)
    hot = tg.where((whole >= -n) & (whole < n), tg.remainder(whole, n), n)  # n, of no column: the index picks none
    return tg.movedim(tg.where(F.one_hot(hot, n + 1)[..., :n] > 0, on, off), -1, axis)


def compress(x: Tensor, condition: Tensor, axis: int | None = None) -> Tensor:
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    return tg.index_select(x, axis, tg.nonzero(condition).reshape(-1))


OPERATORS = {
    "Gather": take, "GatherElements": gather_elements, "GatherND": gather_nd, "Scatter": scatter_elements,
    "ScatterElements": scatter_elements, "ScatterND": scatter_nd, "OneHot": one_hot, "Compress": compress,
    "NonZero": lambda x: tg.nonzero(x).T,
}
