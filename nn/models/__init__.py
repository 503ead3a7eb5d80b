"""Networks to start from, by class or by name.

Each takes ``num_classes``, ``in_channels`` and ``image_size`` (one number, or height and width) and adapts to them; an
image too small for it is refused with the smallest one that fits.
"""

from __future__ import annotations

import difflib
from typing import Any, Callable

from nn.models.cnn import CNN
from nn.models.lenet import LeNet5
from nn.models.mlp import MLP
from nn.models.resnet import ResNet20
from nn.models.vgg import VGG
from nn.module import Module
from tensorgrad.errors import ArgumentError

__all__ = ["create", "available", "CNN", "LeNet5", "MLP", "ResNet20", "VGG"]

MODELS: dict[str, Callable[..., Module]] = {"cnn": CNN, "lenet5": LeNet5, "mlp": MLP, "resnet20": ResNet20, "vgg": VGG}


def available() -> list[str]:
    """The names that `create` knows.

    Example
        >>> available()
        ['cnn', 'lenet5', 'mlp', 'resnet20', 'vgg']
    """
    return sorted(MODELS)


def create(name: str, num_classes: int = 10, in_channels: int = 1, image_size: Any = 28, **options: Any) -> Module:
    """A new network by name, with fresh initial values.

    Arguments
        options   further arguments of its class, such as ``hidden=(64,)`` for "mlp"

    Raises
        ArgumentError   an unknown name; an image too small for the network

    Example
        >>> create("lenet5", num_classes=10, in_channels=1, image_size=8).classifier[0]
        Linear(in_features=64, out_features=120, bias=True)
    """
    key = str(name).lower().replace("-", "").replace("_", "")
    if key not in MODELS:
        close = difflib.get_close_matches(key, MODELS, n=1)
        raise ArgumentError(f"create: there is no model {name!r}.\n  Use one of {', '.join(available())}."
                            + (f"  Did you mean {close[0]!r}?" if close else ""))
    return MODELS[key](num_classes, in_channels, image_size, **options)
