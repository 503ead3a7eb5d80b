"""Normalisation of each sample by itself: layer, group, RMS and local response normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn import functional as F
from nn.module import Module
from nn.modules.arguments import count, divisible, float_dtype
from nn.parameter import Parameter
from tensorgrad.errors import ArgumentError
from tensorgrad.tensor import Tensor

__all__ = ["LayerNorm", "GroupNorm", "RMSNorm", "LocalResponseNorm"]


class LayerNorm(Module):
    """Each sample with its mean over the last axes subtracted, divided by its standard deviation.

    Parameters
        weight, bias   of shape `normalized_shape`, start at 1 and 0; None with ``elementwise_affine=False``;
                       only the bias is None with ``bias=False``

    Shapes
        input    (..., *normalized_shape)
        result   the same

    Raises
        ArgumentError   a shape that makes no sense
        ShapeError      when called: the last axes have another shape

    Source
        Ba et al. 2016, Layer normalization

    Example
        >>> import tensorgrad
        >>> LayerNorm(3)(tensorgrad.tensor([[1.0, 2.0, 3.0]]))
        tensor([[-1.2247,  0.    ,  1.2247]], creator=...)
    """

    def __init__(self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True, *,
                 device: Any = None, dtype: Any = None):
        self.normalized_shape = last_sizes("LayerNorm", normalized_shape)
        self.eps, self.elementwise_affine = eps, bool(elementwise_affine)
        kind = float_dtype("LayerNorm", dtype, device)
        self.weight = Parameter(np.ones(self.normalized_shape, kind)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(self.normalized_shape, kind)) if elementwise_affine and bias else None

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
                f"bias={self.bias is not None}")


class GroupNorm(Module):
    """Each group of channels of each image with its mean subtracted, divided by its standard deviation.

    Parameters
        weight, bias   (C,) start at 1 and 0; None with ``affine=False``

    Shapes
        input    (N, C, ...)
        result   the same

    Raises
        ArgumentError   `num_channels` not divisible by `num_groups`
        ShapeError      when called: another number of channels

    Source
        Wu and He 2018, Group normalization

    Example
        >>> import tensorgrad
        >>> GroupNorm(2, 6)(tensorgrad.randn(8, 6, 4, 4)).shape
        (8, 6, 4, 4)
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, *, bias: bool = True,
                 device: Any = None, dtype: Any = None):
        self.num_groups = count("GroupNorm", "num_groups", num_groups)
        self.num_channels = count("GroupNorm", "num_channels", num_channels)
        divisible("GroupNorm", "num_channels", self.num_channels, "num_groups", self.num_groups)
        self.eps, self.affine = eps, bool(affine)
        kind = float_dtype("GroupNorm", dtype, device)
        self.weight = Parameter(np.ones(self.num_channels, kind)) if affine else None
        self.bias = Parameter(np.zeros(self.num_channels, kind)) if affine and bias else None

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
                f"bias={self.bias is not None}")


class RMSNorm(Module):
    """Each sample divided by the root of its mean square over the last axes: `LayerNorm` without the mean and the bias.

    Parameters
        weight   of shape `normalized_shape`, starts at 1; None with ``elementwise_affine=False``

    Options
        eps   added under the root; None means the smallest number that makes a difference to 1

    Shapes
        input    (..., *normalized_shape)
        result   the same

    Source
        Zhang and Sennrich 2019, Root mean square layer normalization

    Example
        >>> import tensorgrad
        >>> RMSNorm(2, elementwise_affine=False)(tensorgrad.tensor([[1.0, 7.0]]))
        tensor([[0.2, 1.4]])
    """

    def __init__(self, normalized_shape: Any, eps: float | None = None, elementwise_affine: bool = True, *,
                 device: Any = None, dtype: Any = None):
        self.normalized_shape = last_sizes("RMSNorm", normalized_shape)
        self.eps, self.elementwise_affine = eps, bool(elementwise_affine)
        kind = float_dtype("RMSNorm", dtype, device)
        self.weight = Parameter(np.ones(self.normalized_shape, kind)) if elementwise_affine else None

    def forward(self, input: Tensor) -> Tensor:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LocalResponseNorm(Module):
    """Each entry divided by (k + alpha · mean of the squares of `size` neighbouring channels) ^ beta.

    Shapes
        input    (N, C, ...)
        result   the same

    Source
        Krizhevsky et al. 2012, ImageNet classification with deep convolutional neural networks

    Example
        >>> import tensorgrad
        >>> LocalResponseNorm(3)(tensorgrad.randn(2, 5, 4, 4)).shape
        (2, 5, 4, 4)
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0):
        self.size = count("LocalResponseNorm", "size", size)
        self.alpha, self.beta, self.k = alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def last_sizes(who: str, normalized_shape: Any) -> tuple[int, ...]:
    """The sizes of the axes that are normalised.

    Raises
        ArgumentError   none, or one that is no integer ≥ 1
    """
    sizes = normalized_shape if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
    if not sizes:
        raise ArgumentError(f"{who}: normalized_shape is empty.\n  Use the sizes of the last axes, such as (64,).")
    return tuple(count(who, "normalized_shape", n) for n in sizes)
