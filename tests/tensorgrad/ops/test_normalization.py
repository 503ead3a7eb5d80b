"""Normalisation: running statistics, memory layouts, large images in float32, and error texts."""

import numpy as np
import pytest

import nn.functional as F
from tensorgrad import Tensor, autograd
from tensorgrad.errors import ArgumentError, ShapeError


def channels_last(array):
    return np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def composed(x, weight, bias, eps=1e-5):
    """Batch normalisation spelled out in ops, whose gradients the engine finds by itself."""
    mean = x.mean((0, 2, 3), keepdim=True)
    var = ((x - mean) * (x - mean)).mean((0, 2, 3), keepdim=True)
    return (x - mean) / (var + eps).sqrt() * weight.reshape(1, -1, 1, 1) + bias.reshape(1, -1, 1, 1)


@pytest.mark.parametrize("layout", [np.ascontiguousarray, channels_last])
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-9), (np.float32, 2e-3)])
def test_large_batches_agree_with_the_spelled_out_formula(layout, dtype, tolerance, rng):
    arrays = [rng.normal(3.0, 2.0, size=(6, 5, 24, 23)), rng.normal(size=5), rng.normal(size=5)]
    grad_out = rng.normal(size=(6, 5, 24, 23))
    results = []
    ours = (lambda x, weight, bias: F.batch_norm(x, None, None, weight, bias, training=True)), dtype
    for function, kind in (ours, (composed, np.float64)):
        inputs = [Tensor((layout(a) if a.ndim == 4 else a).astype(kind, order="K"), requires_grad=True) for a in arrays]
        y = function(*inputs)
        results.append([y, *autograd.grad(y, inputs, Tensor(layout(grad_out).astype(kind, order="K")))])
    for found, wanted in zip(*results):
        assert found.dtype == dtype
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=tolerance, atol=tolerance)


def test_the_layout_of_the_input_is_kept():
    image = channels_last(np.random.default_rng(0).normal(size=(2, 4, 3, 5)).astype(np.float32))
    x = Tensor(image, requires_grad=True)
    for y in (F.batch_norm(x, None, None, training=True), F.group_norm(x, 2), F.instance_norm(x),
              F.batch_norm(x, Tensor(np.zeros(4, np.float32)), Tensor(np.ones(4, np.float32)))):
        assert y.numpy().strides == image.strides


def test_running_statistics_move_by_momentum_outside_the_graph():
    x = np.array([[1.0, 10.0], [3.0, 30.0], [5.0, 20.0]])
    mean, var = Tensor(np.array([1.0, 0.0])), Tensor(np.array([1.0, 2.0]))
    y = F.batch_norm(Tensor(x, requires_grad=True), mean, var, training=True, momentum=0.25)
    np.testing.assert_allclose(mean.numpy(), [0.75 * 1 + 0.25 * 3, 0.25 * 20])
    np.testing.assert_allclose(var.numpy(), [0.75 * 1 + 0.25 * 4, 0.75 * 2 + 0.25 * 100])  # n - 1 in the denominator
    assert not mean.requires_grad and y.requires_grad
    np.testing.assert_allclose(y.numpy(), (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5))  # n in the denominator


def test_instance_norm_moves_them_by_the_average_over_images():
    x = np.random.default_rng(0).normal(size=(4, 2, 6))
    mean, var = Tensor(np.zeros(2)), Tensor(np.ones(2))
    F.instance_norm(Tensor(x), mean, var, momentum=0.1)
    np.testing.assert_allclose(mean.numpy(), 0.1 * x.mean((0, 2)))
    np.testing.assert_allclose(var.numpy(), 0.9 + 0.1 * x.var(2, ddof=1).mean(0))


def test_training_on_after_evaluation_does_not_spoil_its_backward():
    """The op of an evaluation keeps numbers of its own; the running ones may move before its backward."""
    x = Tensor(np.array([[1.0], [2.0]]), requires_grad=True)
    weight = Tensor(np.array([2.0]), requires_grad=True)
    mean, var = Tensor(np.array([1.0])), Tensor(np.array([4.0]))
    y = F.batch_norm(x, mean, var, weight, eps=0.0)
    F.batch_norm(Tensor(np.array([[50.0], [60.0]])), mean, var, training=True)
    y.sum().backward()
    assert x.grad.tolist() == [[1.0], [1.0]] and weight.grad.tolist() == [0.5]


def test_float16_is_normalised_in_float32():
    x = np.full((64, 2, 32, 32), 200, np.float16)
    x[:, 1] += 1
    x = Tensor(x, requires_grad=True)
    y = F.batch_norm(x, None, None, training=True)  # the sum over a channel is beyond float16
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float16 and np.isfinite(y.numpy()).all() and np.isfinite(x.grad.numpy()).all()


def test_a_large_mean_costs_no_digits():
    x = np.random.default_rng(0).normal(size=(256, 3)) + 1e6
    y = F.batch_norm(Tensor(x), None, None, training=True)
    np.testing.assert_allclose(y.numpy(), (x - x.mean(0)) / x.std(0), atol=1e-4)


@pytest.mark.parametrize("normalise", [
    lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
    lambda x, w, b: F.instance_norm(x, weight=w, bias=b),
    lambda x, w, b: F.group_norm(x, 2, w, b)])
def test_an_empty_batch_stays_empty(normalise):
    x, w, b = [Tensor(np.ones(shape), requires_grad=True) for shape in ((0, 4, 3), (4,), (4,))]
    y = normalise(x, w, b)
    y.sum().backward()
    assert y.shape == x.grad.shape == (0, 4, 3) and w.grad.tolist() == b.grad.tolist() == [0.0] * 4


def zeros(*shape):
    return Tensor(np.zeros(shape))


@pytest.mark.parametrize("call, error, text", [
    (lambda: F.batch_norm(zeros(4), None, None, training=True), ShapeError, r"expects \(N, C, \.\.\.\), got 1 axes"),
    (lambda: F.batch_norm(zeros(1, 3), None, None, training=True), ShapeError,
     r"expected more than 1 value per channel when training, got one(.|\n)*drop_last=True(.|\n)*model\.eval\(\)"),
    (lambda: F.batch_norm(zeros(4, 3), None, None), ArgumentError,
     r"batch_norm: there are no running statistics(.|\n)*training=True"),
    (lambda: F.batch_norm(zeros(4, 3), zeros(3), zeros(3), zeros(4)), ShapeError,
     r"weight has shape \(4,\), not \(3,\)(.|\n)*num_features=3"),
    (lambda: F.layer_norm(zeros(4, 3), 4), ShapeError,
     r"layer_norm: the last axes are \(3,\), normalized_shape is \(4,\)(.|\n)*Set normalized_shape=\(3,\)"),
    (lambda: F.layer_norm(zeros(4, 3), ()), ShapeError, r"normalized_shape is \(\)"),
    (lambda: F.layer_norm(zeros(4, 3), 3, zeros(4)), ShapeError, r"weight has shape \(4,\), not \(3,\)"),
    (lambda: F.group_norm(zeros(4, 6), 4), ShapeError, r"6 channels cannot be parted into 4(.|\n)*from \[1, 2, 3, 6\]"),
    (lambda: F.group_norm(zeros(1, 2), 2), ShapeError,
     r"more than 1 value per group, got one(.|\n)*fewer than 2 groups"),
    (lambda: F.group_norm(zeros(4, 6), 2, zeros(3)), ShapeError,
     r"weight has shape \(3,\), not \(6,\)(.|\n)*num_channels=6"),
    (lambda: F.instance_norm(zeros(4, 3, 1)), ShapeError, r"more than 1 value per channel and image, got one"),
    (lambda: F.instance_norm(zeros(4, 3, 2), use_input_stats=False), ArgumentError,
     r"instance_norm: there are no running statistics(.|\n)*use_input_stats=True"),
    (lambda: F.rms_norm(zeros(4, 3), 4), ShapeError, r"rms_norm: the last axes are \(3,\), normalized_shape is \(4,\)"),
    (lambda: F.rms_norm(zeros(4, 3), 3, zeros(4)), ShapeError, r"rms_norm: weight has shape \(4,\), not \(3,\)"),
    (lambda: F.local_response_norm(zeros(4, 3), 2), ShapeError,
     r"local_response_norm: expects \(N, C, \.\.\.\), got 2 axes"),
])
def test_error_texts(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("call", [
    lambda x, w: F.batch_norm(x, Tensor([0.5, 1.0]), Tensor([1.0, 4.0]), w),
    lambda x, w: F.batch_norm(x, None, None, w, training=True), lambda x, w: F.layer_norm(x, (2,), w),
    lambda x, w: F.rms_norm(x, (2,), w),
], ids=["measured", "batch", "layer", "rms"])
def test_only_the_weight_wants_a_gradient(call):
    data = np.array([[1.0, 2.0], [3.0, 7.0]])
    grads = []
    for wanted in (True, False):
        x, w = Tensor(data, requires_grad=wanted), Tensor(np.array([2.0, 3.0]), requires_grad=True)
        (call(x.float(), w.float()) * Tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
        grads.append(w.grad.tolist())
        assert (x.grad is not None) == wanted
    assert grads[0] == grads[1] and any(grads[0])


def test_running_statistics_in_plain_arrays():
    mean, var = np.zeros(2, np.float32), np.ones(2, np.float32)
    F.batch_norm(Tensor([[1.0, 2.0], [3.0, 6.0]]), mean, var, training=True, momentum=0.5)
    assert mean.tolist() == [1.0, 2.0] and var.tolist() == [1.5, 4.5]


def test_images_without_pixels():
    x = Tensor(np.zeros((2, 3, 0)), requires_grad=True)
    y = F.instance_norm(x)
    y.sum().backward()
    assert y.shape == x.grad.shape == (2, 3, 0)
