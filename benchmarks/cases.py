"""What is timed: one row per training step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A training step: forward, cross-entropy, backward, SGD with momentum, on random images.

    name    of the row
    model   a name in `nn.models` and in `benchmarks.torch_models`
    batch, channels, side   of the images
    """

    name: str
    model: str
    batch: int
    channels: int
    side: int


STEPS = [
    Step("LeNet-5, batch 1", "lenet5", 1, 1, 28),
    Step("LeNet-5, batch 64", "lenet5", 64, 1, 28),
    Step("VGG-small, batch 64", "vgg", 64, 3, 32),
    Step("ResNet-20, batch 64", "resnet20", 64, 3, 32),
]

QUICK = [
    Step("LeNet-5, batch 1", "lenet5", 1, 1, 28),
    Step("LeNet-5, batch 8", "lenet5", 8, 1, 28),
    Step("VGG-small, batch 2", "vgg", 2, 3, 32),
    Step("ResNet-20, batch 2", "resnet20", 2, 3, 32),
]
