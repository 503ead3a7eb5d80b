"""Training steps by hand, for libraries that have neither layers nor optimizers in PyTorch's manner."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from benchmarks import models
from benchmarks.cases import Network, Update
from benchmarks.engines.stages import MOMENTUM, RATE, Stages, weights

__all__ = ["Taped"]


class Taped:
    """A library on NumPy arrays; a subclass knows how to differentiate.

    layers   made by `benchmarks.engines.functional.layers`
    """

    layers: Any

    def __init__(self, threads: int):
        pass  # NumPy's own number of threads, from the environment

    def set_threads(self, threads: int) -> None:
        pass

    def network(self, case: Network) -> Stages:
        model = models.create(self.layers, case.model, 10, case.channels, case.side)
        values = list(weights(model.named_parameters()).values())
        images, labels = case.data()
        model.put(values)
        if not case.train:
            model.eval()
            return {"forward": lambda: self.infer(model, images) and None}
        speeds = [np.zeros_like(value) for value in values]

        def step() -> float:
            loss, gradients = self.loss_and_gradients(model, values, images, labels)
            for value, speed, gradient in zip(values, speeds, gradients):
                speed *= MOMENTUM
                speed += gradient
                value -= RATE * speed
            return loss

        return {"step": step}

    def infer(self, model: Any, images: np.ndarray) -> None:
        raise NotImplementedError

    def loss_and_gradients(self, model: Any, values: Sequence[np.ndarray], images: np.ndarray, labels: np.ndarray) -> Any:
        raise NotImplementedError

    def update(self, case: Update) -> Stages:
        raise NotImplementedError("it has no optimizers for these parameters")
