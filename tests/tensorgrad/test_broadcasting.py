"""Broadcasting: shapes as in NumPy for any operands, gradients in the operand's own shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.autograd import grad
from tensorgrad.errors import ShapeError

BINARY = [tensorgrad.add, tensorgrad.sub, tensorgrad.mul, tensorgrad.div, tensorgrad.maximum, tensorgrad.pow]
SIDES = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)


def positive(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 2, shape)


@given(mutually_broadcastable_shapes(num_shapes=2, min_dims=0, max_dims=3, min_side=0, max_side=3), st.sampled_from(BINARY))
def test_shapes_of_results_and_gradients(shapes: Any, function: Any) -> None:
    a, b = (Tensor(positive(shape, i), requires_grad=True) for i, shape in enumerate(shapes.input_shapes))
    result = function(a, b)
    assert result.shape == shapes.result_shape
    for create_graph in (False, True):
        for operand, gradient in zip((a, b), grad(result.sum(), [a, b], create_graph=create_graph, retain_graph=True)):
            assert gradient.shape == operand.shape


@given(mutually_broadcastable_shapes(num_shapes=2, min_dims=0, max_dims=3, max_side=3))
def test_the_gradient_of_a_repeated_entry_is_the_sum_over_its_copies(shapes: Any) -> None:
    a, b = (Tensor(positive(shape, i), requires_grad=True) for i, shape in enumerate(shapes.input_shapes))
    weights = positive(shapes.result_shape, 2)
    grad_a, grad_b = grad(a * b, [a, b], weights)
    for gradient, other, shape in ((grad_a, b, a.shape), (grad_b, a, b.shape)):
        full = weights * np.broadcast_to(other.numpy(), weights.shape)
        new = full.ndim - len(shape)
        axes = tuple(range(new)) + tuple(new + i for i, n in enumerate(shape) if n == 1)
        np.testing.assert_allclose(gradient.numpy(), full.sum(axes, keepdims=True).reshape(shape), rtol=1e-12)


@example((1, 2, 0), (3, 4, 4), tensorgrad.add)
@given(SIDES, SIDES, st.sampled_from(BINARY))
def test_shapes_that_do_not_fit_raise_with_both_shapes(a: tuple[int, ...], b: tuple[int, ...], function: Any) -> None:
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(ShapeError, match="cannot be broadcast together") as caught:
            function(Tensor(positive(a, 0)), Tensor(positive(b, 1)))
        assert f"{a} float64" in str(caught.value) and f"{b} float64" in str(caught.value)


@given(mutually_broadcastable_shapes(num_shapes=3, min_dims=0, max_dims=3, max_side=3))
def test_where_broadcasts_all_three(shapes: Any) -> None:
    condition, a, b = (positive(shape, i) for i, shape in enumerate(shapes.input_shapes))
    x, y = Tensor(a, requires_grad=True), Tensor(b, requires_grad=True)
    result = tensorgrad.where(Tensor(condition > 1), x, y)
    np.testing.assert_array_equal(result.numpy(), np.where(condition > 1, a, b))
    grad_x, grad_y = grad(result.sum(), [x, y])
    assert grad_x.shape == a.shape and grad_y.shape == b.shape
    assert grad_x.sum().item() + grad_y.sum().item() == result.numel()


@given(array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3), st.data())
def test_reductions_and_their_gradients(shape: tuple[int, ...], data: Any) -> None:
    dims = data.draw(st.sets(st.sampled_from(range(-len(shape), len(shape)))) if shape else st.just(set()))
    dims = {d % len(shape) for d in dims}
    keepdim = data.draw(st.booleans())
    x = Tensor(positive(shape, 0), requires_grad=True)
    axis = tuple(dims) or None
    result = x.sum(axis, keepdim)
    np.testing.assert_allclose(result.numpy(), x.numpy().sum(axis, keepdims=keepdim), rtol=1e-12)
    weights = positive(result.shape, 1)
    (gradient,) = grad(result, x, weights)
    whole = weights.reshape(tuple(1 if axis is None or i in dims else n for i, n in enumerate(shape)))
    np.testing.assert_array_equal(gradient.numpy(), np.broadcast_to(whole, shape))


@pytest.mark.parametrize("shape", [(300, 400), (400,), (300, 1), (), (1, 1)], ids=str)
def test_gradients_of_large_products(shape):
    rng = np.random.default_rng(0)
    x, y = Tensor(rng.normal(size=(300, 400)), requires_grad=True), Tensor(rng.normal(size=shape), requires_grad=True)
    weights = rng.normal(size=(300, 400))
    for product in (x * y, y * x):
        np.testing.assert_array_equal(product.array, x.array * y.array)
        of_x, of_y = grad((product * weights).sum(), [x, y], create_graph=True)
        plain = grad((x * y * weights).sum(), [x, y])
        summed = tuple([i for i in range(2) if i < 2 - len(shape) or shape[i - 2 + len(shape)] == 1])
        wanted = weights * y.array, (weights * x.array).sum(summed).reshape(shape) if summed else weights * x.array
        for pair in ((of_x, of_y), plain):
            for found, expected in zip(pair, wanted):
                np.testing.assert_allclose(found.array, expected, rtol=1e-12, atol=1e-10)
