"""What engines have in common: stages, names across modules, initial values."""

from __future__ import annotations

import math
from typing import Any, Callable, Iterable

import numpy as np

__all__ = ["Stages", "Names", "weights", "MOMENTUM", "RATE"]

Stages = dict[str, Callable[[], Any]]

MOMENTUM, RATE = 0.9, 0.01


class Names:
    """One namespace out of several modules; the first that has a name wins."""

    def __init__(self, *modules: Any):
        self._modules = modules

    def __getattr__(self, name: str) -> Any:
        for module in self._modules:
            if hasattr(module, name):
                value = getattr(module, name)
                setattr(self, name, value)  # found at once from now on
                return value
        raise NotImplementedError(f"it has no {name}")


def weights(parameters: Iterable[tuple[str, Any]]) -> dict[str, np.ndarray]:
    """The same initial values for every engine: their losses can be compared, and as many ReLUs are dead in each."""
    rng = np.random.default_rng(1)
    values = {}
    for name, parameter in parameters:
        shape = tuple(parameter.shape)
        if len(shape) > 1:
            values[name] = rng.standard_normal(shape, dtype=np.float32) * np.float32(math.sqrt(2 / math.prod(shape[1:])))
        else:
            values[name] = np.full(shape, name.endswith("weight"), np.float32)
    return values
