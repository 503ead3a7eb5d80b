"""A network of dense layers only, to compare convolutional ones with."""

from __future__ import annotations

from typing import Any, Sequence

from nn.models.image import height_and_width
from nn.modules import Flatten, Linear, ReLU, Sequential

__all__ = ["MLP"]


class MLP(Sequential):
    """Scores for `num_classes` classes of images: dense layers of the sizes `hidden` with ReLU between them.

    Shapes
        input    (N, in_channels, H, W)
        result   (N, num_classes)

    Example
        >>> [name for name, _ in MLP(image_size=8, hidden=(32,)).named_parameters()]
        ['1.weight', '1.bias', '3.weight', '3.bias']
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1, image_size: Any = 28, hidden: Sequence[int] = (128, 64)):
        height, width = height_and_width("MLP", num_classes, in_channels, image_size, least=1)
        super().__init__(Flatten())
        before = in_channels * height * width
        for size in hidden:
            self.extend([Linear(before, size), ReLU()])
            before = size
        self.append(Linear(before, num_classes))
