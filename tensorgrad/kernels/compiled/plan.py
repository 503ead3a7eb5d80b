"""Which algorithm a convolution runs by; decided by its shape.

    depthwise   every group has 1, 2 or 4 channels and as many filters; one by 3×3 along rows, see `sliding`
    winograd    3×3 and 5×5, stride 1: about a third of the multiplications, where channels fill vectors
    direct      everything else; to few filters by vectors of channels, see `narrow`

`benchmarks.thresholds` measures them against each other; the thresholds below are where they cross, or a little beyond.
`kernels.explain` shows the decision and its reason, `kernels.algorithms` overrides it.
"""

from __future__ import annotations

import functools
import math
from typing import Any, Sequence

import numpy as np

from tensorgrad.kernels.choices import Choices, Plan, current
from tensorgrad.kernels.compiled.depthwise import MEMBERS
from tensorgrad.kernels.compiled.vectors import lanes
from tensorgrad.window import Window, times

LEAST_CHANNELS = 16  # below, the transforms cost more than the multiplications they save
LEAST_TILES = 4      # below, transforming the weights does
POINTS = 36          # multiplications per tile, channel and filter

# Rounding in float32, as a share of the norm of the result, per root of the number of terms.
DIRECT_RESULT, DIRECT_WEIGHT = 1.7e-8, 1.2e-8              # terms: products of a result; positions of all images
WINOGRAD_RESULT, WINOGRAD_WEIGHT = 1.1e-7, {3: 1.6e-8, 5: 3.7e-8}  # terms: channels that are summed over; positions


def algorithm(batch: int, channels: int, filters: int, window: Window, counts: tuple[int, ...], groups: int,
              dtype: np.dtype) -> str:
    """"depthwise", "winograd" or "direct", for a convolution of `channels` to `filters` with `counts` outputs per
    axis.

    Example
        >>> window = Window.parse("conv2d", 2, 3, 1, padding=1)
        >>> algorithm(64, 64, 64, window, (32, 32), 1, np.dtype(np.float32))
        'winograd'
    """
    return decide(batch, channels, filters, window, tuple(counts), groups, dtype, current())[0]


@functools.lru_cache(maxsize=4096)
def decide(batch: int, channels: int, filters: int, window: Window, counts: tuple[int, ...], groups: int, dtype: np.dtype,
           choices: Choices) -> tuple[str, str]:
    """The algorithm, and why; looked up by shape, for this runs at every call."""
    if channels == filters and groups > 1 and channels // groups in MEMBERS:
        if choices.depthwise is not False:
            members = "one channel and one filter" if channels == groups else f"{channels // groups} channels and filters"
            return "depthwise", f"every group has {members}: vectors run over the channels"
        return "direct", "depthwise is switched off by algorithms(depthwise=False)"
    obstacle = impossible(channels, filters, window, groups, dtype)
    if obstacle:
        return "direct", (f"{obstacle}; Winograd's tiles need 3×3 or 5×5 at stride 1 in float32 and channels that fill "
                          "vectors")
    if choices.winograd is False:
        return "direct", "Winograd is switched off by algorithms(winograd=False)"
    side = 7 - window.kernel[0]
    square, tiles = times((side, side)), number_of_tiles(batch, window, counts)
    if choices.winograd is None:
        if min(channels, filters) < LEAST_CHANNELS:
            return "direct", (f"with {channels} to {filters} channels, fewer than {LEAST_CHANNELS}, Winograd's transforms "
                              "cost more than they save")
        if tiles < LEAST_TILES or min(counts) < window.kernel[0]:
            return "direct", f"for {tiles} tiles of {square}, transforming the weights for Winograd costs more than it saves"
    cause = ("asked for by algorithms(winograd=True)" if choices.winograd else
             f"{channels} to {filters} channels fill vectors")
    return "winograd", (f"{times(window.kernel)} at stride 1, {cause}: {POINTS} instead of {side**2 * window.taps} "
                        f"multiplications per tile of {square}")


def impossible(channels: int, filters: int, window: Window, groups: int, dtype: np.dtype) -> str:
    """What keeps Winograd from running at all; "" if nothing does."""
    lane = lanes(dtype.itemsize)
    if window.kernel not in ((3, 3), (5, 5)):
        return f"the kernel is {times(window.kernel)}"
    if window.stride != (1, 1):
        return f"the stride is {times(window.stride)}"
    if groups != 1:
        return f"there are {groups} groups"
    if not all(0 <= side <= d * (k - 1) for axis, k, d in zip(window.padding, window.kernel, window.dilation)
               for side in axis):
        return f"the padding is {window.padding}"
    if dtype != np.float32:
        return f"the dtype is {dtype.name}"
    uneven = [str(n) for n in dict.fromkeys((channels, filters)) if n % lane]
    return f"{' and '.join(uneven)} channels do not fill vectors of {lane}" if uneven else ""


def number_of_tiles(batch: int, window: Window, counts: tuple[int, ...]) -> int:
    """How many of Winograd's tiles cover the results."""
    side = 7 - window.kernel[0]
    return batch * math.prod([-(-n // (side * d)) * d for n, d in zip(counts, window.dilation)])


def plan(kernel: str, batch: int, channels: int, filters: int, window: Window, sizes: tuple[int, ...],
         counts: tuple[int, ...], groups: int, dtype: np.dtype, choices: Choices) -> Plan:
    """How `kernel` of the contract is computed.

    Not counted are Winograd's transforms, additions for the most part, and what vectors compute for channels that do not
    fill them.
    """
    made = sizes if kernel == "conv_input_grad" else counts
    inner, outer = (filters, channels) if kernel == "conv_input_grad" else (channels, filters)
    name, why = decide(batch, inner, outer, window, made, groups, dtype, choices)
    weights = filters * (channels // groups) * window.taps
    positions = batch * math.prod(counts)
    products, copies = positions * weights, weights
    if name == "winograd":
        tiles = number_of_tiles(batch, window, made)
        products = POINTS * tiles * channels * filters
        copies = POINTS * (tiles * (channels + filters) + channels * filters)
    terms = positions if kernel == "conv_weight_grad" else inner // groups
    how = way(kernel, (batch, channels, *sizes), (filters, channels // groups, *window.kernel), (batch, filters, *counts),
              window, groups, dtype, choices)
    return Plan(name, f"{why}; {how}" if how else why, products, copies * dtype.itemsize,
                rounding(kernel, name, terms, window, dtype))


# How sums in vectors differ from `direct` and `depthwise`, by the file that has them.
WAYS = {"planar": "there is one channel, so vectors run along the rows of the image",
        "narrow": "few channels come out, so vectors run over those that go in",
        "sliding": "sums of 3×3 stay in registers along a row"}


def way(kernel: str, x: tuple[int, ...], w: tuple[int, ...], grad: tuple[int, ...], window: Window, groups: int,
        dtype: np.dtype, choices: Choices) -> str:
    """Which variant of its algorithm runs for arrays of these shapes, from what will run; "" for the plain one."""
    from tensorgrad.kernels.compiled import convolution  # which asks `decide`

    runs: Sequence[Any]
    if kernel == "conv":
        runs = [convolution.forward(x, w, window, groups, dtype, choices)[1]]
    elif kernel == "conv_input_grad":
        runs = convolution.input_gradient(grad, w, x[2:], window, groups, dtype, choices)[2]
    else:
        runs = [convolution.weight_gradient(grad, x, window, groups, dtype, choices)[1]]
    files = [type(run).__module__.rpartition(".")[2] for run in runs]
    return next((WAYS[file] for file in files if file in WAYS), "")


def rounding(kernel: str, name: str, terms: int, window: Window, dtype: np.dtype) -> float | None:
    """About how far a float32 result is from the exact one, as a share of its norm; None where it was not measured.

    For entries of both signs.  Where large terms cancel, the share is larger, for every algorithm.
    """
    if dtype != np.float32 or name == "depthwise":
        return None
    weights = kernel == "conv_weight_grad"
    if name == "winograd":
        return max(4e-7, (WINOGRAD_WEIGHT[window.kernel[0]] if weights else WINOGRAD_RESULT) * math.sqrt(terms))
    return max(2e-7, (DIRECT_WEIGHT if weights else DIRECT_RESULT * math.sqrt(window.taps)) * math.sqrt(terms))
