"""Every test starts from the same seeds, and fails if it leaves one of the library's switches changed."""

from __future__ import annotations

import os
import random
from typing import Any, Iterator

import numpy as np
import pytest

import tensorgrad
from tensorgrad import kernels
from tensorgrad.kernels import choices
from tensorgrad.random import manual_seed
from tensorgrad.recording import here

SEED = 20_240_607
os.environ["TENSORGRAD_QUIET"] = "1"  # here and in processes that tests start


def switches() -> dict[str, Any]:
    """What code can switch for the whole process or thread, by name."""
    return {"grad mode": here.recording, "scope": here.scope, "default dtype": tensorgrad.get_default_dtype(),
            "kernel set": kernels.active().name, "algorithms": choices.current(),
            "number of threads": kernels.get_num_threads()}


def reset(before: dict[str, Any]) -> None:
    """Put the switches back, so that one bad test fails alone."""
    here.recording, here.scope = before["grad mode"], before["scope"]
    tensorgrad.set_default_dtype(before["default dtype"])
    kernels.use(before["kernel set"])
    kernels.algorithms(**before["algorithms"]._asdict())
    kernels.set_num_threads(before["number of threads"])


@pytest.fixture(autouse=True)
def seeds() -> None:
    """The same random numbers in every test, whatever ran before it."""
    random.seed(SEED)
    np.random.seed(SEED)
    manual_seed(SEED)


@pytest.fixture(autouse=True)
def switches_restored() -> Iterator[None]:
    """Fails a test that leaves grad mode, scope, default dtype, kernel set or number of threads changed."""
    before = switches()
    yield
    after = switches()
    if after != before:
        reset(before)
        changed = {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}
        pytest.fail(f"the test left these switches changed, {{name: (before, after)}}: {changed}", pytrace=False)


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator of the test's own."""
    return np.random.default_rng(SEED)
