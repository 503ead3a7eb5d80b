"""What the networks are told about their images and classes, checked."""

from __future__ import annotations

from typing import Any

from nn.modules.arguments import count
from tensorgrad.errors import ArgumentError
from tensorgrad.window import per_axis

__all__ = ["height_and_width"]


def height_and_width(who: str, num_classes: int, in_channels: int, image_size: Any, least: int) -> tuple[int, int]:
    """`image_size`, one number or two, as (height, width).

    Raises
        ArgumentError   anything else, an image smaller than `least` in one direction, no classes, no channels

    Example
        >>> height_and_width("LeNet5", 10, 1, image_size=28, least=4)
        (28, 28)
    """
    count(who, "num_classes", num_classes)
    count(who, "in_channels", in_channels)
    height, width = per_axis(who, "image_size", image_size, 2)
    if min(height, width) < least:
        raise ArgumentError(f"{who}: an image of {height}×{width} is too small; its poolings would leave nothing of it.\n"
                            f"  Use images of at least {least}×{least}, or a network with fewer poolings.")
    return height, width
