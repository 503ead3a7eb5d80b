"""The adaptive softmax: what it refuses, and that clusters share out one probability.  PyTorch is the oracle for values."""

from __future__ import annotations

import numpy as np
import pytest

import nn
from tensorgrad import manual_seed, tensor, zeros
from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError


def layer():
    return nn.AdaptiveLogSoftmaxWithLoss(8, 20, [3, 10])


def test_probabilities_sum_to_one_and_hold_those_of_the_targets():
    manual_seed(0)
    net, x = layer(), tensor(np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32))
    logs = net.log_prob(x)
    np.testing.assert_allclose(logs.exp().sum(1).numpy(), 1, rtol=1e-5)
    found = net(x, tensor(np.arange(20)))
    np.testing.assert_allclose(found.output.numpy(), logs.numpy()[np.arange(20), np.arange(20)], rtol=1e-5)
    np.testing.assert_allclose(found.loss.item(), -found.output.mean().item(), rtol=1e-6)


def test_clusters_without_targets_get_no_gradient():
    net = layer()
    net(zeros(2, 8), tensor([0, 4])).loss.backward()
    assert net.tail[0][0].weight.grad is not None and net.tail[1][0].weight.grad is None


def test_initial_values_are_drawn_again():
    net = layer()
    before = [parameter.numpy().copy() for parameter in net.parameters()]
    net.reset_parameters()
    assert all((parameter.numpy() != old).any() for parameter, old in zip(net.parameters(), before) if old.size)


@pytest.mark.parametrize("call, error, text", [
    *[(lambda cutoffs=cutoffs: nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs), ArgumentError,
       r"do not part 20 classes.\n  Use integers from 1 to 19, ascending") for cutoffs in
      ([], [0, 3], [5, 3], [3, 3], [3, 20], [2.5])],
    (lambda: layer()(zeros(2, 8), tensor([1])), ShapeError, r"do not fit(.|\n)*Use \(N, 8\) with \(N,\)"),
    (lambda: layer()(zeros(2, 8), tensor([[1], [1]])), ShapeError, r"do not fit"),
    (lambda: layer()(zeros(2, 8), tensor([1, 20])), RangeError, r"target 20 is no class: there are 20(.|\n)*Use 0 to 19"),
    (lambda: layer()(zeros(2, 8), tensor([1, -1])), RangeError, r"target -1 is no class"),
    (lambda: layer()(zeros(2, 8), tensor([1.0, 2.0])), DtypeError, "integer"),
])
def test_error_texts(call, error, text):
    with pytest.raises(error, match=text):
        call()
