"""Images of another size, sampled along grids, and put together from patches."""

from __future__ import annotations

from typing import Any, Sequence

import nn.functional as F
from tensorgrad import Tensor
from tests.peers.onnx.operators.arguments import Missing, numbers

__all__ = ["OPERATORS"]

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
SAMPLED = {"linear": "bilinear", "bilinear": "bilinear", "nearest": "nearest", "cubic": "bicubic", "bicubic": "bicubic"}


def resize(x: Tensor, roi: Tensor | None = None, scales: Tensor | None = None, sizes: Tensor | None = None,
           antialias: int = 0, axes: Sequence[int] | None = None, coordinate_transformation_mode: str = "half_pixel",
           cubic_coeff_a: float = -0.75, exclude_outside: int = 0, extrapolation_value: float = 0.0,
           keep_aspect_ratio_policy: str = "stretch", mode: str = "nearest",
           nearest_mode: str = "round_prefer_floor") -> Tensor:
    if cubic_coeff_a != -0.75 or exclude_outside or keep_aspect_ratio_policy != "stretch":
        raise Missing("these options of resizing")
    given = [axis % x.ndim for axis in axes] if axes is not None else list(range(x.ndim))
    factors, wanted = dict(zip(given, numbers(scales))), dict(zip(given, numbers(sizes)))
    if any(factors.get(axis, 1) != 1 or wanted.get(axis, x.shape[axis]) != x.shape[axis] for axis in (0, 1)):
        raise Missing("resizing along batch or channels")
    spatial = range(2, x.ndim)
    options: dict[str, Any] = (
        {"size": tuple(int(wanted.get(axis, x.shape[axis])) for axis in spatial)} if wanted else
        {"scale_factor": tuple(float(factors.get(axis, 1)) for axis in spatial)})
    if mode == "nearest" and (coordinate_transformation_mode, nearest_mode) == ("half_pixel", "round_prefer_floor"):
        if any(ties(x.shape[axis], wanted.get(axis), factors.get(axis, 1)) for axis in spatial):
            raise Missing("the smaller of two nearest entries")
        nearest_mode = "round_prefer_ceil"
    options |= named(mode, coordinate_transformation_mode, nearest_mode, len(spatial))
    return F.interpolate(x, **options, antialias=bool(antialias))


def ties(n: int, wanted: int | None, factor: float) -> bool:
    """Whether a place of the result lies in the middle between two entries, along an axis of n."""
    step, count = (n / wanted, wanted) if wanted else (1 / factor, int(n * factor))
    return any(((i + 0.5) * step - 0.5) % 1 == 0.5 for i in range(count))


def named(mode: str, coordinates: str, nearest: str, axes: int) -> dict[str, Any]:
    """The mode of interpolation, and where corners lie, as PyTorch names them."""
    if mode == "nearest":
        if (coordinates, nearest) == ("asymmetric", "floor"):
            return {"mode": "nearest"}
        if (coordinates, nearest) == ("half_pixel", "round_prefer_ceil"):
            return {"mode": "nearest-exact"}
        raise Missing(f"nearest entries by {nearest} of {coordinates}")
    if coordinates not in ("half_pixel", "align_corners"):
        raise Missing(coordinates)
    return {"mode": LINEAR[axes] if mode == "linear" else "bicubic", "align_corners": coordinates == "align_corners"}


def upsample(x: Tensor, scales: Tensor, mode: str = "nearest") -> Tensor:
    return F.interpolate(x, scale_factor=tuple(numbers(scales)[2:]), mode=mode)


def grid_sample(x: Tensor, grid: Tensor, align_corners: int = 0, mode: str = "linear",
                padding_mode: str = "zeros") -> Tensor:
    return F.grid_sample(x, grid, SAMPLED[mode], padding_mode, bool(align_corners))


def col2im(x: Tensor, image_shape: Tensor, block_shape: Tensor, dilations: Sequence[int] = (), pads: Sequence[int] = (),
           strides: Sequence[int] = ()) -> Tensor:
    size, block = tuple(numbers(image_shape)), tuple(numbers(block_shape))
    axes = len(size)
    pads = pads or [0] * 2 * axes
    if pads[:axes] != pads[axes:]:
        raise Missing("different pads before and after")
    return F.fold(x, size, block, tuple(dilations or [1] * axes), tuple(pads[:axes]), tuple(strides or [1] * axes))


OPERATORS = {
    "Resize": resize, "Upsample": upsample, "GridSample": grid_sample, "Col2Im": col2im,
    "AffineGrid": lambda theta, size, align_corners=0: F.affine_grid(theta, numbers(size), bool(align_corners)),
}
