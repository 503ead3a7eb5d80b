"""Powers and logarithms at the ends of their domains, and of constants."""

from __future__ import annotations

import numpy as np
import pytest

from tensorgrad import Tensor, ops
from tensorgrad.autograd import grad


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_to_a_power_that_is_wanted_the_slope_of(dtype: type) -> None:
    """0 for exponents from 0 on, as in PyTorch, and of the exponent's dtype, also in a derivative of higher order."""
    x = Tensor(np.array([2.0, 0.0, -1.0], dtype), requires_grad=True)
    with np.errstate(all="ignore"):
        for base in (0.0, 0, Tensor(np.zeros(3, dtype))):
            y = ops.pow(base, x)
            assert y.tolist() == [0.0, 1.0, np.inf]
            for create_graph in (False, True):
                (slope,) = grad(y.sum(), x, create_graph=create_graph, retain_graph=True)
                assert slope.tolist() == [0.0, 0.0, -np.inf] and slope.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_number_to_a_power(dtype: type) -> None:
    x = Tensor(np.array([2.0, 0.0, -1.0], dtype), requires_grad=True)
    (slope,) = grad(ops.pow(3, x).sum(), x)
    assert slope.dtype == dtype
    np.testing.assert_allclose(slope.numpy(), np.log(3) * 3 ** x.numpy(), rtol=1e-6)


def test_the_logarithm_alone_wants_a_gradient() -> None:
    a, b = Tensor([3.0, 0.0, 2.0]), Tensor([2.0, 1.0, 4.0], requires_grad=True)
    ops.xlogy(a, b).sum().backward()
    assert b.grad is not None and b.grad.tolist() == [1.5, 0.0, 0.5]
    c = Tensor([3.0, 0.0], requires_grad=True)
    ops.xlogy(c, Tensor([2.0, 0.0])).sum().backward()
    assert c.grad is not None
    np.testing.assert_allclose(c.grad.numpy(), [np.log(2), 0.0], rtol=1e-6)


def test_magnitudes_of_many_numbers() -> None:
    x = np.resize(np.array([-0.0, 0.0, -1.5, 2.5, -np.inf, np.inf, np.nan], np.float32), 70_001)
    found = ops.abs(Tensor(x))
    np.testing.assert_array_equal(found.numpy(), np.abs(x))
    assert not np.signbit(found.numpy()[::7]).any()
