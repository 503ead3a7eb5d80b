"""The machine itself: a fixed matrix product and a copy of memory, in NumPy."""

from __future__ import annotations

import numpy as np

from benchmarks.cases import Case
from benchmarks.engines.stages import Stages

__all__ = ["Control", "PRODUCT", "COPIED"]

PRODUCT = 768  # rows and columns of the factors
COPIED = 16 * 2**20  # bytes


class Control:
    """The same two stages for every row."""

    def __init__(self, threads: int):
        self.a, self.product = np.ones((2, PRODUCT, PRODUCT), np.float32)
        self.source, self.target = np.ones((2, COPIED // 4), np.float32)

    def set_threads(self, threads: int) -> None:
        pass

    def network(self, case: Case) -> Stages:
        return {"product": lambda: np.matmul(self.a, self.a, out=self.product),
                "copy": lambda: np.copyto(self.target, self.source)}

    op = update = network
