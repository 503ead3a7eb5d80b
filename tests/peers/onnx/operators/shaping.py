"""Entries put into another shape or order, borders, parts and joints."""

from __future__ import annotations

import math
from typing import Any, Sequence

import nn.functional as F
import tensorgrad as tg
from tensorgrad import Tensor
from tests.peers.onnx.operators.arguments import numbers, torch_pads

__all__ = ["OPERATORS"]

MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def reshape(x: Tensor, shape: Tensor, allowzero: int = 0) -> Tensor:
    sizes = [x.shape[axis] if n == 0 and not allowzero else n for axis, n in enumerate(numbers(shape))]
    return tg.reshape(x, sizes)


def flatten(x: Tensor, axis: int = 1) -> Tensor:
    return tg.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


def split(x: Tensor, sizes: Tensor | None = None, axis: int = 0, num_outputs: int | None = None) -> Sequence[Tensor]:
    if sizes is not None:
        return tg.split(x, numbers(sizes), axis)
    return tg.split(x, -(-x.shape[axis] // (num_outputs or 2)), axis)


def unsqueeze(x: Tensor, axes: Tensor) -> Tensor:
    ndim = x.ndim + axes.numel()
    for axis in sorted(axis % ndim for axis in numbers(axes)):
        x = tg.unsqueeze(x, axis)
    return x


def expand(x: Tensor, shape: Tensor) -> Tensor:
    sizes = numbers(shape)
    sizes = [1] * (x.ndim - len(sizes)) + sizes
    ours = [1] * (len(sizes) - x.ndim) + list(x.shape)
    return tg.expand(x, *[n if wanted == 1 else wanted for n, wanted in zip(ours, sizes)])


def part(x: Tensor, starts: Tensor, ends: Tensor, axes: Tensor | None = None, steps: Tensor | None = None) -> Tensor:
    for i, (start, end) in enumerate(zip(numbers(starts), numbers(ends))):
        axis = numbers(axes)[i] if axes is not None else i
        step = numbers(steps)[i] if steps is not None else 1
        first, stop, step = slice(start, end, step).indices(x.shape[axis])
        if step < 0:  # from the other end
            n = x.shape[axis]
            x, first, stop, step = tg.flip(x, (axis,)), n - 1 - first, n - 1 - stop, -step
        x = x[(slice(None),) * (axis % x.ndim) + (slice(first, max(stop, first), step),)]
    return x


def pad(x: Tensor, pads: Tensor, value: Tensor | None = None, axes: Tensor | None = None, mode: str = "constant") -> Tensor:
    sizes, given = numbers(pads), numbers(axes) or list(range(x.ndim))
    both = [0] * (2 * x.ndim)
    for i, axis in enumerate(given):
        both[axis % x.ndim], both[axis % x.ndim + x.ndim] = sizes[i], sizes[i + len(given)]
    first = min((axis for axis in range(x.ndim) if both[axis] or both[axis + x.ndim]), default=0)
    needed = torch_pads(both)[:2 * (x.ndim - first)]
    return F.pad(x, needed, MODES[mode], value.item() if value is not None else None)


def center_crop_pad(x: Tensor, shape: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    pads = [0] * (2 * x.ndim)
    for axis, wanted in zip(axes or range(x.ndim), numbers(shape)):
        axis, more = axis % x.ndim, wanted - x.shape[axis]
        pads[axis] = int(more / 2) if more > 0 else -(-more // 2)
        pads[axis + x.ndim] = more - pads[axis]
    return F.pad(x, torch_pads(pads))


def depth_to_space(x: Tensor, blocksize: int, mode: str = "DCR") -> Tensor:
    n, c, h, w = x.shape
    if mode == "DCR":
        blocks = x.reshape((n, blocksize**2, c // blocksize**2, h, w))
        x = tg.transpose(blocks, 1, 2).reshape((n, c, h, w))
    return F.pixel_shuffle(x, blocksize)


def space_to_depth(x: Tensor, blocksize: int, mode: str = "DCR") -> Tensor:
    n, c, _, _ = x.shape
    y = F.pixel_unshuffle(x, blocksize)
    if mode == "CRD":
        return y
    blocks = y.reshape((n, c, blocksize**2, *y.shape[2:]))
    return tg.transpose(blocks, 1, 2).reshape(y.shape)


def transpose(x: Tensor, perm: Sequence[int] | None = None) -> Tensor:
    return tg.permute(x, tuple(perm) if perm is not None else tuple(reversed(range(x.ndim))))


def squeeze(x: Tensor, axes: Tensor | None = None) -> Tensor:
    return tg.squeeze(x, tuple(numbers(axes))) if axes is not None else tg.squeeze(x)


def trilu(x: Tensor, k: Tensor | None = None, upper: int = 1) -> Tensor:
    cut: Any = tg.triu if upper else tg.tril
    return cut(x, int(k.item()) if k is not None else 0)


OPERATORS = {
    "Reshape": reshape, "Flatten": flatten, "Transpose": transpose, "Squeeze": squeeze, "Unsqueeze": unsqueeze,
    "Expand": expand, "Tile": lambda x, repeats: tg.tile(x, tuple(numbers(repeats))),
    "Concat": lambda *xs, axis: tg.cat(xs, axis), "Split": split, "Slice": part, "Pad": pad,
    "CenterCropPad": center_crop_pad,
    "DepthToSpace": depth_to_space, "SpaceToDepth": space_to_depth, "Trilu": trilu,
}
