"""Gradient clipping."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nn
from nn.optim import clip_grad_norm_, clip_grad_value_
from nn.utils import get_total_norm
from tensorgrad.errors import ArgumentError, GraphError
from tensorgrad.tensor import Tensor, from_array


def leaf(grad, dtype=np.float64, name=None):
    grad = np.asarray(grad, dtype)
    p = Tensor(np.zeros(grad.shape, dtype), requires_grad=True, name=name)
    p.grad = from_array(grad)
    return p


def test_all_gradients_are_one_vector():
    p, q, none = leaf([3.0, 0.0]), leaf([[4.0]]), Tensor([1.0], requires_grad=True)
    total = clip_grad_norm_([p, none, q], 1.0)
    assert total.item() == 5.0 and total.shape == ()
    np.testing.assert_allclose(p.grad.array, [3 / 5, 0], rtol=1e-6)
    np.testing.assert_allclose(q.grad.array, [[4 / 5]], rtol=1e-6)
    assert none.grad is None


def test_short_gradients_stay_as_they_are():
    p = leaf([3.0, 4.0])
    before = p.grad
    assert clip_grad_norm_(p, 5.1).item() == 5.0
    assert p.grad is before


def test_a_shared_gradient_is_not_written_into():
    p, q = leaf([3.0, 4.0]), leaf([3.0, 4.0])
    q.grad = p.grad
    array = p.grad.array
    clip_grad_norm_([p], 1.0)
    clip_grad_value_([p], 0.1)
    assert q.grad.array is array and array.tolist() == [3.0, 4.0] and p.grad.array.max() == 0.1


@pytest.mark.parametrize("norm_type, wanted", [
    (1, 7.0), (2, 5.0), (3, 91 ** (1 / 3)), (math.inf, 4.0), ("inf", 4.0), (0.5, (3**0.5 + 2) ** 2)])
def test_norms(norm_type, wanted):
    total = clip_grad_norm_([leaf([3.0]), leaf([-4.0])], 100.0, norm_type)
    assert total.item() == pytest.approx(wanted)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("norm_type", [2, 3, math.inf])
def test_dtypes_and_squares_out_of_range(dtype, norm_type):
    for size in (np.finfo(dtype).max / 8, np.finfo(dtype).tiny * 8):
        p = leaf([size, 0.0], dtype)
        total = clip_grad_norm_(p, 1.0, norm_type)
        assert total.dtype == p.grad.dtype == dtype
        assert total.item() == pytest.approx(float(dtype(size)), rel=1e-3)


def test_memory_order(rng):
    grad = rng.normal(size=(4, 6))[::2, ::3].T
    assert clip_grad_norm_(leaf(grad), 100.0).item() == pytest.approx(np.linalg.norm(grad))
    p = leaf([0.0])
    p.grad = from_array(np.broadcast_to(np.array(2.0), (1,)))
    clip_grad_norm_(p, 1.0)
    assert p.grad.item() == pytest.approx(1.0, rel=1e-5)


def test_not_finite():
    p, q = leaf([1.0]), leaf([math.nan, 2.0], name="fc.bias")
    with pytest.raises(GraphError, match="the norm of all gradients is nan; (.|\n)*parameter fc.bias"):
        clip_grad_norm_([p, q], 1.0, error_if_nonfinite=True)
    assert p.grad.tolist() == [1.0]
    assert math.isnan(clip_grad_norm_([p, q], 1.0).item()) and math.isnan(p.grad.item())
    p, q = leaf([1.0]), leaf([math.inf, 2.0])
    with pytest.raises(GraphError, match="is inf; (.|\n)*parameter number 1 of those with a gradient"):
        clip_grad_norm_([p, q], 1.0, error_if_nonfinite=True)
    assert clip_grad_norm_([p, q], 1.0).item() == math.inf
    assert p.grad.tolist() == [0.0] and math.isnan(q.grad.array[0])


def test_nothing_to_clip():
    assert clip_grad_norm_([], 1.0).item() == 0.0
    assert clip_grad_norm_([Tensor([1.0], requires_grad=True)], 1.0).item() == 0.0
    assert clip_grad_norm_([leaf(np.zeros((0, 3)))], 1.0).item() == 0.0
    assert clip_grad_norm_(iter([leaf([0.0])]), 0.0).item() == 0.0


def test_values():
    p, none = leaf([3.0, -2.0, 0.5]), Tensor([1.0], requires_grad=True)
    clip_grad_value_([p, none], 1)
    assert p.grad.tolist() == [1.0, -1.0, 0.5] and none.grad is None
    q = leaf(3.0, np.float32)
    clip_grad_value_(q, 1.0)
    assert q.grad.dtype == np.float32 and q.grad.shape == ()


@pytest.mark.parametrize("call, text", [
    (lambda p: clip_grad_norm_(p, -1.0), "max_norm=-1.0"), (lambda p: clip_grad_norm_(p, math.nan), "max_norm=nan"),
    (lambda p: clip_grad_norm_(p, 1.0, 0), "norm_type=0.0"), (lambda p: clip_grad_norm_(p, 1.0, -2), "norm_type=-2.0"),
    (lambda p: clip_grad_value_(p, -1), "clip_value=-1"),
])
def test_refusals(call, text):
    with pytest.raises(ArgumentError, match=text):
        call(leaf([1.0]))


def test_pytorchs_address():
    assert nn.utils.clip_grad_norm_ is clip_grad_norm_ and nn.utils.clip_grad_value_ is clip_grad_value_


def test_the_norm_of_any_tensors():
    tensors = [Tensor([3.0]), Tensor([[0.0, 4.0]])]
    assert get_total_norm(tensors).item() == 5.0 and get_total_norm(tensors, 1).item() == 7.0
    assert get_total_norm(tensors[0], math.inf, error_if_nonfinite=True).item() == 3.0
    tensors.append(Tensor([math.inf]))
    assert get_total_norm(tensors).item() == math.inf
    with pytest.raises(GraphError, match="get_total_norm: (.|\n)* is inf(.|\n)*that of tensor 2"):
        get_total_norm(tensors, error_if_nonfinite=True)
