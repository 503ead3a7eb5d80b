"""The networks against their twins in PyTorch: the same weights give the same gradients and the same 20 training steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad import kernels

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]
torch = pytest.importorskip("torch")
torch_models = pytest.importorskip("benchmarks.torch_models")

SIDES = {"lenet5": 12, "vgg": 8, "resnet20": 9}  # of the images to train on; 9 is odd after each halving

OPTIMIZERS = {
    "SGD": ("SGD", {"lr": 0.05}),
    "SGD, momentum": ("SGD", {"lr": 0.05, "momentum": 0.9}),
    "SGD, Nesterov, weight decay": ("SGD", {"lr": 0.02, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-3}),
    "Adagrad": ("Adagrad", {}),
    "RMSprop": ("RMSprop", {}),
    "Adam": ("Adam", {}),
    "Adam, amsgrad": ("Adam", {"amsgrad": True}),
    "AdamW": ("AdamW", {"weight_decay": 0.1}),
}

# Every optimizer on the reference kernels, one on all others.
RUNS = [(optimizer, "reference") for optimizer in OPTIMIZERS]
RUNS += [("SGD, Nesterov, weight decay", name) for name in kernels.available() if name != "reference"]


def twins(name: str, channels: int, side: int, dtype: str = "float64") -> tuple[Any, Any]:
    """The network in both libraries, with our initial values."""
    ours = nn.models.create(name, 10, channels, side).to(getattr(tg, dtype))
    theirs = torch_models.create(name, 10, channels, side).to(getattr(torch, dtype))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict(to_torch(ours.state_dict()))
    return ours, theirs


def to_torch(state: Any) -> dict[str, Any]:
    return {key: torch.tensor(np.asarray(value)) for key, value in state.items()}


def close(ours: Any, theirs: Any, rtol: float) -> None:
    """Equal to `rtol` of the largest entry."""
    ours, theirs = np.asarray(ours), theirs.detach().numpy()
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=rtol * max(1e-3, float(np.abs(theirs).max())))


def losses(ours: Any, theirs: Any, images: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
    """Cross-entropy in both libraries, after backward."""
    loss = nn.functional.cross_entropy(ours(tg.tensor(images)), tg.tensor(labels))
    wanted = torch.nn.functional.cross_entropy(theirs(torch.tensor(images)), torch.tensor(labels))
    loss.backward()
    wanted.backward()
    return loss, wanted


@pytest.mark.parametrize("kernel_set", kernels.available())
@pytest.mark.parametrize("side", [8, 28, 32])
@pytest.mark.parametrize("name", nn.models.available())
def test_scores_and_gradients(rng, name, side, kernel_set):
    ours, theirs = twins(name, 3, side)
    images, labels = rng.normal(size=(4, 3, side, side)), rng.integers(0, 10, 4)
    with kernels.use(kernel_set):
        close(ours.eval()(tg.tensor(images)), theirs.eval()(torch.tensor(images)), 1e-10)
        close(*losses(ours.train(), theirs.train(), images, labels), 1e-10)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        close(p.grad, q.grad, 1e-9)


@pytest.mark.parametrize("kernel_set", kernels.available())
@pytest.mark.parametrize("name", nn.models.available())
def test_scores_and_gradients_in_float32(rng, name, kernel_set):
    ours, theirs = twins(name, 3, 16, "float32")
    images, labels = rng.normal(size=(8, 3, 16, 16)).astype(np.float32), rng.integers(0, 10, 8)
    with kernels.use(kernel_set):
        close(ours.eval()(tg.tensor(images)), theirs.eval()(torch.tensor(images)), 1e-4)
        close(*losses(ours.train(), theirs.train(), images, labels), 1e-4)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        close(p.grad, q.grad, 2e-3)


@pytest.mark.parametrize("optimizer, kernel_set", RUNS)
@pytest.mark.parametrize("name", SIDES)
def test_twenty_training_steps(rng, name, optimizer, kernel_set):
    side = SIDES[name]
    ours, theirs = twins(name, 1, side)
    rule, options = OPTIMIZERS[optimizer]
    mine, other = (getattr(library.optim, rule)(model.parameters(), **options)
                   for library, model in ((nn, ours), (torch, theirs)))
    with kernels.use(kernel_set):
        for _ in range(20):
            images, labels = rng.normal(size=(6, 1, side, side)), rng.integers(0, 10, 6)
            mine.zero_grad()
            other.zero_grad()
            close(*losses(ours, theirs, images, labels), 1e-8)
            mine.step()
            other.step()
        for (key, value), wanted in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
            close(value, wanted, 1e-8)
            assert not key.endswith("num_batches_tracked") or value.item() == 20
        close(ours.eval()(tg.tensor(images)), theirs.eval()(torch.tensor(images)), 1e-8)


# -- state dicts -------------------------------------------------------------------------------------------------------


def trained(name: str) -> tuple[Any, Any]:
    """A network of PyTorch after a step, and a fresh one of ours."""
    theirs = torch_models.create(name, 10, 3, 16)
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
    theirs(torch.randn(4, 3, 16, 16)).square().mean().backward()
    optimizer.step()
    return theirs, nn.models.create(name, 10, 3, 16)


def same(ours: Any, theirs: Any) -> None:
    """Two state dicts with the same names in the same order, dtypes and bits."""
    assert list(ours) == list(theirs)
    for value, wanted in zip(ours.values(), theirs.values()):
        value, wanted = np.asarray(value), np.asarray(wanted)
        assert value.dtype == wanted.dtype
        np.testing.assert_array_equal(value, wanted)


@pytest.mark.parametrize("name", nn.models.available())
def test_state_dict_from_pytorch_and_back(name):
    theirs, ours = trained(name)
    ours.load_state_dict(theirs.state_dict())
    same(ours.state_dict(), theirs.state_dict())
    again = torch_models.create(name, 10, 3, 16)
    again.load_state_dict(to_torch(ours.state_dict()))
    same(again.state_dict(), theirs.state_dict())


@pytest.mark.parametrize("name", nn.models.available())
@pytest.mark.filterwarnings("ignore:.*has no checksum")
def test_state_dict_through_files(name, tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    theirs, ours = trained(name)
    safetensors.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    ours.load_state_dict(nn.load(tmp_path / "theirs.safetensors"))
    same(ours.state_dict(), theirs.state_dict())
    nn.save(ours.state_dict(), tmp_path / "ours.safetensors")
    again = torch_models.create(name, 10, 3, 16)
    again.load_state_dict(safetensors.load_file(tmp_path / "ours.safetensors"))
    same(again.state_dict(), theirs.state_dict())
    images = np.random.default_rng(0).normal(size=(2, 3, 16, 16)).astype(np.float32)
    close(ours.eval()(tg.tensor(images)), again.eval()(torch.tensor(images)), 1e-4)


def test_pytorch_trains_on_where_we_stop(rng):
    ours, theirs = twins("resnet20", 1, 8)
    images, labels = rng.normal(size=(6, 1, 8, 8)), rng.integers(0, 10, 6)
    mine = nn.optim.Adam(ours.parameters(), amsgrad=True)
    for _ in range(3):
        mine.zero_grad()
        nn.functional.cross_entropy(ours(tg.tensor(images)), tg.tensor(labels)).backward()
        mine.step()
    theirs.load_state_dict(to_torch(ours.state_dict()))
    state = mine.state_dict()
    state["state"] = {i: to_torch(entry) for i, entry in state["state"].items()}
    other = torch.optim.Adam(theirs.parameters(), amsgrad=True)
    other.load_state_dict(state)
    for _ in range(3):
        mine.zero_grad()
        other.zero_grad()
        close(*losses(ours, theirs, images, labels), 1e-10)
        mine.step()
        other.step()
    for value, wanted in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        close(value, wanted, 1e-9)
