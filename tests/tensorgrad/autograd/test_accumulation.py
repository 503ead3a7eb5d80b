"""Gradients that meet: of several roots and uses, in and outside of a graph, before and after hooks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.autograd import backward, grad
from tensorgrad.errors import ArgumentError, StaleTensorError


def leaf(*values: float, dtype: Any = np.float64) -> Tensor:
    return Tensor(np.array(values, dtype), requires_grad=True)


def test_a_root_given_twice_counts_twice() -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    backward([y, y, x, x], [np.ones(2), np.ones(2) * 10, np.ones(2) * 100, np.ones(2) * 1000])
    assert x.grad.tolist() == [1133.0, 1133.0]


@pytest.mark.parametrize("uses", [2, 3, 4, 7])
def test_many_uses_under_create_graph(uses: int) -> None:
    x = leaf(2.0)
    (first,) = grad(sum([x ** 2 * k for k in range(1, uses + 1)], x * 0).sum(), x, create_graph=True)
    total = uses * (uses + 1) / 2
    assert first.item() == 4.0 * total and grad(first.sum(), x)[0].item() == 2.0 * total


def test_a_gradient_with_a_graph_onto_one_without() -> None:
    x = leaf(3.0)
    (x * 5).sum().backward()
    (x ** 3).sum().backward(create_graph=True)
    assert x.grad.item() == 32.0 and x.grad.requires_grad
    assert grad(x.grad.sum(), x)[0].item() == 18.0


def test_a_gradient_that_a_graph_has_kept_is_missed_when_it_grows() -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (x * 2).sum().backward()
    y = (w * x.grad).sum()
    (x * 2).sum().backward()
    with pytest.raises(StaleTensorError, match="input 1 of mul was changed in place"):
        y.backward()


def test_what_a_hook_returns_has_the_dtype_of_the_gradient() -> None:
    x = leaf(1.0, 2.0, dtype=np.float32)
    x.register_hook(lambda grad: Tensor(np.array([0.5, 0.25], np.float64)))
    (x * 2).sum().backward()
    assert x.grad.dtype == np.float32 and x.grad.tolist() == [0.5, 0.25]


def test_a_hook_after_accumulation_gets_the_leaf_once_its_gradient_is_complete() -> None:
    x, seen = leaf(1.0, 2.0), []
    x.register_hook(lambda grad: grad * 10)
    x.register_post_accumulate_grad_hook(lambda tensor: seen.append((tensor is x, tensor.grad.tolist())))
    (x + x).sum().backward()
    (x * 3).sum().backward()
    assert seen == [(True, [20.0, 20.0]), (True, [50.0, 50.0])]


def test_unused_inputs_may_be_forbidden_by_name() -> None:
    x = leaf(2.0)
    assert grad(x * 3, x, allow_unused=False)[0].item() == 3.0
    with pytest.raises(ArgumentError, match="materialize_grads=True gives zeros where allow_unused=False would raise"):
        grad(x * 3, x, allow_unused=False, materialize_grads=True)


@pytest.mark.parametrize("options, text", [
    ({"only_inputs": False}, r"grad: only_inputs=False is not offered.\n  Call backward\(\)"),
    ({"is_grads_batched": True}, "grad: is_grads_batched=True is not offered.\n  Call grad once per gradient")])
def test_what_is_not_offered(options: dict[str, bool], text: str) -> None:
    x = leaf(2.0)
    with pytest.raises(ArgumentError, match=text):
        grad(x * 3, x, **options)


def test_under_no_grad_nothing_is_recorded_by_a_hook() -> None:
    x = leaf(2.0)
    x.register_hook(lambda grad: grad * x)
    (x * 3).sum().backward()
    assert not x.grad.requires_grad and x.grad.item() == 6.0 and tensorgrad.is_grad_enabled()
