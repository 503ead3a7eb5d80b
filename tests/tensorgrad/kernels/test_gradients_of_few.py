"""The gradients that few entries go through: the same numbers as those of the reference kernels, in any layout."""

from __future__ import annotations

import numpy as np
import pytest

from tensorgrad import kernels
from tensorgrad.kernels.reference import relu_grad, unary_grad

NAMES = ("relu", "exp", "sigmoid", "square", "tanh")


def expected(name: str, grad: np.ndarray, x: np.ndarray) -> np.ndarray:
    return relu_grad(grad, x) if name == "relu" else unary_grad(grad, x, name)


@pytest.fixture(params=kernels.available())
def gradients(request):
    with kernels.use(request.param) as active:
        yield active.gradients_of_few


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_same_numbers_for_all_layouts(gradients, name, dtype) -> None:
    rng = np.random.default_rng(0)
    grad, x = rng.standard_normal((2, 4, 6, 5)).astype(dtype)
    x[x < 0.3] = 0
    for layout in (lambda a: a, lambda a: a.transpose(2, 0, 1), lambda a: a[::2, :, ::-3], lambda a: a[:0],
                   lambda a: a[0, 0, 0]):
        found = gradients[name](layout(grad), layout(x))
        assert found.dtype == dtype and found.shape == layout(x).shape
        np.testing.assert_array_max_ulp(found, expected(name, layout(grad), layout(x)), 2)
    np.testing.assert_array_equal(gradients[name](grad.T, x.T), gradients[name](grad, x).T)
    np.testing.assert_array_max_ulp(gradients[name](np.broadcast_to(grad[0, 0, 0], x.shape), x),
                                    expected(name, np.broadcast_to(grad[0, 0, 0], x.shape), x), 2)


@pytest.mark.parametrize("name", NAMES)
def test_nan_and_infinity(gradients, name) -> None:
    grad = np.array([np.nan, np.nan, np.inf, -np.inf, 1.0, 1.0, -0.0], np.float32)
    x = np.array([0.0, 0.5, 0.0, 0.5, np.nan, 0.0, 0.5], np.float32)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(gradients[name](grad, x), expected(name, grad, x))


def test_relu_passes_nothing_where_it_is_0(gradients) -> None:
    grad = np.array([np.nan, np.inf, 3.0], np.float32)
    assert np.array_equal(gradients["relu"](grad, np.zeros(3, np.float32)), np.zeros(3))
