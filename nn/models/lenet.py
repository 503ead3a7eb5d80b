"""LeNet-5, as it is trained today."""

from __future__ import annotations

from typing import Any

from nn.models.image import height_and_width
from nn.module import Module
from nn.modules import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential
from tensorgrad.tensor import Tensor

__all__ = ["LeNet5"]


class LeNet5(Module):
    """Scores for `num_classes` classes of images: two convolutions with pooling, three dense layers.

    The layers and sizes are those of the paper for 32×32 images; max pooling, ReLU and full connections stand for its
    trainable pooling, scaled tanh and partial connections.  Smaller images are padded: below 32 in front of the first
    convolution, so that 28×28 gives the paper's 16 maps of 5×5, below 16 in front of the second too.

    Shapes
        input    (N, in_channels, H, W), at least 4×4
        result   (N, num_classes)

    Source
        LeCun et al. 1998, Gradient-based learning applied to document recognition

    Example
        >>> import tensorgrad
        >>> LeNet5()(tensorgrad.zeros(2, 1, 28, 28)).shape
        (2, 10)
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1, image_size: Any = 28):
        height, width = height_and_width("LeNet5", num_classes, in_channels, image_size, least=4)
        first = tuple(2 if n < 32 else 0 for n in (height, width))
        second = tuple(2 if n < 16 else 0 for n in (height, width))
        self.features = Sequential(
            Conv2d(in_channels, 6, 5, padding=first),
            ReLU(),
            MaxPool2d(2),
            Conv2d(6, 16, 5, padding=second),
            ReLU(),
            MaxPool2d(2),
            Flatten(),
        )
        left = [((n + 2 * p - 4) // 2 + 2 * q - 4) // 2 for n, p, q in zip((height, width), first, second)]
        self.classifier = Sequential(
            Linear(16 * left[0] * left[1], 120),
            ReLU(),
            Linear(120, 84),
            ReLU(),
            Linear(84, num_classes),
        )

    def forward(self, input: Tensor) -> Tensor:
        return self.classifier(self.features(input))
