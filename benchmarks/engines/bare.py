"""NumPy alone: the calls of a row, forward and backward, with nothing recorded and nothing looked up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.cases import Case, Op
from benchmarks.engines.stages import Names, Stages

__all__ = ["Bare"]


class Bare:
    """What a library that calls NumPy once per op, as its user does, cannot fall below; no peer."""

    layers = Names(SimpleNamespace(relu=lambda x: np.maximum(x, 0), matmul=np.dot), np)

    def __init__(self, threads: int):
        pass  # NumPy's own number of threads, from the environment

    def set_threads(self, threads: int) -> None:
        pass

    def network(self, case: Case) -> Stages:
        raise NotImplementedError("its NumPy calls are not written out")

    update = network

    def op(self, case: Op) -> Stages:
        call, walk = case.call, case.walk
        if walk is None:
            return self.network(case)
        rng = np.random.default_rng(0)
        arrays = [given.array(rng) for given in case.inputs]
        layers: Any = self.layers
        gradient = rng.standard_normal(np.shape(call(layers, *arrays)), dtype=np.float32)
        others = arrays[1:] or arrays  # what the rules read: the constant, or numbers like the results
        return {"forward": lambda: call(layers, *arrays) is None,
                "backward": lambda: walk(layers, gradient, *others) is None}
