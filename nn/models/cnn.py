"""A small convolutional network for small images."""

from __future__ import annotations

from typing import Any

from nn.models.image import height_and_width
from nn.module import Module
from nn.modules import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential
from tensorgrad.tensor import Tensor

__all__ = ["CNN"]


class CNN(Module):
    """Scores for `num_classes` classes of images: two 3×3 convolutions with pooling, two dense layers.

    The plan of LeNet-5 with smaller and more filters, for images on which 5×5 is too coarse: 53,002 parameters for 8×8.

    Shapes
        input    (N, in_channels, H, W), at least 4×4
        result   (N, num_classes)

    Example
        >>> import tensorgrad
        >>> CNN(image_size=8)(tensorgrad.zeros(2, 1, 8, 8)).shape
        (2, 10)
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1, image_size: Any = 28):
        height, width = height_and_width("CNN", num_classes, in_channels, image_size, least=4)
        self.features = Sequential(
            Conv2d(in_channels, 32, 3, padding=1),
            ReLU(),
            MaxPool2d(2),
            Conv2d(32, 64, 3, padding=1),
            ReLU(),
            MaxPool2d(2),
            Flatten(),
        )
        self.classifier = Sequential(
            Linear(64 * (height // 4) * (width // 4), 128),
            ReLU(),
            Linear(128, num_classes),
        )

    def forward(self, input: Tensor) -> Tensor:
        return self.classifier(self.features(input))
