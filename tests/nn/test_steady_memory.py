"""Training for long grows memory by nothing: neither what Python allocated nor what the process has."""

from __future__ import annotations

import gc
import os
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad import kernels

STATM = Path("/proc/self/statm")

# CPython remembers up to 4,096 names that were looked up in a class, and whoever builds a name anew fills them slowly.
forget_names = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache


def traced_bytes() -> int:
    """What Python's objects take, garbage and remembered names apart."""
    gc.collect()
    forget_names()
    return tracemalloc.get_traced_memory()[0]


def resident() -> int:
    """Bytes of the process that are in memory."""
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Training:
    """A small network whose batches differ in size, as the last one of an epoch does."""

    def __init__(self) -> None:
        self.net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.1),
                                 nn.Flatten(), nn.Linear(4 * 3 * 3, 3))
        self.optimizer = nn.optim.Adam(self.net.parameters(), lr=1e-3)
        self.schedule = nn.optim.lr_scheduler.StepLR(self.optimizer, 100)
        rng = np.random.default_rng(0)
        self.batches = [(tg.tensor(rng.normal(size=(n, 1, 8, 8)).astype(np.float32)), tg.tensor(rng.integers(0, 3, size=n)))
                        for n in (8, 8, 5)]

    def steps(self, number: int) -> None:
        for i in range(number):
            images, labels = self.batches[i % 3]
            self.optimizer.zero_grad()
            loss = nn.functional.cross_entropy(self.net(images), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            self.optimizer.step()
            self.schedule.step()


def grown(steps: int) -> tuple[int, int]:
    """Bytes by which traced and resident memory grow during so many steps, after a start."""
    training = Training()
    training.steps(200)
    gc.collect()
    before = resident() if STATM.exists() else 0
    training.steps(steps - steps // 10)
    gc.collect()
    gained = resident() - before if STATM.exists() else 0
    tracemalloc.start()
    try:
        training.steps(10)
        traced = traced_bytes()
        training.steps(steps // 10)
        return traced_bytes() - traced, gained
    finally:
        tracemalloc.stop()


def check(steps: int) -> None:
    traced, gained = grown(steps)
    assert traced < 2_000, f"Python holds {traced:,} bytes more after {steps // 10} steps"
    assert gained < 4_000_000, f"the process has {gained:,} bytes more after {steps} steps"


@pytest.mark.parametrize("name", kernels.available())
def test_memory_does_not_grow(name: str) -> None:
    with kernels.use(name):
        check(500)


@pytest.mark.slow
@pytest.mark.parametrize("name", kernels.available())
def test_memory_does_not_grow_in_ten_thousand_steps(name: str) -> None:
    with kernels.use(name):
        check(10_000)


@pytest.mark.parametrize("name", kernels.available())
def test_nothing_waits_for_the_garbage_collector(name: str) -> None:
    """No reference cycles: a graph goes when its loss does."""
    with kernels.use(name):
        training = Training()
        training.steps(5)
        gc.collect()
        gc.disable()
        try:
            training.steps(20)
            assert gc.collect() == 0
        finally:
            gc.enable()
