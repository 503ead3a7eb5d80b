"""Layers that take the size of their input from the first input, by PyTorch's names."""

from __future__ import annotations

from typing import Any

from nn.modules.batch_norm import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from nn.modules.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from nn.modules.laziness import Lazy
from nn.modules.linear import Linear

__all__ = ["LazyLinear", "LazyConv1d", "LazyConv2d", "LazyConv3d",
           "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d",
           "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d",
           "LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d"]


class LazyLinear(Lazy, Linear):
    """`Linear` whose `in_features` is taken from the first input; the same as ``Linear(None, out_features)``.

    Until then its parameters have no shape: they cannot be counted, initialised, saved, or given to an optimizer.  The first
    call draws the initial values and turns the layer into a `Linear`.  Loading a state dict does it, too.

    Raises
        UninitializedError   when parameters are looked at before the first call

    Example
        >>> import tensorgrad
        >>> layer = LazyLinear(2); layer
        LazyLinear(in_features=None, out_features=2, bias=True)
        >>> layer(tensorgrad.zeros(5, 3)).shape, layer
        ((5, 2), Linear(in_features=3, out_features=2, bias=True))
    """

    becomes = Linear

    def __init__(self, out_features: int, bias: bool = True, *, device: Any = None, dtype: Any = None):
        super().__init__(None, out_features, bias, device=device, dtype=dtype)


class LazyConv1d(Lazy, Conv1d):
    """`Conv1d` whose `in_channels` is taken from the first input."""

    becomes = Conv1d

    def __init__(self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
                 groups: int = 1, bias: bool = True, padding_mode: str = "zeros", *, device: Any = None, dtype: Any = None):
        super().__init__(None, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode,
                         device=device, dtype=dtype)


class LazyConv2d(Lazy, Conv2d):
    """`Conv2d` whose `in_channels` is taken from the first input."""

    becomes = Conv2d

    def __init__(self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
                 groups: int = 1, bias: bool = True, padding_mode: str = "zeros", *, device: Any = None, dtype: Any = None):
        super().__init__(None, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode,
                         device=device, dtype=dtype)


class LazyConv3d(Lazy, Conv3d):
    """`Conv3d` whose `in_channels` is taken from the first input."""

    becomes = Conv3d

    def __init__(self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
                 groups: int = 1, bias: bool = True, padding_mode: str = "zeros", *, device: Any = None, dtype: Any = None):
        super().__init__(None, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode,
                         device=device, dtype=dtype)


class LazyConvTranspose1d(Lazy, ConvTranspose1d):
    """`ConvTranspose1d` whose `in_channels` is taken from the first input."""

    becomes = ConvTranspose1d

    def __init__(self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                 groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros",
                 *, device: Any = None, dtype: Any = None):
        super().__init__(None, out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation,
                         padding_mode, device=device, dtype=dtype)


class LazyConvTranspose2d(Lazy, ConvTranspose2d):
    """`ConvTranspose2d` whose `in_channels` is taken from the first input."""

    becomes = ConvTranspose2d

    def __init__(self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                 groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros",
                 *, device: Any = None, dtype: Any = None):
        super().__init__(None, out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation,
                         padding_mode, device=device, dtype=dtype)


class LazyConvTranspose3d(Lazy, ConvTranspose3d):
    """`ConvTranspose3d` whose `in_channels` is taken from the first input."""

    becomes = ConvTranspose3d

    def __init__(self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                 groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros",
                 *, device: Any = None, dtype: Any = None):
        super().__init__(None, out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation,
                         padding_mode, device=device, dtype=dtype)


class LazyBatchNorm1d(Lazy, BatchNorm1d):
    """`BatchNorm1d` whose `num_features` is taken from the first input."""

    becomes = BatchNorm1d

    def __init__(self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, *, bias: bool = True, device: Any = None, dtype: Any = None):
        super().__init__(None, eps, momentum, affine, track_running_stats, bias=bias, device=device, dtype=dtype)


class LazyBatchNorm2d(Lazy, BatchNorm2d):
    """`BatchNorm2d` whose `num_features` is taken from the first input."""

    becomes = BatchNorm2d

    def __init__(self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, *, bias: bool = True, device: Any = None, dtype: Any = None):
        super().__init__(None, eps, momentum, affine, track_running_stats, bias=bias, device=device, dtype=dtype)


class LazyBatchNorm3d(Lazy, BatchNorm3d):
    """`BatchNorm3d` whose `num_features` is taken from the first input."""

    becomes = BatchNorm3d

    def __init__(self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, *, bias: bool = True, device: Any = None, dtype: Any = None):
        super().__init__(None, eps, momentum, affine, track_running_stats, bias=bias, device=device, dtype=dtype)


class LazyInstanceNorm1d(Lazy, InstanceNorm1d):
    """`InstanceNorm1d` whose `num_features` is taken from the first input; scaled and with running statistics."""

    becomes = InstanceNorm1d

    def __init__(self, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True,
                 track_running_stats: bool = True, *, bias: bool = True, device: Any = None, dtype: Any = None):
        super().__init__(None, eps, momentum, affine, track_running_stats, bias=bias, device=device, dtype=dtype)


class LazyInstanceNorm2d(Lazy, InstanceNorm2d):
    """`InstanceNorm2d` whose `num_features` is taken from the first input; scaled and with running statistics."""

    becomes = InstanceNorm2d

    def __init__(self, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True,
                 track_running_stats: bool = True, *, bias: bool = True, device: Any = None, dtype: Any = None):
        super().__init__(None, eps, momentum, affine, track_running_stats, bias=bias, device=device, dtype=dtype)


class LazyInstanceNorm3d(Lazy, InstanceNorm3d):
    """`InstanceNorm3d` whose `num_features` is taken from the first input; scaled and with running statistics."""

    becomes = InstanceNorm3d

    def __init__(self, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True,
                 track_running_stats: bool = True, *, bias: bool = True, device: Any = None, dtype: Any = None):
        super().__init__(None, eps, momentum, affine, track_running_stats, bias=bias, device=device, dtype=dtype)
