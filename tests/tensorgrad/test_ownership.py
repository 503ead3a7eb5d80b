"""Rules that write into a gradient do so only where nobody else holds it."""

from __future__ import annotations

import numpy as np
import pytest

from tensorgrad import Tensor, kernels
from tensorgrad.kernels.reference import entrywise
from tensorgrad.ops import rectifier
from tensorgrad.ops.batch_normalization import batch_norm
from tensorgrad.ops.rectifier import relu
from tensorgrad.ownership import unshared

SIZE = 5000  # too many entries for NumPy's short ways


@pytest.fixture(params=kernels.available(), autouse=True)
def kernel_set(request):
    with kernels.use(request.param):
        yield


def normalized(x: Tensor) -> Tensor:
    return batch_norm(x, None, None, training=True)


either = pytest.mark.parametrize("op", [relu, normalized])


def image(rng: np.random.Generator) -> Tensor:
    return Tensor(rng.normal(size=(2, 5, 20, 25)).astype(np.float32), requires_grad=True)


def test_references_are_counted():
    array = np.ones((2, 3))
    alone = unshared(array, 1)
    other = array
    assert alone and other is array
    shared = unshared(array, 1)
    assert not shared


def test_views_count_as_what_they_show():
    array = np.ones((2, 3))
    last = np.ones((2, 3)).T
    found = unshared(last, 1), unshared(array.T, 0)
    assert found == (True, False)     # nobody has the array below `last`; `array` is held here
    part = np.ones((9, 9))[:3]
    found = unshared(part, 1), unshared(np.broadcast_to(array, (2, 2, 3)), 0)
    assert found == (False, False)    # what keeps more alive than it shows, and what is not writable


@either
def test_the_gradient_that_is_passed_in_stays(op, rng):
    x = image(rng)
    grad = rng.normal(size=x.shape).astype(np.float32)
    before = grad.copy()
    for given in (grad, Tensor(grad)):
        op(x).backward(given)
        np.testing.assert_array_equal(grad, before)


def test_a_gradient_that_two_branches_share_stays(rng):
    x, other = image(rng), image(rng)
    weights = Tensor(rng.normal(size=x.shape).astype(np.float32))
    ((relu(x) + other) * weights).sum().backward()
    np.testing.assert_array_equal(other.grad.array, weights.array)
    np.testing.assert_array_equal(x.grad.array, np.where(x.array > 0, weights.array, 0))
    x.grad = None
    ((relu(x) + x) * weights).sum().backward()
    np.testing.assert_array_equal(x.grad.array, np.where(x.array > 0, 2, 1) * weights.array)


def test_batch_norm_has_the_same_gradients_wherever_it_writes_them(rng):
    x, other = image(rng), image(rng)
    weights = Tensor(rng.normal(size=x.shape).astype(np.float32))
    (normalized(x) * 2 * weights).sum().backward()
    alone, x.grad = x.grad.array, None
    ((normalized(x) + other) * 2 * weights).sum().backward()
    np.testing.assert_array_equal(x.grad.array, alone)
    np.testing.assert_array_equal(other.grad.array, 2 * weights.array)


@either
@pytest.mark.parametrize("shape", [(5, 2, 25, 20), (-1,)])
def test_a_gradient_of_which_there_is_a_view_stays(op, rng, shape):
    x, other = image(rng), image(rng)
    weights = Tensor(rng.normal(size=x.shape).astype(np.float32))
    y = op(x) + other
    seen = []
    y.register_hook(lambda grad: seen.append(grad.reshape(*shape)))
    (y * weights).sum().backward()
    np.testing.assert_array_equal(seen[0].array, weights.array.reshape(shape))
    np.testing.assert_array_equal(other.grad.array, weights.array)


@either
def test_retained_gradients_stay(op, rng):
    x = image(rng)
    weights = Tensor(rng.normal(size=x.shape).astype(np.float32))
    y = op(x)
    y.retain_grad()
    (y * weights).sum().backward(retain_graph=True)
    np.testing.assert_array_equal(y.grad.array, weights.array)
    first = x.grad.array.copy()
    (y * weights).sum().backward()
    np.testing.assert_array_equal(x.grad.array, 2 * first)


def test_a_gradient_is_written_into_where_it_may_be(monkeypatch, rng):
    """Without this, the others could not fail."""
    free = []

    class Active:
        relu = staticmethod(entrywise.relu)

        @staticmethod
        def relu_grad(grad, y, reuse):
            free.append(reuse)
            return entrywise.relu_grad(grad, y)

    monkeypatch.setattr(rectifier.kernels, "active", lambda: Active)
    x = Tensor(rng.normal(size=SIZE), requires_grad=True)
    (relu(x * 2) * 3).backward(np.ones(SIZE))
    relu(x).backward(np.ones(SIZE))
    assert free[0] is True
    ((relu(x) + x) * 3).backward(np.ones(SIZE))
    assert free[-1] is False


def test_batch_norm_writes_into_a_gradient_of_its_own(rng):
    x = rng.normal(size=(2, 20, 25, 5)).astype(np.float32).transpose(0, 3, 1, 2)
    moments = x.mean((0, 2, 3)), x.var((0, 2, 3))
    results = []
    for reuse in (False, True):
        grad = np.empty_like(x)
        grad[...] = x * x
        results.append(kernels.active().batch_norm_grad(grad, x, *moments, None, 1e-5, reuse))
        written = np.shares_memory(results[-1][0], grad)
        assert written == (reuse and kernels.active().name == "compiled")
        assert written or (grad == x * x).all()
    for one, other in zip(*results):
        np.testing.assert_array_equal(one, other)
