"""Images sampled at places that are computed: spatial transformers.  A place is (x, y) or (x, y, z), from -1 to 1 over the
image, so that gradients flow to the places as well as to the image.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple, Sequence

import numpy as np

from tensorgrad import Tensor, ops
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError, message
from tensorgrad.ops.masking import masked

__all__ = ["affine_grid", "grid_sample"]

MODES = ("bilinear", "nearest", "bicubic")
PADDING_MODES = ("zeros", "border", "reflection")


class Tap(NamedTuple):
    """Along one axis: per place one cell, whether it is inside the image, and its share in the result (None: all of it)."""

    cells: np.ndarray
    inside: np.ndarray
    weight: Tensor | None


def grid_sample(input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros",
                align_corners: bool | None = None) -> Tensor:
    """The image `input` at the places in `grid`, interpolated.

    Arguments
        grid            the last axis holds x, y (and z): -1 is the left, upper (front) end of the image, 1 the other
        mode            "bilinear" (of volumes, all eight neighbours), "nearest", "bicubic" (images only)
        padding_mode    what is beyond the image: "zeros", "border" (the nearest cell), "reflection"
        align_corners   True: -1 and 1 are the centers of the corner cells; False and None: the corners of the image

    Shapes
        input (N, C, H, W), grid (N, H', W', 2) → (N, C, H', W'); input (N, C, D, H, W), grid (N, D', H', W', 3) →
        (N, C, D', H', W')

    Gradient
        to the image and to the grid; to the grid 0 for "nearest", and for "border" at the border and beyond it

    NaN
        in the grid, under every `padding_mode`: the sample is NaN, and so is the grid's gradient at that place, in one
        coordinate at least; for "nearest" both are 0, as no cell is there.  The image's gradient has no part of either.

    Raises
        ShapeError      other axes, an image without cells, a grid for another number of images
        DtypeError      image and grid of different dtypes
        ArgumentError   an unknown mode, bicubic for volumes

    Source
        Jaderberg et al., Spatial Transformer Networks, 2015

    Example
        >>> image = Tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
        >>> grid_sample(image, Tensor([[[[-1.0, -1.0], [0.0, 0.0]]]]), align_corners=True)
        tensor([[[[1. , 2.5]]]])
    """
    check_sampling(input, grid, mode, padding_mode)
    axes, sizes = input.ndim - 2, input.shape[2:]
    places = grid.shape[1:-1]
    flat = grid.reshape(grid.shape[0], math.prod(places), axes)
    by_axis = [taps(ops.select(flat, 2, axes - 1 - axis), n, mode, padding_mode, bool(align_corners))
               for axis, n in enumerate(sizes)]  # the grid has x first, the image has it last
    cells = input.reshape(*input.shape[:2], math.prod(sizes))
    result: Any = None
    for combination in itertools.product(*by_axis):
        sampled = weighted(picked(cells, combination, sizes), combination)
        result = sampled if result is None else result + sampled
    return result.reshape(*input.shape[:2], *places)


def picked(cells: Tensor, combination: Sequence[Tap], sizes: Sequence[int]) -> Tensor:
    """(N, C, places): the cells of one tap per axis; 0 outside of the image."""
    index: Any = 0
    inside: Any = True
    for tap, n in zip(combination, sizes):
        index, inside = index * n + tap.cells, inside & tap.inside
    shape = (*cells.shape[:2], index.shape[-1])
    found = ops.gather(cells, 2, np.broadcast_to(index[:, None], shape))
    return found if inside.all() else masked(found, np.broadcast_to(inside[:, None], shape))


def weighted(found: Tensor, combination: Sequence[Tap]) -> Tensor:
    """Cells times the shares of one tap per axis."""
    share: Any = None
    for tap in combination:
        if tap.weight is not None:
            share = tap.weight if share is None else share * tap.weight
    return found if share is None else found * ops.unsqueeze(share, 1)


# -- along one axis ----------------------------------------------------------------------------------------------------


def taps(places: Tensor, n: int, mode: str, padding_mode: str, align_corners: bool) -> list[Tap]:
    """What each of the `places`, (N, places) from -1 to 1, takes from an axis of `n` cells."""
    at = (places + 1) * (0.5 * (n - 1)) if align_corners else ((places + 1) * n - 1) * 0.5
    if mode == "bicubic":
        low = np.floor(at.array)
        part = at - low
        return [Tap(*bounded(low + k, n, padding_mode, align_corners), cubic(part, k)) for k in range(-1, 3)]
    at = limited(at, n, padding_mode, align_corners)
    if mode == "nearest":
        nothing = masked(at, np.zeros(at.shape, bool))  # a gradient of 0 for the grid
        return [Tap(*cell(np.rint(at.array), n), nothing + 1 if at.requires_grad else None)]
    low = np.floor(at.array)
    part = at - low
    return [Tap(*cell(low, n), 1 - part), Tap(*cell(low + 1, n), part)]


def limited(at: Tensor, n: int, padding_mode: str, align_corners: bool) -> Tensor:
    """Places, counted in cells, brought into the image; for zeros as they are."""
    if padding_mode == "zeros":
        return at
    if padding_mode == "reflection":
        slope, offset = reflection(at.array, n, align_corners)
        at = at * slope + offset
    return ops.hardtanh(at, 0.0, float(n - 1))  # whose gradient is 0 at the border, as PyTorch has it


def bounded(at: np.ndarray, n: int, padding_mode: str, align_corners: bool) -> tuple[np.ndarray, np.ndarray]:
    """The cells that whole places stand for, and which of them are inside the image."""
    if padding_mode == "reflection":
        slope, offset = reflection(at, n, align_corners)
        at = at * slope + offset
    return cell(at if padding_mode == "zeros" else np.clip(at, 0, n - 1), n)


def cell(at: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole places as indices, 0 where they are outside of the image or NaN, and which of them are inside."""
    inside = (at >= 0) & (at < n)
    return np.where(inside, at, 0).astype(np.int64), inside


def reflection(at: np.ndarray, n: int, align_corners: bool) -> tuple[np.ndarray, np.ndarray]:
    """Slope and offset that bring each place into the image, reflected at its ends: the centers of the corner cells with
    `align_corners`, else half a cell further out."""
    low, span = (0.0, n - 1.0) if align_corners else (-0.5, float(n))
    if not span:
        return np.zeros_like(at), np.zeros_like(at)
    side = np.where(at < low, -1, 1).astype(at.dtype)
    flips = np.floor(side * (at - low) / span)
    turn = np.where(flips % 2 == 0, 1, -1).astype(at.dtype)
    # turn = 1: side · (at - low) - flips · span + low; turn = -1: the same distance from the other end
    offset = turn * (-side * low - flips * span) + np.where(turn > 0, low, span + low)
    return turn * side, offset.astype(at.dtype)


def cubic(part: Tensor, tap: int, a: float = -0.75) -> Tensor:
    """The share of tap -1, 0, 1 or 2 of the cubic convolution at a place that is `part` of a cell after tap 0.

    Source
        R. Keys, "Cubic convolution interpolation for digital image processing", 1981
    """
    x = part - tap if tap < 1 else tap - part
    if tap in (0, 1):
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def check_sampling(input: Tensor, grid: Tensor, mode: str, padding_mode: str) -> None:
    """Raise for modes that are unknown, and operands that do not fit together."""
    operands = {"input": input, "grid": grid}
    for name, value, known in (("mode", mode, MODES), ("padding_mode", padding_mode, PADDING_MODES)):
        if value not in known:
            raise ArgumentError(message("grid_sample", f"{name}={value!r} is unknown", operands,
                                        f"Use {', '.join(map(repr, known))}."))
    axes = input.ndim - 2
    if axes not in (2, 3) or grid.ndim != input.ndim or grid.shape[-1] != axes:
        wanted = {3: "(N, D', H', W', 3)"}.get(axes, "(N, H', W', 2)")
        raise ShapeError(message("grid_sample", "image and grid do not fit", operands,
                                 f"Use (N, C, H, W) or (N, C, D, H, W), here with a grid of {wanted}."))
    if mode == "bicubic" and axes == 3:
        raise ArgumentError(message("grid_sample", "mode='bicubic' is for images", operands, "Use 'bilinear' for volumes."))
    if grid.shape[0] != input.shape[0]:
        raise ShapeError(message("grid_sample", f"{input.shape[0]} images, and places for {grid.shape[0]}", operands,
                                 f"Give a grid for each image: grid.expand({input.shape[0]}, ...)."))
    if 0 in input.shape[2:]:
        raise ShapeError(message("grid_sample", "the image has no cells", operands, "Only N and C may be 0."))
    if input.dtype != grid.dtype or input.dtype.kind != "f":
        raise DtypeError(message("grid_sample", "image and grid must have the same float dtype", operands,
                                 "Convert one of them: grid.to(input.dtype)."))


# -- places ------------------------------------------------------------------------------------------------------------


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The places where `grid_sample` has to look so that the image is moved by the matrices `theta`.

    Arguments
        size            the shape of the result of `grid_sample`: (N, C, H, W) or (N, C, D, H, W)
        align_corners   as in `grid_sample`

    Shapes
        theta (N, 2, 3) → (N, H, W, 2), or (N, 3, 4) → (N, D, H, W, 3)

    Raises
        ShapeError   matrices of another shape or number, a size that is not positive
        DtypeError   a `theta` that is not float

    Example
        >>> affine_grid(Tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 1, 2)).tolist()
        [[[[-0.5, 0.0], [0.5, 0.0]]]]
    """
    size = tuple(size)
    axes = len(size) - 2
    if theta.dtype.kind != "f":
        raise DtypeError(message("affine_grid", f"theta is {theta.dtype}", {"theta": theta}, "Convert it: theta.float()."))
    if axes not in (2, 3) or theta.shape != (size[0], axes, axes + 1) or min(size[2:]) < 1:
        raise ShapeError(message("affine_grid", f"matrices {theta.shape} do not fit the size {size}", {"theta": theta},
                                 "Use theta (N, 2, 3) for (N, C, H, W), theta (N, 3, 4) for (N, C, D, H, W), sizes ≥ 1."))
    lines = [np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in size[2:]]
    if not align_corners:
        lines = [line * ((n - 1) / n) for line, n in zip(lines, size[2:])]
    coordinates = np.meshgrid(*lines, indexing="ij")[::-1]  # x first
    places = np.stack([*coordinates, np.ones(size[2:])], -1).reshape(-1, axes + 1).astype(theta.dtype)
    return ops.matmul(places, ops.transpose(theta, 1, 2)).reshape(size[0], *size[2:], axes)
