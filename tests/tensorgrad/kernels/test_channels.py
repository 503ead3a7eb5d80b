"""Kernels per channel against NumPy in float64: layouts, dtypes, special values, digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tensorgrad import kernels
from tests.tensorgrad.kernels.test_parity import ids, layouts, same

SHAPES = [(5, 3), (2, 3, 7), (4, 16, 3, 3), (3, 5, 2, 3, 2), (300, 20, 4, 4), (2, 300, 5, 5), (2, 1, 1, 2)]
EPS = 1e-3


def over(x: np.ndarray) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def per_channel(v: np.ndarray, x: np.ndarray) -> np.ndarray:
    return v.reshape(-1, *[1] * (x.ndim - 2))


def normalized(x: np.ndarray, weight: Any, bias: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mean, var = x.mean(over(x)), x.var(over(x))
    return (x - per_channel(mean, x)) / per_channel(np.sqrt(var + EPS), x) * per_channel(weight, x) + per_channel(bias, x), \
        mean, var


def gradients(grad: np.ndarray, x: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mean, var = x.mean(over(x)), x.var(over(x))
    sigma = per_channel(np.sqrt(var + EPS), x)
    unit = (x - per_channel(mean, x)) / sigma
    d_bias, d_weight = grad.sum(over(x)), (grad * unit).sum(over(x))
    n = x.size // x.shape[1]
    d_x = per_channel(weight, x) / sigma * (grad - per_channel(d_bias, x) / n - unit * per_channel(d_weight, x) / n)
    return d_x, d_weight, d_bias


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=ids)
def test_batch_norm(kernel_set, shape, dtype, rng):
    x, grad = rng.normal(2, 3, shape), rng.normal(size=shape)
    weight, bias = rng.normal(size=(2, shape[1]))
    expected, expected_grads = normalized(x, weight, bias), gradients(grad, x, weight)
    plain = normalized(x, np.ones(shape[1]), np.zeros(shape[1])), gradients(grad, x, np.ones(shape[1]))
    w, b = weight.astype(dtype), bias.astype(dtype)
    for x_, grad_ in zip(layouts(x.astype(dtype)), layouts(grad.astype(dtype))):
        y, mean, var = kernel_set.batch_norm(x_, w, b, EPS)
        for found, wanted in zip((y, mean, var), expected):
            same(found, wanted, dtype)
        for found, wanted in zip(kernel_set.batch_norm_grad(grad_, x_, mean, var, w, EPS), expected_grads):
            same(found, wanted, dtype)
        for found, wanted in zip(kernel_set.batch_norm(x_, None, None, EPS), plain[0]):
            same(found, wanted, dtype)
        for found, wanted in zip(kernel_set.batch_norm_grad(grad_, x_, mean, var, None, EPS), plain[1]):
            same(found, wanted, dtype)
        same(kernel_set.channel_affine(x_, w, b), x * per_channel(weight, x) + per_channel(bias, x), dtype)
        same(kernel_set.channel_affine(x_, w, None), x * per_channel(weight, x), dtype)
        same(kernel_set.channel_sum(x_), x.sum(over(x)), dtype)


@pytest.mark.parametrize("offset", [0.0, 1e2, 1e4, -1e6])
def test_digits_of_moments_do_not_cancel(kernel_set, offset, rng):
    """Where the mean is much larger than the deviation, and where the first entry lies far off."""
    x = (rng.normal(size=(64, 4, 16, 16)) + offset).astype(np.float32)
    _, mean, var = kernel_set.batch_norm(x, None, None, EPS)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(mean, exact.mean((0, 2, 3)), rtol=3e-7, atol=1e-6)
    np.testing.assert_allclose(var, exact.var((0, 2, 3)), rtol=5e-6)
    x[0, :, 0, 0] = 1e4 - offset
    _, _, var = kernel_set.batch_norm(x, None, None, EPS)
    np.testing.assert_allclose(var, x.astype(np.float64).var((0, 2, 3)), rtol=2e-5)


@pytest.mark.parametrize("channels", [4, 80])
def test_digits_do_not_cancel_where_blocks_lie_far_apart(kernel_set, channels, rng):
    """Images of growing mean, and a first image far from all others."""
    for of_image in (np.arange(32.0)**2, np.where(np.arange(32) == 0, -1e5, 3.0)):
        x = (rng.normal(size=(32, channels, 8, 8)) + of_image.reshape(-1, 1, 1, 1)).astype(np.float32)
        exact = x.astype(np.float64)
        for x_ in layouts(x):
            _, mean, var = kernel_set.batch_norm(x_, None, None, EPS)
            np.testing.assert_allclose(mean, exact.mean((0, 2, 3)), rtol=1e-6)
            np.testing.assert_allclose(var, exact.var((0, 2, 3)), rtol=5e-6)


def test_digits_of_gradients_do_not_cancel(kernel_set, rng):
    x = (rng.normal(size=(16, 6, 8, 10)) * 0.1 + 1e4).astype(np.float32)
    grad = rng.normal(size=x.shape).astype(np.float32)
    exact = x.astype(np.float64)
    expected = gradients(grad.astype(np.float64), exact, np.ones(6))
    mean, var = [v.astype(np.float32) for v in (exact.mean(over(x)), exact.var(over(x)))]
    d_x, d_weight, d_bias = kernel_set.batch_norm_grad(grad, x, mean, var, None, EPS)
    np.testing.assert_allclose(d_x, expected[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(d_weight, expected[1], rtol=1e-4, atol=2e-3)
    np.testing.assert_allclose(d_bias, expected[2], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [(0, 1, 0, 0), (3, 1, 2, 4)], ids=ids)
def test_special_values_stay_in_their_channel(kernel_set, special, at, rng):
    x = rng.normal(size=(4, 3, 5, 5)).astype(np.float32)
    x[at] = special
    y, mean, var = kernel_set.batch_norm(x, None, None, EPS)
    np.testing.assert_array_equal(mean[1], special)
    assert np.isnan(var[1]) and np.isnan(y[:, 1]).all()
    assert np.isfinite(y[:, [0, 2]]).all() and np.isfinite(mean[[0, 2]]).all()
    d_x, d_weight, _ = kernel_set.batch_norm_grad(np.ones_like(x), x, mean, var, None, EPS)
    assert np.isnan(d_x[:, 1]).all() and np.isnan(d_weight[1]) and np.isfinite(d_x[:, [0, 2]]).all()


def test_empty_batch_of_channels(kernel_set):
    x, w = np.zeros((0, 3, 4, 4), np.float32), np.ones(3, np.float32)
    assert kernel_set.channel_affine(x, w, w).shape == x.shape
    for relu in (False, True):
        kernel_set.channel_affine_(x, w, w, relu)
    np.testing.assert_array_equal(kernel_set.channel_sum(x), np.zeros(3))
    assert kernel_set.batch_norm_grad(x, x, w, w, w, EPS)[0].shape == x.shape


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=ids)
def test_affine_written_over_its_input(kernel_set, shape, dtype, rng):
    """Bit by bit what `channel_affine` and `relu` give, also with gaps in memory, which are left alone."""
    x = rng.normal(size=shape).astype(dtype)
    x.flat[:3] = np.nan, -np.inf, -0.0
    scale, shift = rng.normal(size=(2, shape[1])).astype(dtype)
    wide = np.full((*shape[:-1], 2 * shape[-1]), 7, dtype)
    for relu in (False, True):
        for given in [*layouts(x), wide[..., ::2]]:
            target = given if given.base is wide else given.copy("K")
            target[...] = x
            expected = kernel_set.channel_affine(given if given.base is not wide else target.copy(), scale, shift)
            expected = kernel_set.relu(expected) if relu else expected
            assert kernel_set.channel_affine_(target, scale, shift, relu) is None
            same(target, expected, dtype)
    assert (wide[..., 1::2] == 7).all()


def test_affine_of_channels_last_is_the_same_bit_by_bit(kernel_set, rng):
    x = rng.normal(size=(4, 9, 9, 48)).astype(np.float32).transpose(0, 3, 1, 2)
    scale, shift = rng.normal(size=(2, 48)).astype(np.float32)
    for relu in (False, True):
        expected = kernel_set.channel_affine(x, scale, shift)
        target = x.copy("K")
        kernel_set.channel_affine_(target, scale, shift, relu)
        np.testing.assert_array_equal(target, kernel_set.relu(expected) if relu else expected)


def test_the_same_numbers_from_run_to_run(kernel_set, rng):
    x = rng.normal(size=(64, 32, 16, 16)).astype(np.float32)
    with_one = []
    for threads in (1, 2):
        before = kernels.get_num_threads()
        kernels.set_num_threads(threads)
        try:
            first, second = (kernel_set.batch_norm(x, None, None, EPS) for _ in range(2))
        finally:
            kernels.set_num_threads(before)
        for a, b in zip(first, second):
            np.testing.assert_array_equal(a, b)
        with_one.append(first[0])
    np.testing.assert_allclose(*with_one, rtol=1e-5, atol=1e-6)
