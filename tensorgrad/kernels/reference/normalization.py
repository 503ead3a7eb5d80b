"""Layer norm, RMS norm and group norm, and their gradients, over slices of the batch that stay in cache.

They differ in what is taken together and along which axes the weight varies; ``average(x)`` is the mean of what is taken
together, in a shape that broadcasts to x.  The mean is found in two steps, the second around the first, so that no digits
cancel, neither in the variance nor in the result, however large the mean is.
"""

from __future__ import annotations

from math import prod
from typing import Callable

import numpy as np

from tensorgrad.kernels.reference.sums import add_up
from tensorgrad.kernels.reference.windows import batches

Array = np.ndarray
Average = Callable[[Array], Array]


def layer_norm(x, axes, weight, bias, eps):
    y, mean, var = normalized(rows(x, axes), average_of_rows, weight, bias, eps, True)
    outer = x.shape[:x.ndim - axes]
    return y.reshape(x.shape), mean.reshape(outer), var.reshape(outer)


def layer_norm_grad(grad, x, axes, mean, var, weight, eps):
    one_each = (-1, *[1] * axes)
    d_x, d_weight, d_bias = gradients(rows(grad, axes), rows(x, axes), average_of_rows, mean.reshape(one_each),
                                      var.reshape(one_each), weight, eps, True, (0,))
    return d_x.reshape(x.shape), d_weight[0], d_bias[0]


def rms_norm(x, axes, weight, eps):
    y, _, square = normalized(rows(x, axes), average_of_rows, weight, None, eps, False)
    return y.reshape(x.shape), square.reshape(x.shape[:x.ndim - axes])


def rms_norm_grad(grad, x, axes, square, weight, eps):
    square = square.reshape(-1, *[1] * axes)
    d_x, d_weight, _ = gradients(rows(grad, axes), rows(x, axes), average_of_rows, np.zeros_like(square), square, weight,
                                 eps, False, (0,))
    return d_x.reshape(x.shape), d_weight[0]


def group_norm(x, groups, weight, bias, eps):
    if not x.size:
        return np.empty_like(x), *np.full((2, len(x), groups), np.nan, x.dtype)
    y, mean, var = normalized(planes(x), average_of_groups(groups), per_channel(weight), per_channel(bias), eps, True)
    each = slice(None, None, x.shape[1] // groups)
    return y.reshape(x.shape), mean[:, each, 0], var[:, each, 0]


def group_norm_grad(grad, x, groups, mean, var, weight, eps):
    mean, var = [np.repeat(v, x.shape[1] // groups, 1)[:, :, None] for v in (mean, var)]
    d_x, d_weight, d_bias = gradients(planes(grad), planes(x), average_of_groups(groups), mean, var, per_channel(weight),
                                      eps, True, (0, 2))
    return d_x.reshape(x.shape), d_weight[0, :, 0], d_bias[0, :, 0]


# -- shapes ------------------------------------------------------------------------------------------------------------


def rows(x: Array, axes: int) -> Array:
    """x (*, *last axes) with one axis in front of the last ones."""
    first = x.ndim - axes
    return x.reshape(prod(x.shape[:first]), *x.shape[first:])


def planes(x: Array) -> Array:
    """x (N, C, H, W) as (N, C, H · W)."""
    return x.reshape(*x.shape[:2], prod(x.shape[2:]))


def per_channel(v: Array | None) -> Array | None:
    """A parameter (C,) in a shape that broadcasts to planes."""
    return None if v is None else v[:, None]


def average_of_rows(x: Array) -> Array:
    return add_up(x, tuple(range(1, x.ndim)), True) / x.dtype.type(prod(x.shape[1:]))


def average_of_groups(groups: int) -> Average:

    def average(x: Array) -> Array:
        n, c, pixels = x.shape
        together = c // groups
        sums = add_up(x, (2,)).reshape(n, groups, together).sum(2) / x.dtype.type(together * pixels)
        return np.repeat(sums, together, 1)[:, :, None]

    return average


# -- x (N, ...), in slices of N ----------------------------------------------------------------------------------------


def normalized(x: Array, average: Average, weight: Array | None, bias: Array | None, eps: float,
               centered: bool) -> tuple[Array, Array, Array]:
    """The result, and mean and variance in a shape that broadcasts to x."""
    y = np.empty_like(x)
    if not x.size:
        return y, *np.full((2, len(x), *[1] * (x.ndim - 1)), np.nan, x.dtype)
    moments = []
    for part in batches(0, len(x), x[:1].nbytes):
        distance, mean = deviations(x[part], average) if centered else (x[part], x.dtype.type(0))
        var = average(distance * distance)
        distance = np.multiply(distance, 1 / np.sqrt(var + eps), out=y[part])
        if weight is not None:
            distance *= weight
        if bias is not None:
            distance += bias
        moments.append((np.broadcast_to(mean, var.shape), var))
    mean, var = map(np.concatenate, zip(*moments))
    return y, mean, var


def deviations(x: Array, average: Average) -> tuple[Array, Array]:
    """x without its mean, and the mean."""
    center = average(x)
    distance = x - center
    rest = average(distance)
    distance -= rest
    return distance, center + rest


def gradients(grad: Array, x: Array, average: Average, mean: Array, var: Array, weight: Array | None, eps: float,
              centered: bool, beside: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """The gradients of x, and of weight and bias, which do not vary along the axes `beside`.

    With u = (x - mean) / σ and g = weight · grad,

        d_x = (g - Σ g / n - u · Σ g · u / n) / σ,   d_weight = Σ grad · u,   d_bias = Σ grad
    """
    d_x = np.empty_like(x)
    shape = tuple([1 if axis in beside else n for axis, n in enumerate(x.shape)])
    d_weight, d_bias = np.zeros((2, *shape), x.dtype)
    scale = 1 / np.sqrt(var + eps)
    for part in batches(0, len(x) if x.size else 0, x[:1].nbytes):
        unit, g = x[part] - mean[part], grad[part]
        if centered:
            unit -= average(unit)  # what rounding the mean has left
        unit *= scale[part]
        d_weight += add_up(g * unit, beside, True)
        d_bias += add_up(g, beside, True)
        g = g if weight is None else g * weight
        result = np.subtract(g, unit * average(g * unit), out=d_x[part])
        if centered:
            result -= average(g)
        result *= scale[part]
    return d_x, d_weight, d_bias
