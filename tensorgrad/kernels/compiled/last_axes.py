"""Normalisation over the last axes: layer norm, RMS norm and their gradients.

What is normalised together is one row of a matrix here, in the order in which it lies in memory; weight and bias are put
into the same order.  Sums run in the dtype of the input over blocks of a row, and in float64 over the blocks.

They are taken around the mean c of the first share f of a row, so that one pass finds mean and variance, because
Σ (x - c)² = Σ (x - mean)² + n · (mean - c)².  The first share alone makes Σ (x - mean)² ≥ f · n · (mean - c)², so that the
sum is at most 1 + 1/f times the one around the mean, and no more digits than that cancel, whatever the numbers are.
What is lost when the mean is rounded to the dtype of the input is subtracted after it; a gradient finds it again.
"""

from __future__ import annotations

from math import prod

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.sums import deviations, total, weighted_slopes

BLOCK = 4096  # entries summed in the dtype of the input
PREFIX = 8    # 1 / f
FEWEST = 16   # rows whose terms of a weight's gradient are, at least


def layer_norm(x, axes, weight, bias, eps):
    order, outer = memory_order(x, axes), x.shape[:x.ndim - axes]
    rows = as_rows(x, order)
    y = like(rows, x.shape, order)
    mean, var = normalize(rows, parameters(weight, 1, rows, order), parameters(bias, 0, rows, order), eps, True,
                          as_rows(y, order))
    return y, mean.reshape(outer), var.reshape(outer)


def layer_norm_grad(grad, x, axes, mean, var, weight, eps):
    order, inner = memory_order(x, axes), x.shape[x.ndim - axes:]
    rows = as_rows(x, order)
    d_x = like(rows, x.shape, order)
    d_weight, d_bias = gradients(as_rows(grad, order), rows, mean, var, parameters(weight, 1, rows, order), eps, True,
                                 as_rows(d_x, order))
    return d_x, in_order(d_weight, inner, order), in_order(d_bias, inner, order)


def rms_norm(x, axes, weight, eps):
    order = memory_order(x, axes)
    rows = as_rows(x, order)
    y = like(rows, x.shape, order)
    _, square = normalize(rows, parameters(weight, 1, rows, order), parameters(None, 0, rows, order), eps, False,
                          as_rows(y, order))
    return y, square.reshape(x.shape[:x.ndim - axes])


def rms_norm_grad(grad, x, axes, square, weight, eps):
    order, inner = memory_order(x, axes), x.shape[x.ndim - axes:]
    rows = as_rows(x, order)
    d_x = like(rows, x.shape, order)
    d_weight, _ = gradients(as_rows(grad, order), rows, np.zeros_like(square), square, parameters(weight, 1, rows, order),
                            eps, False, as_rows(d_x, order))
    return d_x, in_order(d_weight, inner, order)


# -- from axes to rows and back ----------------------------------------------------------------------------------------


def memory_order(x: np.ndarray, axes: int) -> list[int]:
    """The last axes of x, counted from the first of them, from the slowest in memory to the fastest."""
    if axes == 1 or x.flags.c_contiguous:
        return list(range(axes))
    return sorted(range(axes), key=lambda i: -abs(x.strides[x.ndim - axes + i]))


def row_major(order: list[int]) -> bool:
    return order == sorted(order)


def as_rows(x: np.ndarray, order: list[int]) -> np.ndarray:
    """x (*, *last axes) as a contiguous matrix, whose rows have the last axes in this order."""
    first = x.ndim - len(order)
    dense = x
    if not (x.flags.c_contiguous and row_major(order)):
        dense = np.ascontiguousarray(x.transpose(*range(first), *[first + i for i in order]))
    return dense.reshape(prod(dense.shape[:first]), prod(dense.shape[first:]))


def from_rows(rows: np.ndarray, shape: tuple[int, ...], order: list[int]) -> np.ndarray:
    """The array of that shape whose `as_rows` is `rows`."""
    first = len(shape) - len(order)
    dense = rows.reshape(*shape[:first], *[shape[first + i] for i in order])
    return dense.transpose(*range(first), *[first + order.index(i) for i in range(len(order))])


def like(rows: np.ndarray, shape: tuple[int, ...], order: list[int]) -> np.ndarray:
    """A new array of that shape, whose `as_rows` is a view."""
    return np.empty(shape, rows.dtype) if row_major(order) else np.empty_like(from_rows(rows, shape, order))


def in_order(rows: np.ndarray, shape: tuple[int, ...], order: list[int]) -> np.ndarray:
    """`from_rows`, contiguous."""
    return rows.reshape(shape) if row_major(order) else np.ascontiguousarray(from_rows(rows, shape, order))


def parameters(parameter: np.ndarray | None, value: float, rows: np.ndarray, order: list[int]) -> np.ndarray:
    """A parameter of the last axes, or `value` for all, as a matrix of one row."""
    return np.full((1, rows.shape[1]), value, rows.dtype) if parameter is None else as_rows(parameter, order)


# -- matrices: row r goes with row r % G of weights and biases (G, K) --------------------------------------------------


def normalize(x, weights, biases, eps, centered, y):
    """Write rows normalised to `y`; the mean and variance of each.  Unless `centered`, the mean is taken to be 0."""
    mean, var = np.empty(len(x), x.dtype), np.empty(len(x), x.dtype)
    normalize_rows(slices(len(x), 6 * x.size), len(x), x, weights, biases, eps, centered, y, mean, var)
    return mean, var


def gradients(grad, x, mean, var, weights, eps, centered, d_x):
    """Write the gradients of x to `d_x`; those of the weights and biases."""
    n = slices(len(x), 8 * x.size)
    sums = np.zeros((n, 2, *weights.shape))
    gradients_of_rows(n, len(x), grad, x, mean.reshape(-1), var.reshape(-1), weights, eps, centered, d_x, sums)
    return sums.sum(0).astype(x.dtype)


@jit
def moments(x, centered):
    """Mean and variance of a row; unless `centered`, 0 and the mean of its squares."""
    inverse, start = 1 / x.size, max(x.size // PREFIX, 1)
    center = x.dtype.type(total(x[:start])[0] / start) if centered else x.dtype.type(0)
    first, second = 0.0, 0.0
    for at in range(0, x.size, BLOCK):
        left, power = deviations(x[at:at + BLOCK], center)
        first += left
        second += power
    shift = first * inverse
    if centered:
        return center + shift, second * inverse - shift * shift
    return 0.0, second * inverse


@shared
@jit
def normalize_rows(first, last, slice, x, weights, biases, eps, centered, y, mean, var):
    number = x.dtype.type
    for r in range(first, last):
        group = r % len(weights)
        row, out, weight, bias = x[r], y[r], weights[group], biases[group]
        average, variance = moments(row, centered)
        mean[r], var[r] = average, variance
        center, scale = number(average), 1 / np.sqrt(variance + eps)
        factor, rest = number(scale), number((average - center) * scale)
        for k in range(row.size):
            out[k] = ((row[k] - center) * factor - rest) * weight[k] + bias[k]


@shared
@jit
def gradients_of_rows(first, last, slice, grads, x, mean, var, weights, eps, centered, d_x, sums):
    """With u = (x - mean) / σ and g = weight · grad,

        d_x = (g - Σ g / n - u · Σ g · u / n) / σ,   d_weight = Σ grad · u,   d_bias = Σ grad,

    the last two in the dtype of x over a few rows, and in float64 over those.
    """
    number = x.dtype.type
    groups, width = weights.shape
    few = np.zeros((2, groups, width), x.dtype)
    step = max(FEWEST, BLOCK // max(width, 1)) * groups
    for r in range(first, last):
        group, center = r % groups, mean[r]
        row, grad, out, weight, d_weight, d_bias = x[r], grads[r], d_x[r], weights[group], few[0, group], few[1, group]
        along, across, distance, scale = 0.0, 0.0, 0.0, 1 / np.sqrt(var[r] + eps)
        for at in range(0, width, BLOCK):
            flat, slope, left = weighted_slopes(grad[at:at + BLOCK], weight[at:at + BLOCK], row[at:at + BLOCK], center)
            along += flat
            across += slope
            distance += left
        rest = distance / width if centered else 0.0
        across = (across - rest * along) * scale
        factor, offset = number(scale), number(rest * scale)
        slope, shift = number(across * scale / width), number(along * scale / width if centered else 0.0)
        for k in range(width):
            unit = (row[k] - center) * factor - offset
            d_weight[k] += grad[k] * unit
            d_bias[k] += grad[k]
            out[k] = grad[k] * weight[k] * factor - unit * slope - shift
        if (r - first + 1) % step == 0 or r == last - 1:
            for i in range(2):
                for g in range(groups):
                    for k in range(width):
                        sums[slice, i, g, k] += few[i, g, k]
            few[:] = 0
