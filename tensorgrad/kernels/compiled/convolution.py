"""Convolution and its gradients: the kernels of the contract, each by the algorithm that `plan` picks for its shape.

What depends on shapes alone is worked out once, in an object that is looked up by them: a training step meets the same few
shapes again and again, and small networks would spend more time on geometry than on arithmetic.
"""

from __future__ import annotations

import math
from functools import lru_cache
from types import ModuleType
from typing import Any, Callable

import numpy as np

from tensorgrad.kernels.choices import Choices, current
from tensorgrad.kernels.compiled import depthwise, direct, narrow, planar, sliding, winograd
from tensorgrad.kernels.compiled.gathers import Axis, backward_axes, forward_axes
from tensorgrad.kernels.compiled.jit import three
from tensorgrad.kernels.compiled.layout import with_channels_last
from tensorgrad.kernels.compiled.plan import decide
from tensorgrad.kernels.compiled.vectors import aligned
from tensorgrad.kernels.compiled.winograd_tiles import grid
from tensorgrad.window import Window

Shape = tuple[int, ...]
Run = Callable[..., Any]

IMAGES = 8  # from which the gathers of an input gradient take turns: slices of few would differ in their taps

# Axes of (N, [D, H,] W, C) in the order of (N, C, [D, H,] W).
TO_FIRST = {3: (0, 2, 1), 4: (0, 3, 1, 2), 5: (0, 4, 1, 2, 3)}


def conv(x, w, bias, window, groups):
    shape, run = forward(x.shape, w.shape, window, groups, x.dtype, current())
    y = aligned(math.prod(shape), x.dtype).reshape(shape)
    if run is not None:
        run(flat(x), np.ascontiguousarray(w).reshape(-1), bias, y.reshape(-1))
    return y.transpose(TO_FIRST[y.ndim])


def conv_input_grad(grad, w, sizes, window, groups):
    shape, complete, runs = input_gradient(grad.shape, w.shape, tuple(sizes), window, groups, grad.dtype, current())
    x = aligned(math.prod(shape), grad.dtype).reshape(shape)
    if not complete:
        x[...] = 0
    if runs:
        source, weights, target = flat(grad), np.ascontiguousarray(w).reshape(-1), x.reshape(-1)
        for run in runs:
            run(source, weights, None, target)
    return x.transpose(TO_FIRST[x.ndim])


def conv_weight_grad(grad, x, window, groups):
    shape, run = weight_gradient(grad.shape, x.shape, window, groups, x.dtype, current())
    if run is None:
        return np.zeros(shape, x.dtype)
    w = np.empty(shape, x.dtype)
    run(flat(x), flat(grad), w.reshape(-1))
    return w


def flat(x: np.ndarray) -> np.ndarray:
    """(N, C, ...) of any strides as the flat memory of (N, ..., C); not copied if it lies like that."""
    return with_channels_last(x).reshape(-1)


# -- per shape ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=2048)
def forward(x_shape: Shape, w_shape: Shape, window: Window, groups: int, dtype: np.dtype,
            choices: Choices) -> tuple[Shape, Run | None]:
    """The shape of the result, channels last, and what fills it; None if it is empty."""
    n, channels, *sizes = x_shape
    filters, counts = w_shape[0], window.output_sizes(tuple(sizes))
    shape = (n, *counts, filters)
    if not math.prod(shape):
        return shape, None
    strides = weight_strides(w_shape, groups)
    name, _ = decide(n, channels, filters, window, counts, groups, dtype, choices)
    if name == "winograd":
        tiles = grid(sizes, channels, befores(window), counts, filters, window.kernel[0], window.dilation)
        return shape, winograd.Convolution(n, tiles, (strides[1], strides[5]), False, dtype)
    axes = forward_axes(window, tuple(sizes))
    if name == "depthwise":
        kind = small_groups(axes, channels, groups, dtype)
        return shape, kind.Gathering(axes, n, channels, groups, three(counts), strides, dtype)
    return shape, summing([axes], n, channels, filters, groups, three(counts), strides, dtype)[0]


@lru_cache(maxsize=2048)
def input_gradient(grad_shape: Shape, w_shape: Shape, sizes: Shape, window: Window, groups: int, dtype: np.dtype,
                   choices: Choices) -> tuple[Shape, bool, list[Run]]:
    """The shape of the result, channels last; whether every cell of it is filled; and what fills it."""
    n, filters, *counts = grad_shape
    channels = w_shape[1] * groups
    shape = (n, *sizes, channels)
    if not math.prod(shape):
        return shape, True, []
    group, filter, *steps, channel = weight_strides(w_shape, groups)
    name, _ = decide(n, filters, channels, window, sizes, groups, dtype, choices)
    if name == "winograd":  # the kernel turned around: from its last tap
        size = window.kernel[0]
        before = [d * (size - 1) - side for d, side in zip(window.dilation, befores(window))]
        tiles = grid(counts, filters, before, sizes, channels, size, window.dilation)
        return shape, True, [winograd.Convolution(n, tiles, (channel, filter), True, dtype)]
    if name == "depthwise" and sliding.spreads(window, channels, groups, dtype):
        strides = (group, channel, *steps, filter)
        return shape, True, [sliding.Spreading(window, n, channels, sizes, tuple(counts), strides, dtype)]
    phases = backward_axes(window, sizes, tuple(counts))
    complete = sum([math.prod([axis.out for axis in axes]) for axes in phases]) == math.prod(sizes)
    strides = (group, channel, *steps, filter)
    if name == "depthwise":
        return shape, complete, [small_groups(axes, channels, groups, dtype).Gathering(
            axes, n, channels, groups, three(sizes), strides, dtype) for axes in phases]
    return shape, complete, summing(phases, n, filters, channels, groups, three(sizes), strides, dtype)


@lru_cache(maxsize=2048)
def weight_gradient(grad_shape: Shape, x_shape: Shape, window: Window, groups: int, dtype: np.dtype,
                    choices: Choices) -> tuple[Shape, Run | None]:
    """The shape of the result, and what fills it; None if it is all zeros."""
    n, channels, *sizes = x_shape
    filters, counts = grad_shape[1], grad_shape[2:]
    shape = (filters, channels // groups, *window.kernel)
    if not math.prod(grad_shape) or not math.prod(shape):
        return shape, None
    strides = weight_strides(shape, groups)
    name, _ = decide(n, channels, filters, window, counts, groups, dtype, choices)
    if name == "winograd":
        tiles = grid(sizes, channels, befores(window), counts, filters, window.kernel[0], window.dilation)
        return shape, winograd.WeightGradient(n, tiles, (strides[1], strides[5]), dtype)
    axes = forward_axes(window, tuple(sizes))
    if name == "depthwise":
        kind = small_groups(axes, channels, groups, dtype)
        return shape, kind.WeightGradient(axes, n, channels, groups, three(counts), strides, dtype)
    adding = planar.WeightGradient if planar.planar(axes, channels, filters, groups, dtype) else direct.WeightGradient
    return shape, adding(axes, n, channels, filters, groups, three(counts), strides, dtype)


def summing(phases: list[tuple[Axis, Axis, Axis]], batch: int, channels: int, filters: int, groups: int,
            to_sizes: tuple[int, int, int], strides: Shape, dtype: np.dtype) -> list[Run]:
    """What sums a direct convolution of so many channels to so many filters, given as one gather or several."""
    runs: list[Run] = []
    together = []
    for axes in phases:
        if planar.planar(axes, channels, filters, groups, dtype):
            runs.append(planar.Gathering(axes, batch, channels, filters, groups, to_sizes, strides, dtype))
        elif narrow.narrow(axes, channels // groups, filters // groups, dtype):
            runs.append(narrow.Gathering(axes, batch, channels, filters, groups, to_sizes, strides, dtype))
        else:
            together.append(axes)
    for part in [together] if batch >= IMAGES else [[axes] for axes in together]:
        if part:
            runs.append(direct.Gathering(part, batch, channels, filters, groups, to_sizes, strides, dtype))
    return runs


def small_groups(axes: tuple[Axis, Axis, Axis], channels: int, groups: int, dtype: np.dtype) -> ModuleType:
    """Which module sums a convolution in small groups."""
    return sliding if sliding.slides(axes, channels, groups, dtype) else depthwise


def weight_strides(shape: Shape, groups: int) -> Shape:
    """Entries from one (group, filter, d, h, w, channel) to the next in row-major weights (F, C / groups, [D, H,] W)."""
    filter, taps = math.prod(shape[1:]), math.prod(shape[2:])
    _, h, v = three(shape[2:])
    return filter * (shape[0] // groups), filter, h * v, v, 1, taps


def befores(window: Window) -> tuple[int, ...]:
    """The padding in front, per axis."""
    return tuple([before for before, _ in window.padding])
