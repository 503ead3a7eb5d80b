"""The networks of `nn.models` in PyTorch, with the same names and shapes in the state dict; the initial values differ."""

from __future__ import annotations

from typing import Any

import nn
from benchmarks import models
from benchmarks.engines.torch import layers

__all__ = ["MODELS", "create"]

MODELS = {name: models.MODELS[name] for name in nn.models.available()}


def create(name: str, num_classes: int, in_channels: int, image_size: int) -> Any:
    """The twin of ``nn.models.create(name, num_classes, in_channels, image_size)``."""
    return models.create(layers, name, num_classes, in_channels, image_size)
