"""Average pooling and its transpose."""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels import threads
from tensorgrad.kernels.compiled.jit import geometry, image, jit, three, volume
from tensorgrad.kernels.reference.pooling import divisors


def avg_pool(x, window, count_include_pad, divisor_override):
    sizes = tuple(x.shape[2:])
    counts = window.output_sizes(sizes)
    cells = volume(x)
    y = np.zeros((len(x), *three(counts), x.shape[1]), x.dtype)
    shares = shares_of(x.dtype, window, sizes, counts, count_include_pad, divisor_override)
    axes = geometry(window)

    def part(start, stop):
        sum_windows(cells[start:stop], y[start:stop], shares, *axes)

    threads.run(part, len(x), y.size * window.taps)
    return image(y, window.ndim)


def avg_pool_grad(grad, sizes, window, count_include_pad, divisor_override):
    entries = volume(grad)
    x = np.zeros((len(grad), *three(sizes), grad.shape[1]), grad.dtype)
    shares = shares_of(grad.dtype, window, sizes, tuple(grad.shape[2:]), count_include_pad, divisor_override)
    axes = geometry(window)

    def part(start, stop):
        spread_windows(x[start:stop], entries[start:stop], shares, *axes)

    threads.run(part, len(grad), grad.size * window.taps)
    return image(x, window.ndim)


def shares_of(dtype, window, sizes, counts, count_include_pad, divisor_override):
    """(D', H', W') the divisor of each window."""
    divisor = divisors(window, sizes, counts, count_include_pad, divisor_override).astype(dtype)
    return np.ascontiguousarray(np.broadcast_to(divisor[..., 0] if divisor.ndim else divisor, counts)).reshape(three(counts))


@jit
def sum_windows(x, y, divisors, axis_d, axis_h, axis_w):
    n_images, depth, height, width, channels = x.shape
    kernel_d, stride_d, before_d, _ = axis_d
    kernel_h, stride_h, before_h, _ = axis_h
    kernel_w, stride_w, before_w, _ = axis_w
    for n in range(n_images):
        for o_d in range(y.shape[1]):
            for o_h in range(y.shape[2]):
                for o_w in range(y.shape[3]):
                    total, divisor = y[n, o_d, o_h, o_w], divisors[o_d, o_h, o_w]
                    for d in range(max(o_d * stride_d - before_d, 0), min(o_d * stride_d - before_d + kernel_d, depth)):
                        for h in range(max(o_h * stride_h - before_h, 0), min(o_h * stride_h - before_h + kernel_h, height)):
                            for w in range(max(o_w * stride_w - before_w, 0), min(o_w * stride_w - before_w + kernel_w, width)):
                                entries = x[n, d, h, w]
                                for c in range(channels):
                                    total[c] += entries[c]
                    for c in range(channels):
                        total[c] /= divisor


@jit
def spread_windows(x, y, divisors, axis_d, axis_h, axis_w):
    n_images, depth, height, width, channels = x.shape
    kernel_d, stride_d, before_d, _ = axis_d
    kernel_h, stride_h, before_h, _ = axis_h
    kernel_w, stride_w, before_w, _ = axis_w
    for n in range(n_images):
        for o_d in range(y.shape[1]):
            for o_h in range(y.shape[2]):
                for o_w in range(y.shape[3]):
                    entries, divisor = y[n, o_d, o_h, o_w], divisors[o_d, o_h, o_w]
                    for d in range(max(o_d * stride_d - before_d, 0), min(o_d * stride_d - before_d + kernel_d, depth)):
                        for h in range(max(o_h * stride_h - before_h, 0), min(o_h * stride_h - before_h + kernel_h, height)):
                            for w in range(max(o_w * stride_w - before_w, 0), min(o_w * stride_w - before_w + kernel_w, width)):
                                cells = x[n, d, h, w]
                                for c in range(channels):
                                    cells[c] += entries[c] / divisor
