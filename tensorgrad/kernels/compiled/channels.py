"""Sums and products per channel: batch norm, its gradient, and the gradient of a bias.

An image is rows of columns here: a pixel's channels, or, where those would fill only the beginning of a vector loop, the
channels of k pixels side by side.  Columns are put together per channel at the end, or per group of channels.

Sums run in the dtype of the image over a block of rows, and in float64 over the blocks.  Squares are summed around c, the
mean of the rows before, or of the block itself where it is the first: so the image is read once.  Where a block's n rows
have the mean m, n · (m - c)² of its Σ (x - c)² is no part of the result, which gets n · N / (n + N) · (m - c)² instead,
with N rows before.  That is half as much at least, since n ≤ N: one bit cancels at most, whatever the numbers are.
What is lost when a mean is rounded to the dtype of the image is subtracted after it; a gradient finds it again.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled.columns import (add_deviations, add_entries, add_slopes, combine, scale_and_shift,
                                                 scale_and_shift_positive)
from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.vectors import aligned
from tensorgrad.kernels.reference import channels as reference
from tensorgrad.kernels.reference.sums import add_up
from tensorgrad.kernels.reference.windows import channels_first, channels_last

WIDTH = 64     # columns of a row, at least; multiples of it fill the vectors
WIDEST = 512   # of rows that are made longer to fill them
ROWS = 64      # of a block, summed in the dtype of the image
FEW = 8192     # entries up to which one product sums the faster


def batch_norm(x, weight, bias, eps):
    c = x.shape[1]
    pixels = innermost(x)
    y, mean, var = aligned_like(pixels), np.empty(c, x.dtype), np.empty(c, x.dtype)
    normalize(pixels.reshape(-1), one(weight, 1, x), one(bias, 0, x), eps, y.reshape(-1), mean, var)
    return channels_first(y), mean, var


def batch_norm_grad(grad, x, mean, var, weight, eps, reuse=False):
    pixels, slopes = innermost(x), innermost(grad)
    ours = slopes.base is None or reuse and grad.flags.writeable  # a copy is
    d_x, sums = slopes if ours else aligned_like(pixels), np.zeros((2, x.shape[1]))
    gradients(slopes.reshape(-1), pixels.reshape(-1), mean, var, one(weight, 1, x), eps, d_x.reshape(-1), sums)
    d_weight, d_bias = sums.astype(x.dtype)
    return channels_first(d_x), d_weight, d_bias


def channel_affine(x, scale, shift):
    pixels = innermost(x)
    y = aligned_like(pixels)
    rows, columns = affine_columns(x, scale, shift)
    scale_rows(slices(rows, 2 * x.size), rows, pixels.reshape(-1), columns, y.reshape(-1), False)
    return channels_first(y)


def channel_affine_(x, scale, shift, relu):
    pixels = channels_last(x)
    if not pixels.flags.c_contiguous:
        reference.channel_affine_(x, scale, shift, relu)
        return
    row = pixels.reshape(-1)
    rows, columns = affine_columns(x, scale, shift)
    scale_rows(slices(rows, 2 * x.size), rows, row, columns, row, relu)


def channel_sum(x):
    pixels, c = innermost(x), x.shape[1]
    if x.size <= FEW:
        return add_up(pixels.reshape(-1, c), (0,))
    width, rows = columns_and_rows(c, x.size)
    n = slices(rows, x.size)
    parts = np.zeros((n, width))
    sums_of_rows(n, rows, pixels.reshape(-1), parts)
    return parts.reshape(-1, c).sum(0).astype(x.dtype)


def innermost(x: np.ndarray) -> np.ndarray:
    """x (N, C, H, W) of any strides as a contiguous (N, H, W, C)."""
    return np.ascontiguousarray(channels_last(x))


def aligned_like(pixels: np.ndarray) -> np.ndarray:
    """An array of this shape, not set; see `vectors.aligned`."""
    return aligned(pixels.size, pixels.dtype).reshape(pixels.shape)


def columns_and_rows(channels: int, size: int) -> tuple[int, int]:
    """How many columns a row has, and how many rows there are."""
    width, rows = channels, size // max(channels, 1)
    while rows and rows % 2 == 0 and (width < WIDTH or width % WIDTH and 2 * width <= WIDEST):
        width, rows = 2 * width, rows // 2
    return width, rows


def affine_columns(x: np.ndarray, scale: np.ndarray, shift: np.ndarray | None) -> tuple[int, np.ndarray]:
    """How many rows there are, and the columns of `scale_rows`."""
    width, rows = columns_and_rows(x.shape[1], x.size)
    columns = np.zeros((3, width), x.dtype)
    repeated = columns.reshape(3, width // max(x.shape[1], 1), x.shape[1])
    repeated[1] = scale
    if shift is not None:
        repeated[2] = shift
    return rows, columns


def one(parameter: np.ndarray | None, value: float, x: np.ndarray) -> np.ndarray:
    """A parameter per channel, or `value` for all."""
    return np.full(x.shape[1], value, x.dtype) if parameter is None else np.ascontiguousarray(parameter)


# -- pixels in one row, and groups of channels: as many as there are means ---------------------------------------------


def normalize(x, weight, bias, eps, y, mean, var):
    """Write the numbers normalised to `y`, their moments per group to `mean` and `var`."""
    width, rows = columns_and_rows(weight.size, x.size)
    n = slices(rows, 4 * x.size)
    parts, columns = np.zeros((n, 3, width)), np.empty((3, width), x.dtype)
    moments_of_rows(n, rows, x, parts)
    finish_moments(parts, weight, bias, eps, mean, var, columns)
    scale_rows(slices(rows, 2 * x.size), rows, x, columns, y, False)


def gradients(grad, x, mean, var, weight, eps, d_x, sums):
    """Write the gradient of x to `d_x`, and add those of weight and bias to `sums`."""
    width, rows = columns_and_rows(weight.size, x.size)
    n = slices(rows, 4 * x.size)
    parts, columns = np.zeros((n, 3, width)), np.empty((4, width), x.dtype)
    products_of_rows(n, rows, grad, x, mean, weight.size, parts)
    finish_products(parts, rows, mean, var, weight, eps, sums, columns)
    combine_rows(slices(rows, 3 * x.size), rows, grad, x, columns, d_x)


@shared
@jit
def sums_of_rows(first, last, slice, x, parts):
    """Per column Σ x, in float64."""
    total = parts[slice]
    width = total.size
    few = np.empty(width, x.dtype)
    for at in range(first, last, ROWS):
        few[:] = 0
        add_entries(x[at * width:min(at + ROWS, last) * width], few)
        for k in range(width):
            total[k] += few[k]


@shared
@jit
def moments_of_rows(first, last, slice, x, parts):
    """Per column how many entries there are, their sum, and the sum of their squared distances to the mean, in float64."""
    number, total, square = parts[slice]
    width = total.size
    center, few, power = np.zeros(width, x.dtype), np.empty(width, x.dtype), np.empty(width, x.dtype)
    begin = min(first + ROWS, last)
    add_entries(x[first * width:begin * width], center)
    for k in range(width):
        center[k] = finite(center[k] / (begin - first))
    for at in range(first, last, ROWS):
        end = min(at + ROWS, last)
        few[:] = 0
        power[:] = 0
        add_deviations(x[at * width:end * width], center, few, power)
        n, before = np.float64(end - at), np.float64(at - first)
        inverse, earlier, later, between = 1 / n, 1 / max(before, 1), 1 / (before + n), before * n / (before + n)
        for k in range(width):
            left, middle = np.float64(few[k]), np.float64(center[k])
            distance = middle + left * inverse - total[k] * earlier
            total[k] += middle * n + left
            square[k] += power[k] - left * left * inverse + distance * distance * between
            center[k] = finite(total[k] * later)
    number[:] = last - first


@jit
def finite(center):
    """A number to subtract: from infinity none is left, so that sums with an infinity stay what they are."""
    return center if np.isfinite(center) else 0.0


@shared
@jit
def products_of_rows(first, last, slice, grad, x, mean, channels, parts):
    """Per column Σ grad, Σ grad · (x - mean) and Σ (x - mean), in float64."""
    sums = parts[slice]
    width = sums.shape[1]
    few, center = np.empty(sums.shape, x.dtype), np.empty(width, x.dtype)
    for k in range(width):
        center[k] = mean[k % channels // (channels // mean.size)]
    for at in range(first, last, ROWS):
        start, stop = at * width, min(at + ROWS, last) * width
        few[:] = 0
        add_slopes(grad[start:stop], x[start:stop], center, few[0], few[1], few[2])
        for i in range(3):
            for k in range(width):
                sums[i, k] += few[i, k]


@shared
@jit
def scale_rows(first, last, slice, x, columns, y, positive):
    """y = (x - center) · scale + shift, with the rows of `columns` in this order; if `positive`, 0 for what is not above
    it, and NaN stays."""
    width = columns.shape[1]
    for at in range(first, last, ROWS):
        start, stop = at * width, min(at + ROWS, last) * width
        if positive:
            scale_and_shift_positive(x[start:stop], columns[0], columns[1], columns[2], y[start:stop])
        else:
            scale_and_shift(x[start:stop], columns[0], columns[1], columns[2], y[start:stop])


@shared
@jit
def combine_rows(first, last, slice, grad, x, columns, d_x):
    """d_x = grad · factor + (x - center) · tilt + shift, with the rows of `columns` as center, factor, tilt, shift."""
    width = columns.shape[1]
    for at in range(first, last, ROWS):
        start, stop = at * width, min(at + ROWS, last) * width
        combine(grad[start:stop], x[start:stop], columns[0], columns[1], columns[2], columns[3], d_x[start:stop])


# -- from columns to groups of channels, and back ----------------------------------------------------------------------


@jit
def repeat(columns, channels):
    """Give all columns the numbers of the first ones of their channels."""
    for i in range(columns.shape[0]):
        for k in range(channels, columns.shape[1]):
            columns[i, k] = columns[i, k - channels]


@jit
def finish_moments(parts, weight, bias, eps, mean, var, columns):
    """Mean and variance per group from those of columns and slices; center, scale and shift for every column."""
    channels, groups = weight.size, mean.size
    together = channels // groups
    for g in range(groups):
        n, total, s = 0.0, 0.0, 0.0
        for p in range(parts.shape[0]):
            number = parts[p, 0, 0]
            for start in range(g * together, parts.shape[2] if number > 0 else 0, channels):
                for k in range(start, start + together):
                    distance = parts[p, 1, k] / number - total / max(n, 1)
                    s += parts[p, 2, k] + distance * distance * n * number / (n + number)
                    n += number
                    total += parts[p, 1, k]
        average, variance = total / n, s / n
        mean[g], var[g] = average, variance
        deviation = 1 / np.sqrt(variance + eps)
        for c in range(g * together, (g + 1) * together):
            scale = weight[c] * deviation
            columns[0, c] = average
            columns[1, c] = scale
            columns[2, c] = bias[c] - (average - columns[0, c]) * scale
    repeat(columns, channels)


@jit
def finish_products(parts, rows, mean, var, weight, eps, sums, columns):
    """Add the gradients of weight and bias, from sums over columns and slices, to `sums`; the numbers of `combine_rows`.

    With u = (x - mean) / σ and g = weight · grad, over the n entries of a group,

        d_x = (g - Σ g / n - u · Σ g · u / n) / σ,   d_weight = Σ grad · u,   d_bias = Σ grad.
    """
    channels, groups = weight.size, mean.size
    together = channels // groups
    inverse = 1 / max(rows * (columns.shape[1] // groups), 1)
    per_channel = np.zeros((3, channels))
    for p in range(parts.shape[0]):
        for i in range(3):
            for start in range(0, parts.shape[2], channels):
                for c in range(channels):
                    per_channel[i, c] += parts[p, i, start + c]
    totals, slopes, distances = per_channel
    for g in range(groups):
        members = range(g * together, (g + 1) * together)
        scale, rest = 1 / np.sqrt(var[g] + eps), 0.0
        for c in members:
            rest += distances[c] * inverse
        along, across = 0.0, 0.0
        for c in members:
            of_weight = (slopes[c] - rest * totals[c]) * scale
            sums[0, c] += of_weight
            sums[1, c] += totals[c]
            along += weight[c] * totals[c]
            across += weight[c] * of_weight
        steep = scale * scale * across * inverse
        for c in members:
            columns[0, c] = mean[g]
            columns[1, c] = weight[c] * scale
            columns[2, c] = -steep
            columns[3, c] = rest * steep - along * scale * inverse
    repeat(columns, channels)
