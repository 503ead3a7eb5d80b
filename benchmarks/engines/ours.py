"""tensorgrad, through its ordinary interface."""

from __future__ import annotations

from typing import Any

import numpy as np

import nn
import tensorgrad
from benchmarks.engines.eager import Eager
from benchmarks.engines.stages import Names

__all__ = ["Ours"]


class Ours(Eager):
    """With the kernels it picks by itself, or with those of that name."""

    framework, optim = tensorgrad, nn.optim
    layers = Names(nn, nn.functional, tensorgrad)

    def __init__(self, threads: int, kernels: str | None = None):
        if kernels:
            tensorgrad.kernels.use(kernels)
        self.set_threads(threads)

    def image(self, array: np.ndarray) -> Any:
        if array.ndim != 4:
            return self.tensor(array)
        return self.tensor(np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2))
