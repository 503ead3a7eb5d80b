"""The networks of `nn.models`, written for PyTorch with the same names, so that a state dict fits both."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

__all__ = ["create"]


class FeaturesAndClassifier(nn.Module):
    """Two parts, one after the other."""

    def __init__(self, features: list[nn.Module], classifier: list[nn.Module]):
        super().__init__()
        self.features, self.classifier = nn.Sequential(*features, nn.Flatten()), nn.Sequential(*classifier)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x))


def lenet5(classes: int, channels: int, side: int) -> nn.Module:
    """`nn.models.LeNet5`."""
    first, second = 2 if side < 32 else 0, 2 if side < 16 else 0
    left = ((side + 2 * first - 4) // 2 + 2 * second - 4) // 2
    return FeaturesAndClassifier(
        [nn.Conv2d(channels, 6, 5, padding=first), nn.ReLU(), nn.MaxPool2d(2),
         nn.Conv2d(6, 16, 5, padding=second), nn.ReLU(), nn.MaxPool2d(2)],
        [nn.Linear(16 * left * left, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes)])


def cnn(classes: int, channels: int, side: int) -> nn.Module:
    """`nn.models.CNN`."""
    return FeaturesAndClassifier(
        [nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
         nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)],
        [nn.Linear(64 * (side // 4) ** 2, 128), nn.ReLU(), nn.Linear(128, classes)])


def vgg(classes: int, channels: int, side: int) -> nn.Module:
    """`nn.models.VGG`."""
    features: list[nn.Module] = []
    for filters in (64, 128, 256):
        for _ in range(2):
            features += [nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
            channels = filters
        features.append(nn.MaxPool2d(2))
    return FeaturesAndClassifier(features, [nn.Linear(256 * (side // 8) ** 2, 512), nn.ReLU(), nn.Linear(512, classes)])


def mlp(classes: int, channels: int, side: int) -> nn.Module:
    """`nn.models.MLP`."""
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * side * side, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(),
                         nn.Linear(64, classes))


class BasicBlock(nn.Module):
    """The residual block of `nn.models.ResNet20`."""

    def __init__(self, before: int, channels: int, stride: int = 1):
        super().__init__()
        self.stride, self.new = stride, channels - before
        self.conv1 = nn.Conv2d(before, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.new:
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.new // 2, self.new - self.new // 2))
        return F.relu(out + x)


class ResNet20(nn.Module):
    """`nn.models.ResNet20`."""

    def __init__(self, classes: int, channels: int, side: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(BasicBlock(16, 16), BasicBlock(16, 16), BasicBlock(16, 16))
        self.layer2 = nn.Sequential(BasicBlock(16, 32, 2), BasicBlock(32, 32), BasicBlock(32, 32))
        self.layer3 = nn.Sequential(BasicBlock(32, 64, 2), BasicBlock(64, 64), BasicBlock(64, 64))
        self.fc = nn.Linear(64, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(F.adaptive_avg_pool2d(out, 1).flatten(1))


MODELS: dict[str, Any] = {"cnn": cnn, "lenet5": lenet5, "mlp": mlp, "resnet20": ResNet20, "vgg": vgg}


def create(name: str, num_classes: int, in_channels: int, image_size: int) -> nn.Module:
    """The twin of ``nn.models.create(name, num_classes, in_channels, image_size)``; its initial values differ."""
    return MODELS[name](num_classes, in_channels, image_size)
