"""Images in another size.  A resize is one linear map per axis: each entry of the result is a weighted sum of few entries
of the input, its taps.  The transposed map has taps of its own, so the two are each other's backward.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Sequence

import numpy as np

from tensorgrad.errors import ArgumentError, DtypeError, ShapeError, message
from tensorgrad.kernels.products import matmul
from tensorgrad.op import Op
from tensorgrad.ops.promotion import Operand
from tensorgrad.tensor import Tensor

__all__ = ["interpolate"]

Taps = tuple[np.ndarray, np.ndarray]  # indices and weights, both (taps per entry, entries of the result)

AXES = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
MODES = ("nearest", "nearest-exact", "area", *AXES)
DENSE = 64  # up to this many entries an axis is resized by a matrix product


class Resize(Op):
    """y = x with axis `dim` resized to `to` entries"""

    __slots__ = ("dim", "mode", "to", "scale", "align_corners")

    def __init__(self, dim: int, mode: str, to: int, scale: float | None, align_corners: bool):
        self.dim, self.mode, self.to, self.scale, self.align_corners = dim, mode, to, scale, align_corners

    def forward(self, x):
        return combine(x, self.dim, *taps(self.mode, x.shape[self.dim], self.to, self.scale, self.align_corners))

    def backward(self, grad):
        return ResizeTransposed(self.dim, self.mode, self.shapes[0][self.dim], self.scale, self.align_corners).apply(grad)


class ResizeTransposed(Resize):
    """y = x with each entry of axis `dim` given back to what it is a sum of when `to` entries are resized"""

    __slots__ = ()

    def forward(self, x):
        n = x.shape[self.dim]
        return combine(x, self.dim, *transposed(self.mode, self.to, n, self.scale, self.align_corners))

    def backward(self, grad):
        return Resize(self.dim, self.mode, self.shapes[0][self.dim], self.scale, self.align_corners).apply(grad)


def combine(x: np.ndarray, dim: int, index: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The sum over taps k of ``x[..., index[k], ...] * weight[k]`` along `dim`, in the memory order of `x`."""
    order = sorted(range(x.ndim), key=lambda d: -abs(x.strides[d]))  # channels last stay last
    dense = x.transpose(order)
    axis, n = order.index(dim), x.shape[dim]
    if len(index) == 1 and (weight == 1).all():
        out = dense.take(index[0], axis)
    elif x.dtype == np.float16:  # NumPy multiplies float16 matrices hundreds of times slower
        return combine(x.astype(np.float32), dim, index, weight).astype(np.float16)
    elif n <= DENSE or len(index) > 8:
        matrix = np.zeros((index.shape[1], n), x.dtype)
        np.add.at(matrix, (np.broadcast_to(np.arange(index.shape[1]), index.shape), index), weight.astype(x.dtype))
        inner = int(np.prod(dense.shape[axis + 1:]))
        flat = matmul(dense.reshape(-1, n), matrix.T) if inner == 1 else matmul(matrix, dense.reshape(-1, n, inner))
        out = flat.reshape(*dense.shape[:axis], index.shape[1], *dense.shape[axis + 1:])
    else:
        weight = weight.astype(x.dtype).reshape(len(weight), -1, *[1] * (x.ndim - 1 - axis))
        out = dense.take(index[0], axis)
        out *= weight[0]
        for k in range(1, len(index)):
            tap = dense.take(index[k], axis)
            tap *= weight[k]
            out += tap
    return out.transpose(np.argsort(order))


# -- taps --------------------------------------------------------------------------------------------------------------


@lru_cache(512)
def taps(mode: str, n: int, to: int, scale: float | None, align_corners: bool) -> Taps:
    """Which of `n` entries each of `to` entries is a weighted sum of."""
    if mode == "nearest" and to == n:  # a factor such as 1.1 may leave the size as it is: nothing moves
        return np.arange(n)[None], np.ones((1, n))
    if mode.startswith("nearest"):
        # In float32, as PyTorch computes it, so that the same entry is picked where a float64 would round down.
        step = np.float32(1 / scale if scale else np.float32(n) / np.float32(to))
        at = (np.arange(to, dtype=np.float32) + np.float32(0.5 if mode == "nearest-exact" else 0)) * step
        return np.minimum(at.astype(np.int64), n - 1)[None], np.ones((1, to))
    if mode == "area":
        start, stop = np.arange(to) * n // to, -(-np.arange(1, to + 1) * n // to)
        index = start + np.arange((stop - start).max())[:, None]
        return np.minimum(index, n - 1), (index < stop) / (stop - start)
    if mode.endswith("-antialias"):
        return antialiased(mode, n, to, scale, align_corners)
    if align_corners:
        at = np.arange(to) * ((n - 1) / (to - 1) if to > 1 else 0.0)
    else:
        at = (np.arange(to) + 0.5) * (1 / scale if scale else n / to) - 0.5
        if mode != "bicubic":
            at = np.maximum(at, 0)
    first = np.floor(at).astype(np.int64)
    part = at - first
    if mode == "bicubic":
        index = np.clip(first + np.arange(-1, 3)[:, None], 0, n - 1)
        return index, np.stack([cubic(part + 1), cubic(part), cubic(1 - part), cubic(2 - part)])
    first = np.minimum(first, n - 1)
    return np.stack([first, np.minimum(first + 1, n - 1)]), np.stack([1 - part, part])


def cubic(x: np.ndarray, a: float = -0.75) -> np.ndarray:
    """The cubic convolution kernel.

    Source
        R. Keys, "Cubic convolution interpolation for digital image processing", 1981; a = -0.75 as in PyTorch and OpenCV
    """
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def antialiased(mode: str, n: int, to: int, scale: float | None, align_corners: bool) -> Taps:
    """Taps of a filter that, where the image shrinks, is widened to cover every entry; as Pillow resizes."""
    step = (n - 1) / (to - 1) if align_corners and to > 1 else 0.0 if align_corners else 1 / scale if scale else n / to
    wide = max(step, 1.0)
    support = (2 if mode == "bicubic-antialias" else 1) * wide
    middle = (np.arange(to) + 0.5) * step
    start = np.maximum((middle - support + 0.5).astype(np.int64), 0)
    stop = np.minimum((middle + support + 0.5).astype(np.int64), n)
    index = start + np.arange((stop - start).max())[:, None]
    distance = (index + 0.5 - middle) / wide
    weight = cubic(distance, -0.5) if mode == "bicubic-antialias" else np.maximum(1 - np.abs(distance), 0)
    weight = np.where(index < stop, weight, 0)
    return np.minimum(index, n - 1), weight / weight.sum(0)


@lru_cache(512)
def transposed(mode: str, n: int, to: int, scale: float | None, align_corners: bool) -> Taps:
    """The taps of the transposed map: which of the `to` entries each of the `n` entries is part of."""
    index, weight = taps(mode, n, to, scale, align_corners)
    source = np.broadcast_to(np.arange(to), index.shape)[weight != 0]
    index, weight = index[weight != 0], weight[weight != 0]
    order = np.argsort(index, kind="stable")
    index, source, weight = index[order], source[order], weight[order]
    rank = np.arange(len(index)) - np.searchsorted(index, index)  # 0, 1, ... among those of the same entry
    back = np.zeros((rank.max() + 1, n), np.int64), np.zeros((rank.max() + 1, n))
    back[0][rank, index], back[1][rank, index] = source, weight
    return back


def interpolate(input: Operand, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None,
                mode: str = "nearest", align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
                antialias: bool = False) -> Tensor:
    """`input` resized to `size`, or by `scale_factor`, along its one to three image axes.

    Shapes
        input   (N, C, W), (N, C, H, W) or (N, C, D, H, W)

    Arguments
        mode                     "nearest", "nearest-exact", "area"; "linear" (one axis), "bilinear", "bicubic" (two),
                                 "trilinear" (three)
        align_corners            True: the centers of the corner entries stay in place; False: the corners of the image do
        recompute_scale_factor   place entries by the sizes, not by the factor that was given
        antialias                for "bilinear" and "bicubic": smooth what shrinks, as Pillow does

    Raises
        ArgumentError   an unknown mode, both or neither of size and scale_factor, an option the mode does not have
        ShapeError      an input of other axes, a mode for other axes, an empty result
        DtypeError      an integer input, except for "nearest" and "nearest-exact"

    Example
        >>> interpolate(Tensor([[[1.0, 3.0]]]), size=4, mode="linear", align_corners=False)
        tensor([[[1. , 1.5, 2.5, 3. ]]])
    """
    axes = input.ndim - 2
    check_mode(input, mode, align_corners, antialias)
    if (size is None) == (scale_factor is None):
        raise ArgumentError(message("interpolate", f"size={size} and scale_factor={scale_factor}", {"input": input},
                                    "Give one of them."))
    images = input.shape[2:]
    scales: list[float | None] = [None] * axes
    if scale_factor is None:
        sizes = per_axis("size", size, axes, input, int)
        if recompute_scale_factor:
            raise ArgumentError(message("interpolate", "recompute_scale_factor=True without a scale_factor",
                                        {"input": input}, "Leave it out: positions follow the sizes."))
    else:
        scales = per_axis("scale_factor", scale_factor, axes, input, float)
        sizes = [int(np.floor(n * scale)) for n, scale in zip(images, scales)]
        if recompute_scale_factor:
            scales = [None] * axes
    if min((*images, *sizes)) < 1:
        raise ShapeError(message("interpolate", f"cannot resize {tuple(images)} to {tuple(sizes)}", {"input": input},
                                 "Every axis needs an entry, before and after."))
    kernel = mode + "-antialias" if antialias else mode
    for axis in sorted(range(axes), key=lambda axis: sizes[axis] / images[axis]):  # what shrinks first leaves less to do
        input = Resize(axis + 2, kernel, sizes[axis], scales[axis], bool(align_corners)).apply(input)
    return input


def check_mode(input: Operand, mode: str, align_corners: bool | None, antialias: bool) -> None:
    """Raise for a mode that is unknown or not for this input, and for options that it does not have."""
    if mode not in MODES:
        raise ArgumentError(message("interpolate", f"mode={mode!r} is unknown", {"input": input},
                                    f"Use one of {', '.join(MODES)}."))
    axes = input.ndim - 2
    if not 1 <= axes <= 3:
        raise ShapeError(message("interpolate", f"the input has {input.ndim} axes", {"input": input},
                                 "Use (N, C, W), (N, C, H, W) or (N, C, D, H, W)."))
    if AXES.get(mode, axes) != axes:
        fitting = [name for name, count in AXES.items() if count == axes]
        raise ShapeError(message("interpolate", f"mode={mode!r} is for {AXES[mode]} image axes, the input has {axes}",
                                 {"input": input}, f"Use {' or '.join(map(repr, fitting))}."))
    if align_corners is not None and mode not in AXES:
        raise ArgumentError(message("interpolate", f"align_corners means nothing to mode={mode!r}", {"input": input},
                                    "Leave it out."))
    if antialias and mode not in ("bilinear", "bicubic"):
        raise ArgumentError(message("interpolate", f"antialias=True means nothing to mode={mode!r}", {"input": input},
                                    "Use 'bilinear' or 'bicubic'."))
    if input.dtype.kind != "f" and not mode.startswith("nearest"):
        raise DtypeError(message("interpolate", f"mode={mode!r} of {input.dtype} values gives fractions", {"input": input},
                                 "Convert it first: x.float()."))


def per_axis(name: str, value: Any, axes: int, input: Operand, kind: type) -> list[Any]:
    """One value per image axis, from one for all or one for each."""
    values = list(value) if isinstance(value, (tuple, list, np.ndarray)) else [value] * axes
    if len(values) != axes:
        raise ArgumentError(message("interpolate", f"{name}={value} has {len(values)} values for {axes} image axes",
                                    {"input": input}, f"Give one, or {axes}."))
    return [kind(v) for v in values]
