"""Changes of whole batches of images, as NumPy on (N, C, H, W).

Each is called as ``transform(batch, rng)`` and returns a new batch; the generator decides what happens to which image.  Any
function of that kind can stand beside them in a `Compose`.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np

from tensorgrad.errors import ArgumentError, DtypeError, ShapeError, message
from tensorgrad.random import Generator

__all__ = ["Compose", "ToFloat", "Normalize", "RandomCrop", "RandomHorizontalFlip", "RandomRotation",
           "RandomAffine"]


class Compose:
    """One transform after the other.

    Example
        >>> Compose([RandomHorizontalFlip(), Normalize(0.5, 0.25)])
        Compose([RandomHorizontalFlip(p=0.5), Normalize(mean=0.5, std=0.25)])
    """

    def __init__(self, transforms: Sequence[Callable[[np.ndarray, Generator], np.ndarray]]):
        for transform in transforms:
            if not callable(transform):
                raise DtypeError(f"Compose: {transform!r} cannot be called.\n  Pass transforms: [Normalize(0.5, 0.25)].")
        self.transforms = list(transforms)

    def __call__(self, batch: np.ndarray, rng: Generator) -> np.ndarray:
        for transform in self.transforms:
            batch = transform(batch, rng)
        return batch

    def __repr__(self) -> str:
        return f"Compose([{', '.join(map(repr, self.transforms))}])"


class ToFloat:
    """float32 from integers, divided by `scale`; floats only become float32.

    Example
        >>> ToFloat()(np.full((1, 1, 1, 1), 51, np.uint8), None)
        array([[[[0.2]]]], dtype=float32)
    """

    def __init__(self, scale: float = 255):
        if not scale > 0:
            raise ArgumentError(f"ToFloat: scale={scale!r} is not allowed.\n  Use the largest value, such as 255.")
        self.scale = scale

    def __call__(self, batch: np.ndarray, rng: Generator | None = None) -> np.ndarray:
        if batch.dtype.kind == "f":
            return batch.astype(np.float32)
        return np.divide(batch, self.scale, dtype=np.float32)

    def __repr__(self) -> str:
        return f"ToFloat(scale={self.scale:g})"


class Normalize:
    """``(x − mean) / std``, per channel.

    Parameters
        mean, std   numbers, or one per channel

    Raises
        ArgumentError   a `std` that is not above 0
        DtypeError      a batch of integers
        ShapeError      another number of channels than of means

    Example
        >>> Normalize(mean=[1.0, 2.0], std=[0.5, 1.0])(np.ones((1, 2, 1, 1)), None).ravel()
        array([ 0., -1.])
    """

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]):
        self.mean, self.std = mean, std
        self.channels = {np.size(mean), np.size(std)} - {1}
        if not np.all(np.asarray(std) > 0) or len(self.channels) > 1:
            raise ArgumentError(f"Normalize: mean={mean!r}, std={std!r} is not allowed.\n"
                                "  Use a number and one above 0, or as many of each as there are channels.")

    def __call__(self, batch: np.ndarray, rng: Generator | None = None) -> np.ndarray:
        if batch.dtype.kind != "f":
            raise DtypeError(message("Normalize", "expects floats", {"batch": batch}, "Put ToFloat() before it."))
        check_images("Normalize", batch)
        if self.channels and batch.shape[1] not in self.channels:
            raise ShapeError(message("Normalize", f"the batch has {batch.shape[1]} channels, mean and std are for "
                                     f"{min(self.channels)}", {"batch": batch}, "Give one mean and std per channel."))
        mean, std = (np.asarray(value, batch.dtype).reshape(-1, 1, 1) for value in (self.mean, self.std))
        out = batch - mean
        out /= std
        return out

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


class RandomCrop:
    """A window of `size` at a random place of each image, after padding it by `padding` cells of `fill` on every side.

    Parameters
        size      (height, width), or a number for both
        padding   cells: a number, or (vertical, horizontal)

    Raises
        ShapeError   a padded image smaller than the window

    Example
        >>> RandomCrop(32, padding=4)(np.zeros((5, 3, 32, 32), np.float32), np.random.default_rng(0)).shape
        (5, 3, 32, 32)
    """

    def __init__(self, size: int | tuple[int, int], padding: int | tuple[int, int] = 0, fill: float = 0):
        self.size, self.padding = pair("RandomCrop", "size", size, 1), pair("RandomCrop", "padding", padding, 0)
        self.fill = fill

    def __call__(self, batch: np.ndarray, rng: Generator) -> np.ndarray:
        check_images("RandomCrop", batch)
        (height, width), (down, right) = self.size, self.padding
        n, _, H, W = batch.shape
        H, W = H + 2 * down, W + 2 * right
        if H < height or W < width:
            raise ShapeError(message("RandomCrop", f"images of {H}×{W}, padding included, are smaller than the crop of "
                                     f"{height}×{width}", {"batch": batch}, "Make the padding larger or the crop smaller."))
        top, left = rng.integers(H - height + 1, size=n), rng.integers(W - width + 1, size=n)
        if down or right:
            batch = np.pad(batch, ((0, 0), (0, 0), (down, down), (right, right)), constant_values=self.fill)
        windows = np.lib.stride_tricks.sliding_window_view(batch, (height, width), axis=(2, 3))
        return windows[np.arange(n), :, top, left]

    def __repr__(self) -> str:
        return f"RandomCrop(size={self.size}, padding={self.padding}, fill={self.fill:g})"


class RandomHorizontalFlip:
    """Each image mirrored, left for right, with probability `p`.

    Example
        >>> RandomHorizontalFlip(p=1)(np.arange(3.0).reshape(1, 1, 1, 3), np.random.default_rng(0)).ravel()
        array([2., 1., 0.])
    """

    def __init__(self, p: float = 0.5):
        if not 0 <= p <= 1:
            raise ArgumentError(f"RandomHorizontalFlip: p={p!r} is not allowed.\n  Use a probability in [0, 1].")
        self.p = p

    def __call__(self, batch: np.ndarray, rng: Generator) -> np.ndarray:
        check_images("RandomHorizontalFlip", batch)
        flip = rng.random(len(batch)) < self.p
        return np.where(flip[:, None, None, None], batch[..., ::-1], batch)

    def __repr__(self) -> str:
        return f"RandomHorizontalFlip(p={self.p:g})"


class RandomRotation:
    """Each image turned around its centre by a random angle; corners that come from outside are `fill`.

    A new pixel is read between the four old ones around the place it comes from (bilinear).

    Parameters
        degrees   the angle is uniform in [−degrees, degrees], or in the interval (low, high); positive is counter-clockwise

    Raises
        DtypeError   a batch of integers

    Example
        >>> RandomRotation((90, 90))(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.random.default_rng(0)).round(6)
        array([[[[2., 4.], [1., 3.]]]])
    """

    def __init__(self, degrees: float | tuple[float, float], fill: float = 0):
        self.degrees, self.fill = interval("RandomRotation", "degrees", degrees), fill

    def __call__(self, batch: np.ndarray, rng: Generator) -> np.ndarray:
        check_images("RandomRotation", batch)
        if batch.dtype.kind != "f":
            raise DtypeError(message("RandomRotation", "expects floats", {"batch": batch}, "Put ToFloat() before it."))
        return rotate(batch, np.deg2rad(rng.uniform(*self.degrees, size=len(batch))), self.fill)

    def __repr__(self) -> str:
        return f"RandomRotation(degrees=({self.degrees[0]:g}, {self.degrees[1]:g}), fill={self.fill:g})"


class RandomAffine:
    """Each image turned, slanted, scaled and shifted at random, about its centre; what comes from outside is `fill`.

    Parameters
        degrees     as in `RandomRotation`
        translate   largest shift as fractions of height and width: (0.1, 0.1); None for no shift
        scale       (low, high) of the factor by which the image grows; None for 1
        shear       slant of upright lines in degrees: uniform in [−shear, shear], or in (low, high); None for none

    Raises
        ArgumentError   an interval that is none, a scale that is not above 0, a shear of 90° or more
        DtypeError      a batch of integers

    Example
        >>> RandomAffine(0, scale=(2, 2))(np.eye(4)[None, None], np.random.default_rng(0))[0, 0, 1:3, 1:3]
        array([[0.625, 0.375],
               [0.375, 0.625]])
    """

    def __init__(self, degrees: float | tuple[float, float], translate: tuple[float, float] | None = None,
                 scale: tuple[float, float] | None = None, shear: float | tuple[float, float] | None = None,
                 fill: float = 0):
        self.degrees = interval("RandomAffine", "degrees", degrees)
        self.shear = interval("RandomAffine", "shear", shear or 0)
        self.translate, self.scale, self.fill = tuple(translate or (0, 0)), tuple(scale or (1, 1)), fill
        if len(self.scale) != 2 or not 0 < self.scale[0] <= self.scale[1]:
            raise ArgumentError(f"RandomAffine: scale={scale!r} is not allowed.\n  Use (low, high), above 0.")
        if len(self.translate) != 2 or not all(0 <= part <= 1 for part in self.translate):
            raise ArgumentError(f"RandomAffine: translate={translate!r} is not allowed.\n  Use two numbers in [0, 1].")
        if not -90 < self.shear[0] <= self.shear[1] < 90:
            raise ArgumentError(f"RandomAffine: shear={shear!r} is not allowed.\n  Use degrees between −90 and 90.")

    def __call__(self, batch: np.ndarray, rng: Generator) -> np.ndarray:
        check_images("RandomAffine", batch)
        if batch.dtype.kind != "f":
            raise DtypeError(message("RandomAffine", "expects floats", {"batch": batch}, "Put ToFloat() before it."))
        n, (height, width) = len(batch), batch.shape[2:]
        turn = rotation(np.deg2rad(rng.uniform(*self.degrees, size=n)))
        slant = np.zeros((n, 2, 2))
        slant[:, 0, 0] = slant[:, 1, 1] = 1
        slant[:, 1, 0] = np.tan(np.deg2rad(rng.uniform(*self.shear, size=n)))
        growth = rng.uniform(self.scale[0], self.scale[1], size=(n, 1, 1))
        shifts = rng.uniform(-1, 1, size=(n, 2)) * self.translate * (height, width)
        return warp(batch, slant @ turn / growth, shifts, self.fill)

    def __repr__(self) -> str:
        return (f"RandomAffine(degrees={self.degrees}, translate={self.translate}, scale={self.scale}, shear={self.shear}, "
                f"fill={self.fill:g})")


def rotate(batch: np.ndarray, angles: np.ndarray, fill: float) -> np.ndarray:
    """Image n of the batch turned counter-clockwise by ``angles[n]`` radians."""
    return warp(batch, rotation(angles), np.zeros((len(batch), 2)), fill)


def rotation(angles: np.ndarray) -> np.ndarray:
    """(N, 2, 2): per angle the matrix that takes (row, column) of a turned image to where it comes from."""
    cos, sin = np.cos(angles), np.sin(angles)
    return np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], 1)


def warp(batch: np.ndarray, matrices: np.ndarray, shifts: np.ndarray, fill: float) -> np.ndarray:
    """Image n of the batch, the cell at c from its centre read at ``matrices[n] @ (c − shifts[n])``; c is (row, column).

    A new pixel is read between the four old ones around that place (bilinear).
    """
    n, c, H, W = batch.shape
    (a, b), (d, e) = matrices.astype(batch.dtype).transpose(1, 2, 0)[..., None, None]
    down, right = shifts.astype(batch.dtype).T[..., None, None]
    y, x = (np.arange(H)[:, None] - (H - 1) / 2).astype(batch.dtype), (np.arange(W) - (W - 1) / 2).astype(batch.dtype)
    y, x = y - down, x - right
    # (N, H, W): the place a pixel comes from; all that is outside comes from the frame, one cell above and left, two below
    rows = np.clip(y * a + x * b + (H - 1) / 2, -1, H)
    columns = np.clip(y * d + x * e + (W - 1) / 2, -1, W)
    top, left = np.floor(rows), np.floor(columns)
    down, right = (rows - top)[:, None], (columns - left)[:, None]
    up, near = 1 - down, 1 - right
    flat = np.pad(batch, ((0, 0), (0, 0), (1, 2), (1, 2)), constant_values=fill).ravel()
    plane, row = (H + 3) * (W + 3), W + 3
    corner = (top.astype(np.intp) + 1) * row + left.astype(np.intp) + 1
    place = corner[:, None] + (np.arange(n * c) * plane).reshape(n, c, 1, 1)  # (N, C, H, W)
    out = np.zeros(batch.shape, batch.dtype)
    for step, weight in ((0, up * near), (1, up * right), (row, down * near), (row + 1, down * right)):
        out += flat[place + step] * weight
    return out


def check_images(who: str, batch: np.ndarray) -> None:
    """Raise unless `batch` has the axes (N, C, H, W)."""
    if batch.ndim != 4:
        raise ShapeError(message(who, "expects images of shape (N, C, H, W)", {"batch": batch},
                                 "Add the axis that is missing: images[:, None] for one channel."))


def pair(who: str, name: str, value: Any, least: int) -> tuple[int, int]:
    """`value` for height and width."""
    both = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2 or any(isinstance(v, bool) or not isinstance(v, (int, np.integer)) or v < least for v in both):
        raise ArgumentError(f"{who}: {name}={value!r} is not allowed.\n  Use an integer ≥ {least}, or two.")
    return int(both[0]), int(both[1])


def interval(who: str, name: str, value: Any) -> tuple[float, float]:
    """`value` as (low, high): a number is the distance from 0 in both directions."""
    low, high = value if isinstance(value, (tuple, list)) else (-value, value)
    if not low <= high:
        raise ArgumentError(f"{who}: {name}={value!r} is not allowed.\n  Use a number ≥ 0, or (low, high).")
    return low, high
