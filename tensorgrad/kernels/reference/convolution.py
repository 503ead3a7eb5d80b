"""Convolution: windows copied into the rows of a matrix, slice by slice, and multiplied with the weights.

    y[o, f] = Σ_p  rows[o, p] · weights[p, f]            p = (tap, channel)

A slice of the batch is padded, its windows are one strided view, and no more rows are copied at a time than fit in cache:
memory does not grow with batch × kernel area.
"""

from __future__ import annotations

import functools
import math
from typing import Any, Callable

import numpy as np

from tensorgrad.kernels import threads
from tensorgrad.kernels.reference import depthwise
from tensorgrad.kernels.reference.plan import SHORT_RUN, gradient_by_windows, mirrored
from tensorgrad.kernels.reference.windows import CACHE, Frame, batches, blocks, channels_first, channels_last, windows
from tensorgrad.window import Window

FEWEST_ROWS = 256  # a product of fewer rows is dominated by reading the weights


def in_float32(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Compute float16 in float32: NumPy has no fast matrix product for it, and sums would lose digits."""

    @functools.wraps(kernel)
    def wrapper(first: np.ndarray, *rest: Any) -> Any:
        if first.dtype != np.float16:
            return kernel(first, *rest)
        rest = tuple([a.astype(np.float32) if isinstance(a, np.ndarray) else a for a in rest])
        return kernel(first.astype(np.float32), *rest).astype(np.float16)

    return wrapper


@in_float32
def conv(x, w, bias, window, groups):
    n, c, *sizes = x.shape
    counts = window.output_sizes(tuple(sizes))
    if depthwise.applies(w, groups):
        return depthwise.conv(x, w, bias, window)
    matrices = as_matrices(w, groups)
    y = np.empty((n, *counts, len(w)), x.dtype)
    patches = Patches(x, window, counts, groups)

    def part(start, stop):
        for batch, block, group, rows in patches.rows(start, stop):
            out = y[batch][block][..., group_of(len(w), groups, group)]
            np.matmul(rows, matrices[group], out=out.reshape(len(rows), -1))
            if bias is not None:
                out += bias[group_of(len(w), groups, group)]

    threads.run(part, n, patches.work * len(w), matmul=True)
    return channels_first(y)


@in_float32
def conv_weight_grad(grad, x, window, groups):
    n, f, *counts = grad.shape
    c = x.shape[1] // groups
    if c == 1 and groups > 1:
        return depthwise.weight_grad(grad, x, window)
    patches = Patches(x, window, tuple(counts), groups)

    def part(start, stop):
        total = np.zeros((groups, window.taps * c, f // groups), x.dtype)
        for batch, block, group, rows in patches.rows(start, stop):
            d_y = channels_last(grad[batch])[block][..., group_of(f, groups, group)]
            total[group] += rows.T @ np.ascontiguousarray(d_y).reshape(len(rows), -1)
        return total

    matrices = functools.reduce(np.add, threads.run(part, n, patches.work * f, matmul=True))
    w = matrices.reshape(groups, *window.kernel, c, f // groups)
    return np.ascontiguousarray(w.transpose(0, -1, -2, *range(1, w.ndim - 2))).reshape(f, c, *window.kernel)


@in_float32
def conv_input_grad(grad, w, sizes, window, groups):
    n, f, *counts = grad.shape
    c = w.shape[1]
    if depthwise.applies(w, groups):
        return depthwise.input_grad(grad, w, sizes, window, groups)
    if gradient_by_windows(window, c):
        # Stride 1: each cell's gradient is itself a window of `grad`, seen through the kernel turned around.
        turned = np.flip(w, tuple(range(2, w.ndim))).reshape(groups, f // groups, *w.shape[1:]).swapaxes(1, 2)
        return conv(grad, turned.reshape(groups * c, f // groups, *window.kernel), None, mirrored(window), groups)

    split = w.reshape(groups, f // groups, *w.shape[1:])
    by_tap = np.ascontiguousarray(split.transpose(0, *range(3, split.ndim), 1, 2)).reshape(groups, -1, f // groups, c)
    d_x = np.zeros((n, *sizes, groups * c), grad.dtype)
    positions = math.prod(counts)
    reaches = list(window.reaches(sizes, tuple(counts)))

    def part(start, stop):
        for batch in batches(start, stop, (f + 2 * c) * positions * grad.itemsize):
            for group in range(groups):
                d_y = np.ascontiguousarray(channels_last(grad[batch])[..., group_of(f, groups, group)])
                place = d_x[batch][..., group_of(groups * c, groups, group)]
                spread = np.empty((*d_y.shape[:-1], c), grad.dtype)
                for tap, seen, cells in reaches:
                    np.matmul(d_y.reshape(-1, f // groups), by_tap[group, tap], out=spread.reshape(-1, c))
                    place[:, *cells] += spread[:, *seen]

    threads.run(part, n, n * positions * w.size, matmul=True)
    return channels_first(d_x)


@in_float32
def channel_sum(x):
    last = channels_last(x)
    if not last.flags.c_contiguous or x.dtype.kind != "f":
        return x.sum(axis=(0, *range(2, x.ndim)), dtype=x.dtype)
    rows = last.reshape(len(x), math.prod(x.shape[2:]), x.shape[1])
    return (np.ones(rows.shape[1], x.dtype) @ rows).sum(0)  # five times as fast as a sum over the outer axes


def as_matrices(w, groups):
    """w (F, C / groups, K, L) as (groups, taps · C / groups, F / groups): rows in the order of a window's copy."""
    f, c, *kernel = w.shape
    split = w.reshape(groups, f // groups, c, *kernel)
    return np.ascontiguousarray(split.transpose(0, *range(3, split.ndim), 2, 1)).reshape(groups, -1, f // groups)


def group_of(channels: int, groups: int, group: int) -> slice:
    """The channels of one group."""
    size = channels // groups
    return slice(group * size, (group + 1) * size)


class Patches:
    """The windows of x (N, C, H, W) as rows of matrices (positions, taps · C / groups), a block at a time.

    Attributes
        work   entries of all rows together
    """

    def __init__(self, x: np.ndarray, window: Window, counts: tuple[int, ...], groups: int):
        self.x, self.window, self.counts, self.groups = channels_last(x), window, counts, groups
        self.width = window.taps * (x.shape[1] // groups)
        self.limit = max(FEWEST_ROWS, CACHE // (self.width * x.itemsize))
        self.positions = math.prod(counts)
        self.work = len(x) * self.positions * self.width * groups
        # A window's copy runs over kernel columns and channels, a planar one over output columns.
        run = window.kernel[-1] * x.shape[1] // groups
        self.planar = run < SHORT_RUN and run < counts[-1] and window.stride[-1] == 1

    def rows(self, start, stop):
        """(images, block of their positions, group, matrix of the windows there) over images `start` to `stop`.

        The matrix is overwritten by the next one.
        """
        images = max(1, self.limit // max(self.positions, 1))
        frame = Frame(self.x[start:min(start + images, stop)], self.window, self.planar)
        scratch = np.empty(min(self.limit, images * self.positions) * self.width, self.x.dtype)
        for first in range(start, stop, images):
            batch = slice(first, min(first + images, stop))
            image = frame.around(self.x[batch])
            for group in range(self.groups):
                view = windows(image[..., group_of(image.shape[-1], self.groups, group)], self.window, self.counts)
                for block in blocks(view.shape[:1 + len(self.counts)], self.limit):
                    yield batch, block, group, self.matrix(view[block], scratch)

    def matrix(self, view, scratch):
        """(N, H', W', K, L, C) as (N · H' · W', K · L · C), copied to `scratch` unless its memory is in that order."""
        if view.flags.c_contiguous:
            return view.reshape(-1, self.width)
        if self.planar:
            ndim = 1 + len(self.counts)
            view = view.transpose(*range(ndim, view.ndim), *range(ndim))
        copy = scratch[:view.size].reshape(view.shape)
        np.copyto(copy, view)
        return copy.reshape(self.width, -1).T if self.planar else copy.reshape(-1, self.width)
