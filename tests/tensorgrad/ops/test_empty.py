"""Tensors and windows without entries: results, and gradients that are zero instead of NaN."""

from __future__ import annotations

import warnings
from typing import Any, Callable

import numpy as np
import pytest

import nn.functional as F
import tensorgrad as tg
from tensorgrad import ops, tensor
from tensorgrad.errors import ArgumentError

NONE = np.zeros(0, np.int64)


@pytest.mark.parametrize("shape, dim, result", [((0, 3), 0, [np.nan] * 3), ((0, 3), 1, []), ((0,), None, np.nan),
                                                ((2, 0), (0, 1), np.nan), ((0, 2, 0), 1, [])], ids=str)
def test_the_mean_of_nothing_is_nan_without_a_warning(shape: Any, dim: Any, result: Any) -> None:
    x = tg.zeros(*shape, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = ops.mean(x) if dim is None else ops.mean(x, dim)
    np.testing.assert_array_equal(y.numpy().ravel(), np.ravel(result))
    y.sum().backward()
    assert x.grad is not None and x.grad.shape == shape


@pytest.mark.parametrize("reduce", ["sum", "prod", "mean", "amax", "amin"])
@pytest.mark.parametrize("include_self", [True, False])
def test_nothing_scattered_changes_nothing(reduce: str, include_self: bool) -> None:
    x, sent = tensor([1.0, 2.0], requires_grad=True), tensor([5.0, 6.0], requires_grad=True)
    y = ops.scatter_reduce(x, 0, NONE, sent, reduce, include_self=include_self)
    assert y.tolist() == [1.0, 2.0] and y is not x
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1.0, 1.0]
    assert sent.grad is None or sent.grad.tolist() == [0.0, 0.0]


def test_nothing_added_changes_nothing() -> None:
    x, sent = tensor([1.0, 2.0], requires_grad=True), tensor([5.0, 6.0], requires_grad=True)
    y = ops.scatter_add(x, 0, NONE, sent)
    y.sum().backward()
    assert y.tolist() == [1.0, 2.0] and x.grad is not None and sent.grad is not None
    assert x.grad.tolist() == [1.0, 1.0] and sent.grad.tolist() == [0.0, 0.0]


def test_windows_without_entries() -> None:
    x = tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x.unfold(0, 0, 2)
    assert y.shape == (2, 0)  # before the first entry and before the third
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0.0] * 3


@pytest.mark.parametrize("call, value", [
    (lambda x: ops.diff(x, 0), [1.0, 2.0]), (lambda x: ops.rot90(x.reshape(1, 2), 4), [[1.0, 2.0]]),
    (lambda x: ops.rot90(x.reshape(1, 2), -2), [[2.0, 1.0]]),
], ids=["no differences", "four quarters", "two quarters"])
def test_nothing_done_is_a_copy(call: Callable[[Any], Any], value: Any) -> None:
    x = tensor([1.0, 2.0])
    y = call(x)
    assert y.tolist() == value
    x.data[:] = 7
    assert y.tolist() == value


@pytest.mark.parametrize("weight", [None, tensor([1.0, 2.0])])
def test_the_mean_of_no_losses_has_the_gradient_zero(weight: Any) -> None:
    scores = tensor([[1.0, 2.0], [0.0, 0.0]], requires_grad=True)
    loss = F.cross_entropy(scores, tensor([-100, -100]), weight)
    assert np.isnan(loss.item())
    loss.backward()
    assert scores.grad is not None and scores.grad.tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("call", [
    lambda x: F.batch_norm(x, None, None), lambda x: F.batch_norm(x, tensor([0.0]), None),
    lambda x: F.instance_norm(x, None, tensor([1.0]), use_input_stats=False),
], ids=["batch", "mean only", "instance"])
def test_statistics_that_were_never_measured(call: Callable[[Any], Any]) -> None:
    with pytest.raises(ArgumentError, match="there are no running statistics to use(.|\n)*track_running_stats=True"):
        call(tg.ones(2, 1, 3))
