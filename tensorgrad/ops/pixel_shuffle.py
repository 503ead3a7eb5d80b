"""Channels traded for pixels: pixel_shuffle and pixel_unshuffle, in any number of image axes."""

from __future__ import annotations

from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.ops.arithmetic import no_view
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.shape import permute, reshape
from tensorgrad.tensor import Tensor

__all__ = ["pixel_shuffle", "pixel_unshuffle", "channel_shuffle"]


def pixel_shuffle(input: Operand, upscale_factor: int) -> Tensor:
    """An image `upscale_factor` r times as large, each r × r block of which takes one pixel of r² channels.

    Shapes
        input   (..., C·r², H, W); the result is (..., C, H·r, W·r)

    Raises
        ShapeError      fewer than three axes, channels that are no multiple of r²
        ArgumentError   r below 1

    Source
        W. Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel CNN", 2016

    Example
        >>> pixel_shuffle(Tensor([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]), 2)
        tensor([[[1., 2.],
                 [3., 4.]]])
    """
    r = check("pixel_shuffle", input, upscale_factor, "upscale_factor")
    *lead, channels, height, width = input.shape
    if channels % (r * r):
        raise ShapeError(message("pixel_shuffle", f"{channels} channels are no multiple of {r}² = {r * r}", {"input": input},
                                 f"Use {max(channels // (r * r), 1) * r * r} channels."))
    n = len(lead)
    apart = reshape(input, (*lead, channels // (r * r), r, r, height, width))
    shuffled = permute(apart, *range(n), n, n + 3, n + 1, n + 4, n + 2)
    return no_view(reshape(shuffled, (*lead, channels // (r * r), height * r, width * r)), input)


def pixel_unshuffle(input: Operand, downscale_factor: int) -> Tensor:
    """An image `downscale_factor` r times as small, whose pixels take r × r blocks as r² channels: undoes pixel_shuffle.

    Shapes
        input   (..., C, H·r, W·r); the result is (..., C·r², H, W)

    Raises
        ShapeError      fewer than three axes, a height or width that is no multiple of r
        ArgumentError   r below 1

    Example
        >>> pixel_unshuffle(Tensor([[[1.0, 2.0], [3.0, 4.0]]]), 2).shape
        (4, 1, 1)
    """
    r = check("pixel_unshuffle", input, downscale_factor, "downscale_factor")
    *lead, channels, height, width = input.shape
    if height % r or width % r:
        raise ShapeError(message("pixel_unshuffle", f"an image of {height} × {width} has no whole blocks of {r} × {r}",
                                 {"input": input}, f"Use {height - height % r} × {width - width % r}."))
    n = len(lead)
    apart = reshape(input, (*lead, channels, height // r, r, width // r, r))
    shuffled = permute(apart, *range(n), n, n + 2, n + 4, n + 1, n + 3)
    return no_view(reshape(shuffled, (*lead, channels * r * r, height // r, width // r)), input)


def channel_shuffle(input: Operand, groups: int) -> Tensor:
    """The channels dealt out: the first of each group, then the second of each group, and so on.

    Shapes
        input   (N, C, ...), C a multiple of `groups`

    Raises
        ShapeError      fewer than three axes, channels that are no multiple of `groups`
        ArgumentError   `groups` below 1

    Example
        >>> channel_shuffle(Tensor([[[1.0], [2.0], [3.0], [4.0]]]), 2).flatten()
        tensor([1., 3., 2., 4.])
    """
    groups = check("channel_shuffle", input, groups, "groups")
    batch, channels, *image = input.shape
    if channels % groups:
        raise ShapeError(message("channel_shuffle", f"{channels} channels do not make {groups} groups", {"input": input},
                                 "Use a number that divides the channels."))
    apart = reshape(input, (batch, groups, channels // groups, *image))
    return no_view(reshape(permute(apart, 0, 2, 1, *range(3, 3 + len(image))), input.shape), input)


def check(who: str, input: Operand, factor: int, name: str) -> int:
    """The factor, checked together with the number of axes."""
    if input.ndim < 3:
        raise ShapeError(message(who, f"the input has {input.ndim} axes", {"input": input}, "Use (N, C, H, W)."))
    if factor < 1:
        raise ArgumentError(message(who, f"{name}={factor}", {"input": input}, "Use 1 or more."))
    return int(factor)
