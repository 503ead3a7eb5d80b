"""Convolution of one channel to few filters, whose vectors run over pixels: sizes around those of vectors and bands."""

from __future__ import annotations

import numpy as np
import pytest

import tensorgrad
from tensorgrad import kernels
from tensorgrad.window import Window

pytest.importorskip("numba")

from tensorgrad.kernels.compiled import convolution, planar  # noqa: E402

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}

# images, filters, sizes, kernel, padding, dilation
SHAPES = [(3, 6, (28, 28), 5, 2, 1), (2, 4, (20, 16), 7, 3, 1), (2, 1, (9, 47), 11, 5, 1), (1, 6, (33, 31), (7, 4), 0, 1),
          (2, 5, (24, 60), 5, (2, 8), (1, 4)), (1, 6, (200, 150), 9, 4, 1), (2, 3, (70,), 40, 3, 1),
          (2, 6, (5, 6, 20), (3, 5, 3), 1, 1), (2, 4, (30, 29), 6, ((0, 4), (3, 0)), 1)]


@pytest.fixture(params=[1, 3])
def threads(request):
    before = tensorgrad.get_num_threads()
    tensorgrad.set_num_threads(request.param)
    yield
    tensorgrad.set_num_threads(before)


def made(shape, dtype, rng):
    """An image, weights, bias, a gradient and the window."""
    n, filters, sizes, kernel, padding, dilation = shape
    window = Window.parse("test", len(sizes), kernel, 1, padding, dilation)
    x, w, b = rng.normal(size=(n, 1, *sizes)), rng.normal(size=(filters, 1, *window.kernel)), rng.normal(size=filters)
    grad = rng.normal(size=(n, filters, *window.output_sizes(sizes)))
    return [array.astype(dtype) for array in (x, w, b, grad)], window


def clear():
    """Forget which shapes run how."""
    for cached in (convolution.forward, convolution.input_gradient, convolution.weight_gradient):
        cached.cache_clear()


def runs_here(x, w, window):
    shape, run = convolution.forward(x.shape, w.shape, window, 1, x.dtype, convolution.current())
    return isinstance(run, planar.Gathering)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_against_float64(shape, dtype, threads, rng, monkeypatch):
    monkeypatch.setattr(planar, "TURNING", 0)
    (x, w, b, grad), window = made(shape, dtype, rng)
    exact = [array.astype(np.float64) for array in (x, w, b, grad)]
    fast, plain = kernels.load("compiled"), kernels.load("reference")
    clear()
    assert runs_here(x, w, window) or planar.lanes(x.itemsize) <= max(planar.FILTERS, len(w))
    for kernel, given, more in (("conv", (x, w, b), exact[:3]), ("conv", (x, w, None), (*exact[:2], None)),
                                ("conv_weight_grad", (grad, x), (exact[3], exact[0]))):
        found = getattr(fast, kernel)(*given, window, 1)
        expected = getattr(plain, kernel)(*more, window, 1)
        assert found.shape == expected.shape and found.dtype == dtype
        assert np.abs(found - expected).max() <= TOLERANCE[dtype] * np.abs(expected).max()
    # The gradient of a convolution to one filter is a convolution of one channel: x is that of one filter here.
    turned = np.ascontiguousarray(w.swapaxes(0, 1))
    sizes = tuple([size + d * (k - 1) - sum(around) for size, d, k, around in zip(
        x.shape[2:], window.dilation, window.kernel, window.padding)])
    found = fast.conv_input_grad(x, turned, sizes, window, 1)
    expected = plain.conv_input_grad(exact[0], turned.astype(np.float64), sizes, window, 1)
    assert found.shape == expected.shape and found.dtype == dtype
    assert np.abs(found - expected).max() <= TOLERANCE[dtype] * np.abs(expected).max()
    clear()


@pytest.mark.parametrize("special", [np.nan, np.inf])
def test_special_values_go_where_they_belong(special, rng):
    """At the border of an image, and in the gradient at the end of a row: to nothing that plain loops would not reach."""
    fast, plain = kernels.load("compiled"), kernels.load("reference")
    for place in ((0, 0, 0, 0), (0, 0, 13, 27), (1, 0, 27, 27), (1, 0, 5, 0)):
        (x, w, b, grad), window = made(SHAPES[0], np.float32, rng)
        x[place] = special
        found, expected = fast.conv(x, w, b, window, 1), plain.conv(x, w, b, window, 1)
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
        found, expected = fast.conv_weight_grad(grad, x, window, 1), plain.conv_weight_grad(grad, x, window, 1)
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))
        x[place], grad[place] = 1, special
        found, expected = fast.conv_weight_grad(grad, x, window, 1), plain.conv_weight_grad(grad, x, window, 1)
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))


def test_runs_are_the_same_to_the_bit(threads, rng):
    (x, w, b, grad), window = made((64, *SHAPES[0][1:]), np.float32, rng)
    fast = kernels.load("compiled")
    y, d_w = fast.conv(x, w, b, window, 1), fast.conv_weight_grad(grad, x, window, 1)
    for _ in range(5):
        assert np.array_equal(fast.conv(x, w, b, window, 1), y)
        assert np.array_equal(fast.conv_weight_grad(grad, x, window, 1), d_w)


def test_what_runs_elsewhere():
    """Strides, more channels, more filters, narrow results, kernels of few taps."""
    def chosen(channels, filters, side, kernel, stride):
        x, w = np.zeros((1, channels, side, side), np.float32), np.zeros((filters, channels, kernel, kernel), np.float32)
        return runs_here(x, w, Window.parse("test", 2, kernel, stride, kernel // 2))

    assert chosen(1, 6, 28, 5, 1) == (planar.lanes(4) == 16)
    for other in ((1, 6, 28, 5, 2), (2, 6, 28, 5, 1), (1, 16, 28, 5, 1), (1, 6, 7, 5, 1), (1, 6, 28, 3, 1)):
        assert not chosen(*other)
