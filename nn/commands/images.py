"""A user's picture as the input a model was trained on: read, made grey, cropped, resized, and all of it said."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tensorgrad.errors import DataError

__all__ = ["Target", "read_image", "prepare"]

GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


@dataclass(frozen=True)
class Target:
    """What the model takes.

    channels, height, width    of its input
    margin     for pictures of one light thing on black: the empty border around it, as a fraction of the side.  Then a
               dark thing on white is inverted, and a picture of another size cropped to the thing.  None for photographs
    """

    channels: int
    height: int
    width: int
    margin: float | None = None


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """The picture in a file as float32 in 0..1: (H, W), or (H, W, 3) in colour; transparency becomes white.

    ``.npy`` files need nothing else, other formats the extra [plot].

    Raises
        DataError   the file is missing or no picture, or its format needs a package that is not installed
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"predict: there is no file {path}.\n  Check the path.")
    array = read_npy(path) if path.suffix.lower() == ".npy" else read_picture(path)
    if array.ndim == 3 and array.shape[2] in (2, 4):
        alpha = array[..., -1:]
        array = array[..., :-1] * alpha + (1 - alpha)
    return array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array


def read_npy(path: Path) -> np.ndarray:
    """The array in a .npy file: (H, W), (H, W, C) or (C, H, W), of bytes, or of floats in 0..1."""
    try:
        with open(path, "rb") as file:
            array = np.lib.format.read_array(file, allow_pickle=False)  # np.load would read an archive, too
    except Exception as error:  # a header can be wrong in many ways
        raise DataError(f"predict: {path} is no array file: {error}.\n  Write it with numpy.save.") from None
    if array.dtype.kind not in "biuf":
        raise DataError(f"predict: {path} holds {array.dtype}, not numbers.\n"
                        "  Save bytes from 0 to 255, or floats from 0 to 1.")
    if array.ndim == 3 and array.shape[0] in (1, 3) and array.shape[2] not in (1, 2, 3, 4):
        array = np.moveaxis(array, 0, 2)
    if array.ndim not in (2, 3) or array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4) or 0 in array.shape:
        raise DataError(f"predict: {path} holds an array of shape {array.shape}, which is no picture.\n"
                        "  Save (height, width), (height, width, channels) or (channels, height, width).")
    if array.dtype.kind == "b" or array.dtype.kind in "iu" and array.min() >= 0 and array.max() <= 255:
        return array.astype(np.float32) / (1 if array.dtype.kind == "b" else 255)
    if array.dtype.kind == "f" and np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1:
        return array.astype(np.float32)
    raise DataError(f"predict: {path} holds {array.dtype.name} from {array.min()} to {array.max()}.\n"
                    "  Save bytes from 0 to 255, or floats from 0 to 1.")


def read_picture(path: Path) -> np.ndarray:
    """The picture in a PNG, JPEG, GIF, ... file."""
    try:
        from PIL import Image
    except ImportError:
        raise DataError(f"predict: reading {path.name} needs the package pillow.\n"
                        '  pip install "tensorgrad[plot]", or save the picture with numpy.save as .npy.') from None
    try:
        with Image.open(path) as image:
            has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
            wide = image.mode.startswith("I") or image.mode == "F"
            mode = "RGBA" if has_alpha else "L" if image.mode in ("1", "L") else "RGB"
            array = np.asarray(image if wide else image.convert(mode), np.float32)
    except Exception as error:  # the reader of each format has errors of its own
        raise DataError(f"predict: {path} cannot be read as a picture: {error}.\n  Use PNG, JPEG or .npy.") from None
    return array / (65535 if wide and array.max() > 255 else 255)


def prepare(image: np.ndarray, target: Target) -> tuple[np.ndarray, list[str]]:
    """`image` as the model takes it, float32 in 0..1, and what was done to it in words.

    Shapes
        image    (H, W) or (H, W, 3)
        result   (C, H', W') of `target`

    Example
        >>> done = prepare(np.ones((16, 16), np.float32), Target(1, 8, 8))
        >>> done[0].shape, done[1]
        ((1, 8, 8), ['resized to 8 × 8'])
    """
    said = []
    if target.channels == 1 and image.ndim == 3:
        image = image @ GREY
        said.append("made grey")
    elif target.channels == 3 and image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=2)
        said.append("grey taken for all three channels")
    if target.margin is not None and border(image).mean() > 0.5:
        image = 1 - image
        said.append("inverted to light on dark")
    if image.shape[:2] != (target.height, target.width):
        if target.margin is not None:
            image, words = cropped(image, target.margin)
            said += words
        elif image.shape[0] * target.width != image.shape[1] * target.height:
            image = padded(image, target.height / target.width)
            said.append(f"padded to {image.shape[0]} × {image.shape[1]}")
        image = resized(image, target.height, target.width)
        said.append(f"resized to {target.height} × {target.width}")
    if image.ndim == 2:
        image = image[..., None]
    return np.ascontiguousarray(np.moveaxis(image, 2, 0), np.float32), said


def border(image: np.ndarray) -> np.ndarray:
    """The outermost pixels."""
    return np.concatenate([image[0].ravel(), image[-1].ravel(), image[:, 0].ravel(), image[:, -1].ravel()])


def cropped(image: np.ndarray, margin: float) -> tuple[np.ndarray, list[str]]:
    """The square around the light thing on dark, with an empty margin; it begins at 30 % of the largest lightness."""
    thing = image > image.min() + 0.3 * np.ptp(image) if np.ptp(image) > 0.05 else np.zeros(image.shape, bool)
    rows, columns = np.flatnonzero(thing.any(1)), np.flatnonzero(thing.any(0))
    if not len(rows):
        return padded(image, 1.0), []
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    size = (bottom - top, right - left)
    words = [f"cropped to {size[0]} × {size[1]}"] if size != image.shape else []
    square = padded(image[top:bottom, left:right] - image.min(), 1.0)
    edge = round(len(square) * margin / (1 - 2 * margin))
    return np.pad(square, edge), words


def padded(image: np.ndarray, ratio: float) -> np.ndarray:
    """`image` in the middle of black of the given height : width."""
    height, width = image.shape[:2]
    wanted = max(height, round(width * ratio)), max(width, round(height / ratio))
    spare = [(wanted[axis] - image.shape[axis]) for axis in (0, 1)]
    return np.pad(image, [(extra // 2, extra - extra // 2) for extra in spare] + [(0, 0)] * (image.ndim - 2))


def resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Every new pixel is the mean over the area it covers in the old picture, or between old pixels where it is enlarged."""
    rows, columns = weights(image.shape[0], height), weights(image.shape[1], width)
    out = np.einsum("ih,hw...->iw...", rows, image)
    return np.clip(np.einsum("jw,iw...->ij...", columns, out), 0, 1).astype(np.float32)


def weights(old: int, new: int) -> np.ndarray:
    """(new, old): how much each old pixel counts in a new one; rows sum to 1."""
    centres = (np.arange(new) + 0.5) * old / new - 0.5
    distance = np.abs(centres[:, None] - np.arange(old))
    reach = max(old / new, 1.0)
    if old >= new:  # overlap of the new pixel's interval with each old pixel
        share = np.clip((reach + 1) / 2 - distance, 0, 1)
    else:
        share = np.clip(1 - np.abs(np.clip(centres, 0, old - 1)[:, None] - np.arange(old)), 0, None)
    return (share / share.sum(1, keepdims=True)).astype(np.float32)
