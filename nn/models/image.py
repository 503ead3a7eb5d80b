"""What the networks are told about the images: height and width, checked."""

from __future__ import annotations

from typing import Any

from tensorgrad.errors import ArgumentError
from tensorgrad.window import per_axis

__all__ = ["height_and_width"]


def height_and_width(who: str, image_size: Any, least: int) -> tuple[int, int]:
    """`image_size`, one number or two, as (height, width).

    Raises
        ArgumentError   anything else, or an image smaller than `least` in one direction

    Example
        >>> height_and_width("LeNet5", 28, least=4)
        (28, 28)
    """
    height, width = per_axis(who, "image_size", image_size, 2)
    if min(height, width) < least:
        raise ArgumentError(f"{who}: an image of {height}×{width} is too small; its poolings would leave nothing of it.\n"
                            f"  Use images of at least {least}×{least}, or a network with fewer poolings.")
    return height, width
