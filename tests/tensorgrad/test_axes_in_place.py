"""A tensor's own axes: squeezed, exchanged, and what a graph has to say about it."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor, no_grad
from tensorgrad.errors import GraphError, ShapeError

CHANGES: dict[str, Callable[[Any], Any]] = {
    "squeeze_": lambda t: t.squeeze_(), "unsqueeze_": lambda t: t.unsqueeze_(0),
    "transpose_": lambda t: t.transpose_(0, 1), "t_": lambda t: t.t_()}


def test_the_memory_stays() -> None:
    t = tensorgrad.zeros(1, 3)
    array, view = t.array, t[0]
    assert t.squeeze_().unsqueeze_(1).transpose_(0, 1).t_() is t and t.shape == (3, 1)
    assert np.shares_memory(t.array, array)
    t.add_(1)
    assert view.tolist() == [1, 1, 1]


def test_squeeze_of_some_axes() -> None:
    assert tensorgrad.zeros(1, 3, 1, 1).squeeze_((0, -1)).shape == (3, 1)
    assert tensorgrad.zeros(1, 3).squeeze_(1).shape == (1, 3)


@pytest.mark.parametrize("name", CHANGES)
def test_in_a_graph(name: str) -> None:
    with pytest.raises(GraphError, match=f"{name}: a leaf that requires grad"):
        CHANGES[name](tensorgrad.zeros(1, 3, requires_grad=True))
    interior = tensorgrad.zeros(1, 3, requires_grad=True) * 2
    with no_grad(), pytest.raises(GraphError, match="(?s)needs its gradient in the shape it has.*detach"):
        CHANGES[name](interior)
    assert interior.shape == (1, 3)
    view = interior.view(-1)
    assert CHANGES[name](interior) is interior and interior.shape != (1, 3) and interior.requires_grad
    view += 1
    assert interior.flatten().tolist() == [1, 1, 1]


def test_the_gradient_follows_its_tensor() -> None:
    w = Tensor([[1.0, 2.0]], requires_grad=True)
    (w * w).sum().backward()
    with no_grad():
        w.t_()
    assert w.shape == w.grad.shape == (2, 1) and w.grad.tolist() == [[2.0], [4.0]]
    (w * w).sum().backward()
    assert w.grad.tolist() == [[4.0], [8.0]]


def test_a_wrong_axis_changes_nothing() -> None:
    t = tensorgrad.zeros(2, 3, 4)
    with pytest.raises(ShapeError):
        t.t_()
    assert t.shape == (2, 3, 4)
