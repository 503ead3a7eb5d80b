"""LinearCrossEntropyLoss and linear_cross_entropy: the layer and the loss, one after the other, give the same."""

from __future__ import annotations

import numpy as np
import pytest

import nn
import nn.functional as F
import tensorgrad
from tensorgrad.errors import ArgumentError, ShapeError


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("options", [{}, {"reduction": "none"}, {"label_smoothing": 0.1}, {"ignore_index": 2},
                                     {"weight": np.array([1.0, 2.0, 0.5, 3.0])}])
def test_is_a_linear_layer_and_cross_entropy(bias, options, rng):
    loss = nn.LinearCrossEntropyLoss(6, 4, bias=bias, dtype="float64", **options)
    x = tensorgrad.tensor(rng.normal(size=(5, 6)))
    target = tensorgrad.tensor(rng.integers(0, 4, 5))
    expected = nn.CrossEntropyLoss(**options)(loss.linear(x), target)
    np.testing.assert_array_equal(loss(x, target).numpy(), expected.numpy())
    loss(x, target).sum().backward()
    assert {name for name, p in loss.named_parameters() if p.grad is not None} == {"linear.weight", "linear.bias"} - (
        set() if bias else {"linear.bias"})


def test_a_class_at_each_of_several_places(rng):
    loss = nn.LinearCrossEntropyLoss(6, 4, out_features=(3, 2), bias=True, dtype="float64")
    assert loss.linear.weight.shape == (24, 6)
    x = tensorgrad.tensor(rng.normal(size=(5, 6)))
    target = rng.integers(0, 4, (5, 3, 2))
    scores = loss.linear(x).reshape(5, 4, 3, 2)
    np.testing.assert_array_equal(loss(x, target).numpy(), F.cross_entropy(scores, target).numpy())
    one_hot = tensorgrad.movedim(F.one_hot(tensorgrad.tensor(target), 4), -1, 1).double()
    np.testing.assert_allclose(loss(x, one_hot).numpy(), loss(x, target).numpy(), rtol=1e-12)


def test_one_example(rng):
    x, weight = rng.normal(size=3), rng.normal(size=(4, 3))
    found = F.linear_cross_entropy(tensorgrad.tensor(x), tensorgrad.tensor(weight), 1)
    scores = weight @ x
    assert found.item() == pytest.approx(np.log(np.exp(scores).sum()) - scores[1], rel=1e-12)


def test_shown_with_its_sizes():
    shown = repr(nn.LinearCrossEntropyLoss(6, 4, out_features=[3]))
    assert "in_features=6, num_classes=4, out_features=(3,), bias=False" in shown


x, w = tensorgrad.ones(2, 3), tensorgrad.ones(4, 3)


@pytest.mark.parametrize("call, error, text", [
    (lambda: F.linear_cross_entropy(tensorgrad.ones(2, 3, 3), w, [0, 1]), ShapeError, "the input has 3 axes"),
    (lambda: F.linear_cross_entropy(x, w[0], [0, 1]), ShapeError, "the weight is no matrix"),
    (lambda: F.linear_cross_entropy(x, tensorgrad.ones(4, 5), [0, 1]), ShapeError, "for 5 features, and the input has 3"),
    (lambda: F.linear_cross_entropy(x[0], tensorgrad.ones(4, 2, 3), [0, 1]), ShapeError, "needs a batch of inputs"),
    (lambda: F.linear_cross_entropy(x, w, [0, 1], linear_bias=tensorgrad.ones(3)), ShapeError, r"Its shape must be \(4,\)"),
    (lambda: F.linear_cross_entropy(x, w, tensorgrad.ones(2, 4), ignore_index=0), ArgumentError, "is for classes"),
    (lambda: F.linear_cross_entropy(x, w, [0, 1], options="chunks"), ArgumentError, "options='chunks' are not supported"),
    (lambda: nn.LinearCrossEntropyLoss(3, 4, options="chunks"), ArgumentError, "options='chunks' are not supported"),
    (lambda: nn.LinearCrossEntropyLoss(3, 4, weight=[1.0, 2.0]), ShapeError, r"Use one number per class: shape \(4,\)"),
    (lambda: nn.LinearCrossEntropyLoss(3, 4, label_smoothing=2), ArgumentError, "is no share"),
])
def test_error_texts(call, error, text):
    with pytest.raises(error, match=text):
        call()
