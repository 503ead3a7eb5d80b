"""Every kernel of every set against nested loops, over the contract: options, dtypes, memory layouts."""

from __future__ import annotations

import inspect
from typing import Any, Iterator

import numpy as np
import pytest

from tensorgrad import kernels
from tensorgrad.kernels.contract import KERNELS, Kernels
from tensorgrad.kernels.reference import windows as slices
from tensorgrad.window import Window
from tests import loops

TOLERANCE = {np.float32: 2e-5, np.float64: 1e-11, np.float16: 3e-2}

# kernel, stride, padding, dilation
GEOMETRIES = [
    ((7,), 3, 1, 0, 1), ((9,), 4, 2, (2,), 2), ((5,), 2, 3, 0, 1),
    ((6, 5), 3, 1, 1, 1), ((7, 8), (3, 2), 2, (1, 0), 1), ((6, 6), 2, 2, ((0, 1), (1, 0)), 1),
    ((8, 7), 3, 1, 2, 2), ((8, 7), (2, 3), (2, 1), 2, (2, 1)), ((5, 5), 1, 1, 0, 1), ((5, 9), (1, 7), 1, (0, 3), 1),
    ((7, 8), 3, 2, 1, 1), ((6, 7), 3, 2, (2, 1), 1), ((7, 3), 3, (1, 2), (0, 1), 1), ((2, 1), 3, 2, 1, 1),
    ((4, 3, 5), 2, 1, 0, 1), ((4, 5, 3), 3, 2, 1, 1),
]
# channels, filters, groups: few channels and many take different ways
CHANNELS = [(1, 3, 1), (3, 4, 1), (17, 3, 1), (32, 5, 1), (6, 4, 2), (4, 4, 4), (3, 6, 3), (20, 20, 20), (32, 32, 32),
            (40, 40, 20), (36, 36, 9), (16, 4, 1), (32, 4, 2)]


def ids(value: Any) -> str:
    return str(value).replace(" ", "")


def both(geometry: Any, ceil_mode: bool = False) -> tuple[tuple[int, ...], Window, loops.Windows]:
    sizes, *options = geometry
    return sizes, Window.parse("test", len(sizes), *options, ceil_mode), loops.Windows(len(sizes), *options, ceil_mode)


def layouts(array: np.ndarray) -> Iterator[np.ndarray]:
    """The same numbers: row-major, channels last, every second entry of a wider array, and backwards in memory."""
    yield np.ascontiguousarray(array)
    yield np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 1, -1)), -1, 1)
    wide = np.full((*array.shape[:-1], 2 * array.shape[-1]), 99, array.dtype)
    wide[..., ::2] = array
    yield wide[..., ::2]
    yield np.ascontiguousarray(np.flip(array))[(slice(None, None, -1),) * array.ndim]


def same(actual: np.ndarray, expected: np.ndarray, dtype: Any) -> None:
    assert actual.shape == expected.shape and actual.dtype == dtype
    scale = max(1.0, float(np.max(np.abs(expected), initial=0)))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


def channels_innermost(array: np.ndarray) -> bool:
    return np.moveaxis(array, 1, -1).flags.c_contiguous


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("channels", CHANNELS, ids=ids)
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=ids)
def test_convolution(kernel_set, geometry, channels, dtype, rng):
    sizes, window, plain = both(geometry)
    c, f, groups = channels
    x, w, b = rng.normal(size=(2, c, *sizes)), rng.normal(size=(f, c // groups, *window.kernel)), rng.normal(size=f)
    y = loops.conv(x, w, b, plain, groups)
    grad = rng.normal(size=y.shape)
    d_x = loops.conv_input_grad(grad, w, sizes, plain, groups)
    d_w = loops.conv_weight_grad(grad, x, plain, groups)
    for x_, w_, grad_ in zip(layouts(x.astype(dtype)), layouts(w.astype(dtype)), layouts(grad.astype(dtype))):
        found = kernel_set.conv(x_, w_, b.astype(dtype), window, groups)
        same(found, y, dtype)
        assert channels_innermost(found)
        same(kernel_set.conv(x_, w_, None, window, groups), y - b.reshape(-1, *[1] * len(sizes)), dtype)
        found = kernel_set.conv_input_grad(grad_, w_, sizes, window, groups)
        same(found, d_x, dtype)
        assert channels_innermost(found)
        found = kernel_set.conv_weight_grad(grad_, x_, window, groups)
        same(found, d_w, dtype)
        assert found.flags.c_contiguous
        same(kernel_set.channel_sum(grad_), grad.sum((0, *range(2, grad.ndim))), dtype)


@pytest.mark.parametrize("budget", [1, 300, 5000])
@pytest.mark.parametrize("channels", [(2, 3, 1), (17, 4, 1), (6, 4, 2), (4, 4, 4)], ids=ids)
def test_convolution_in_slices_of_any_size(channels, budget, rng, monkeypatch):
    """A small cache cuts batches and images into many blocks; the numbers stay."""
    from tensorgrad.kernels.reference import convolution

    reference = kernels.load("reference")
    sizes, window, plain = both(((7, 8), (3, 2), 1, 1, 1))
    c, f, groups = channels
    x, w, b = rng.normal(size=(5, c, *sizes)), rng.normal(size=(f, c // groups, *window.kernel)), rng.normal(size=f)
    y = loops.conv(x, w, b, plain, groups)
    monkeypatch.setattr(convolution, "CACHE", budget)
    monkeypatch.setattr(convolution, "FEWEST_ROWS", 1)
    monkeypatch.setattr(slices, "CACHE", budget)
    same(reference.conv(x, w, b, window, groups), y, np.float64)
    same(reference.conv_weight_grad(y, x, window, groups), loops.conv_weight_grad(y, x, plain, groups), np.float64)
    d_x = loops.conv_input_grad(y, w, sizes, plain, groups)
    same(reference.conv_input_grad(y, w, sizes, window, groups), d_x, np.float64)


@pytest.mark.parametrize("options", [(2, 2, 0, 1, False), (3, 2, 1, 1, False), (3, 2, 1, 1, True), (2, 1, 0, 2, False),
                                     (3, 3, 1, 2, True), (2, 3, 0, 1, False), (2, 3, 1, 1, True)], ids=ids)
@pytest.mark.parametrize("sizes", [(7,), (6, 7), (5, 6, 7)], ids=ids)
@pytest.mark.parametrize("channels", [3, 6, 19])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_max_pool(kernel_set, sizes, options, channels, dtype, rng):
    *numbers, ceil_mode = options
    sizes, window, plain = both((sizes, *numbers), ceil_mode)
    x = rng.integers(-9, -2, size=(2, channels, *sizes)).astype(dtype)  # negative, with many ties
    y, winners = loops.max_pool(x, plain)
    grad = rng.normal(size=y.shape)
    for x_, grad_ in zip(layouts(x), layouts(grad.astype(dtype))):
        found, found_winners = kernel_set.max_pool(x_, window)
        same(found, y, dtype)
        np.testing.assert_array_equal(found_winners, winners)
        assert found_winners.dtype.kind == "i" and channels_innermost(found) and channels_innermost(found_winners)
        for winners_ in (winners, found_winners):
            for hint in (None, window):
                found = kernel_set.scatter_winners(grad_, winners_, sizes, hint)
                same(found, loops.scatter_winners(grad, winners, sizes), dtype)
                assert channels_innermost(found)
            same(kernel_set.gather_winners(x_, winners_), y, dtype)


@pytest.mark.parametrize("sizes, counts", [((7,), (3,)), ((7,), (9,)), ((6, 7), (2, 7)), ((5, 4), (1, 3)), ((6, 6), (2, 3)),
                                           ((5, 6, 7), (2, 3, 4)), ((4, 4), (0, 2))], ids=ids)
@pytest.mark.parametrize("channels", [3, 6, 19])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adaptive_max_pool(kernel_set, sizes, counts, channels, dtype, rng):
    x = rng.integers(-9, -2, size=(2, channels, *sizes)).astype(dtype)
    y, winners = loops.adaptive_max_pool(x, counts)
    for x_ in layouts(x):
        found, found_winners = kernel_set.adaptive_max_pool(x_, counts)
        same(found, y, dtype)
        np.testing.assert_array_equal(found_winners, winners)
        assert found_winners.dtype.kind == "i" and channels_innermost(found) and channels_innermost(found_winners)


@pytest.mark.parametrize("channels", [8, 16, 20, 70])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pooling_of_many_channels(kernel_set, channels, dtype, rng):
    """Some vectors of channels at a time, and what is left of them."""
    sizes, window, plain = both(((4, 5), 3, 2, 1, 1))
    x = rng.integers(-9, -2, size=(2, channels, *sizes)).astype(dtype)
    y, winners = loops.max_pool(x, plain)
    grad = rng.normal(size=y.shape)
    mean = loops.avg_pool(x, plain, True, None)
    for x_, grad_ in zip(layouts(x), layouts(grad.astype(dtype))):
        found, places = kernel_set.max_pool(x_, window)
        np.testing.assert_array_equal(found, y)
        np.testing.assert_array_equal(places, winners)
        same(kernel_set.scatter_winners(grad_, places, sizes, window), loops.scatter_winners(grad, winners, sizes), dtype)
        same(kernel_set.gather_winners(x_, places), y, dtype)
        same(kernel_set.avg_pool(x_, window, True, None), mean, dtype)
        same(kernel_set.avg_pool_grad(grad_, sizes, window, True, None), loops.avg_pool_grad(grad, sizes, plain, True, None),
             dtype)


@pytest.mark.parametrize("geometry", [((4, 5), 3, 1, 1, 1), ((1, 2), 1, 1, 0, 1), ((5, 6), 3, 2, 1, 1)], ids=ids)
@pytest.mark.parametrize("winograd", [False, True])
def test_convolution_of_many_filters(kernel_set, geometry, winograd, rng):
    """Full panels of filters, half ones and what is left; more pixels than a tile has, and fewer."""
    sizes, window, plain = both(geometry)
    x, w, b = (rng.normal(size=shape).astype(np.float32) for shape in ((2, 5, *sizes), (101, 5, *window.kernel), (101,)))
    y = loops.conv(x, w, b, plain, 1)
    grad = rng.normal(size=y.shape).astype(np.float32)
    with kernels.algorithms(winograd=winograd):
        same(kernel_set.conv(x, w, b, window, 1), y, np.float32)
        d_w, d_x = kernel_set.conv_weight_grad(grad, x, window, 1), kernel_set.conv_input_grad(grad, w, sizes, window, 1)
    same(d_w, loops.conv_weight_grad(grad, x, plain, 1), np.float32)
    same(d_x, loops.conv_input_grad(grad, w, sizes, plain, 1), np.float32)


@pytest.mark.parametrize("channels", [3, 6])
@pytest.mark.parametrize("special", [np.nan, -np.inf, np.inf])
def test_max_pool_of_special_values(kernel_set, special, channels, rng):
    _, window, plain = both(((6, 6), 3, 2, 1, 1))
    x = rng.normal(size=(2, channels, 6, 6))
    x[rng.random(x.shape) < 0.3] = special
    x[1] = special
    y, winners = loops.max_pool(x, plain)
    found, found_winners = kernel_set.max_pool(x, window)
    np.testing.assert_array_equal(found, y)
    np.testing.assert_array_equal(found_winners, winners)
    found, found_winners = kernel_set.adaptive_max_pool(x, (4, 3))
    y, winners = loops.adaptive_max_pool(x, (4, 3))
    np.testing.assert_array_equal(found, y)
    np.testing.assert_array_equal(found_winners, winners)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_, np.float16])
def test_max_pool_of_other_dtypes(kernel_set, dtype, rng):
    _, window, plain = both(((4, 4), 2, 2, 0, 1))
    x = rng.integers(0, 2, size=(1, 2, 4, 4)).astype(dtype)
    y, winners = kernel_set.max_pool(x, window)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, loops.max_pool(x, plain)[0])
    np.testing.assert_array_equal(winners, loops.max_pool(x, plain)[1])


@pytest.mark.parametrize("options", [(2, 2, 0, False), (3, 2, 1, False), (3, 2, 1, True), (2, 1, 1, False), (4, 3, 2, True)],
                         ids=ids)
@pytest.mark.parametrize("sizes", [(7,), (6, 7), (5, 6, 7)], ids=ids)
@pytest.mark.parametrize("divide", [(True, None), (False, None), (True, 3)], ids=ids)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_avg_pool(kernel_set, sizes, options, divide, dtype, rng):
    kernel, stride, padding, ceil_mode = options
    sizes, window, plain = both((sizes, kernel, stride, padding, 1), ceil_mode)
    x = rng.normal(size=(2, 3, *sizes))
    y = loops.avg_pool(x, plain, *divide)
    grad = rng.normal(size=y.shape)
    d_x = loops.avg_pool_grad(grad, sizes, plain, *divide)
    for x_, grad_ in zip(layouts(x.astype(dtype)), layouts(grad.astype(dtype))):
        found = kernel_set.avg_pool(x_, window, *divide)
        same(found, y, dtype)
        assert channels_innermost(found)
        found = kernel_set.avg_pool_grad(grad_, sizes, window, *divide)
        same(found, d_x, dtype)
        assert channels_innermost(found)


@pytest.mark.parametrize("sizes, counts", [((7,), (3,)), ((7,), (0,)), ((6, 6), (1, 1)), ((6, 8), (3, 2)), ((5, 7), (3, 4)),
                                           ((3, 4), (5, 4)), ((4, 5, 3), (2, 3, 1))], ids=ids)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adaptive_pooling(kernel_set, sizes, counts, dtype, rng):
    x = rng.integers(-9, -2, size=(2, 3, *sizes)).astype(dtype)
    grad = rng.normal(size=(2, 3, *counts))
    y, winners = loops.adaptive_max_pool(x, counts)
    for x_, grad_ in zip(layouts(x), layouts(grad.astype(dtype))):
        same(kernel_set.adaptive_avg_pool(x_, counts), loops.adaptive_avg_pool(x.astype(np.float64), counts), dtype)
        same(kernel_set.adaptive_avg_pool_grad(grad_, sizes), loops.adaptive_avg_pool_grad(grad, sizes), dtype)
        found, found_winners = kernel_set.adaptive_max_pool(x_, counts)
        same(found, y, dtype)
        np.testing.assert_array_equal(found_winners, winners)
        assert channels_innermost(found) and channels_innermost(found_winners)


def test_float16_is_computed_in_float32(kernel_set, rng):
    _, window, plain = both(((6, 6), 3, 1, 1, 1))
    x, w = rng.normal(size=(2, 40, 6, 6)).astype(np.float16), rng.normal(size=(3, 40, 3, 3)).astype(np.float16)
    y = loops.conv(x.astype(np.float64), w.astype(np.float64), None, plain)
    found = kernel_set.conv(x, w, None, window, 1)
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, y, rtol=2e-3, atol=2e-2)
    assert kernel_set.conv_weight_grad(found, x, window, 1).dtype == np.float16


def test_empty_batch(kernel_set):
    _, window, _ = both(((6, 6), 3, 2, 1, 1))
    x, w, y = np.zeros((0, 4, 6, 6), np.float32), np.ones((2, 4, 3, 3), np.float32), np.zeros((0, 2, 3, 3), np.float32)
    assert kernel_set.conv(x, w, None, window, 1).shape == (0, 2, 3, 3)
    assert kernel_set.conv_input_grad(y, w, (6, 6), window, 1).shape == x.shape
    np.testing.assert_array_equal(kernel_set.conv_weight_grad(y, x, window, 1), np.zeros_like(w))
    np.testing.assert_array_equal(kernel_set.channel_sum(y), [0, 0])
    deep = np.ones((4, 1, 3, 3), np.float32)
    assert kernel_set.conv(x, deep, None, window, 4).shape == (0, 4, 3, 3)
    assert kernel_set.conv_input_grad(np.zeros((0, 4, 3, 3), np.float32), deep, (6, 6), window, 4).shape == x.shape
    assert not kernel_set.conv_weight_grad(np.zeros((0, 4, 3, 3), np.float32), x, window, 4).any()
    pooled, winners = kernel_set.max_pool(x, window)
    assert pooled.shape == winners.shape == (0, 4, 3, 3)
    assert kernel_set.scatter_winners(pooled, winners, (6, 6)).shape == x.shape
    assert kernel_set.gather_winners(x, winners).shape == pooled.shape
    assert kernel_set.avg_pool(x, window, True, None).shape == pooled.shape
    assert kernel_set.avg_pool_grad(pooled, (6, 6), window, True, None).shape == x.shape
    assert kernel_set.adaptive_avg_pool(x, (2, 2)).shape == kernel_set.adaptive_max_pool(x, (2, 2))[0].shape == (0, 4, 2, 2)
    assert kernel_set.adaptive_avg_pool_grad(np.zeros((0, 4, 2, 2), np.float32), (6, 6)).shape == x.shape


def test_arguments_are_not_written_into(kernel_set, rng):
    _, window, _ = both(((6, 6), 3, 1, 1, 1))
    x, w, b = (rng.normal(size=shape).astype(np.float32) for shape in ((2, 4, 6, 6), (4, 4, 3, 3), (4,)))
    for array in (x, w, b):
        array.flags.writeable = False
    kernel_set.conv(x, w, b, window, 1)
    kernel_set.conv_input_grad(x, w, (6, 6), window, 1)
    kernel_set.conv_weight_grad(x, x, window, 1)
    _, winners = kernel_set.max_pool(x, window)
    winners.flags.writeable = False
    kernel_set.scatter_winners(x, winners, (6, 6))
    kernel_set.gather_winners(x, winners)
    kernel_set.avg_pool(x, window, True, None)
    kernel_set.avg_pool_grad(x, (6, 6), window, True, None)


def test_signatures_are_those_of_the_contract(kernel_set):
    assert len(KERNELS) > 40
    for name in KERNELS:
        wanted = list(inspect.signature(getattr(Kernels, name)).parameters)[1:]
        function = inspect.unwrap(getattr(kernel_set, name))
        found = list(inspect.signature(function).parameters)
        assert found == wanted, f"{kernel_set.name}.{name}"
