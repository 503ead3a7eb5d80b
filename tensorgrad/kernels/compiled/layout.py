"""Images in row-major memory copied to channels last, by blocks of a vector's length in both directions, on all threads.

NumPy moves one number at a time: several times as slow, and for a first layer a good part of its convolution.
"""

from __future__ import annotations

import math

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.jit import WITH_AXES, jit
from tensorgrad.kernels.compiled.vectors import lanes, transpose
from tensorgrad.kernels.reference.windows import channels_last

FEW = 1 << 12  # entries up to which NumPy's call is the cheaper one
STRIP = 1024   # pixels whose channels are moved in one go


def with_channels_last(x: np.ndarray) -> np.ndarray:
    """(N, C, [D, H,] W) of any strides as a contiguous (N, [D, H,] W, C); not copied if it lies like that."""
    turned = channels_last(x)
    if turned.flags.c_contiguous:
        return turned
    if x.size <= FEW or not x.flags.c_contiguous:
        return np.ascontiguousarray(turned)
    n, channels, *sizes = x.shape
    y, pixels = np.empty(turned.shape, x.dtype), math.prod(sizes)
    units = n * -(-pixels // STRIP)
    turn(slices(units, 2 * x.size), units, x.reshape(-1), channels, pixels, y.reshape(-1), lanes(x.itemsize))
    return y


def volume(x: np.ndarray) -> np.ndarray:
    """(N, C, [D, H,] W) of any strides as a contiguous (N, D, H, W, C), axes of length 1 in front of the spatial ones."""
    return with_channels_last(x)[WITH_AXES[x.ndim]]


@shared
@jit
def turn(first, last, slice, x, channels, pixels, y, lanes):
    """The last blocks reach back over the ones before, and write the same numbers again."""
    strips = -(-pixels // STRIP)
    for unit in range(first, last):
        n, begin = unit // strips, unit % strips * STRIP
        count, source, target = min(STRIP, pixels - begin), n * channels * pixels + begin, (n * pixels + begin) * channels
        if channels < lanes or count < lanes:
            out = y[target:target + count * channels].reshape(count, channels)
            for c in range(channels):
                row = x[source + c * pixels:source + c * pixels + count]
                for p in range(count):
                    out[p, c] = row[p]
        else:
            for block in range(0, channels, lanes):
                c = min(block, channels - lanes)
                for place in range(0, count, lanes):
                    p = min(place, count - lanes)
                    transpose(x, source + c * pixels + p, pixels, lanes, y, target + p * channels + c, channels, lanes)
