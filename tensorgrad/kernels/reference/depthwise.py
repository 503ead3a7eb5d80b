"""Convolution with one channel per group: no sum over channels, so no matrix product, but a sum over taps.

    y[n, o, c, m] = Σ_t  w[t, c, m] · x[n, o·stride - before + t·dilation, c]         filter f = c · multiplier + m

Each tap multiplies a strided slice of the image with a row of weights; padding is never touched.
"""

from __future__ import annotations

import functools

import numpy as np

from tensorgrad.kernels import threads
from tensorgrad.kernels.reference.windows import batches, channels_first, channels_last


def applies(w, groups):
    """True for weights (F, 1, K, L) of more than one group."""
    return groups > 1 and w.shape[1] == 1


def by_tap(w, channels):
    """w (F, 1, K, L) as (K · L, C, multiplier)."""
    return w.reshape(channels, len(w) // channels, -1).transpose(2, 0, 1)


def conv(x, w, bias, window):
    n, c, *sizes = x.shape
    counts = window.output_sizes(tuple(sizes))
    weights, image = by_tap(w, c), channels_last(x)[..., None]
    y = np.empty((n, *counts, c, len(w) // c), x.dtype)

    def part(start, stop):
        for batch in batches(start, stop, 2 * y[:1].nbytes):
            out = y[batch]
            out[...] = 0 if bias is None else bias.reshape(c, -1)
            for tap, seen, cells in window.reaches(tuple(sizes), counts):
                out[:, *seen] += image[batch][:, *cells] * weights[tap]

    threads.run(part, n, y.size * window.taps)
    return channels_first(y.reshape(n, *counts, len(w)))


def input_grad(grad, w, sizes, window, c):
    n, f, *counts = grad.shape
    weights = by_tap(w, c)
    d_y = channels_last(grad).reshape(n, *counts, c, f // c)
    d_x = np.zeros((n, *sizes, c), grad.dtype)

    def part(start, stop):
        for batch in batches(start, stop, 2 * d_y[:1].nbytes):
            for tap, seen, cells in window.reaches(sizes, tuple(counts)):
                d_x[batch][:, *cells] += (d_y[batch][:, *seen] * weights[tap]).sum(-1)

    threads.run(part, n, d_y.size * window.taps)
    return channels_first(d_x)


def weight_grad(grad, x, window):
    n, f, *counts = grad.shape
    c, sizes = x.shape[1], x.shape[2:]
    d_y, image = channels_last(grad).reshape(n, *counts, c, f // c), channels_last(x)[..., None]

    def part(start, stop):
        total = np.zeros((window.taps, c, f // c), x.dtype)
        for batch in batches(start, stop, 2 * d_y[:1].nbytes):
            for tap, seen, cells in window.reaches(sizes, tuple(counts)):
                products = (d_y[batch][:, *seen] * image[batch][:, *cells]).reshape(-1, f)
                total[tap] += (np.ones(len(products), x.dtype) @ products).reshape(c, -1)
        return total

    taps = functools.reduce(np.add, threads.run(part, n, d_y.size * window.taps))
    return np.ascontiguousarray(taps.transpose(1, 2, 0)).reshape(f, 1, *window.kernel)
