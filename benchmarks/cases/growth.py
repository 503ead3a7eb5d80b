"""Time against one size at a time; the report fits an exponent to each axis."""

from __future__ import annotations

import os
from dataclasses import replace

from benchmarks.cases.case import Case, Network, Op
from benchmarks.cases.ops import conv
from benchmarks.cases.tape import FIXED, SMALL, chain

__all__ = ["GROWTH", "QUICK_GROWTH", "AXES"]

AXES = {"batch": "MNIST CNN, training step", "channels": "convolution 3×3, 8 images of 28×28, forward and both gradients",
        "side": "convolution 3×3, 32→32 channels, batch 8, forward and both gradients",
        "depth": "chain of products of 10 numbers, forward and backward", "threads": "MNIST CNN, batch 64, training step"}

SINGLE = {"jax": "its number of threads is fixed when it starts", "tinygrad": "its threads are not set from outside"}


def axes(batches: list[int], channels: list[int], sides: list[int], depths: list[int], threads: list[int]) -> list[Case]:
    """The rows of all axes."""
    step = Network("", "mnist_cnn", max(batches), 1, 28)
    return [
        *(replace(step, name=f"batch {n}", family="growth", batch=n, at=("batch", n)) for n in batches),
        *(conv("growth", 8, n, 28, n, 3, name=f"channels {n}", at=("channels", n)) for n in channels),
        *(conv("growth", 8, 32, n, 32, 3, name=f"side {n}", at=("side", n)) for n in sides),
        *(Op(f"depth {n}", "growth", chain(n, lambda lib, x, c: x * c), (SMALL, FIXED), calls=n, at=("depth", n))
          for n in depths),
        *(replace(step, name=f"threads {n}", family="growth", at=("threads", n), threads=n, skips=SINGLE) for n in threads),
    ]


def thread_counts() -> list[int]:
    """1, 2, 4, ... up to the processors here, and that number itself."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return sorted({*(2**i for i in range(cores.bit_length()) if 2**i <= cores), cores})


GROWTH = axes([1, 4, 16, 64], [8, 16, 32, 64, 128], [8, 16, 32, 64, 128], [10, 100, 1000, 10_000], thread_counts())

QUICK_GROWTH = axes([1, 2], [4, 8], [4, 8], [5, 10], [1])
