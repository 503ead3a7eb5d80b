"""The networks, each written once for every library: a function of `lib`, which has layers and functions by PyTorch's names.

``create(lib, name, classes, channels, side)`` builds one.  Where `nn.models` has the network too, names and shapes in the
state dict are those of `nn.models`.
"""

from __future__ import annotations

from typing import Any, Callable

__all__ = ["MODELS", "create"]


def parts(lib: Any, features: list[Any], classifier: list[Any]) -> Any:
    """Features, flattened, and a classifier on them."""
    class FeaturesAndClassifier(lib.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = lib.Sequential(*features, lib.Flatten())
            self.classifier = lib.Sequential(*classifier)

        def forward(self, x: Any) -> Any:
            return self.classifier(self.features(x))

    return FeaturesAndClassifier()


def dense(lib: Any, *sizes: int) -> list[Any]:
    """Dense layers of these sizes with ReLU between them."""
    layers = [lib.Linear(sizes[0], sizes[1])]
    for before, after in zip(sizes[1:], sizes[2:]):
        layers += [lib.ReLU(), lib.Linear(before, after)]
    return layers


def unit(lib: Any, before: int, after: int, kernel: int = 3, stride: int = 1, dilation: int = 1,
         groups: int = 1) -> list[Any]:
    """A convolution, batch norm, ReLU."""
    padding = dilation * (kernel // 2)
    convolution = lib.Conv2d(before, after, kernel, stride, padding, dilation, groups, bias=False)
    return [convolution, lib.BatchNorm2d(after), lib.ReLU()]


def lenet5(lib: Any, classes: int, channels: int, side: int) -> Any:
    """`nn.models.LeNet5`."""
    first, second = 2 if side < 32 else 0, 2 if side < 16 else 0
    left = ((side + 2 * first - 4) // 2 + 2 * second - 4) // 2
    return parts(lib, [lib.Conv2d(channels, 6, 5, padding=first), lib.ReLU(), lib.MaxPool2d(2),
                       lib.Conv2d(6, 16, 5, padding=second), lib.ReLU(), lib.MaxPool2d(2)],
                 dense(lib, 16 * left * left, 120, 84, classes))


def cnn(lib: Any, classes: int, channels: int, side: int) -> Any:
    """`nn.models.CNN`."""
    return parts(lib, [lib.Conv2d(channels, 32, 3, padding=1), lib.ReLU(), lib.MaxPool2d(2),
                       lib.Conv2d(32, 64, 3, padding=1), lib.ReLU(), lib.MaxPool2d(2)],
                 dense(lib, 64 * (side // 4)**2, 128, classes))


def mnist_cnn(lib: Any, classes: int, channels: int, side: int) -> Any:
    """3×3 convolutions 32 - 32 - pool - 64 - 64 - pool, then a dense layer of 128."""
    features = []
    for before, after in ((channels, 32), (32, 64)):
        features += [lib.Conv2d(before, after, 3, padding=1), lib.ReLU(),
                     lib.Conv2d(after, after, 3, padding=1), lib.ReLU(), lib.MaxPool2d(2)]
    return parts(lib, features, dense(lib, 64 * (side // 4)**2, 128, classes))


def vgg(lib: Any, classes: int, channels: int, side: int) -> Any:
    """`nn.models.VGG`: 64 - 64 - pool - 128 - 128 - pool - 256 - 256 - pool, with batch norm, and 512."""
    features = []
    for filters in (64, 128, 256):
        features += [*unit(lib, channels, filters), *unit(lib, filters, filters), lib.MaxPool2d(2)]
        channels = filters
    return parts(lib, features, dense(lib, 256 * (side // 8)**2, 512, classes))


def mlp(lib: Any, classes: int, channels: int, side: int) -> Any:
    """`nn.models.MLP`."""
    return lib.Sequential(lib.Flatten(), *dense(lib, channels * side * side, 128, 64, classes))


def resnet20(lib: Any, classes: int, channels: int, side: int) -> Any:
    """`nn.models.ResNet20`."""
    class Block(lib.Module):
        def __init__(self, before: int, after: int, stride: int = 1):
            super().__init__()
            self.stride, self.new = stride, after - before
            self.conv1 = lib.Conv2d(before, after, 3, stride, padding=1, bias=False)
            self.bn1 = lib.BatchNorm2d(after)
            self.conv2 = lib.Conv2d(after, after, 3, padding=1, bias=False)
            self.bn2 = lib.BatchNorm2d(after)

        def forward(self, x: Any) -> Any:
            out = self.bn2(self.conv2(lib.relu(self.bn1(self.conv1(x)))))
            if self.new:
                x = lib.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.new // 2, self.new - self.new // 2))
            return lib.relu(out + x)

    class ResNet20(lib.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = lib.Conv2d(channels, 16, 3, padding=1, bias=False)
            self.bn1 = lib.BatchNorm2d(16)
            self.layer1 = lib.Sequential(Block(16, 16), Block(16, 16), Block(16, 16))
            self.layer2 = lib.Sequential(Block(16, 32, 2), Block(32, 32), Block(32, 32))
            self.layer3 = lib.Sequential(Block(32, 64, 2), Block(64, 64), Block(64, 64))
            self.avgpool, self.flatten = lib.AdaptiveAvgPool2d(1), lib.Flatten()
            self.fc = lib.Linear(64, classes)

        def forward(self, x: Any) -> Any:
            out = self.layer3(self.layer2(self.layer1(lib.relu(self.bn1(self.conv1(x))))))
            return self.fc(self.flatten(self.avgpool(out)))

    return ResNet20()


def mobilenet(lib: Any, classes: int, channels: int, side: int) -> Any:
    """A first layer, six pairs of a depthwise and a 1×1 convolution with batch norm, the mean over the image."""
    features = unit(lib, channels, 32)
    before = 32
    for after, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (256, 1)):
        features += [*unit(lib, before, before, stride=stride, groups=before), *unit(lib, before, after, kernel=1)]
        before = after
    return parts(lib, [*features, lib.AdaptiveAvgPool2d(1)], [lib.Linear(before, classes)])


def dilated(lib: Any, classes: int, channels: int, side: int) -> Any:
    """Six 3×3 convolutions that look ever further, by dilation 1, 1, 2, 4, 8, 1, the mean over the image."""
    features = unit(lib, channels, 32)
    for dilation in (1, 2, 4, 8, 1):
        features += unit(lib, 32, 32, dilation=dilation)
    return parts(lib, [*features, lib.AdaptiveAvgPool2d(1)], [lib.Linear(32, classes)])


def alexnet(lib: Any, classes: int, channels: int, side: int) -> Any:
    """The convolutions of AlexNet: 11×11 with stride 4, 5×5, three of 3×3, overlapping pools; narrower dense layers."""
    left = (side + 4 - 11) // 4 + 1
    for _ in range(3):
        left = (left - 3) // 2 + 1
    return parts(lib, [lib.Conv2d(channels, 64, 11, 4, 2), lib.ReLU(), lib.MaxPool2d(3, 2),
                       lib.Conv2d(64, 192, 5, padding=2), lib.ReLU(), lib.MaxPool2d(3, 2),
                       lib.Conv2d(192, 384, 3, padding=1), lib.ReLU(), lib.Conv2d(384, 256, 3, padding=1), lib.ReLU(),
                       lib.Conv2d(256, 256, 3, padding=1), lib.ReLU(), lib.MaxPool2d(3, 2)],
                 dense(lib, 256 * left * left, 1024, classes))


def unet(lib: Any, classes: int, channels: int, side: int) -> Any:
    """Scores per pixel: two halvings and back by transposed convolutions, with a bridge across at each size."""
    def double(before: int, after: int) -> Any:
        return lib.Sequential(*unit(lib, before, after), *unit(lib, after, after))

    class UNet(lib.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down1, self.down2, self.bottom = double(channels, 32), double(32, 64), double(64, 128)
            self.pool = lib.MaxPool2d(2)
            self.rise2, self.up2 = lib.ConvTranspose2d(128, 64, 2, 2), double(128, 64)
            self.rise1, self.up1 = lib.ConvTranspose2d(64, 32, 2, 2), double(64, 32)
            self.scores = lib.Conv2d(32, classes, 1)

        def forward(self, x: Any) -> Any:
            one = self.down1(x)
            two = self.down2(self.pool(one))
            out = self.bottom(self.pool(two))
            out = self.up2(lib.cat([self.rise2(out), two], 1))
            return self.scores(self.up1(lib.cat([self.rise1(out), one], 1)))

    return UNet()


MODELS: dict[str, Callable[[Any, int, int, int], Any]] = {
    function.__name__: function
    for function in (alexnet, cnn, dilated, lenet5, mlp, mnist_cnn, mobilenet, resnet20, unet, vgg)}


def create(lib: Any, name: str, classes: int = 10, channels: int = 1, side: int = 28) -> Any:
    """A network by name.

    Raises
        KeyError   an unknown name
    """
    return MODELS[name](lib, classes, channels, side)
