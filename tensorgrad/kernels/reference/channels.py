"""Sums and products per channel: batch norm, its gradient, and the gradient of a bias.

The variance takes two passes over the input, the mean first, so that no digits cancel.  What is lost when the mean is
rounded is found in the second pass.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.reference.entrywise import ZERO
from tensorgrad.kernels.reference.sums import add_up, count, spread_rows


def batch_norm(x, weight, bias, eps):
    mean, y, rest = centered(x)
    over = axes(x)
    var = add_up(y * y, over) / x.dtype.type(count(x.shape, over)) - rest * rest
    scale = 1 / np.sqrt(var + x.dtype.type(eps))
    factor = scale if weight is None else scale * weight
    y *= per_channel(factor, x)
    y += per_channel(-rest * factor if bias is None else bias - rest * factor, x)
    return y, mean, var


def batch_norm_grad(grad, x, mean, var, weight, eps, reuse=False):
    over, n = axes(x), x.dtype.type(max(count(x.shape, axes(x)), 1))
    distance = x - per_channel(mean, x)
    scale = 1 / np.sqrt(var + x.dtype.type(eps))
    factor = scale if weight is None else scale * weight
    rest, d_bias = add_up(distance, over) / n, add_up(grad, over)
    d_weight = (add_up(grad * distance, over) - rest * d_bias) * scale
    tilt = factor * scale * d_weight / n
    distance *= per_channel(tilt, x)
    d_x = grad * per_channel(factor, x)
    d_x -= distance
    d_x -= per_channel(factor * d_bias / n - rest * tilt, x)
    return d_x, d_weight, d_bias


def channel_affine(x, scale, shift):
    y = x * per_channel(scale, x)
    if shift is not None:
        y += per_channel(shift, x)
    return y


def channel_affine_(x, scale, shift, relu):
    x *= per_channel(scale, x)
    x += per_channel(shift, x)
    if relu:
        np.maximum(x, ZERO.get(x.dtype.char, 0), out=x)


def centered(x):
    """The mean per channel, x without it, and the mean of that: what was lost when the first one was rounded."""
    over, n = axes(x), x.dtype.type(count(x.shape, axes(x)))
    mean = add_up(x, over) / n
    distance = x - per_channel(mean, x)
    return mean, distance, add_up(distance, over) / n


def axes(x: np.ndarray) -> tuple[int, ...]:
    """All but the channels."""
    return (0, *range(2, x.ndim))


def per_channel(v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """v (C,) in a shape that broadcasts to x (N, C, H, W)."""
    return spread_rows(v.reshape(1, -1, *[1] * (x.ndim - 2)), x)
