"""Every kernel called once, so that all is compiled and in the cache."""

from __future__ import annotations

from inspect import signature
from typing import Any, Callable, Iterator

import numpy as np

from tensorgrad.kernels import compiled, reference
from tensorgrad.kernels.compiled.formulas import FORMULAS
from tensorgrad.window import Window

__all__ = ["calls"]

# Convolutions by each algorithm: channels, filters, groups, image, kernel, stride, padding.
CONVOLUTIONS = [(3, 5, 1, 4, 3, 1, 0), (3, 5, 1, 4, 3, 1, 1), (4, 4, 4, 4, 3, 1, 1), (16, 16, 16, 4, 3, 1, 1),
                (16, 16, 16, 4, 3, 2, 1), (16, 3, 1, 4, 3, 1, 0), (1, 2, 1, 16, 9, 1, 4), (16, 16, 1, 32, 3, 1, 1),
                (192, 192, 1, 16, 3, 1, 1)]


def calls(dtype: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The names of the kernels and calls of them with numbers of `dtype`, which together compile all there is."""
    for channels, filters, groups, size, kernel, stride, padding in CONVOLUTIONS:
        window = Window.parse("conv2d", 2, kernel, stride, padding)
        x, w = image(2, channels, size, dtype), np.ones((filters, channels // groups, kernel, kernel), dtype)
        sizes = (size, size)
        grad = image(2, filters, window.output_sizes(sizes)[0], dtype)
        for bias in (None, np.ones(filters, dtype)):
            yield "conv", bound(compiled.conv, x, w, bias, window, groups)
        yield "conv_input_grad", bound(compiled.conv_input_grad, grad, w, sizes, window, groups)
        yield "conv_weight_grad", bound(compiled.conv_weight_grad, grad, x, window, groups)

    x, per_channel = image(4, 3, 4, dtype), np.ones(3, dtype)
    flat, classes = np.ones((4, 3), dtype), np.zeros(4, np.int64)
    yield "channel_sum", bound(compiled.channel_sum, image(4, 3, 32, dtype))
    for rows in (x, np.ascontiguousarray(x), flat):
        for weight in (None, per_channel):
            yield "batch_norm", bound(compiled.batch_norm, rows, weight, weight, 1e-5)
            yield "batch_norm_grad", bound(compiled.batch_norm_grad, rows, rows, per_channel, per_channel, weight, 1e-5)
            yield "channel_affine", bound(compiled.channel_affine, rows, per_channel, weight)
    for relu in (False, True):
        yield "channel_affine_", bound(compiled.channel_affine_, x.copy("K"), per_channel, per_channel, relu)
    square = np.ones((64, 64), dtype)
    for matrix in (square, np.ones((256, 64), dtype)):  # the weight is transposed for many rows
        yield "linear", bound(compiled.linear, matrix, square, square[0])
        yield "matmul", bound(compiled.matmul, matrix, square)
    moments, one_each = np.ones((4, 1), dtype), np.ones(4, dtype)
    for weight in (None, per_channel):
        for rows in (x, np.ascontiguousarray(x), flat):
            yield "group_norm", bound(compiled.group_norm, rows, 1, weight, weight, 1e-5)
            yield "group_norm_grad", bound(compiled.group_norm_grad, rows, rows, 1, moments, moments, weight, 1e-5)
        yield "layer_norm", bound(compiled.layer_norm, flat, 1, weight, weight, 1e-5)
        yield "layer_norm_grad", bound(compiled.layer_norm_grad, flat, flat, 1, one_each, one_each, weight, 1e-5)
        yield "rms_norm", bound(compiled.rms_norm, flat, 1, weight, 1e-5)
        yield "rms_norm_grad", bound(compiled.rms_norm_grad, flat, flat, 1, one_each, weight, 1e-5)
    for rows, dim in ((flat, 1), (flat, 0), (x, 1)):
        yield "softmax", bound(compiled.softmax, rows, dim)
        yield "log_softmax", bound(compiled.log_softmax, rows, dim)
        yield "softmax_grad", bound(compiled.softmax_grad, rows, rows, dim)
        yield "log_softmax_grad", bound(compiled.log_softmax_grad, rows, rows, dim)
    yield "cross_entropy", bound(compiled.cross_entropy, flat, classes)
    yield "cross_entropy_grad", bound(compiled.cross_entropy_grad, flat[:, 0].copy(), flat, classes, flat[:, :2].copy())

    pools = Window.parse("max_pool2d", 2, 2), Window.parse("max_pool2d", 2, 3, 2, 1)
    small = image(4, 3, 2, dtype)
    for pool in pools:
        yield "max_pool", bound(compiled.max_pool, x, pool)
        yield "avg_pool", bound(compiled.avg_pool, x, pool, True, None)
        yield "avg_pool_grad", bound(compiled.avg_pool_grad, small, (4, 4), pool, True, None)
    yield "avg_pool", bound(compiled.avg_pool, np.ones((1, 3, 64, 64), dtype), pools[0], True, None)  # row-major in memory
    yield "adaptive_avg_pool", bound(compiled.adaptive_avg_pool, x, (2, 2))
    yield "adaptive_max_pool", bound(compiled.adaptive_max_pool, x, (2, 2))
    yield "adaptive_avg_pool_grad", bound(compiled.adaptive_avg_pool_grad, small, (4, 4))
    winners = compiled.max_pool(x, pools[0])[1]
    for indices in (winners.astype(np.int32), winners.astype(np.int64)):
        yield "scatter_winners", bound(compiled.scatter_winners, small, indices, (4, 4))
        yield "gather_winners", bound(compiled.gather_winners, x, indices)
    many_channels = image(4, 16, 4, dtype)
    y, winners_of_many = compiled.max_pool(many_channels, pools[0])
    yield "scatter_winners", bound(compiled.scatter_winners, y, winners_of_many, (4, 4), pools[0])

    many = np.ones(1 << 12, dtype)
    for sum_axes in ((0, 1), (0,)):
        yield "sum", bound(compiled.sum, many.reshape(64, 64), sum_axes)
    for extreme_axis, kept in ((1, (64, 1)), (0, (1, 64))):
        rows, best = many.reshape(64, 64), np.ones(kept, dtype)
        yield "extreme", bound(compiled.extreme, rows, (extreme_axis,), True, False)
        yield "extreme_index", bound(compiled.extreme_index, rows, extreme_axis, False)
        yield "extreme_grad", bound(compiled.extreme_grad, best, rows, best, False)
    yield "relu", bound(compiled.relu, many)
    for name in ("add", "multiply", "relu_grad"):
        yield name, bound(getattr(compiled, name), many, many)
    yield "relu_grad", bound(compiled.relu_grad, many.copy(), many, True)
    for name in reference.gradients_of_few:
        yield "gradients_of_few", bound(compiled.gradients_of_few.__getitem__, name)
    for formula, (function, _) in FORMULAS.items():
        numbers = [0.5] * (len(signature(function).parameters) - 1)
        yield "unary", bound(compiled.unary, many, formula, *numbers)
        yield "unary_grad", bound(compiled.unary_grad, many, many, formula, *numbers)
    for formula, *numbers in (("square",), ("absolute",), ("huber", 1.0, 1.0)):
        yield "deviation", bound(compiled.deviation, many, many, formula, *numbers)
        yield "deviation_grad", bound(compiled.deviation_grad, many, many, 1.0, formula, *numbers)
    wide = many.reshape(16, 4, 64)
    for repeating in (wide[0, 0], wide[:, 0, :1].reshape(16, 1, 1), wide[0, 0, 0]):
        yield "multiply", bound(compiled.multiply, wide, repeating)
        yield "sum_of_products", bound(compiled.sum_of_products, wide, wide, repeating.shape)
        yield "copy", bound(compiled.copy, np.broadcast_to(repeating, (32, *wide.shape[:1], 4, 64)))
    yield "copy", bound(compiled.copy, np.ones(1 << 17, dtype))
    yield "dropout", bound(compiled.dropout, many, many > 0, 2.0)

    pair = many.copy(), many
    for velocity in (None, many.copy()):
        yield "sgd_step", bound(compiled.sgd_step, *pair, velocity, 0.1, 0.9, 0.0, 0.0, False, False, True)
    yield "adagrad_step", bound(compiled.adagrad_step, *pair, many.copy(), 0.1, 1e-8, 0.0, False)
    yield "rmsprop_step", bound(compiled.rmsprop_step, *pair, many.copy(), None, None, 0.1, 0.9, 1e-8, 0.0, 0.0, False)
    yield "adam_step", bound(compiled.adam_step, *pair, many.copy(), many.copy(), None, 0.1, 1.0, 0.9, 0.999, 1e-8, 0.0, 1.0,
                             False)


def image(n: int, channels: int, size: int, dtype: Any) -> np.ndarray:
    """Ones (N, C, H, W), channels last in memory."""
    return np.ones((n, size, size, channels), dtype).transpose(0, 3, 1, 2)


def bound(kernel: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    return lambda: kernel(*args)
