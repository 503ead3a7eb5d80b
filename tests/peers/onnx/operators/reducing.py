"""Reductions and running totals."""

from __future__ import annotations

from typing import Any, Callable

import tensorgrad as tg
from tensorgrad import Tensor
from tests.peers.onnx.operators.arguments import numbers

__all__ = ["OPERATORS"]


def reduction(function: Callable[[Tensor, tuple[int, ...], bool], Tensor],
              alone: Callable[[Tensor], Tensor] = lambda x: x) -> Any:
    """The operator that applies ``function(x, dim, keepdim)``, and `alone` to each entry if it reduces over no axis."""

    def operator(x: Tensor, axes: Tensor | None = None, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Tensor:
        dims = tuple(numbers(axes))
        if not dims and noop_with_empty_axes:
            return alone(x)
        return function(x, dims or tuple(range(x.ndim)), bool(keepdims))

    return operator


def prod(x: Tensor, dims: tuple[int, ...], keepdim: bool) -> Tensor:
    for dim in sorted((dim % x.ndim for dim in dims), reverse=True):
        x = tg.prod(x, dim, keepdim)
    return x


def extreme(function: Callable[..., Tensor]) -> Any:
    """argmax or argmin: where the extreme entry is; of several the first or the last one."""

    def operator(x: Tensor, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Tensor:
        if not select_last_index:
            return function(x, axis, bool(keepdims))
        return x.shape[axis] - 1 - function(tg.flip(x, (axis,)), axis, bool(keepdims))

    return operator


def running(function: Callable[..., Tensor], start: float) -> Any:
    """cumsum or cumprod, from either end, with or without the entry itself."""

    def operator(x: Tensor, axis: Tensor, exclusive: int = 0, reverse: int = 0) -> Tensor:
        dim = int(axis.item()) % x.ndim
        x = tg.flip(x, (dim,)) if reverse else x
        if exclusive:
            x = tg.cat([tg.full_like(tg.narrow(x, dim, 0, 1), start), tg.narrow(x, dim, 0, x.shape[dim] - 1)], dim)
        total = function(x, dim).to(x.dtype)
        return tg.flip(total, (dim,)) if reverse else total

    return operator


def topk(x: Tensor, k: Tensor, axis: int = -1, largest: int = 1, sorted: int = 1) -> Any:
    return tg.topk(x, int(k.item()), axis, bool(largest), bool(sorted))


OPERATORS = {
    "ReduceSum": reduction(lambda x, dim, keep: tg.sum(x, dim, keep)),
    "ReduceMean": reduction(lambda x, dim, keep: tg.mean(x, dim, keep)),
    "ReduceProd": reduction(prod),
    "ReduceMax": reduction(lambda x, dim, keep: tg.amax(x, dim, keep)),
    "ReduceMin": reduction(lambda x, dim, keep: tg.amin(x, dim, keep)),
    "ReduceL1": reduction(lambda x, dim, keep: tg.linalg.vector_norm(x, 1, dim, keep), tg.abs),
    "ReduceL2": reduction(lambda x, dim, keep: tg.linalg.vector_norm(x, 2, dim, keep), tg.abs),
    "ReduceSumSquare": reduction(lambda x, dim, keep: tg.sum(tg.square(x), dim, keep), tg.square),
    "ReduceLogSum": reduction(lambda x, dim, keep: tg.log(tg.sum(x, dim, keep)), tg.log),
    "ReduceLogSumExp": reduction(lambda x, dim, keep: tg.logsumexp(x, dim, keep)),
    "ArgMax": extreme(tg.argmax), "ArgMin": extreme(tg.argmin),
    "CumSum": running(tg.cumsum, 0), "CumProd": running(tg.cumprod, 1), "TopK": topk,
}
