"""Checkpointed parts: the same gradients for less memory, and refusals where that cannot be."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import nn
import tensorgrad
from tensorgrad.autograd import Function, checkpoint, checkpoint_sequential, grad
from tensorgrad.errors import ArgumentError, GraphError, StaleTensorError
from tensorgrad.op import restorers


def net():
    tensorgrad.manual_seed(3)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3, track_running_stats=False), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Dropout(0.5), nn.Flatten(), nn.Linear(27, 4), nn.GELU())


def gradients(model, x, run):
    tensorgrad.manual_seed(5)
    x = tensorgrad.tensor(x, requires_grad=True)
    loss = (run(x) ** 2).sum()
    found = tensorgrad.rand(2)  # the generator goes on from where it was
    model.zero_grad()
    loss.backward()
    assert (tensorgrad.rand(2).numpy() != found.numpy()).all()
    return [loss.item(), x.grad.numpy(), *[p.grad.numpy() for p in model.parameters()], found.numpy()]


@pytest.fixture
def images(rng):
    return rng.normal(size=(2, 1, 8, 8)).astype(np.float32)


@pytest.mark.parametrize("ways", ["whole", "in parts", "nested", "lambda", "keyword"])
def test_gradients_are_those_without(images, ways):
    model = net()
    parts = {"whole": lambda x: checkpoint(model, x),
             "in parts": lambda x: checkpoint_sequential(model, 3, x),
             "nested": lambda x: checkpoint(lambda x: checkpoint(model[4:], checkpoint(model[:4], x)), x),
             "lambda": lambda x: checkpoint(lambda: model(x)),
             "keyword": lambda x: checkpoint(lambda *, x: model(x), x=x)}
    for ours, plain in zip(gradients(model, images, parts[ways]), gradients(model, images, model)):
        np.testing.assert_array_equal(ours, plain)


def test_second_derivatives(rng):
    w = tensorgrad.tensor(rng.normal(size=(3, 3)), requires_grad=True)
    x = tensorgrad.tensor(rng.normal(size=(2, 3)), requires_grad=True)

    def function(x):
        return (x @ w).tanh().exp().sum()

    found = []
    for run in (function, lambda x: checkpoint(function, x)):
        first = grad(run(x), [x, w], create_graph=True)
        found.append([g.numpy() for g in (*first, *grad((first[0] * first[1].sum()).sum(), [x, w]))])
    for a, b in zip(*found):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_only_some_gradients(images):
    model = net()
    x = tensorgrad.tensor(images)
    tensorgrad.manual_seed(1)
    (plain,) = grad((model(x) ** 2).sum(), [model[6].weight])
    tensorgrad.manual_seed(1)
    (ours,) = grad((checkpoint(model, x) ** 2).sum(), [model[6].weight])
    np.testing.assert_array_equal(plain.numpy(), ours.numpy())


def test_several_results_in_any_form(rng):
    x = tensorgrad.tensor(rng.normal(size=3), requires_grad=True)
    found = checkpoint(lambda x: {"a": [x.exp(), 3], "b": (x.sin(),)}, x)
    (found["a"][0].sum() + found["b"][0].sum()).backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp(x.numpy()) + np.cos(x.numpy()))


def test_functions_of_ones_own(rng):
    class Double(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            ctx.factor = 2.0
            return x * x, x * ctx.factor

        @staticmethod
        def backward(ctx, square, twice):
            (x,) = ctx.saved_tensors
            return 2 * x * square + ctx.factor * twice

    x = tensorgrad.tensor(rng.normal(size=3), requires_grad=True)
    square, twice = checkpoint(lambda x: Double.apply(x.exp()), x)
    (square.sum() + twice.sum()).backward()
    y = np.exp(x.numpy())
    np.testing.assert_allclose(x.grad.numpy(), (2 * y + 2) * y)


def test_memory_between_forward_and_backward():
    def deep(x):
        for _ in range(20):
            x = x.sigmoid()
        return x

    held = []
    for run in (deep, lambda x: checkpoint(deep, x)):
        x = tensorgrad.zeros(100_000, requires_grad=True)
        gc.collect()
        tracemalloc.start()
        y = run(x)
        held.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        y.sum().backward()
    assert held[1] < held[0] / 5


def test_nothing_stays_alive():
    before = len(restorers)
    x = tensorgrad.zeros(3, requires_grad=True)
    y = checkpoint(lambda x: x.exp().sin(), x)
    assert len(restorers) > before
    creator = weakref.ref(y.creator)
    y.sum().backward()
    del y
    gc.collect()
    assert creator() is None and len(restorers) == before


def test_twice():
    x = tensorgrad.tensor([1.0], requires_grad=True)
    y = checkpoint(lambda x: x.exp(), x)
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_allclose(x.grad.numpy(), [2 * np.e], rtol=1e-6)
    with pytest.raises(GraphError, match="already used by a backward pass"):
        y.backward()


def test_nothing_recorded_nothing_kept():
    x = tensorgrad.tensor([1.0], requires_grad=True)
    with tensorgrad.no_grad():
        assert not checkpoint(lambda x: x.exp(), x).requires_grad


def test_a_function_that_does_something_else_the_second_time():
    calls = []

    def moody(x):
        calls.append(1)
        return x.exp().sin() if len(calls) == 1 else x.exp().cos()

    y = checkpoint(moody, tensorgrad.tensor([1.0], requires_grad=True))
    with pytest.raises(GraphError, match=r"something else the second time(.|\n)*at first  sin(.|\n)*now       cos"):
        y.backward()


def test_a_parameter_changed_in_between_is_noticed():
    w = tensorgrad.tensor([2.0], requires_grad=True)
    y = checkpoint(lambda x: (x * w).exp(), tensorgrad.tensor([1.0], requires_grad=True))
    with tensorgrad.no_grad():
        w.add_(1)
    with pytest.raises(StaleTensorError):
        y.backward()


@pytest.mark.parametrize("segments", [0, 4])
def test_segments(segments):
    with pytest.raises(ArgumentError, match="1 to 3 segments"):
        checkpoint_sequential([abs] * 3, segments, tensorgrad.ones(1))


def test_without_the_random_state():
    """What is drawn is drawn anew by backward; where nothing is drawn the gradients are the same."""
    x = tensorgrad.tensor([1.0, 2.0], requires_grad=True)
    checkpoint(lambda t: t.exp() * 2, x, preserve_rng_state=False).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp([1.0, 2.0]), rtol=1e-6)
    drawn = []

    def noisy(t):
        drawn.append(tensorgrad.rand(4).tolist())
        return t.exp()

    for preserve in (False, True):
        checkpoint(noisy, x, preserve_rng_state=preserve).sum().backward()
    assert drawn[0] != drawn[1] and drawn[2] == drawn[3]
