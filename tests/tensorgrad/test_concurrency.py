"""Python threads that each build and differentiate a graph of their own: the same bits as one after the other."""

from __future__ import annotations

import threading
from typing import Any, Callable

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad import autograd, kernels

THREADS = 8


def convolutional(seed: int) -> list[np.ndarray]:
    """Three training steps of a small network."""
    rng = np.random.default_rng(seed)
    net = nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                        nn.Linear(8 * 6 * 6, 5))
    with tg.no_grad():
        for parameter in net.parameters():
            parameter.copy_(tg.tensor(rng.normal(size=parameter.shape).astype(np.float32) * 0.2))
    optimizer = nn.optim.AdamW(net.parameters(), lr=0.01)
    found = []
    for _ in range(3):
        optimizer.zero_grad()
        scores = net(tg.tensor(rng.normal(size=(6, 2, 12, 12)).astype(np.float32)))
        nn.functional.cross_entropy(scores, tg.tensor(rng.integers(0, 5, size=6))).backward()
        found += [scores.numpy(), *[parameter.grad.numpy().copy() for parameter in net.parameters()]]
        optimizer.step()
    return found + [parameter.numpy() for parameter in net.parameters()]


def second_order(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    x = tg.tensor(rng.normal(size=(4, 30)), requires_grad=True)
    w = tg.tensor(rng.normal(size=(30, 3)), requires_grad=True)
    for _ in range(5):
        y = (x @ w).tanh().softmax(1).log().sum() + (x * x).exp().mean()
        first = autograd.grad(y, [x, w], create_graph=True)
        second = autograd.grad([g.sum() for g in first], [x, w])
    return [g.numpy() for g in (*first, *second)]


def modes(seed: int) -> list[np.ndarray]:
    """Grad modes and scopes of one thread are none of the others' business."""
    x = tg.tensor(np.full(3, float(seed)), requires_grad=True)
    found = []
    for i in range(200):
        with tg.set_grad_enabled((i + seed) % 3 != 0), tg.scope(f"thread{seed}"):
            y = (x * i).exp()
        if (i + seed) % 3:
            assert y.creator is not None and y.creator.scope == f"thread{seed}"
            (g,) = autograd.grad(y.sum(), x)
            found.append(g.numpy())
        else:
            assert y.creator is None
    return found


def write_and_refuse(seed: int) -> list[np.ndarray]:
    """Stale data is noticed where it is stale, and nowhere else."""
    x = tg.tensor(np.full(4, 1.0 + seed), requires_grad=True)
    for i in range(100):
        y = x * x
        if i % 2:
            with tg.no_grad():
                x += 0.01
            with pytest.raises(tg.errors.StaleTensorError):
                y.sum().backward()
        else:
            y.sum().backward()
    assert x.grad is not None
    return [x.grad.numpy(), x.numpy()]


@pytest.mark.parametrize("set_name", kernels.available())
@pytest.mark.parametrize("work", [convolutional, second_order, modes, write_and_refuse], ids=lambda work: work.__name__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_eight_threads_equal_one_after_the_other(work: Callable[[int], list[np.ndarray]], set_name: str) -> None:
    with kernels.use(set_name):
        together_and_alone(work)


def together_and_alone(work: Callable[[int], list[np.ndarray]]) -> None:
    expected = [work(seed) for seed in range(THREADS)]
    found: list[Any] = [None] * THREADS
    barrier = threading.Barrier(THREADS)

    def run(seed: int) -> None:
        barrier.wait()
        try:
            found[seed] = work(seed)
        except Exception as error:  # shown by the comparison
            found[seed] = error

    users = [threading.Thread(target=run, args=(seed,)) for seed in range(THREADS)]
    for user in users:
        user.start()
    for user in users:
        user.join(120)
    for arrays, wanted in zip(found, expected):
        assert isinstance(arrays, list), arrays
        assert len(arrays) == len(wanted)
        for array, other in zip(arrays, wanted):
            np.testing.assert_array_equal(array, other)
