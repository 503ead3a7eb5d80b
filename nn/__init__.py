"""nn: layers, losses, optimizers, data and training on top of tensorgrad."""

import importlib as _importlib
from typing import Any as _Any

from nn import functional, init, modules
from nn.module import Module
from nn.modules import *  # noqa: F401,F403
from nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter
from nn.summary import summary

__all__ = [
    "Module", "Parameter", "Buffer", "UninitializedParameter", "UninitializedBuffer", *modules.__all__,
    "functional", "init", "modules", "summary",
]

_LAZY = ("optim", "models", "data", "utils", "training", "plots", "serialization", "coach", "func")
_LAZY_NAMES = {"save": "serialization", "load": "serialization", "load_metadata": "serialization"}


def __getattr__(name: str) -> _Any:
    if name in _LAZY:
        return _importlib.import_module(f"nn.{name}")
    if name in _LAZY_NAMES:
        return getattr(_importlib.import_module(f"nn.{_LAZY_NAMES[name]}"), name)
    raise AttributeError(f"module 'nn' has no attribute {name!r}")
