"""ResNet-20, the residual network for 32×32 images."""

from __future__ import annotations

from typing import Any

from nn import functional as F
from nn import init
from nn.models.image import height_and_width
from nn.module import Module
from nn.modules import AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Flatten, Linear, ReLU, Sequential
from tensorgrad.tensor import Tensor

__all__ = ["ResNet20", "BasicBlock"]


class BasicBlock(Module):
    """relu(x + f(x)), where f is two 3×3 convolutions with batch norm.

    Where the block halves the image and widens the channels, x is taken at every second cell and the new channels are
    zeros: a shortcut without parameters, the paper's option A.

    Shapes
        input    (N, in_channels, H, W)
        result   (N, channels, H', W'), with H' = ⌈H / stride⌉
    """

    def __init__(self, in_channels: int, channels: int, stride: int = 1):
        self.stride, self.new_channels = stride, channels - in_channels
        self.conv1 = Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn1 = BatchNorm2d(channels)
        self.relu1 = ReLU()
        self.conv2 = Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = BatchNorm2d(channels)
        self.relu2 = ReLU()

    def forward(self, input: Tensor) -> Tensor:
        out = self.relu1(self.bn1(self.conv1(input)))
        out = self.bn2(self.conv2(out))
        return self.relu2(out + self.shortcut(input))

    def shortcut(self, input: Tensor) -> Tensor:
        """x in the shape of f(x)."""
        if self.stride > 1:
            input = input[:, :, ::self.stride, ::self.stride]
        if self.new_channels:
            before = self.new_channels // 2
            input = F.pad(input, (0, 0, 0, 0, before, self.new_channels - before))
        return input


class ResNet20(Module):
    """Scores for `num_classes` classes of images: a convolution, nine residual blocks, the mean over the image.

    Three blocks each of 16, 32 and 64 channels, the image halved between them: 269,722 parameters for 10 classes and
    3 channels.  The mean makes any image size fit.

    Shapes
        input    (N, in_channels, H, W)
        result   (N, num_classes)

    Source
        He et al. 2015, Deep residual learning for image recognition, section 4.2

    Example
        >>> import tensorgrad
        >>> net = ResNet20()
        >>> net.eval()(tensorgrad.zeros(1, 3, 32, 32)).shape, sum(p.numel() for p in net.parameters())
        ((1, 10), 269722)
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 3, image_size: Any = 32):
        height_and_width("ResNet20", num_classes, in_channels, image_size, least=1)
        self.conv1 = Conv2d(in_channels, 16, 3, padding=1, bias=False)
        self.bn1 = BatchNorm2d(16)
        self.relu = ReLU()
        self.layer1 = Sequential(BasicBlock(16, 16), BasicBlock(16, 16), BasicBlock(16, 16))
        self.layer2 = Sequential(BasicBlock(16, 32, stride=2), BasicBlock(32, 32), BasicBlock(32, 32))
        self.layer3 = Sequential(BasicBlock(32, 64, stride=2), BasicBlock(64, 64), BasicBlock(64, 64))
        self.avgpool = AdaptiveAvgPool2d(1)
        self.flatten = Flatten()
        self.fc = Linear(64, num_classes)
        for module in self.modules():
            if isinstance(module, Conv2d):
                init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, input: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(input)))
        out = self.layer3(self.layer2(self.layer1(out)))
        return self.fc(self.flatten(self.avgpool(out)))
