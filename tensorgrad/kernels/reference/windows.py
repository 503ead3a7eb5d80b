"""Views and slices that the kernels share: channels last, windows as extra axes, and what fits in cache."""

from __future__ import annotations

from typing import Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tensorgrad.window import Window

CACHE = 1 << 20  # bytes of the largest temporary per thread: about one core's level-2 cache

# By number of axes; np.moveaxis would take ten times as long.
TO_LAST = {ndim: (0, *range(2, ndim), 1) for ndim in range(2, 6)}
TO_FIRST = {ndim: (0, ndim - 1, *range(1, ndim - 1)) for ndim in range(2, 6)}


def channels_last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) as a view (N, H, W, C)."""
    return x.transpose(TO_LAST[x.ndim])


def channels_first(x: np.ndarray) -> np.ndarray:
    """(N, H, W, C) as a view (N, C, H, W)."""
    return x.transpose(TO_FIRST[x.ndim])


class Frame:
    """Images (N, H, W, C) with a window's zeros around them, slice after slice of a batch in the same memory.

    The channel is innermost, or with `planar` outside of H and W, so that windows are copied in long runs.  Negative
    padding crops.
    """

    def __init__(self, largest: np.ndarray, window: Window, planar: bool):
        n, *sizes, c = largest.shape
        self.planar, self.memory = planar, None
        self.inner = tuple([slice(max(0, -before), n + min(0, after)) for n, (before, after) in zip(sizes, window.padding)])
        if any(before > 0 or after > 0 for before, after in window.padding):
            large = [size + before + after for size, (before, after) in zip(sizes, window.padding)]
            self.memory = np.zeros((n, c, *large) if planar else (n, *large, c), largest.dtype)
            self.place = tuple([slice(max(0, b), n - max(0, a)) for n, (b, a) in zip(large, window.padding)])

    def around(self, x: np.ndarray) -> np.ndarray:
        """x (N, H, W, C) framed; overwritten by the next call."""
        x = x[:, *self.inner]
        if self.memory is None:
            return channels_last(np.ascontiguousarray(channels_first(x))) if self.planar else np.ascontiguousarray(x)
        framed = self.memory[:len(x)]
        framed = channels_last(framed) if self.planar else framed
        framed[:, *self.place] = x
        return framed


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
