"""Pooling and its reversal."""

from __future__ import annotations

import math
from typing import Any, Sequence

import nn.functional as F
import tensorgrad as tg
from tensorgrad import Tensor
from tests.peers.onnx.operators.arguments import Missing, numbers, same_pads, torch_pads

__all__ = ["OPERATORS"]

MAX_POOL = [F.max_pool1d, F.max_pool2d, F.max_pool3d]
AVG_POOL = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d]
LP_POOL = [F.lp_pool1d, F.lp_pool2d, F.lp_pool3d]
MAX_UNPOOL = [F.max_unpool1d, F.max_unpool2d, F.max_unpool3d]


def window(x: Tensor, kernel: Sequence[int], auto_pad: str, dilations: Sequence[int], pads: Sequence[int],
           strides: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    """Strides, pads and dilations with the defaults filled in."""
    axes = len(kernel)
    strides, dilations, pads = list(strides or [1] * axes), list(dilations or [1] * axes), list(pads or [0] * 2 * axes)
    if auto_pad.startswith("SAME"):
        pads = same_pads(auto_pad, x.shape[2:], kernel, strides, dilations)
    return strides, pads, dilations


def symmetric(kernel: Sequence[int], pads: Sequence[int]) -> bool:
    """Whether pooling itself can pad: as much before as after, and no more than half of the kernel."""
    axes = len(kernel)
    return list(pads[:axes]) == list(pads[axes:]) and all(2 * size <= k for size, k in zip(pads, kernel))


def max_pool(x: Tensor, kernel_shape: Sequence[int], auto_pad: str = "NOTSET", ceil_mode: int = 0,
             dilations: Sequence[int] = (), pads: Sequence[int] = (), storage_order: int = 0,
             strides: Sequence[int] = ()) -> Any:
    axes, kernel = len(kernel_shape), tuple(kernel_shape)
    stride, sizes, dilation = window(x, kernel, auto_pad, dilations, pads, strides)
    pool: Any = MAX_POOL[axes - 1]
    if not symmetric(kernel, sizes):  # without indices: they would count through the padded image
        return pool(F.pad(x, torch_pads(sizes), value=-math.inf), kernel, tuple(stride), 0, tuple(dilation), bool(ceil_mode))
    y, index = pool(x, kernel, tuple(stride), tuple(sizes[:axes]), tuple(dilation), bool(ceil_mode), True)
    if storage_order:  # counted down the columns of the last two axes
        rows, columns = x.shape[-2:]
        within = index % (rows * columns)
        index = index - within + within % columns * rows + within // columns
    return y, index + planes(x)


def planes(x: Tensor) -> Tensor:
    """Where each channel of each image begins, of all entries of `x`: indices count through all of it."""
    n, c, *sizes = x.shape
    return (tg.arange(n * c) * math.prod(sizes)).reshape((n, c, *[1] * len(sizes)))


def average_pool(x: Tensor, kernel_shape: Sequence[int], auto_pad: str = "NOTSET", ceil_mode: int = 0,
                 count_include_pad: int = 0, dilations: Sequence[int] = (), pads: Sequence[int] = (),
                 strides: Sequence[int] = ()) -> Tensor:
    axes, kernel = len(kernel_shape), tuple(kernel_shape)
    stride, sizes, dilation = window(x, kernel, auto_pad, dilations, pads, strides)
    if any(d != 1 for d in dilation):
        raise Missing("average pooling with gaps")
    pool: Any = AVG_POOL[axes - 1]
    if symmetric(kernel, sizes):
        return pool(x, kernel, tuple(stride), tuple(sizes[:axes]), bool(ceil_mode), bool(count_include_pad))
    more = torch_pads(sizes)
    y = pool(F.pad(x, more), kernel, tuple(stride), 0, bool(ceil_mode))
    return y if count_include_pad else y / pool(F.pad(tg.ones_like(x), more), kernel, tuple(stride), 0, bool(ceil_mode))


def lp_pool(x: Tensor, kernel_shape: Sequence[int], auto_pad: str = "NOTSET", ceil_mode: int = 0,
            dilations: Sequence[int] = (), p: int = 2, pads: Sequence[int] = (), strides: Sequence[int] = ()) -> Tensor:
    stride, sizes, dilation = window(x, kernel_shape, auto_pad, dilations, pads, strides)
    if any(d != 1 for d in dilation):
        raise Missing("LP pooling with gaps")
    pool: Any = LP_POOL[len(kernel_shape) - 1]
    return pool(F.pad(tg.abs(x), torch_pads(sizes)), float(p), tuple(kernel_shape), tuple(stride), bool(ceil_mode))


def max_unpool(x: Tensor, index: Tensor, output_shape: Tensor | None = None, kernel_shape: Sequence[int] = (),
               pads: Sequence[int] = (), strides: Sequence[int] = ()) -> Tensor:
    axes = len(kernel_shape)
    natural = [(n - 1) * stride + k for n, stride, k in zip(x.shape[2:], strides, kernel_shape)]
    sizes = numbers(output_shape)[2:] or natural
    # ONNX counts the indices through the natural size, whatever the output's is.
    index = index % math.prod(natural)
    small = MAX_UNPOOL[axes - 1](x, index, tuple(kernel_shape), tuple(strides), output_size=tuple(natural))
    return F.pad(small, torch_pads([0] * axes + [wanted - n for wanted, n in zip(sizes, natural)]))


OPERATORS = {
    "MaxPool": max_pool, "AveragePool": average_pool, "LpPool": lp_pool, "MaxUnpool": max_unpool,
    "GlobalAveragePool": lambda x: tg.mean(x, tuple(range(2, x.ndim)), keepdim=True),
    "GlobalMaxPool": lambda x: tg.amax(x, tuple(range(2, x.ndim)), keepdim=True),
}
