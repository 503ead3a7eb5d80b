"""tensorgrad and PyTorch behind one face, for the rows of the op table: ``lib.cat``, ``lib.F.conv2d``, ``lib.nn.Linear``."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np


class Library:
    """Every public name of a package, its functional module as `F`, its layers as `nn`."""

    def __init__(self, package: str, nn: str):
        self.package, self.layers = package, nn

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("_", "pytest")):  # pytest looks for marks of its own on every name of a module
            raise AttributeError(name)
        return getattr(importlib.import_module(self.package), name)

    @property
    def nn(self) -> Any:
        return importlib.import_module(self.layers)

    @property
    def F(self) -> Any:
        return importlib.import_module(f"{self.layers}.functional")


TENSORGRAD = Library("tensorgrad", "nn")
TORCH = Library("torch", "torch.nn")


def numpy_of(value: Any) -> np.ndarray:
    """The numbers of a tensor of either library, of an array or of a Python number."""
    if hasattr(value, "detach"):
        value = value.detach()
    if hasattr(value, "resolve_neg"):  # PyTorch has lazy tensors of zeros
        return value.numpy(force=True)
    return value.numpy() if hasattr(value, "numpy") else np.asarray(value)


def outputs_of(result: Any) -> tuple[Any, ...]:
    """What a row built, as a tuple: one tensor, or several (named tuples and lists included)."""
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)
