"""Layers that enlarge images by interpolation or by moving channels into space, and one that mixes channels."""

from __future__ import annotations

from typing import Any

from nn import functional as F
from nn.module import Module
from nn.modules.arguments import count
from tensorgrad.errors import ArgumentError
from tensorgrad.tensor import Tensor

__all__ = ["Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d", "PixelShuffle", "PixelUnshuffle", "ChannelShuffle"]


class Upsample(Module):
    """The image at another size, interpolated.

    Options
        size                     H' and W' of the result; or
        scale_factor             how much larger it becomes
        mode                     'nearest', 'nearest-exact', 'area'; 'linear' for signals, 'bilinear' or 'bicubic' for
                                 images, 'trilinear' for volumes
        align_corners            True maps corner cells onto corner cells; else the edges of the images are mapped
        recompute_scale_factor   True uses the ratio of the sizes, which are whole numbers, in place of `scale_factor`

    Shapes
        input    (N, C, H, W), or with one or three spatial axes
        result   (N, C, H', W')

    Raises
        ArgumentError   neither or both of `size` and `scale_factor`

    Example
        >>> import tensorgrad
        >>> Upsample(scale_factor=2)(tensorgrad.zeros(8, 3, 4, 4)).shape
        (8, 3, 8, 8)
    """

    def __init__(self, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
                 align_corners: bool | None = None, recompute_scale_factor: bool | None = None):
        if (size is None) == (scale_factor is None):
            raise ArgumentError(f"{type(self).__name__}: size={size!r} and scale_factor={scale_factor!r}.\n"
                                "  Pass one of them, such as scale_factor=2.")
        self.size, self.scale_factor, self.mode, self.align_corners = size, scale_factor, mode, align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.interpolate(input, self.size, self.scale_factor, self.mode, self.align_corners,
                             self.recompute_scale_factor)

    def extra_repr(self) -> str:
        size = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{size}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """The image at another size, each cell a copy of the nearest one."""

    def __init__(self, size: Any = None, scale_factor: Any = None):
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """The image at another size, interpolated bilinearly, corner cells on corner cells."""

    def __init__(self, size: Any = None, scale_factor: Any = None):
        super().__init__(size, scale_factor, "bilinear", align_corners=True)


class PixelShuffle(Module):
    """r² channels become one that is r times as large in both directions, r being `upscale_factor`.

    Shapes
        input    (N, C·r², H, W)
        result   (N, C, H·r, W·r)

    Source
        Shi et al. 2016, Real-time single image and video super-resolution using an efficient sub-pixel CNN

    Example
        >>> import tensorgrad
        >>> PixelShuffle(2)(tensorgrad.zeros(8, 12, 4, 4)).shape
        (8, 3, 8, 8)
    """

    def __init__(self, upscale_factor: int):
        self.upscale_factor = count("PixelShuffle", "upscale_factor", upscale_factor)

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """The inverse of `PixelShuffle`: r×r neighbouring cells become r² channels, r being `downscale_factor`.

    Shapes
        input    (N, C, H·r, W·r)
        result   (N, C·r², H, W)
    """

    def __init__(self, downscale_factor: int):
        self.downscale_factor = count("PixelUnshuffle", "downscale_factor", downscale_factor)

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """The channels dealt out anew: one from each of `groups` groups in turn, so that grouped convolutions mix.

    Shapes
        input    (N, C, ...), C divisible by `groups`
        result   the same

    Source
        Zhang et al. 2017, ShuffleNet

    Example
        >>> import tensorgrad
        >>> ChannelShuffle(2)(tensorgrad.arange(4).reshape(1, 4, 1)).flatten().tolist()
        [0, 2, 1, 3]
    """

    def __init__(self, groups: int):
        self.groups = count("ChannelShuffle", "groups", groups)

    def forward(self, input: Tensor) -> Tensor:
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
