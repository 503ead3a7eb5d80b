"""The same seed and the same number of threads give the same bits: outputs, gradients and twenty steps of every network."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Iterator

import numpy as np
import pytest

import benchmarks.models
import nn
import tensorgrad as tg
from benchmarks.engines.ours import Ours
from nn import models
from tensorgrad import kernels

STEPS = 20
SIZES = {"resnet20": 8, "vgg": 8, "mobilenet": 8, "unet": 8, "dilated": 8, "alexnet": 63}  # the least for the last
NETWORKS = [*models.available(), *[name for name in benchmarks.models.MODELS if name not in models.available()]]


def digest(arrays: list[np.ndarray]) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def training(name: str, steps: int = STEPS) -> Iterator[str]:
    """Digests of scores and gradients per step, and of the parameters and buffers at the end."""
    tg.manual_seed(7)
    size = SIZES.get(name, 12)
    net = (models.create(name, num_classes=5, in_channels=3, image_size=size) if name in models.available()
           else benchmarks.models.create(Ours.layers, name, 5, 3, size))
    optimizer = nn.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-3)
    rng = np.random.default_rng(1)
    for _ in range(steps):
        images = tg.tensor(rng.normal(size=(9, 3, size, size)).astype(np.float32))
        scores = net(images)
        optimizer.zero_grad()
        nn.functional.cross_entropy(scores, tg.tensor(rng.integers(0, 5, size=(9, *scores.shape[2:])))).backward()
        yield digest([scores.numpy(), *[p.grad.numpy() for p in net.parameters()]])
        optimizer.step()
    yield digest([value.numpy() for value in net.state_dict().values()])


@pytest.fixture(params=[1, 2], ids=["one-thread", "two-threads"])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = kernels.get_num_threads()
    kernels.set_num_threads(request.param)
    yield request.param
    kernels.set_num_threads(before)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name == "alexnet")) for name in NETWORKS])
def test_twenty_steps_are_the_same_bit_by_bit(name: str, threads: int) -> None:
    first = list(training(name))
    moved = [np.empty(8 * n + 1, np.uint8) for n in range(1, 200, 7)]  # the second run gets other places in memory
    second = list(training(name))
    assert len(set(first)) == STEPS + 1, "each step differs from the others"
    assert first == second
    del moved


def test_another_seed_gives_other_bits() -> None:
    tg.manual_seed(1)
    one = models.create("mlp", image_size=8)(tg.ones(1, 1, 8, 8)).numpy()
    assert not np.array_equal(one, models.create("mlp", image_size=8)(tg.ones(1, 1, 8, 8)).numpy())


PROGRAM = """
import sys
from tensorgrad import kernels
from tests.nn.test_determinism import training
kernels.set_num_threads(int(sys.argv[1]))
print(*training(sys.argv[2]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_in_another_process(name: str, threads: int) -> None:
    """With other hashes of strings, other addresses, and kernels that come from the cache or not."""
    printed = []
    for hashes in ("1", "2"):
        run = subprocess.run([sys.executable, "-c", PROGRAM, str(threads), name], capture_output=True, text=True, check=True,
                             env={**os.environ, "PYTHONHASHSEED": hashes})
        printed.append(run.stdout.split())
    assert printed[0] == printed[1] == list(training(name))
