"""Convolution and pooling as nested loops over plain numbers: what kernels and ops are compared with.

Nothing here shares code with the library; a window is described by its four numbers per axis.
"""

from __future__ import annotations

import itertools
from typing import Any, Iterator

import numpy as np

Cell = tuple[int, ...]


def count_windows(n: int, kernel: int, stride: int, before: int, after: int, dilation: int, ceil_mode: bool = False) -> int:
    """Put windows down one after the other and count them."""
    count, start = 0, -before
    while start + (kernel - 1) * dilation < n + after:
        count, start = count + 1, start + stride
    if ceil_mode:
        reached = start - stride + (kernel - 1) * dilation  # the last cell of the last window that fits
        if count and reached < n + after - 1 and start < n:
            count += 1
        elif count and start - stride >= n:  # a window that starts in the padding after the image
            count -= 1
    return count


class Windows:
    """Kernel, stride, padding (before, after) and dilation along each axis."""

    def __init__(self, ndim: int, kernel: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
                 ceil_mode: bool = False):
        def each(value: Any) -> tuple[int, ...]:
            return tuple(value) if isinstance(value, (tuple, list)) else (value,) * ndim

        self.kernel, self.dilation, self.ceil_mode = each(kernel), each(dilation), ceil_mode
        self.stride = self.kernel if stride is None else each(stride)
        self.padding = [p if isinstance(p, tuple) else (p, p) for p in each(padding)]

    def counts(self, sizes: tuple[int, ...]) -> tuple[int, ...]:
        return tuple([count_windows(n, k, s, before, after, d, self.ceil_mode) for n, k, s, (before, after), d
                      in zip(sizes, self.kernel, self.stride, self.padding, self.dilation)])

    def places(self, sizes: Cell) -> Iterator[tuple[Cell, list[tuple[Cell, Cell]]]]:
        """Every window with the pairs (tap, cell) that lie inside the image, in row-major order."""
        for o in itertools.product(*map(range, self.counts(sizes))):
            inside = []
            for t in itertools.product(*map(range, self.kernel)):
                cell = tuple([o_ * s - before + t_ * d for o_, s, (before, _), t_, d
                              in zip(o, self.stride, self.padding, t, self.dilation)])
                if all(0 <= i < n for i, n in zip(cell, sizes)):
                    inside.append((t, cell))
            yield o, inside


def conv(x, w, bias, windows, groups=1):
    filters, per_group = w.shape[:2]
    sizes = x.shape[2:]
    y = np.zeros((len(x), filters, *windows.counts(sizes)))
    for f in range(filters):
        group = f // (filters // groups)
        for o, inside in windows.places(sizes):
            for c in range(per_group):
                for t, cell in inside:
                    y[:, f, *o] += w[f, c, *t] * x[:, group * per_group + c, *cell]
            y[:, f, *o] += 0 if bias is None else bias[f]
    return y


def conv_input_grad(grad, w, sizes, windows, groups=1):
    filters, per_group = w.shape[:2]
    x = np.zeros((len(grad), per_group * groups, *sizes))
    for f in range(filters):
        group = f // (filters // groups)
        for o, inside in windows.places(sizes):
            for c in range(per_group):
                for t, cell in inside:
                    x[:, group * per_group + c, *cell] += w[f, c, *t] * grad[:, f, *o]
    return x


def conv_weight_grad(grad, x, windows, groups=1):
    filters, per_group = grad.shape[1], x.shape[1] // groups
    w = np.zeros((filters, per_group, *windows.kernel))
    for f in range(filters):
        group = f // (filters // groups)
        for o, inside in windows.places(x.shape[2:]):
            for c in range(per_group):
                for t, cell in inside:
                    w[f, c, *t] += (grad[:, f, *o] * x[:, group * per_group + c, *cell]).sum()
    return w


def largest(entries):
    """Position of the largest of a list: the first of equal ones, but the last NaN."""
    best = 0
    for i, entry in enumerate(entries):
        if entry > entries[best] or entry != entry:
            best = i
    return best


def max_over(x, places, counts):
    """(values, winners) of windows given as pairs (window, cells)."""
    y = np.zeros((*x.shape[:2], *counts), x.dtype)
    winners = np.zeros(y.shape, np.int64)
    for n, c in np.ndindex(*x.shape[:2]):
        for o, cells in places:
            cell = cells[largest([x[n, c, *cell] for cell in cells])]
            y[n, c, *o], winners[n, c, *o] = x[n, c, *cell], np.ravel_multi_index(cell, x.shape[2:])
    return y, winners


def max_pool(x, windows):
    sizes = x.shape[2:]
    return max_over(x, [(o, [cell for _, cell in inside]) for o, inside in windows.places(sizes)], windows.counts(sizes))


def scatter_winners(y, winners, sizes):
    x = np.zeros((*y.shape[:2], int(np.prod(sizes))))
    for n, c, *o in np.ndindex(*y.shape):
        x[n, c, winners[n, c, *o]] += y[n, c, *o]
    return x.reshape(*y.shape[:2], *sizes)


def gather_winners(x, winners):
    y = np.zeros(winners.shape)
    for n, c, *o in np.ndindex(*winners.shape):
        y[n, c, *o] = x[n, c].reshape(-1)[winners[n, c, *o]]
    return y


def divisor(o, inside, sizes, windows, count_include_pad, divisor_override):
    if divisor_override:
        return divisor_override
    if not count_include_pad:
        return len(inside)
    cells = 1
    for o_, n, k, s, (before, after) in zip(o, sizes, windows.kernel, windows.stride, windows.padding):
        cells *= sum(o_ * s - before + t < n + after for t in range(k))
    return cells


def avg_pool(x, windows, count_include_pad=True, divisor_override=None):
    sizes = x.shape[2:]
    y = np.zeros((*x.shape[:2], *windows.counts(sizes)))
    for o, inside in windows.places(sizes):
        total = sum(x[:, :, *cell] for _, cell in inside)
        y[:, :, *o] = total / divisor(o, inside, sizes, windows, count_include_pad, divisor_override)
    return y


def avg_pool_grad(grad, sizes, windows, count_include_pad=True, divisor_override=None):
    x = np.zeros((*grad.shape[:2], *sizes))
    for o, inside in windows.places(sizes):
        for _, cell in inside:
            x[:, :, *cell] += grad[:, :, *o] / divisor(o, inside, sizes, windows, count_include_pad, divisor_override)
    return x


def adaptive_places(sizes, counts):
    """Every window of adaptive pooling with its cells."""
    spans = [[range(i * n // m, -(-(i + 1) * n // m)) for i in range(m)] for n, m in zip(sizes, counts)]
    for o in itertools.product(*map(range, counts)):
        yield o, list(itertools.product(*[span[i] for span, i in zip(spans, o)]))


def adaptive_max_pool(x, counts):
    return max_over(x, list(adaptive_places(x.shape[2:], counts)), counts)


def adaptive_avg_pool(x, counts):
    y = np.zeros((*x.shape[:2], *counts))
    for o, cells in adaptive_places(x.shape[2:], counts):
        y[:, :, *o] = sum(x[:, :, *cell] for cell in cells) / len(cells)
    return y


def adaptive_avg_pool_grad(grad, sizes):
    x = np.zeros((*grad.shape[:2], *sizes))
    for o, cells in adaptive_places(sizes, grad.shape[2:]):
        for cell in cells:
            x[:, :, *cell] += grad[:, :, *o] / len(cells)
    return x
