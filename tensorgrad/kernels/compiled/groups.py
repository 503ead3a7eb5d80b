"""Group norm and its gradient, which are instance norm's, too: mean and variance per image and group of channels.

Images in row-major memory are taken group by group: a group is one run of numbers, a channel of it a part of that run.
Images with the channel innermost stay so: an image is rows of a few pixels, long enough for vector loops, whose columns are
summed and put together per group.  Numbers are summed as in `last_axes`; those of a single image as in `channels`, where it
is cut into slices by its rows.
"""

from __future__ import annotations

import math

import numpy as np

from tensorgrad.kernels.compiled import last_axes
from tensorgrad.kernels.compiled.channels import aligned_like, gradients, normalize, repeat
from tensorgrad.kernels.compiled.columns import add_deviations, add_entries, add_slopes, combine, scale_and_shift
from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.last_axes import BLOCK, FEWEST, PREFIX, moments
from tensorgrad.kernels.compiled.sums import slopes
from tensorgrad.kernels.reference.windows import channels_first, channels_last

WIDTH = 64  # columns of a row of pixels, at least


def group_norm(x, groups, weight, bias, eps):
    n = len(x)
    weight, bias = parameter(weight, 1, x), parameter(bias, 0, x)
    if not x.size:
        return np.empty_like(x), *np.full((2, n, groups), np.nan, x.dtype)
    if pixels(x) == 1:
        y = np.empty(x.shape, x.dtype)
        mean, var = last_axes.normalize(vectors(x, groups), weight.reshape(groups, -1), bias.reshape(groups, -1), eps, True,
                                        vectors(y, groups))
        return y, mean.reshape(n, groups), var.reshape(n, groups)
    mean, var = np.empty((2, n, groups), x.dtype)
    if x.flags.c_contiguous:
        y = aligned_like(x)
        normalize_runs(slices(n * groups, 6 * x.size), n * groups, runs(x, groups), weight, bias, eps, runs(y, groups),
                       mean.reshape(-1), var.reshape(-1))
    else:
        x = channels_innermost(x)
        y = channels_first(aligned_like(channels_last(x)))
        if n == 1:
            normalize(images(x)[0], weight, bias, eps, images(y)[0], mean[0], var[0])
        else:
            normalize_images(slices(n, 6 * x.size), n, images(x), weight, bias, eps, images(y), mean, var)
    return y, mean, var


def group_norm_grad(grad, x, groups, mean, var, weight, eps):
    n, c = x.shape[:2]
    weight = parameter(weight, 1, x)
    if not x.size:
        return np.empty_like(x), *np.zeros((2, c), x.dtype)
    if pixels(x) == 1:
        d_x = np.empty(x.shape, x.dtype)
        d_weight, d_bias = last_axes.gradients(vectors(grad, groups), vectors(x, groups), mean, var,
                                               weight.reshape(groups, -1), eps, True, vectors(d_x, groups))
        return d_x, d_weight.reshape(-1), d_bias.reshape(-1)
    if x.flags.c_contiguous:
        d_x, k = aligned_like(x), slices(n * groups, 8 * x.size)
        sums = np.zeros((k, 2, c))
        gradients_of_runs(k, n * groups, runs(np.ascontiguousarray(grad), groups), runs(x, groups), mean.reshape(-1),
                          var.reshape(-1), weight, eps, runs(d_x, groups), sums)
    else:
        x, k = channels_innermost(x), slices(n, 8 * x.size)
        d_x = channels_first(aligned_like(channels_last(x)))
        grad, sums = channels_innermost(grad), np.zeros((k, 2, c))
        if n == 1:
            gradients(images(grad)[0], images(x)[0], mean[0], var[0], weight, eps, images(d_x)[0], sums[0])
        else:
            gradients_of_images(k, n, images(grad), images(x), mean, var, weight, eps, images(d_x), sums)
    d_weight, d_bias = sums.sum(0).astype(x.dtype)
    return d_x, d_weight, d_bias


def parameter(values: np.ndarray | None, value: float, x: np.ndarray) -> np.ndarray:
    """A parameter per channel, or `value` for all."""
    return np.full(x.shape[1], value, x.dtype) if values is None else np.ascontiguousarray(values)


def pixels(x: np.ndarray) -> int:
    """How many there are in an image."""
    return math.prod(x.shape[2:])


def vectors(x: np.ndarray, groups: int) -> np.ndarray:
    """x (N, C), or with axes of length 1 after that, as a contiguous (N · G, C / G)."""
    return np.ascontiguousarray(x).reshape(x.shape[0] * groups, x.shape[1] // groups)


def runs(x: np.ndarray, groups: int) -> np.ndarray:
    """Contiguous x (N, C, H, W) as (N · G, C / G, H · W)."""
    return x.reshape(x.shape[0] * groups, x.shape[1] // groups, pixels(x))


def channels_innermost(x: np.ndarray) -> np.ndarray:
    """x (N, C, H, W), copied unless it lies in memory as (N, H, W, C)."""
    return channels_first(np.ascontiguousarray(channels_last(x)))


def images(x: np.ndarray) -> np.ndarray:
    """x (N, C, H, W), in memory (N, H, W, C), as (N, H · W · C)."""
    return channels_last(x).reshape(x.shape[0], x.shape[1] * pixels(x))


# -- row-major: row r of runs has the channels of group r % G ----------------------------------------------------------


@shared
@jit
def normalize_runs(first, last, slice, x, weights, biases, eps, y, mean, var):
    number = x.dtype.type
    channels = x.shape[1]
    groups = len(weights) // channels
    for r in range(first, last):
        average, variance = moments(x[r].reshape(-1), True)
        mean[r], var[r] = average, variance
        center, scale = number(average), 1 / np.sqrt(variance + eps)
        for c in range(channels):
            run, out, at = x[r, c], y[r, c], r % groups * channels + c
            factor = number(scale * weights[at])
            shift = number(biases[at] - (average - center) * scale * weights[at])
            for k in range(run.size):
                out[k] = (run[k] - center) * factor + shift


@shared
@jit
def gradients_of_runs(first, last, slice, grads, x, mean, var, weights, eps, d_x, sums):
    """As `last_axes.gradients_of_rows`, with one weight per run."""
    number = x.dtype.type
    channels, width = x.shape[1:]
    groups = len(weights) // channels
    d_weight, d_bias = sums[slice]
    totals, products = np.empty(channels), np.empty(channels)
    for r in range(first, last):
        center, scale, group, distance = mean[r], 1 / np.sqrt(var[r] + eps), r % groups * channels, 0.0
        for c in range(channels):
            grad, run = grads[r, c], x[r, c]
            total, slope = 0.0, 0.0
            for at in range(0, width, BLOCK):
                flat, sloping, left = slopes(grad[at:at + BLOCK], run[at:at + BLOCK], center)
                total += flat
                slope += sloping
                distance += left
            totals[c], products[c] = total, slope
        rest = distance / (channels * width)
        along, across = 0.0, 0.0
        for c in range(channels):
            of_weight = (products[c] - rest * totals[c]) * scale
            d_weight[group + c] += of_weight
            d_bias[group + c] += totals[c]
            along += weights[group + c] * totals[c]
            across += weights[group + c] * of_weight
        slope = scale * scale * across / (channels * width)
        tilt, shift = number(-slope), number(rest * slope - along * scale / (channels * width))
        for c in range(channels):
            grad, run, out, factor = grads[r, c], x[r, c], d_x[r, c], number(weights[group + c] * scale)
            for k in range(width):
                out[k] = grad[k] * factor + (run[k] - center) * tilt + shift


# -- channel innermost: column k of a row of pixels has the entries of channel k % C -----------------------------------


@jit
def columns_of(image, channels):
    """How many columns an image's rows have: at least `WIDTH`, if it is large enough."""
    return min(-(-WIDTH // channels) * channels, image.size)


@jit
def block_of(width):
    """How many entries of whole rows are summed in the dtype of the image."""
    return max(FEWEST, BLOCK // width) * width


@jit
def sum_of_group(columns, group, groups, channels):
    """Σ over the columns of a group's channels, in float64."""
    together, sum = channels // groups, 0.0
    for start in range(group * together, columns.size, channels):
        for k in range(start, start + together):
            sum += columns[k]
    return sum


@jit
def center_of_groups(image, channels, groups, center):
    """The mean of the first pixels of each group, to the columns of its channels."""
    width, together = center.size, channels // groups
    rows = max(image.size // width // PREFIX, 1)
    sums = np.zeros(width, center.dtype)
    add_entries(image[:rows * width], sums)
    for g in range(groups):
        average = sum_of_group(sums, g, groups, channels) / (rows * (width // groups))
        for c in range(g * together, (g + 1) * together):
            center[c] = average
    repeat(center.reshape(1, width), channels)


@shared
@jit
def normalize_images(first, last, slice, x, weights, biases, eps, y, mean, var):
    size, channels, groups = x.shape[1], len(weights), mean.shape[1]
    width, together, inverse = columns_of(x[0], channels), channels // groups, groups / size
    columns, few, sums = np.empty((3, width), x.dtype), np.empty((2, width), x.dtype), np.empty((2, width))
    center, scale, shift = columns[0], columns[1], columns[2]
    step = block_of(width)
    for i in range(first, last):
        image, out = x[i], y[i]
        center_of_groups(image, channels, groups, center)
        sums[:] = 0
        for at in range(0, size, step):
            block = image[at:at + step]
            more = block.size % width
            whole = block.size - more
            few[:] = 0
            add_deviations(block[:whole], center, few[0], few[1])
            add_deviations(block[whole:], center[:more], few[0, :more], few[1, :more])
            for k in range(width):
                sums[0, k] += few[0, k]
                sums[1, k] += few[1, k]
        for g in range(groups):
            distance = sum_of_group(sums[0], g, groups, channels) * inverse
            average = center[g * together] + distance
            variance = sum_of_group(sums[1], g, groups, channels) * inverse - distance * distance
            mean[i, g], var[i, g] = average, variance
            deviation = 1 / np.sqrt(variance + eps)
            for c in range(g * together, (g + 1) * together):
                factor = weights[c] * deviation
                center[c] = average
                scale[c] = factor
                shift[c] = biases[c] - (average - center[c]) * factor
        repeat(columns, channels)
        for at in range(0, size, step):
            block, result = image[at:at + step], out[at:at + step]
            more = block.size % width
            whole = block.size - more
            scale_and_shift(block[:whole], center, scale, shift, result[:whole])
            scale_and_shift(block[whole:], center[:more], scale[:more], shift[:more], result[whole:])


@shared
@jit
def gradients_of_images(first, last, slice, grads, x, mean, var, weights, eps, d_x, sums):
    """As `last_axes.gradients_of_rows`, with one weight per channel."""
    size, channels, groups = x.shape[1], len(weights), mean.shape[1]
    width, together, inverse = columns_of(x[0], channels), channels // groups, groups / size
    columns, few, totals = np.empty((4, width), x.dtype), np.empty((3, width), x.dtype), np.empty((3, width))
    center, factor, tilt, shift = columns[0], columns[1], columns[2], columns[3]
    total, slope, distance = totals[0], totals[1], totals[2]
    d_weight, d_bias = sums[slice]
    step = block_of(width)
    for i in range(first, last):
        image, grad, out = x[i], grads[i], d_x[i]
        for g in range(groups):
            for c in range(g * together, (g + 1) * together):
                center[c] = mean[i, g]
        repeat(columns[:1], channels)
        totals[:] = 0
        for at in range(0, size, step):
            block, d_block = image[at:at + step], grad[at:at + step]
            more = block.size % width
            whole = block.size - more
            few[:] = 0
            add_slopes(d_block[:whole], block[:whole], center, few[0], few[1], few[2])
            add_slopes(d_block[whole:], block[whole:], center[:more], few[0, :more], few[1, :more], few[2, :more])
            for k in range(width):
                total[k] += few[0, k]
                slope[k] += few[1, k]
                distance[k] += few[2, k]
        for start in range(channels, width, channels):
            for c in range(channels):
                total[c] += total[start + c]
                slope[c] += slope[start + c]
        for g in range(groups):
            scale, rest = 1 / np.sqrt(var[i, g] + eps), sum_of_group(distance, g, groups, channels) * inverse
            along, across = 0.0, 0.0
            for c in range(g * together, (g + 1) * together):
                of_weight = (slope[c] - rest * total[c]) * scale
                d_weight[c] += of_weight
                d_bias[c] += total[c]
                along += weights[c] * total[c]
                across += weights[c] * of_weight
            steep = scale * scale * across * inverse
            offset = rest * steep - along * scale * inverse
            for c in range(g * together, (g + 1) * together):
                factor[c] = weights[c] * scale
                tilt[c] = -steep
                shift[c] = offset
        repeat(columns, channels)
        for at in range(0, size, step):
            block, d_block, result = image[at:at + step], grad[at:at + step], out[at:at + step]
            more = block.size % width
            whole = block.size - more
            combine(d_block[:whole], block[:whole], center, factor, tilt, shift, result[:whole])
            combine(d_block[whole:], block[whole:], center[:more], factor[:more], tilt[:more], shift[:more], result[whole:])
