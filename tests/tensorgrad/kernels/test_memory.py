"""Memory of the reference kernels: bounded by the arrays and a slice, never batch × kernel area."""

from __future__ import annotations

import tracemalloc
from typing import Any, Callable

import numpy as np
import pytest

from tensorgrad import kernels
from tensorgrad.window import Window

MIB = 1 << 20
WINDOW = Window.parse("conv2d", 2, 7, 1, 3)


def peak(function: Callable[[], Any]) -> int:
    """Bytes allocated at the worst moment beyond what there was before."""
    function()
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture
def reference():
    with kernels.use("reference") as used:
        yield used


@pytest.mark.parametrize("shape", [(32, 16, 32, 32), (1, 16, 192, 192)], ids=["many images", "one large image"])
def test_convolution_allocates_its_result_and_slices(reference, shape):
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape).astype(np.float32)
    w = rng.normal(size=(16, 16, 7, 7)).astype(np.float32)
    image = x[:1].nbytes
    # per thread a block of windows, and an image with its frame
    slices = min(kernels.get_num_threads(), len(x)) * (2 * MIB + 4 * image)
    window_matrix = x.nbytes * 49
    assert peak(lambda: reference.conv(x, w, None, WINDOW, 1)) < x.nbytes + slices < window_matrix / 5
    assert peak(lambda: reference.conv_input_grad(x, w, shape[2:], WINDOW, 1)) < x.nbytes + slices
    assert peak(lambda: reference.conv_weight_grad(x, x, WINDOW, 1)) < 4 * w.nbytes + slices


def test_strided_gradient_and_depthwise_too(reference):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(32, 16, 32, 32)).astype(np.float32)
    w = rng.normal(size=(16, 16, 7, 7)).astype(np.float32)
    strided = Window.parse("conv2d", 2, 7, 2, 3)
    y = reference.conv(x, w, None, strided, 1)
    slices = kernels.get_num_threads() * (2 * MIB + 4 * x[:1].nbytes)
    assert peak(lambda: reference.conv_input_grad(y, w, (32, 32), strided, 1)) < x.nbytes + slices
    deep = w[:, :1]
    assert peak(lambda: reference.conv(x, deep, None, WINDOW, 16)) < x.nbytes + slices
    assert peak(lambda: reference.conv_input_grad(x, deep, (32, 32), WINDOW, 16)) < x.nbytes + slices
    assert peak(lambda: reference.conv_weight_grad(x, x, WINDOW, 16)) < slices


def test_pooling_allocates_its_results_and_slices(reference):
    x = np.random.default_rng(0).normal(size=(64, 16, 32, 32)).astype(np.float32)
    window = Window.parse("max_pool2d", 2, 3, 2, 1)
    slices = kernels.get_num_threads() * 4 * MIB
    assert peak(lambda: reference.max_pool(x, window)) < x.nbytes // 4 * 3 + slices
    assert peak(lambda: reference.avg_pool(x, window, True, None)) < x.nbytes // 4 + slices
