"""Convolution and its gradients: the kernels of the contract, each by the algorithm that `plan` picks for its shape."""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled import depthwise, direct, winograd
from tensorgrad.kernels.compiled.gathers import backward_axes, forward_axes
from tensorgrad.kernels.compiled.jit import image, three, volume
from tensorgrad.kernels.compiled.plan import algorithm


def conv(x, w, bias, window, groups):
    n, channels, *sizes = x.shape
    filters = len(w)
    counts = window.output_sizes(tuple(sizes))
    y = np.empty((n, *three(counts), filters), x.dtype)
    if not y.size:
        return image(y, window.ndim)
    chosen = algorithm(n, channels, filters, window, counts, groups, x.dtype)
    x, flat = volume(x), np.ascontiguousarray(w).reshape(-1)
    axes, strides = forward_axes(window, tuple(sizes)), weight_strides(w, groups)
    if chosen == "depthwise":
        depthwise.gathered(x, axes, flat, strides, bias, y)
    elif chosen == "winograd":
        winograd.convolved(x[:, 0], befores(window), flat, 0, (strides[1], strides[5], 3, 1), bias, y[:, 0])
    else:
        direct.gathered(x, axes, flat, strides, bias, y, groups)
    return image(y, window.ndim)


def conv_input_grad(grad, w, sizes, window, groups):
    n, filters, *counts = grad.shape
    channels = w.shape[1] * groups
    x = np.empty((n, *three(tuple(sizes)), channels), grad.dtype)
    if not x.size:
        return image(x, window.ndim)
    chosen = algorithm(n, filters, channels, window, tuple(sizes), groups, grad.dtype)
    grad, flat = volume(grad), np.ascontiguousarray(w).reshape(-1)
    group, filter, *taps, channel = weight_strides(w, groups)
    if chosen == "winograd":  # the kernel turned around, from its last tap
        winograd.convolved(grad[:, 0], [2 - before for before in befores(window)], flat, 8, (channel, filter, -3, -1), None,
                           x[:, 0])
        return image(x, window.ndim)
    phases = backward_axes(window, tuple(sizes), tuple(counts))
    if sum([np.prod([axis.out for axis in axes]) for axes in phases]) < np.prod(sizes):
        x.fill(0)  # some cells no tap reaches
    strides = (group, channel, *taps, filter)
    for axes in phases:
        if chosen == "depthwise":
            depthwise.gathered(grad, axes, flat, strides, None, x)
        else:
            direct.gathered(grad, axes, flat, strides, None, x, groups)
    return image(x, window.ndim)


def conv_weight_grad(grad, x, window, groups):
    n, channels, *sizes = x.shape
    filters, counts = grad.shape[1], grad.shape[2:]
    w = np.zeros((filters, channels // groups, *window.kernel), x.dtype)
    if not grad.size or not w.size:
        return w
    chosen = algorithm(n, channels, filters, window, counts, groups, x.dtype)
    x, grad, flat, strides = volume(x), volume(grad), w.reshape(-1), weight_strides(w, groups)
    if chosen == "depthwise":
        depthwise.weight_gradient(x, forward_axes(window, tuple(sizes)), grad, flat, strides)
    elif chosen == "winograd":
        winograd.weight_gradient(x[:, 0], befores(window), grad[:, 0], flat, (strides[1], strides[5]))
    else:
        direct.weight_gradient(x, forward_axes(window, tuple(sizes)), grad, groups, flat, strides)
    return w


def weight_strides(w: np.ndarray, groups: int) -> tuple[int, ...]:
    """Entries from one (group, filter, d, h, w, channel) to the next in a row-major w (F, C / groups, [D, H,] W)."""
    taps = int(np.prod(w.shape[2:]))
    _, h, v = three(w.shape[2:])
    return w[0].size * (len(w) // groups), w[0].size, h * v, v, 1, taps


def befores(window) -> list[int]:
    """The padding in front, per axis."""
    return [before for before, _ in window.padding]
