"""Average pooling and its transpose."""

from __future__ import annotations

import functools

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.jit import image, jit, three, volume
from tensorgrad.kernels.reference.pooling import divisors


def avg_pool(x, window, count_include_pad, divisor_override):
    sizes = tuple(x.shape[2:])
    counts = window.output_sizes(sizes)
    cells = volume(x)
    y = np.zeros((len(x), *three(counts), x.shape[1]), x.dtype)
    divided_by = divisors_of(x.dtype, window, sizes, counts, count_include_pad, divisor_override)
    spans = spans_of(window, sizes, counts)
    sum_windows(slices(len(x), y.size * window.taps), len(x), cells, y, divided_by, *spans)
    return image(y, window.ndim)


def avg_pool_grad(grad, sizes, window, count_include_pad, divisor_override):
    entries = volume(grad)
    x = np.zeros((len(grad), *three(sizes), grad.shape[1]), grad.dtype)
    divided_by = divisors_of(grad.dtype, window, sizes, tuple(grad.shape[2:]), count_include_pad, divisor_override)
    spans = spans_of(window, sizes, tuple(grad.shape[2:]))
    spread_windows(slices(len(grad), grad.size * window.taps), len(grad), x, entries, divided_by, *spans)
    return image(x, window.ndim)


@functools.lru_cache(maxsize=256)
def divisors_of(dtype, window, sizes, counts, count_include_pad, divisor_override):
    """(D', H', W') what each window's sum is divided by."""
    divisor = divisors(window, sizes, counts, count_include_pad, divisor_override).astype(dtype)
    return np.ascontiguousarray(np.broadcast_to(divisor[..., 0] if divisor.ndim else divisor, counts)).reshape(three(counts))


@functools.lru_cache(maxsize=256)
def spans_of(window, sizes, counts):
    """Per axis (count, 2): the cells of each window, from the first to before the last; padding is left out."""
    spans = [np.zeros((1, 2), np.int64) + [0, 1]] * (3 - len(sizes))
    for axis, (size, count) in enumerate(zip(sizes, counts)):
        positions = window.positions(axis, count)
        spans.append(np.clip(np.stack([positions[:, 0], positions[:, -1] + 1], 1), 0, size))
    return spans


@shared
@jit
def sum_windows(first, last, slice, x, y, divisors, spans_d, spans_h, spans_w):
    x, y = x[first:last], y[first:last]
    n_images, windows_d, windows_h, windows_w, channels = y.shape
    for n in range(n_images):
        for o_d in range(windows_d):
            for o_h in range(windows_h):
                for o_w in range(windows_w):
                    total, divisor = y[n, o_d, o_h, o_w], divisors[o_d, o_h, o_w]
                    for d in range(spans_d[o_d, 0], spans_d[o_d, 1]):
                        for h in range(spans_h[o_h, 0], spans_h[o_h, 1]):
                            for w in range(spans_w[o_w, 0], spans_w[o_w, 1]):
                                entries = x[n, d, h, w]
                                for c in range(channels):
                                    total[c] += entries[c]
                    for c in range(channels):
                        total[c] /= divisor


@shared
@jit
def spread_windows(first, last, slice, x, y, divisors, spans_d, spans_h, spans_w):
    x, y = x[first:last], y[first:last]
    n_images, windows_d, windows_h, windows_w, channels = y.shape
    for n in range(n_images):
        for o_d in range(windows_d):
            for o_h in range(windows_h):
                for o_w in range(windows_w):
                    entries, divisor = y[n, o_d, o_h, o_w], divisors[o_d, o_h, o_w]
                    for d in range(spans_d[o_d, 0], spans_d[o_d, 1]):
                        for h in range(spans_h[o_h, 0], spans_h[o_h, 1]):
                            for w in range(spans_w[o_w, 0], spans_w[o_w, 1]):
                                cells = x[n, d, h, w]
                                for c in range(channels):
                                    cells[c] += entries[c] / divisor
