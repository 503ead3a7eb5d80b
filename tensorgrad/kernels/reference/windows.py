"""Views and slices that the kernels share: channels last, windows as extra axes, and what fits in cache."""

from __future__ import annotations

from typing import Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tensorgrad.window import Window

CACHE = 1 << 20  # bytes of the largest temporary per thread: about one core's level-2 cache


def channels_last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) as a view (N, H, W, C)."""
    return np.moveaxis(x, 1, -1)


def channels_first(x: np.ndarray) -> np.ndarray:
    """(N, H, W, C) as a view (N, C, H, W)."""
    return np.moveaxis(x, -1, 1)


def padded(x: np.ndarray, window: Window, planar: bool = False) -> np.ndarray:
    """x (N, H, W, C) with the window's zeros around it; negative padding crops.

    In memory the channel is innermost, or with `planar` outside of H and W, so that windows are copied in long runs.
    """
    n, *sizes, c = x.shape
    inner = tuple([slice(max(0, -before), size + min(0, after)) for size, (before, after) in zip(sizes, window.padding)])
    if all(before <= 0 and after <= 0 for before, after in window.padding):
        x = x[:, *inner]
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, -1, 1)), 1, -1) if planar else np.ascontiguousarray(x)
    large = [size + before + after for size, (before, after) in zip(sizes, window.padding)]
    out = np.moveaxis(np.zeros((n, c, *large), x.dtype), 1, -1) if planar else np.zeros((n, *large, c), x.dtype)
    place = tuple([slice(max(0, before), size - max(0, after)) for size, (before, after) in zip(large, window.padding)])
    out[:, *place] = x[:, *inner]
    return out


def windows(x: np.ndarray, window: Window, counts: tuple[int, ...]) -> np.ndarray:
    """Padded x (N, H, W, C) as a view (N, H', W', K, L, C): every window, nothing copied."""
    n, *steps, c = x.strides
    starts = [step * s for step, s in zip(steps, window.stride)]
    taps = [step * d for step, d in zip(steps, window.dilation)]
    return as_strided(x, (x.shape[0], *counts, *window.kernel, x.shape[-1]), (n, *starts, *taps, c))


def batches(start: int, stop: int, bytes_per_image: int) -> Iterator[slice]:
    """Slices of ``range(start, stop)``, as many images in each as fit in cache, and at least one."""
    step = max(1, CACHE // max(bytes_per_image, 1))
    for first in range(start, stop, step):
        yield slice(first, min(first + step, stop))


def blocks(shape: tuple[int, ...], limit: int) -> Iterator[tuple[slice, ...]]:
    """An array of that shape in contiguous blocks of at most about `limit` entries.

    Example
        >>> [tuple((s.start, s.stop) for s in block) for block in blocks((1, 3, 4), 8)]
        [((0, 1), (0, 2)), ((0, 1), (2, 3))]
    """
    axis, row = len(shape) - 1, 1
    while axis > 0 and row * shape[axis] <= limit:
        row *= shape[axis]
        axis -= 1
    step = max(1, limit // row)
    for outer in np.ndindex(*shape[:axis]):
        for first in range(0, shape[axis], step):
            yield *[slice(i, i + 1) for i in outer], slice(first, min(first + step, shape[axis]))
