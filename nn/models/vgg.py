"""A VGG-style network for small images."""

from __future__ import annotations

from typing import Any

from nn import init
from nn.models.image import height_and_width
from nn.module import Module
from nn.modules import BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential
from tensorgrad.tensor import Tensor

__all__ = ["VGG"]


class VGG(Module):
    """Scores for `num_classes` classes of images: pairs of 3×3 convolutions with batch norm, a pooling after each pair.

    64 - 64 - pool - 128 - 128 - pool - 256 - 256 - pool, then a dense layer of 512 and the scores.  Convolutions have no
    bias, since batch norm subtracts the mean and adds one of its own.

    Shapes
        input    (N, in_channels, H, W), at least 8×8
        result   (N, num_classes)

    Source
        Simonyan and Zisserman 2014, Very deep convolutional networks; batch norm by Ioffe and Szegedy 2015;
        initial values by He et al. 2015

    Example
        >>> import tensorgrad
        >>> VGG(in_channels=3, image_size=32).eval()(tensorgrad.zeros(1, 3, 32, 32)).shape
        (1, 10)
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 3, image_size: Any = 32):
        height, width = height_and_width("VGG", num_classes, in_channels, image_size, least=8)
        self.features = Sequential()
        channels = in_channels
        for filters in (64, 128, 256):
            for _ in range(2):
                self.features.extend([Conv2d(channels, filters, 3, padding=1, bias=False), BatchNorm2d(filters), ReLU()])
                channels = filters
            self.features.append(MaxPool2d(2))
        self.features.append(Flatten())
        self.classifier = Sequential(
            Linear(256 * (height // 8) * (width // 8), 512),
            ReLU(),
            Linear(512, num_classes),
        )
        for module in self.modules():
            if isinstance(module, Conv2d):
                init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, input: Tensor) -> Tensor:
        return self.classifier(self.features(input))
