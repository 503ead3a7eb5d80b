"""Input gradients with a stride are several gathers, which take turns at each image where there are many."""

from __future__ import annotations

import numpy as np
import pytest

from tensorgrad import kernels
from tensorgrad.kernels import reference
from tensorgrad.window import Window

pytest.importorskip("numba")

from tensorgrad.kernels.compiled import convolution  # noqa: E402

# channels, filters, groups, sizes, kernel, stride, padding; bands of whole images, of some rows, and read in place
SHAPES = [(32, 24, 1, (9, 11), 4, 2, 1), (24, 32, 1, (96, 90), 3, 2, 1), (12, 20, 2, (7, 10), (5, 3), (3, 2), (2, 0)),
          (17, 5, 1, (13,), 4, 3, 0), (16, 8, 1, (5, 6, 7), 3, 2, 1), (8, 16, 1, (8, 8), 2, 2, 0),
          (8, 16, 1, (9, 9), 1, 2, 0)]


def made(shape, n, rng):
    channels, filters, groups, sizes, kernel, stride, padding = shape
    window = Window.parse("test", len(sizes), kernel, stride, padding)
    grad = rng.normal(size=(n, filters, *window.output_sizes(sizes))).astype(np.float32)
    return grad, rng.normal(size=(filters, channels // groups, *window.kernel)).astype(np.float32), sizes, window, groups


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("threads", [1, 3])
def test_many_images_are_as_each_by_itself(shape, threads, rng):
    before, n = kernels.get_num_threads(), convolution.IMAGES + 1
    grad, *rest = made(shape, n, rng)
    kernels.set_num_threads(threads)
    try:
        found = convolution.conv_input_grad(grad, *rest)
        assert np.array_equal(found, np.concatenate([convolution.conv_input_grad(grad[i:i + 1], *rest) for i in range(n)]))
    finally:
        kernels.set_num_threads(before)
    wanted = reference.conv_input_grad(grad, *rest)
    assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max()


def test_the_gathers_of_many_images_are_one_run():
    window, dtype = Window.parse("conv2d", 2, 4, 2, 1), np.dtype(np.float32)
    runs = [convolution.input_gradient((n, 32, 8, 8), (32, 16, 4, 4), (16, 16), window, 1, dtype,
                                       convolution.current())[2] for n in (convolution.IMAGES - 1, convolution.IMAGES)]
    assert [len(run) for run in runs] == [4, 1]
