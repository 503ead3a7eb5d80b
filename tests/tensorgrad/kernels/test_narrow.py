"""Convolution to few filters leaves out the taps that lie above or below the image: rows near its border, and beyond."""

from __future__ import annotations

import numpy as np
import pytest

from tensorgrad import kernels
from tensorgrad.window import Window

pytest.importorskip("numba")

from tensorgrad.kernels.compiled import convolution, narrow  # noqa: E402
from tensorgrad.kernels.compiled.gathers import backward_axes, forward_axes  # noqa: E402

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}

# images, channels, filters, groups, sizes, kernel, stride, padding, dilation
SHAPES = [(3, 32, 3, 1, (9, 11), 5, 1, 2, 1), (2, 16, 1, 1, (7, 9), 5, 1, 4, 1),
          (1, 32, 2, 2, (12, 9), 3, (2, 1), 1, (3, 1)), (2, 16, 3, 1, (3, 8), 3, 1, (9, 1), 1),
          (2, 32, 5, 1, (6, 7), (4, 2), 1, ((0, 3), (1, 0)), 1),
          (1, 32, 3, 1, (9,), 7, 1, 3, 1), (2, 32, 3, 1, (5, 6, 7), 3, 1, 1, 1), (1, 48, 4, 1, (150, 140), 5, 1, 2, 1)]


def made(shape, dtype, rng):
    """An image, weights, a bias, a gradient, weights of a layer with few channels that gives it, and the window."""
    n, channels, filters, groups, sizes, kernel, stride, padding, dilation = shape
    window = Window.parse("test", len(sizes), kernel, stride, padding, dilation)
    arrays = [rng.normal(size=(n, channels, *sizes)),
              rng.normal(size=(filters * groups, channels // groups, *window.kernel)),
              rng.normal(size=filters * groups), rng.normal(size=(n, channels, *window.output_sizes(sizes))),
              rng.normal(size=(channels, filters, *window.kernel))]
    return [array.astype(dtype) for array in arrays], window, groups


def close(found, wanted, dtype):
    return np.abs(found - wanted).max() <= TOLERANCE[dtype] * np.abs(wanted).max()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_borders_are_as_in_the_reference(shape, dtype, rng):
    (x, w, bias, grad, w_back), window, groups = made(shape, dtype, rng)
    sizes = x.shape[2:]
    compiled, reference = kernels.load("compiled"), kernels.load("reference")
    y = reference.conv(x, w, bias, window, groups)
    assert close(compiled.conv(x, w, bias, window, groups), y, dtype)
    d_x = reference.conv_input_grad(grad, w_back, sizes, window, groups)
    assert close(compiled.conv_input_grad(grad, w_back, sizes, window, groups), d_x, dtype)


@pytest.mark.parametrize("shape", SHAPES[:2] + SHAPES[5:], ids=str)
def test_these_shapes_run_here(shape, rng):
    (x, w, _, _, _), window, groups = made(shape, np.float32, rng)
    _, run = convolution.forward(x.shape, w.shape, window, groups, x.dtype, convolution.current())
    assert isinstance(run, narrow.Gathering)


def test_spans_of_a_gradient_without_padding():
    """LeNet's second layer: of the 14 rows only those in the middle are reached by all five taps."""
    window = Window.parse("test", 2, 5, 1, 0, 1)
    ((_, h, _),) = backward_axes(window, (14, 14), (10, 10))
    found = narrow.spans(h, 25)
    assert (found[:, 1] - found[:, 0]).tolist() == [5, 10, 15, 20, 25, 25, 25, 25, 25, 25, 20, 15, 10, 5]
    rows = h.start + np.arange(14)
    for row, (first, last) in zip(rows, found // 5):
        cells = row + np.array(h.offsets)
        assert [k for k, cell in enumerate(cells) if 0 <= cell < 10] == list(range(first, last))


def test_a_row_that_no_tap_reaches_keeps_one():
    _, h, _ = forward_axes(Window.parse("test", 2, 3, 1, (5, 0), 1), (2, 3))
    found = narrow.spans(h, 9)
    assert found[0].tolist() == [0, 3] and found[-1].tolist() == [0, 3]
    assert (found[:, 1] > found[:, 0]).all()
