"""Kernels of both sets for any geometry, dtype and layout against their definition in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorgrad import kernels
from tensorgrad.window import Window
from tests.fuzz import definitions
from tests.fuzz.definitions import Taps
from tests.fuzz.layouts import laid_out
from tests.fuzz.settings import examples

pytestmark = pytest.mark.fuzz

SETS = [kernels.load(name) for name in kernels.available()]
DTYPES = st.sampled_from([np.float32, np.float32, np.float64])
SEEDS = st.integers(0, 2**32 - 1)
COUNTS = st.one_of(st.integers(1, 9), st.sampled_from([15, 16, 17, 20, 31, 32, 33, 48, 64]))


@st.composite
def geometries(draw, pooling=False, padded=True):
    """(sizes, Taps, Window): at least one window fits."""
    ndim = draw(st.sampled_from([1, 2, 2, 2, 2, 3]))
    square = draw(st.sampled_from([None, None, 3, 3, 5])) if not pooling else None
    sizes, axes = [], []
    for _ in range(ndim):
        kernel = square or draw(st.integers(1, 5 if ndim < 3 else 3))
        stride = 1 if square and draw(st.booleans()) else draw(st.integers(1, 4))
        dilation = draw(st.sampled_from([1, 1, 2, 3])) if padded else 1
        reach = (kernel - 1) * dilation + 1
        most = kernel // 2 if pooling else 3
        before, after = draw(st.integers(0 if pooling else -1, most)), draw(st.integers(0 if pooling else -1, most))
        if pooling:
            after = before
        least = max(1, reach - before - after, 1 - min(0, before) - min(0, after))
        sizes.append(draw(st.integers(least, least + draw(st.sampled_from([2, 6, 12 if ndim < 3 else 4])))))
        axes.append((kernel, stride, before, after, dilation))
    kernel, stride, before, after, dilation = zip(*axes)
    window = Window(kernel, stride, tuple(zip(before, after)), dilation)
    taps = Taps(axes)
    assert window.output_sizes(tuple(sizes)) == taps.counts(tuple(sizes))
    return tuple(sizes), taps, window


def close(found, expected, bound, dtype, factor=1.0):
    """Within a few roundings of the sums of absolute values that `bound` holds."""
    assert found.shape == expected.shape and found.dtype == dtype
    unit = 16 * np.finfo(dtype).eps * factor
    np.testing.assert_allclose(found, expected, rtol=0, atol=unit * max(1.0, float(np.max(bound, initial=0))))


@examples(500)
@given(geometries(), st.integers(0, 3), st.sampled_from(["any", "depthwise", "pairs", "groups"]), COUNTS, COUNTS, DTYPES,
       SEEDS, st.sampled_from([None, True, False]), st.sampled_from([None, True, False]), st.data())
def test_convolution(geometry, n, kind, c, f, dtype, seed, winograd, depthwise, data):
    sizes, taps, window = geometry
    groups = {"any": 1, "depthwise": c, "pairs": c, "groups": data.draw(st.integers(2, 4))}[kind]
    c = {"any": c, "depthwise": c, "pairs": 2 * c, "groups": groups * min(c, 8)}[kind]
    f = {"any": f, "depthwise": c * (1 + f % 2), "pairs": c, "groups": groups * min(f, 8)}[kind]
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(n, c, *sizes)), rng.normal(size=(f, c // groups, *window.kernel))
    bias = rng.normal(size=f) if data.draw(st.booleans()) else None
    x, w = x.astype(dtype).astype(np.float64), w.astype(dtype).astype(np.float64)
    y, size = definitions.conv(x, w, bias, taps, groups), definitions.conv(abs(x), abs(w), None, taps, groups)
    grad = rng.normal(size=y.shape).astype(dtype).astype(np.float64)
    d_x, d_w = definitions.conv_input_grad(grad, w, sizes, taps, groups), definitions.conv_weight_grad(grad, x, taps, groups)
    bound_x = definitions.conv_input_grad(abs(grad), abs(w), sizes, taps, groups)
    bound_w = definitions.conv_weight_grad(abs(grad), abs(x), taps, groups)
    x_, w_, grad_ = [laid_out(array.astype(dtype), data.draw) for array in (x, w, grad)]
    factor = 1.0 if winograd is False else 8.0  # what the transforms of Winograd's algorithm add
    with kernels.algorithms(winograd=winograd, depthwise=depthwise):
        for functions in SETS:
            found = functions.conv(x_, w_, None if bias is None else bias.astype(dtype), window, groups)
            close(found, y, size, dtype, factor)
            close(functions.conv_input_grad(grad_, w_, sizes, window, groups), d_x, bound_x, dtype, factor)
            close(functions.conv_weight_grad(grad_, x_, window, groups), d_w, bound_w, dtype, factor)


@examples(300)
@given(geometries(pooling=True), st.integers(0, 2), COUNTS, DTYPES, SEEDS, st.data())
def test_max_pool(geometry, n, c, dtype, seed, data):
    sizes, taps, window = geometry
    rng = np.random.default_rng(seed)
    x = rng.integers(-9, data.draw(st.sampled_from([-2, 9])), size=(n, c, *sizes)).astype(np.float64)  # with many ties
    y, winners = definitions.max_pool(x, taps)
    if (winners < 0).any():  # a window that lies in the padding, which `Window` refuses for users
        return
    grad = rng.normal(size=y.shape).astype(dtype).astype(np.float64)
    d_x = np.zeros((n * c, math.prod(sizes)))
    np.add.at(d_x, (np.arange(n * c)[:, None], winners.reshape(n * c, -1) if n else winners.reshape(0, 1)),
              grad.reshape(n * c, -1) if n else grad.reshape(0, 1))
    x_, grad_ = laid_out(x.astype(dtype), data.draw), laid_out(grad.astype(dtype), data.draw)
    for functions in SETS:
        found, who = functions.max_pool(x_, window)
        np.testing.assert_array_equal(found, y)
        np.testing.assert_array_equal(who, winners)
        assert found.dtype == dtype
        for hint in (window, None):
            close(functions.scatter_winners(grad_, who, sizes, hint), d_x.reshape(x.shape), 9, dtype)
        np.testing.assert_array_equal(functions.gather_winners(x_, who), y)


@examples(300)
@given(geometries(pooling=True, padded=False), st.integers(0, 2), COUNTS, DTYPES, SEEDS, st.booleans(),
       st.sampled_from([None, None, 3]), st.data())
def test_avg_pool(geometry, n, c, dtype, seed, count_include_pad, divisor, data):
    sizes, taps, window = geometry
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, c, *sizes)).astype(dtype).astype(np.float64)
    y = definitions.avg_pool(x, taps, count_include_pad, divisor)
    grad = rng.normal(size=y.shape).astype(dtype).astype(np.float64)
    d_x = definitions.avg_pool_grad(grad, sizes, taps, count_include_pad, divisor)
    x_, grad_ = laid_out(x.astype(dtype), data.draw), laid_out(grad.astype(dtype), data.draw)
    for functions in SETS:
        close(functions.avg_pool(x_, window, count_include_pad, divisor), y, abs(y), dtype)
        close(functions.avg_pool_grad(grad_, sizes, window, count_include_pad, divisor), d_x, abs(d_x), dtype)


SHAPES = st.tuples(st.integers(1, 4), st.sampled_from([1, 2, 3, 4, 6, 8, 12, 16, 33]),
                   st.sampled_from([(), (1,), (7,), (3, 5), (8, 8), (2, 3, 4)]))


@examples(300)
@given(SHAPES, DTYPES, SEEDS, st.sampled_from([0.0, 0.0, 1e3, -1e4]), st.booleans(), st.data())
def test_norms(shape, dtype, seed, offset, affine, data):
    """Batch and group norm, and layer norm over the last axes; moments lose no digits around an offset."""
    n, c, spatial = shape
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(n, c, *spatial)) + offset).astype(dtype).astype(np.float64)
    grad = rng.normal(size=x.shape).astype(dtype).astype(np.float64)
    weight, bias = (rng.normal(size=c).astype(dtype), rng.normal(size=c).astype(dtype)) if affine else (None, None)
    x_, grad_ = laid_out(x.astype(dtype), data.draw), laid_out(grad.astype(dtype), data.draw)
    groups = data.draw(st.sampled_from([g for g in range(1, c + 1) if c % g == 0]))
    eps = 1e-3
    per_channel = (1, c, *[1] * len(spatial))
    w = np.ones(c) if weight is None else weight.astype(np.float64)
    b = np.zeros(c) if bias is None else bias.astype(np.float64)
    in_groups = (n, groups, c // groups, *spatial)
    for name, view, axes, arguments in (
            ("batch_norm", x.shape, (0, *range(2, x.ndim)), ()),
            ("group_norm", in_groups, tuple(range(2, len(in_groups))), (groups,))):
        mean, var = definitions.moments(x.reshape(view), axes)
        z = ((x.reshape(view) - mean) / np.sqrt(var + eps)).reshape(x.shape)
        scaled = (grad * w.reshape(per_channel)).reshape(view)
        d_x = definitions.normalized_grad(scaled, x.reshape(view), axes, eps).reshape(x.shape)
        rest = (0, *range(2, x.ndim))
        slack = 1 + abs(offset) / math.sqrt(float(var.min()) + eps)  # a mean that is off by a rounding moves z by so much
        for functions in SETS:
            found, its_mean, its_var = getattr(functions, name)(x_, *arguments, weight, bias, eps)
            close(found, z * w.reshape(per_channel) + b.reshape(per_channel), 1 + abs(z), dtype, slack)
            back = getattr(functions, f"{name}_grad")(grad_, x_, *arguments, its_mean, its_var, weight, eps)
            size = float(np.max(abs(scaled))) / math.sqrt(float(var.min()) + eps) * (1 + float(np.max(z**2)))
            close(back[0], d_x, size, dtype, slack)
            close(back[1], (grad * z).sum(rest), abs(grad * z).sum(rest), dtype, slack)
            close(back[2], grad.sum(rest), abs(grad).sum(rest), dtype)


@examples(300)
@given(st.lists(st.sampled_from([0, 1, 2, 3, 5, 8, 17, 33]), min_size=1, max_size=4), DTYPES, SEEDS, st.data())
def test_sums_and_classes(shape, dtype, seed, data):
    """Sums over any axes, softmax and its relatives along any."""
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=shape) * data.draw(st.sampled_from([1, 30]))).astype(dtype).astype(np.float64)
    grad = rng.normal(size=shape).astype(dtype).astype(np.float64)
    x_, grad_ = laid_out(x.astype(dtype), data.draw), laid_out(grad.astype(dtype), data.draw)
    axes = tuple(data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True)))
    keep = data.draw(st.booleans())
    dim = data.draw(st.integers(0, len(shape) - 1))
    for functions in SETS:
        close(np.asarray(functions.sum(x_, axes, keep)), x.sum(axes, keepdims=keep), abs(x).sum(axes), dtype)
        if 0 in shape:
            continue
        top = x - x.max(dim, keepdims=True)
        logs = top - np.log(np.exp(top).sum(dim, keepdims=True))
        y = np.exp(logs)
        close(functions.softmax(x_, dim), y, 1, dtype)
        close(functions.log_softmax(x_, dim), logs, abs(logs), dtype)
        y_, logs_ = y.astype(dtype), logs.astype(dtype)
        total = abs(grad).sum(dim)
        close(functions.softmax_grad(grad_, y_, dim), y * (grad - (grad * y).sum(dim, keepdims=True)), total, dtype)
        close(functions.log_softmax_grad(grad_, logs_, dim), grad - y * grad.sum(dim, keepdims=True), total, dtype, 8.0)
