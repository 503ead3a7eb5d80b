"""Names that PyTorch keeps for old code."""

from __future__ import annotations

import warnings
from typing import Any

from tensorgrad import Tensor, ops

__all__ = ["upsample", "upsample_bilinear", "upsample_nearest"]


def upsample(input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
             align_corners: bool | None = None) -> Tensor:
    """`interpolate`, by its former name; warns."""
    return warned("upsample", "interpolate(...)", input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` to the nearest cell; warns."""
    return warned("upsample_nearest", "interpolate(...)", input, size, scale_factor, "nearest", None)


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` bilinearly, corner cells on corner cells; warns."""
    return warned("upsample_bilinear", "interpolate(..., mode='bilinear', align_corners=True)", input, size, scale_factor,
                  "bilinear", True)


def warned(who: str, instead: str, input: Tensor, size: Any, scale_factor: Any, mode: str,
           align_corners: bool | None) -> Tensor:
    """The resized image, after a warning."""
    warnings.warn(f"{who}: this name is deprecated.\n  Use {instead}.", UserWarning, stacklevel=3)
    return ops.interpolate(input, size, scale_factor, mode, align_corners)
