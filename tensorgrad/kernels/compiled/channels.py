"""Sums and products per channel: batch norm, its gradient, and the gradient of a bias.

An image is a matrix of pixels and channels here.  Few channels would fill only the beginning of a vector loop, so that
k pixels side by side are taken for one row of k · C columns; columns of one channel are put together at the end.

Sums run in the dtype of the image over as many rows as fit in the first-level cache, and in float64 over those blocks.
Squares are summed around the mean of their block, while it is in that cache: no digits cancel, and the image is read
from memory once.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.reference.sums import add_up
from tensorgrad.kernels.reference.windows import channels_first, channels_last

WIDTH = 128    # columns of a row, at least
BLOCK = 4096   # entries summed in the dtype of the image
FEWEST = 16    # rows of a block, at least
FEW = 8192     # entries up to which one product sums the faster


def wide_rows(x: np.ndarray) -> np.ndarray:
    """x (N, C, H, W) of any strides as a contiguous (N · H · W / k, k · C)."""
    c = x.shape[1]
    last = np.ascontiguousarray(channels_last(x))
    rows, k = last.size // max(c, 1), 1
    while c * k < WIDTH and rows % 2 == 0 and rows:
        rows, k = rows // 2, 2 * k
    return last.reshape(rows, k * c)


def like(x: np.ndarray) -> np.ndarray:
    """A new array of the shape of x (N, C, H, W), in memory (N, H, W, C)."""
    return channels_first(np.empty(channels_last(x).shape, x.dtype))


def batch_norm(x, weight, bias, eps):
    c = x.shape[1]
    rows, y = wide_rows(x), like(x)
    out = channels_last(y).reshape(rows.shape)
    n = slices(len(rows), 4 * x.size)
    parts = np.zeros((n, 3, rows.shape[1]))
    moments_of_rows(n, len(rows), rows, parts)
    mean, var = np.empty((2, c), x.dtype)
    columns = np.empty((3, rows.shape[1]), x.dtype)
    finish_moments(parts, one(weight, 1, x), one(bias, 0, x), eps, mean, var, columns)
    scale_and_shift(slices(len(rows), 2 * x.size), len(rows), rows, columns, out)
    return y, mean, var


def batch_norm_grad(grad, x, mean, var, weight, eps):
    c = x.shape[1]
    rows, d_y, d_x = wide_rows(x), wide_rows(grad), like(x)
    out = channels_last(d_x).reshape(rows.shape)
    average = np.tile(mean, rows.shape[1] // max(c, 1))
    n = slices(len(rows), 4 * x.size)
    parts = np.zeros((n, 2, rows.shape[1]))
    products_of_rows(n, len(rows), d_y, rows, average, parts)
    d_weight, d_bias = np.empty((2, c), x.dtype)
    columns = np.empty((4, rows.shape[1]), x.dtype)
    finish_products(parts, x.size // max(c, 1), mean, var, one(weight, 1, x), eps, d_weight, d_bias, columns)
    combine(slices(len(rows), 3 * x.size), len(rows), d_y, rows, columns, out)
    return d_x, d_weight, d_bias


def channel_affine(x, scale, shift):
    rows, y = wide_rows(x), like(x)
    out = channels_last(y).reshape(rows.shape)
    k = rows.shape[1] // max(x.shape[1], 1)
    columns = np.zeros((3, rows.shape[1]), x.dtype)
    columns[1] = np.tile(scale, k)
    if shift is not None:
        columns[2] = np.tile(shift, k)
    scale_and_shift(slices(len(rows), 2 * x.size), len(rows), rows, columns, out)
    return y


def channel_sum(x):
    if x.size <= FEW:
        return add_up(np.ascontiguousarray(channels_last(x)).reshape(-1, x.shape[1]), (0,))
    rows = wide_rows(x)
    n = slices(len(rows), x.size)
    parts = np.zeros((n, rows.shape[1]))
    sums_of_rows(n, len(rows), rows, parts)
    return np.sum(parts, 0).reshape(-1, x.shape[1]).sum(0).astype(x.dtype)


def one(parameter: np.ndarray | None, value: float, x: np.ndarray) -> np.ndarray:
    """A parameter per channel, or `value` for all."""
    return np.full(x.shape[1], value, x.dtype) if parameter is None else np.ascontiguousarray(parameter)


# -- over rows ---------------------------------------------------------------------------------------------------------


@jit
def block_rows(width):
    return max(FEWEST, BLOCK // max(width, 1))


@shared
@jit
def sums_of_rows(first, last, slice, rows, parts):
    """Per column Σ x, in float64."""
    x, total = rows[first:last], parts[slice]
    width = x.shape[1]
    part = np.empty(width, x.dtype)
    step = block_rows(width)
    for at in range(0, x.shape[0], step):
        block = x[at:at + step]
        part[:] = 0
        for r in range(block.shape[0]):
            row = block[r]
            for c in range(width):
                part[c] += row[c]
        for c in range(width):
            total[c] += part[c]


@shared
@jit
def moments_of_rows(first, last, slice, rows, parts):
    """Per column how many entries there are, their sum, and the sum of their squared distances to the mean, in float64."""
    x, (number, total, square) = rows[first:last], parts[slice]
    width = x.shape[1]
    part, center, power = np.empty(width, x.dtype), np.empty(width, x.dtype), np.empty(width, x.dtype)
    step = block_rows(width)
    for at in range(0, x.shape[0], step):
        block = x[at:at + step]
        n = block.shape[0]
        part[:] = 0
        power[:] = 0
        for r in range(n):
            row = block[r]
            for c in range(width):
                part[c] += row[c]
        for c in range(width):
            center[c] = part[c] / n
        part[:] = 0
        for r in range(n):
            row = block[r]
            for c in range(width):
                distance = row[c] - center[c]
                part[c] += distance
                power[c] += distance * distance
        before, weight = 1 / max(at, 1), at * n / (at + n)
        for c in range(width):
            rest = np.float64(part[c])  # what rounding left between n centers and the block's sum
            rest = rest if rest == rest else np.float64(0)
            sum_of_block = center[c] * np.float64(n) + rest
            distance_of_means = sum_of_block / n - total[c] * before
            total[c] += sum_of_block
            square[c] += power[c] - rest * rest / n + distance_of_means * distance_of_means * weight
        number[:] = at + n


@shared
@jit
def products_of_rows(first, last, slice, grads, rows, mean, parts):
    """Per column Σ grad and Σ grad · (x - mean), in float64."""
    grad, x, (total, slope) = grads[first:last], rows[first:last], parts[slice]
    width = x.shape[1]
    part, product = np.empty(width, x.dtype), np.empty(width, x.dtype)
    step = block_rows(width)
    for at in range(0, x.shape[0], step):
        block, d_block = x[at:at + step], grad[at:at + step]
        part[:] = 0
        product[:] = 0
        for r in range(block.shape[0]):
            row, d_row = block[r], d_block[r]
            for c in range(width):
                d = d_row[c]
                part[c] += d
                product[c] += d * (row[c] - mean[c])
        for c in range(width):
            total[c] += part[c]
            slope[c] += product[c]


@shared
@jit
def scale_and_shift(first, last, slice, rows, columns, out):
    """y = (x - center) · scale + shift, with the rows of `columns` in this order."""
    x, y = rows[first:last], out[first:last]
    center, scale, shift = columns[0], columns[1], columns[2]
    for r in range(x.shape[0]):
        row, result = x[r], y[r]
        for c in range(x.shape[1]):
            result[c] = (row[c] - center[c]) * scale[c] + shift[c]


@shared
@jit
def combine(first, last, slice, grads, rows, columns, out):
    """d_x = a · grad + b · (x - center) + d, with center, a, b, d in the rows of `columns`."""
    grad, x, d_x = grads[first:last], rows[first:last], out[first:last]
    center, a, b, d = columns[0], columns[1], columns[2], columns[3]
    for r in range(x.shape[0]):
        row, d_row, result = x[r], grad[r], d_x[r]
        for c in range(x.shape[1]):
            result[c] = a[c] * d_row[c] + b[c] * (row[c] - center[c]) + d[c]


# -- from columns to channels ------------------------------------------------------------------------------------------


@jit
def finish_moments(parts, weight, bias, eps, mean, var, columns):
    """Mean and variance per channel from those of columns and slices; center, scale and shift for every column."""
    channels = mean.size
    for c in range(channels):
        n, total, s = 0.0, 0.0, 0.0
        for p in range(parts.shape[0]):
            for k in range(c, parts.shape[2], channels):
                number = parts[p, 0, k]
                if number > 0:
                    distance = parts[p, 1, k] / number - total / max(n, 1)
                    s += parts[p, 2, k] + distance * distance * n * number / (n + number)
                    n += number
                    total += parts[p, 1, k]
        mean[c] = total / n
        var[c] = s / n
        scale = weight[c] / np.sqrt(s / n + eps)
        for k in range(c, columns.shape[1], channels):
            columns[0, k] = mean[c]
            columns[1, k] = scale
            columns[2, k] = bias[c]


@jit
def finish_products(parts, n, mean, var, weight, eps, d_weight, d_bias, columns):
    """The gradients of weight and bias from sums over columns and slices; the terms of `combine` for every column.

        d_x = w / σ · (grad - Σ grad / n - (x - mean) / σ² · Σ grad · (x - mean) / n)
    """
    channels = mean.size
    for c in range(channels):
        total, slope = 0.0, 0.0
        for p in range(parts.shape[0]):
            for k in range(c, parts.shape[2], channels):
                total += parts[p, 0, k]
                slope += parts[p, 1, k]
        scale = 1 / np.sqrt(var[c] + eps)
        d_bias[c] = total
        d_weight[c] = slope * scale
        factor = weight[c] * scale
        for k in range(c, columns.shape[1], channels):
            columns[0, k] = mean[c]
            columns[1, k] = factor
            columns[2, k] = -factor * scale * scale * slope / n
            columns[3, k] = -factor * total / n
