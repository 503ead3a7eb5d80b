"""Dropout: what it drops, how often, and what it leaves; softmax in extreme cases; error texts."""

import numpy as np
import pytest

import nn.functional as F
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, RangeError, ShapeError
from tensorgrad.random import manual_seed


def test_share_and_scale():
    y = F.dropout(Tensor(np.ones(100_000, np.float32)), 0.3).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.7)}
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.01) and y.dtype == np.float32


def test_gradient_uses_the_same_mask():
    x = Tensor(np.ones(50), requires_grad=True)
    y = F.dropout(x, 0.4)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.numpy())


def test_the_graph_keeps_a_byte_per_entry_and_drops_it():
    x = Tensor(np.ones(50, np.float32), requires_grad=True)
    op = F.dropout(x, 0.4).creator
    assert op.mask.dtype == bool and op.kept == () and op.label == "dropout p=0.4"
    F.dropout(x, 0.4).sum().backward()
    y = F.dropout(x, 0.4)
    op = y.creator
    y.sum().backward()
    assert op.mask is None


def test_nothing_is_dropped_outside_of_training_or_for_p_0():
    x = Tensor(np.ones(5))
    assert F.dropout(x, 0.4, training=False) is x and F.dropout(x, 0.0) is x and F.alpha_dropout(x, 0.4) is x
    assert F.dropout(x, 1.0).tolist() == [0] * 5


def test_seeds_and_generators():
    x = Tensor(np.ones(20))
    first = [manual_seed(3) and F.dropout(x).tolist() for _ in range(2)]
    assert first[0] == first[1] != F.dropout(x).tolist()
    own = [F.dropout(x, generator=np.random.default_rng(1)).tolist() for _ in range(2)]
    assert own[0] == own[1]


def test_the_mask_does_not_depend_on_the_memory_layout():
    image = np.ones((2, 3, 4, 5))
    results = []
    for array in (image, np.ascontiguousarray(image.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)):
        y = F.dropout(Tensor(array), 0.5, generator=np.random.default_rng(0)).numpy()
        assert y.strides == array.strides
        results.append(y)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("function, shape", [
    (F.dropout1d, (30, 4, 5)), (F.dropout2d, (30, 4, 2, 3)), (F.dropout3d, (30, 4, 2, 3, 2)), (F.dropout2d, (40, 2, 3))])
def test_whole_channels(function, shape):
    y = function(Tensor(np.ones(shape)), 0.5).numpy()
    lead = len(shape) - int(function.__name__[7])
    per_channel = y.reshape(*shape[:lead], -1)
    assert (per_channel == per_channel[..., :1]).all() and set(np.unique(y)) == {0.0, 2.0}


def test_alpha_dropout_keeps_mean_and_variance():
    y = F.alpha_dropout(Tensor(np.random.default_rng(0).normal(size=200_000)), 0.3, training=True).numpy()
    assert y.mean() == pytest.approx(0, abs=0.02) and y.var() == pytest.approx(1, abs=0.02)
    channels = F.feature_alpha_dropout(Tensor(np.ones((5, 8, 3))), 0.5, training=True).numpy()
    assert (channels == channels[..., :1]).all() and len(np.unique(channels)) == 2


def test_softmax_of_infinities_and_of_nothing():
    assert F.softmax(Tensor([float("-inf"), 0.0]), 0).tolist() == [0, 1]
    assert np.isnan(F.softmax(Tensor([float("-inf")] * 2), 0).numpy()).all()
    assert F.softmax(Tensor(np.zeros((2, 0))), 1).shape == (2, 0)
    assert F.log_softmax(Tensor(np.zeros((0, 3))), 1).shape == (0, 3)
    assert Tensor([float("-inf")] * 2).logsumexp(0).item() == float("-inf")
    assert Tensor([float("inf"), 1.0]).logsumexp(0).item() == float("inf")
    assert Tensor(np.zeros(0)).logsumexp(0).item() == float("-inf")


def zeros(*shape):
    return Tensor(np.zeros(shape))


@pytest.mark.parametrize("call, error, text", [
    (lambda: F.dropout(zeros(3), 1.5), ArgumentError, r"dropout: p=1.5 is no probability.\n  Use a number from 0"),
    (lambda: F.dropout2d(zeros(3)), ShapeError, r"dropout2d: expects 4 axes, or 3 without a batch, got 1"),
    (lambda: F.feature_alpha_dropout(zeros(3), training=True), ShapeError,
     r"feature_alpha_dropout: expects \(N, C, \.\.\.\), got 1"),
    (lambda: F.softmax(zeros(2, 3)), ArgumentError, r"softmax: dim is missing(.|\n)*Use dim=1 for scores \(N, C\)"),
    (lambda: F.log_softmax(zeros(2, 3)), ArgumentError, r"log_softmax: dim is missing"),
    (lambda: F.softmin(zeros(2, 3)), ArgumentError, r"softmin: dim is missing"),
    (lambda: F.softmax(zeros(2, 3), 2), RangeError, r"softmax: dim=2 is no axis of a tensor with 2 axes"),
])
def test_error_texts(call, error, text):
    with pytest.raises(error, match=text):
        call()
