"""How the reference kernels compute a convolution: decided by its shape.

    windows     windows copied into the rows of a matrix, slice by slice, and one matrix product for each slice
    taps        one matrix product per tap of the kernel, added to the cells it reaches
    depthwise   one channel per group: each tap multiplies a strided slice of the image
"""

from __future__ import annotations

import math

import numpy as np

from tensorgrad.kernels.choices import Choices, Plan
from tensorgrad.window import Window, times

SHORT_RUN = 16  # entries side by side in memory below which a copy of windows is slow


def mirrored(window: Window) -> Window:
    """The window through which a cell's gradient sees the outputs, at stride 1."""
    padding = tuple([(e - 1 - before, e - 1 - after) for e, (before, after) in zip(window.extent, window.padding)])
    return Window(window.kernel, window.stride, padding, window.dilation)


def gradient_by_windows(window: Window, channels: int) -> bool:
    """True if the input gradient, for `channels` per group, is best computed as a convolution of the output's gradient."""
    return (set(window.stride) == {1} and channels * window.kernel[-1] >= 2 * SHORT_RUN
            and min(map(min, mirrored(window).padding)) >= 0)


def plan(kernel: str, batch: int, channels: int, filters: int, window: Window, sizes: tuple[int, ...],
         counts: tuple[int, ...], groups: int, dtype: np.dtype, choices: Choices) -> Plan:
    """How `kernel` of the contract is computed."""
    per_group = channels // groups
    positions = batch * math.prod(counts)
    products = positions * filters * per_group * window.taps
    itemsize = max(dtype.itemsize, 4) if dtype.kind == "f" else dtype.itemsize  # float16 is computed in float32
    if groups > 1 and per_group == 1:
        made = batch * channels * math.prod(sizes) if kernel == "conv_weight_grad" else positions * filters
        return Plan("depthwise", "every group has one channel: there is nothing to sum over but taps", products,
                    made * window.taps * itemsize)
    if kernel == "conv_input_grad" and not gradient_by_windows(window, per_group):
        row = per_group * window.kernel[-1]
        cause = (f"the stride is {times(window.stride)}" if set(window.stride) != {1} else
                 f"a row of a window has {row} entries, fewer than {2 * SHORT_RUN}" if row < 2 * SHORT_RUN else
                 "the padding is wider than the kernel reaches")
        return Plan("taps", f"{cause}, so that products per tap are added up", products,
                    positions * channels * window.taps * itemsize)
    if kernel == "conv_input_grad":  # every cell is a window over the outputs
        cells = batch * math.prod(sizes)
        return Plan("windows", "at stride 1 each cell is a window of the gradient, through the kernel turned around",
                    cells * filters * per_group * window.taps, cells * filters * window.taps * itemsize)
    pointwise = window.taps == 1 and set(window.stride) == {1} and not any(map(any, window.padding)) and groups == 1
    why = ("a 1×1 kernel at stride 1: the image is the matrix" if pointwise and channels >= SHORT_RUN else
           "windows are copied and multiplied in slices that fit in cache")
    copied = 0 if pointwise and channels >= SHORT_RUN else positions * channels * window.taps
    return Plan("windows", why, products, copied * itemsize)
