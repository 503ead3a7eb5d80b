"""The networks against their twins in PyTorch: the same weights give the same gradients and the same 20 training steps."""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np
import pytest

import nn
import tensorgrad as tg

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")
torch_models = pytest.importorskip("benchmarks.torch_models")

OPTIMIZERS = {
    "SGD": {"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-3},
    "Adagrad": {"lr": 1e-3},
    "RMSprop": {"lr": 1e-4},
    "Adam": {"lr": 1e-4, "amsgrad": True},
    "AdamW": {"lr": 1e-4},
}


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """PyTorch's threads wait for each other for longer than these sizes take."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def twins(name: str, channels: int, side: int) -> tuple[Any, Any]:
    """The network in both libraries in float64, with our initial values."""
    ours = nn.models.create(name, 10, channels, side).double()
    theirs = torch_models.create(name, 10, channels, side).double()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict({key: torch.tensor(np.asarray(value)) for key, value in ours.state_dict().items()})
    return ours, theirs


def close(ours: Any, theirs: Any, rtol: float) -> None:
    ours, theirs = np.asarray(ours), theirs.detach().numpy()
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=rtol * max(1e-3, float(np.abs(theirs).max())))


@pytest.mark.parametrize("side", [8, 28, 32])
@pytest.mark.parametrize("name", nn.models.available())
def test_scores_and_gradients(rng, name, side):
    ours, theirs = twins(name, 3, side)
    images, labels = rng.normal(size=(4, 3, side, side)), rng.integers(0, 10, 4)
    close(ours.eval()(tg.tensor(images)), theirs.eval()(torch.tensor(images)), 1e-10)
    ours.train()
    theirs.train()
    nn.CrossEntropyLoss()(ours(tg.tensor(images)), tg.tensor(labels)).backward()
    torch.nn.CrossEntropyLoss()(theirs(torch.tensor(images)), torch.tensor(labels)).backward()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        close(p.grad, q.grad, 1e-9)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", ["lenet5", "vgg", "resnet20"])
def test_twenty_training_steps(rng, name, optimizer):
    ours, theirs = twins(name, 1, 8)
    mine = getattr(nn.optim, optimizer)(ours.parameters(), **OPTIMIZERS[optimizer])
    other = getattr(torch.optim, optimizer)(theirs.parameters(), **OPTIMIZERS[optimizer])
    for _ in range(20):
        images, labels = rng.normal(size=(4, 1, 8, 8)), rng.integers(0, 10, 4)
        mine.zero_grad()
        other.zero_grad()
        loss = nn.functional.cross_entropy(ours(tg.tensor(images)), tg.tensor(labels))
        wanted = torch.nn.functional.cross_entropy(theirs(torch.tensor(images)), torch.tensor(labels))
        close(loss, wanted, 1e-8)
        loss.backward()
        wanted.backward()
        mine.step()
        other.step()
    for value, theirs_value in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        close(value, theirs_value, 1e-8)
