"""Convolution, pooling and normalisation in float64, tap by tap: what kernels of any geometry are compared with.

Shares nothing with the library, and is fast enough to be drawn hundreds of times, which `tests.loops` is not.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, Iterator

import numpy as np

Sizes = tuple[int, ...]


class Taps:
    """The window along each axis: (kernel, stride, before, after, dilation)."""

    def __init__(self, axes: list[tuple[int, int, int, int, int]]):
        self.axes = axes

    def counts(self, sizes: Sizes) -> Sizes:
        """How many windows fit."""
        return tuple([(n + before + after - (k - 1) * d - 1) // s + 1
                      for n, (k, s, before, after, d) in zip(sizes, self.axes)])

    def views(self, image: np.ndarray) -> Iterator[tuple[Sizes, np.ndarray]]:
        """Per tap, what of `image` (N, C, *sizes of `padded`) lies under it: (N, C, *counts), a view."""
        inner = [n - before - after for n, (_, _, before, after, _) in zip(image.shape[2:], self.axes)]
        counts = self.counts(tuple(inner))
        for tap in itertools.product(*[range(axis[0]) for axis in self.axes]):
            places = [slice(t * d, t * d + (count - 1) * s + 1, s)
                      for t, count, (_, s, _, _, d) in zip(tap, counts, self.axes)]
            yield tap, image[(slice(None), slice(None), *places)]

    def padded(self, x: np.ndarray, value: float = 0.0) -> np.ndarray:
        """`x` inside of its padding; negative padding crops."""
        widths = [(0, 0), (0, 0), *[(max(0, before), max(0, after)) for _, _, before, after, _ in self.axes]]
        crop = [slice(max(0, -before), n - max(0, -after)) for n, (_, _, before, after, _) in zip(x.shape[2:], self.axes)]
        return np.pad(x[(slice(None), slice(None), *crop)], widths, constant_values=value)

    def unpadded(self, x: np.ndarray, sizes: Sizes) -> np.ndarray:
        """The transpose of `padded`."""
        out = np.zeros((*x.shape[:2], *sizes))
        inner, outer = [], []
        for n, (_, _, before, after, _) in zip(sizes, self.axes):
            outer.append(slice(max(0, before), max(0, before) + n - max(0, -before) - max(0, -after)))
            inner.append(slice(max(0, -before), n - max(0, -after)))
        out[(slice(None), slice(None), *inner)] = x[(slice(None), slice(None), *outer)]
        return out


def grouped(x: np.ndarray, groups: int) -> np.ndarray:
    """(N, C, ...) as (N, groups, C / groups, ...)."""
    return x.reshape(len(x), groups, x.shape[1] // groups, *x.shape[2:])


def conv(x: np.ndarray, w: np.ndarray, bias: Any, taps: Taps, groups: int) -> np.ndarray:
    padded, filters = taps.padded(x), grouped(w.reshape(1, *w.shape), groups)[0]
    y = np.zeros((len(x), groups, len(w) // groups, *taps.counts(x.shape[2:])))
    for tap, view in taps.views(padded):
        y += np.einsum("ngc...,gfc->ngf...", grouped(view, groups), filters[(..., *tap)])
    y = y.reshape(len(x), len(w), *y.shape[3:])
    return y if bias is None else y + bias.reshape(-1, *[1] * len(taps.axes))


def conv_input_grad(grad: np.ndarray, w: np.ndarray, sizes: Sizes, taps: Taps, groups: int) -> np.ndarray:
    filters = grouped(w.reshape(1, *w.shape), groups)[0]
    padded = taps.padded(np.zeros((len(grad), w.shape[1] * groups, *sizes)))
    for tap, view in taps.views(padded):
        view += np.einsum("ngf...,gfc->ngc...", grouped(grad, groups), filters[(..., *tap)]).reshape(view.shape)
    return taps.unpadded(padded, sizes)


def conv_weight_grad(grad: np.ndarray, x: np.ndarray, taps: Taps, groups: int) -> np.ndarray:
    kernel = tuple([axis[0] for axis in taps.axes])
    w = np.zeros((groups, grad.shape[1] // groups, x.shape[1] // groups, *kernel))
    rows = (len(grad), groups, grad.shape[1] // groups, math.prod(grad.shape[2:]))
    for tap, view in taps.views(taps.padded(x)):
        columns = grouped(view, groups).reshape(len(x), groups, x.shape[1] // groups, rows[-1])
        w[(..., *tap)] = np.einsum("ngfo,ngco->gfc", grad.reshape(rows), columns)
    return w.reshape(grad.shape[1], x.shape[1] // groups, *kernel)


def max_pool(x: np.ndarray, taps: Taps) -> tuple[np.ndarray, np.ndarray]:
    """The largest entry under each window, and its cell in row-major order; the first of equal ones."""
    sizes = x.shape[2:]
    cells = np.arange(math.prod(sizes)).reshape(1, 1, *sizes)
    best, winner = None, None
    for (_, values), (_, places) in zip(taps.views(taps.padded(x, -np.inf)), taps.views(taps.padded(cells, -1))):
        places = np.broadcast_to(places, values.shape)
        if best is None:
            best, winner = values.copy(), places.copy()
        else:
            better = (places >= 0) & ((winner < 0) | (values > best))
            best, winner = np.where(better, values, best), np.where(better, places, winner)
    assert best is not None and winner is not None
    return best, winner


def avg_pool(x: np.ndarray, taps: Taps, count_include_pad: bool, divisor: int | None) -> np.ndarray:
    total = sum([view for _, view in taps.views(taps.padded(x))])
    return total / counted(x.shape[2:], taps, count_include_pad, divisor)


def avg_pool_grad(grad: np.ndarray, sizes: Sizes, taps: Taps, count_include_pad: bool, divisor: int | None) -> np.ndarray:
    padded = taps.padded(np.zeros((*grad.shape[:2], *sizes)))
    for _, view in taps.views(padded):
        view += grad / counted(sizes, taps, count_include_pad, divisor)
    return taps.unpadded(padded, sizes)


def counted(sizes: Sizes, taps: Taps, count_include_pad: bool, divisor: int | None) -> Any:
    """What the sum of each window is divided by."""
    if divisor is not None:
        return divisor
    ones = np.ones((1, 1, *sizes))
    return sum([view for _, view in taps.views(taps.padded(ones, float(count_include_pad)))])


def moments(x: np.ndarray, axes: Sizes) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance over `axes`, kept."""
    mean = x.mean(axes, keepdims=True)
    return mean, ((x - mean) ** 2).mean(axes, keepdims=True)


def normalized_grad(grad: np.ndarray, x: np.ndarray, axes: Sizes, eps: float) -> np.ndarray:
    """What `grad`, a gradient of (x - mean) / √(var + eps), is for x."""
    mean, var = moments(x, axes)
    scale = 1 / np.sqrt(var + eps)
    z = (x - mean) * scale
    return scale * (grad - grad.mean(axes, keepdims=True) - z * (grad * z).mean(axes, keepdims=True))
