"""Pooling that is composed of other pooling: p-norms of windows, and winners with their places."""

from __future__ import annotations

import math
from typing import Any

from tensorgrad import Tensor, ops
from tensorgrad.errors import ArgumentError, message
from tensorgrad.ops.masking import masked
from tensorgrad.window import per_axis

__all__ = ["lp_pool1d", "lp_pool2d", "lp_pool3d",
           "max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices",
           "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d_with_indices", "adaptive_max_pool3d_with_indices"]

AVERAGES = ops.avg_pool1d, ops.avg_pool2d, ops.avg_pool3d
LARGEST = ops.max_pool1d, ops.max_pool2d, ops.max_pool3d


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(Σ xᵖ)^(1/p) of each window of a sequence: `lp_pool2d` in one dimension, (N, C, W) → (N, C, W').

    Example
        >>> lp_pool1d(Tensor([[3.0, 4.0, 0.0, 2.0]]), 2, 2)
        tensor([[5., 2.]])
    """
    return lp_pool("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(Σ xᵖ)^(1/p) of each window of an image, channel by channel, p being `norm_type`; ±∞ take the largest or smallest |x|.

    As in PyTorch the powers are those of x, not of |x|: where they or their sum are negative, the result of a fractional
    root is NaN.

    Shapes
        input (N, C, H, W) or (C, H, W) → (N, C, H', W') or (C, H', W')

    Gradient
        0 where the sum is 0

    Raises
        ArgumentError   a `norm_type` of 0, options that make no sense
        ShapeError      another number of axes, a kernel larger than the image

    Example
        >>> lp_pool2d(Tensor([[[1.0, 2.0], [2.0, 4.0]]]), 2, 2)
        tensor([[[5.]]])
    """
    return lp_pool("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(Σ xᵖ)^(1/p) of each window of a volume: `lp_pool2d` in three dimensions, (N, C, D, H, W) → (N, C, D', H', W').

    Example
        >>> lp_pool3d(Tensor([[[[1.0, 2.0], [2.0, 4.0]]]]), 2, (1, 2, 2))
        tensor([[[[5.]]]])
    """
    return lp_pool("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool(who: str, ndim: int, input: Tensor, p: float, kernel_size: Any, stride: Any, ceil_mode: bool) -> Tensor:
    """The body of `lp_pool1d`, `lp_pool2d` and `lp_pool3d`."""
    if not p:
        raise ArgumentError(message(who, "norm_type=0 has no root", {"input": input}, "Use another number, such as 2."))
    if math.isinf(p):
        largest = LARGEST[ndim - 1]
        sizes = ops.abs(input)
        return largest(sizes, kernel_size, stride, 0, 1, ceil_mode) if p > 0 else -largest(
            -sizes, kernel_size, stride, 0, 1, ceil_mode)
    taps = math.prod(per_axis(who, "kernel_size", kernel_size, ndim))
    total = AVERAGES[ndim - 1](ops.pow(input, p), kernel_size, stride, 0, ceil_mode) * float(taps)
    some = total != 0
    return masked(ops.pow(ops.where(some, total, 1.0), 1 / p), some)


# -- winners with their places -----------------------------------------------------------------------------------------


def max_pool1d_with_indices(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
                            ceil_mode: bool = False, return_indices: bool = False) -> tuple[Tensor, Tensor]:
    """`max_pool1d` with ``return_indices=True``, whatever `return_indices` says."""
    return ops.max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
                            ceil_mode: bool = False, return_indices: bool = False) -> tuple[Tensor, Tensor]:
    """`max_pool2d` with ``return_indices=True``, whatever `return_indices` says.

    Example
        >>> max_pool2d_with_indices(Tensor([[[1.0, 2.0], [4.0, 3.0]]]), 2)
        (tensor([[[4.]]]), tensor([[[2]]]))
    """
    return ops.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
                            ceil_mode: bool = False, return_indices: bool = False) -> tuple[Tensor, Tensor]:
    """`max_pool3d` with ``return_indices=True``, whatever `return_indices` says."""
    return ops.max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def adaptive_max_pool1d_with_indices(input: Tensor, output_size: Any, return_indices: bool = False) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool1d` with ``return_indices=True``, whatever `return_indices` says."""
    return ops.adaptive_max_pool1d(input, output_size, True)


def adaptive_max_pool2d_with_indices(input: Tensor, output_size: Any, return_indices: bool = False) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool2d` with ``return_indices=True``, whatever `return_indices` says."""
    return ops.adaptive_max_pool2d(input, output_size, True)


def adaptive_max_pool3d_with_indices(input: Tensor, output_size: Any, return_indices: bool = False) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool3d` with ``return_indices=True``, whatever `return_indices` says."""
    return ops.adaptive_max_pool3d(input, output_size, True)
