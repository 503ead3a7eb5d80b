"""Models as beginners break them: each message names the layer and the right fix."""

from __future__ import annotations

import re

import numpy as np
import pytest

import nn
import tensorgrad
from nn import functional as F
from tensorgrad.errors import TensorgradError


def x(*shape):
    return tensorgrad.tensor(np.random.default_rng(0).normal(size=shape).astype(np.float32))


def labels(*values):
    return tensorgrad.tensor(values)


class Net(nn.Module):
    """Two blocks of convolution and pooling, and a classifier for 28×28 images."""

    def __init__(self, features=3136, channels=3):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(features, 128), nn.ReLU(), nn.Linear(128, 10))

    def forward(self, x):
        return self.classifier(self.features(x))


class Residual(nn.Module):
    def __init__(self, stride, channels):
        super().__init__()
        self.conv = nn.Conv2d(16, channels, 3, stride, 1)

    def forward(self, x):
        return x + self.conv(x)


class UNet(nn.Module):
    """Down and up again, with the image of before beside."""

    def __init__(self):
        super().__init__()
        self.down, self.pool = nn.Conv2d(1, 8, 3, padding=1), nn.MaxPool2d(2)
        self.up = nn.ConvTranspose2d(8, 8, 2, 2)

    def forward(self, x):
        a = self.down(x)
        return tensorgrad.cat([a, self.up(self.pool(a))], 1)


class Viewed(nn.Module):
    """A view that takes rows of another length than the images have."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 16, 1), nn.Linear(256, 10)

    def forward(self, x):
        return self.head(self.conv(x).view(-1, 256))


class Joined(nn.Module):
    """Two branches side by side, joined along an axis."""

    def __init__(self, axis):
        super().__init__()
        self.left, self.right, self.mix = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(3, 8, 5, padding=2), nn.Conv2d(16, 4, 1)
        self.axis = axis

    def forward(self, x):
        return self.mix(tensorgrad.cat([self.left(x), self.right(x)], self.axis))


class Reshaped(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 4, 3), nn.Linear(100, 10)

    def forward(self, x):
        return self.head(self.conv(x).reshape(-1, 100))


def seq(*layers):
    return nn.Sequential(*layers)


# name: (program, patterns that the message must have)
BROKEN = {
    # features of a dense layer
    "in_features for other images": (lambda: Net(9216)(x(2, 3, 28, 28)), [
        r"^classifier\.1 \(Linear\): .*expects 9216 features, got 3136 = 64·7·7 from features\.5/max_pool2d",
        r"in_features=3136, or Linear\(None, 128\)", r"9216 = 64·12·12 would be images of another size",
        r"Sizes: \(2, 3, 28, 28\) → features\.0/conv2d \(2, 32, 28, 28\) → features\.2/max_pool2d \(2, 32, 14, 14\) → "
        r"features\.3/conv2d \(2, 64, 14, 14\) → features\.5/max_pool2d \(2, 64, 7, 7\) "
        r"→ classifier\.0/reshape \(2, 3136\)"]),
    "images of another size": (lambda: Net()(x(2, 3, 32, 32)),
                               [r"classifier\.1", "4096 = 64·8·8", "in_features=4096", "3136 = 64·7·7 would be images"]),
    "no axis for the batch": (lambda: Net()(x(3, 28, 28)),
                              [r"classifier\.1", r"x\.unsqueeze\(0\)", "without an axis for the batch"]),
    "no flatten": (lambda: seq(nn.Conv2d(3, 4, 3), nn.Linear(2704, 10))(x(2, 3, 28, 28)),
                   [r"^1 \(Linear\)", "expects 2704 features, got 26", r"x\.flatten\(1\)", "from 0/conv2d"]),
    "flatten from axis 0": (lambda: seq(nn.Conv2d(3, 3, 1), nn.Flatten(0), nn.Linear(12, 3))(x(2, 3, 2, 2)),
                            [r"^2 \(Linear\)", "expects 12 features, got 24", r"together with its batch.*x\.flatten\(1\)"]),
    "height and width swapped": (lambda: seq(nn.Conv2d(3, 4, 1), nn.LayerNorm((4, 20, 30)))(x(2, 3, 30, 20)),
                                 [r"^1 \(LayerNorm\)", "Height and width are swapped", r"x\.transpose\(-2, -1\)"]),
    "hidden sizes that differ": (lambda: seq(nn.Linear(8, 16), nn.ReLU(), nn.Linear(32, 4))(x(2, 8)),
                                 [r"^2 \(Linear\)", "expects 32 features, got 16", "in_features=16"]),
    "inputs of another width": (lambda: seq(nn.Linear(8, 16))(x(2, 10)), [r"^0 \(Linear\)", "in_features=10"]),
    "weights the wrong way round": (lambda: F.linear(x(2, 3), x(3, 4)), [r"linear", "Transpose the weight"]),
    "a matrix as images": (lambda: seq(nn.Conv2d(1, 4, 3))(x(2, 784)), [r"^0 \(Conv2d\)", r"\(N, C, H, W\)"]),
    # channels
    "channels last": (lambda: Net()(x(2, 28, 28, 3)), [r"^features\.0 \(Conv2d\)", r"x\.permute\(0, 3, 1, 2\)"]),
    "one image, channels last": (lambda: Net()(x(28, 28, 3)), [r"^features\.0 \(Conv2d\)", r"permute\(2, 0, 1\)"]),
    "grey images for colour": (lambda: Net()(x(2, 1, 28, 28)),
                               [r"^features\.0 \(Conv2d\)", "has 1 channels, the weight expects 3", "in_channels=1"]),
    "images without channels": (lambda: Net(channels=1)(x(2, 28, 28)), [r"^features\.0 \(Conv2d\)", r"x\.unsqueeze\(1\)"]),
    "in_channels of the second layer": (lambda: seq(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(16, 8, 3))(x(2, 3, 8, 8)),
                                        [r"^2 \(Conv2d\)", "has 8 channels, the weight expects 16", "in_channels=8",
                                         r"Sizes: \(2, 3, 8, 8\) → 0/conv2d"]),
    "groups": (lambda: nn.Conv2d(3, 4, 3, groups=2),
               ["Conv2d: in_channels=3 is not divisible by groups=2", "in_channels=2 or 4"]),
    "transposed channels": (lambda: seq(nn.ConvTranspose2d(8, 4, 2))(x(2, 4, 6, 6)),
                            [r"^0 \(ConvTranspose2d\)", "has 4 channels, the weight expects 8"]),
    "Conv1d on images": (lambda: seq(nn.Conv1d(3, 4, 3))(x(2, 3, 8, 8)), [r"^0 \(Conv1d\)", r"\(N, C, W\)"]),
    "Conv2d on sequences": (lambda: seq(nn.Conv2d(3, 4, 3))(x(3, 8)), [r"^0 \(Conv2d\)", r"\(N, C, H, W\)"]),
    # normalisation
    "num_features": (lambda: seq(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(16))(x(2, 3, 8, 8)),
                     [r"^1 \(BatchNorm2d\)", "num_features=8", r"Sizes: \(2, 3, 8, 8\) → 0/conv2d \(2, 8, 6, 6\)"]),
    "BatchNorm1d on images": (lambda: seq(nn.Conv2d(3, 8, 3), nn.BatchNorm1d(8))(x(2, 3, 8, 8)),
                              [r"^1 \(BatchNorm1d\)", "2 or 3 axes, got 4"]),
    "BatchNorm2d on features": (lambda: seq(nn.Linear(4, 8), nn.BatchNorm2d(8))(x(2, 4)),
                                [r"^1 \(BatchNorm2d\)", "4 axes, got 2"]),
    "batch norm of one": (lambda: seq(nn.Linear(4, 8), nn.BatchNorm1d(8))(x(1, 4)),
                          [r"^1 \(BatchNorm1d\)", "more than 1 value per channel", r"drop_last=True|eval\(\)"]),
    "normalized_shape": (lambda: seq(nn.LayerNorm(10))(x(2, 8)), [r"^0 \(LayerNorm\)", "8"]),
    "GroupNorm": (lambda: nn.GroupNorm(3, 16), ["GroupNorm", "3", "16"]),
    # sizes that run out
    "a kernel larger than the image": (lambda: seq(nn.Conv2d(3, 8, 5))(x(2, 3, 4, 4)),
                                       [r"^0 \(Conv2d\)", "kernel 5×5 is larger than the padded image 4×4",
                                        "1 more padding"]),
    "pooling to nothing": (lambda: seq(*[nn.MaxPool2d(2)] * 1, nn.MaxPool2d(2), nn.MaxPool2d(2))(x(2, 3, 4, 4)),
                           [r"^2 \(MaxPool2d\)", "larger than the padded image 1×1"]),
    "residual with another stride": (lambda: seq(Residual(2, 16))(x(2, 16, 8, 8)),
                                     [r"^0 \(Residual\)", "add", r"from 0\.conv/conv2d", r"\(2, 16, 4, 4\)",
                                      "Axis 2 has 8 entries in input and 4 in other",
                                      r"Conv2d\(16, 16, kernel_size=1, stride=2\) for input"]),
    "residual with other channels": (lambda: seq(Residual(1, 32))(x(2, 16, 8, 8)), [
        r"^0 \(Residual\)", r"\(2, 32, 8, 8\)", "Axis 1 has 16 entries in input and 32 in other",
        r"Conv2d\(16, 32, kernel_size=1\) for input"]),
    "an odd size in a U-Net": (lambda: seq(UNet())(x(1, 1, 9, 9)),
                               [r"^0 \(UNet\)", "cat", "Axis 2 has 9 and 8 entries", r"from 0\.up/"]),
    "reshape to a fixed size": (lambda: seq(Reshaped())(x(2, 1, 10, 10)), [r"^0 \(Reshaped\)", "reshape", "512 entries"]),
    # targets
    "one-hot targets": (lambda: nn.CrossEntropyLoss()(x(4, 10), tensorgrad.eye(10)[:4].long()),
                        ["one-hot", r"target\.argmax\(1\)"]),
    "targets in a column": (lambda: nn.CrossEntropyLoss()(x(4, 10), labels(1, 2, 3, 4).reshape(4, 1)),
                            [r"target\.squeeze\(1\)"]),
    "a label too large": (lambda: nn.CrossEntropyLoss()(x(4, 10), labels(1, 2, 3, 10)),
                          ["target 10 at position 3 is no class", "scores for 11 classes"]),
    "labels from 1": (lambda: nn.CrossEntropyLoss()(x(3, 3), labels(1, 2, 3)), ["target 3 at position 2", "Use 0 to 2"]),
    "a negative label": (lambda: nn.CrossEntropyLoss()(x(2, 3), labels(0, -1)), ["target -1 at position 1"]),
    "more targets than examples": (lambda: nn.CrossEntropyLoss()(x(4, 10), labels(1, 2, 3)), ["4 examples and 3 targets"]),
    "float labels": (lambda: nn.CrossEntropyLoss()(x(4, 10), x(4)), ["cross_entropy", r"\.long\(\)|integer|class"]),
    "scores of pixels": (lambda: nn.CrossEntropyLoss()(x(2, 3, 4, 4), labels(0, 1)), ["cross_entropy", r"\(2, 4, 4\)"]),
    "classes last": (lambda: nn.CrossEntropyLoss()(x(2, 4, 4, 3), tensorgrad.zeros(2, 4, 4).long()),
                     ["cross_entropy", r"\(2, 4, 4, 3\)", "permute|class"]),
    "binary targets in a column": (lambda: nn.BCEWithLogitsLoss()(x(4, 1), x(4)), [r"target\.reshape"]),
    "no probabilities": (lambda: nn.BCELoss()(x(4) * 10, tensorgrad.ones(4)), ["is no probability", "sigmoid"]),
    "examples mixed by a view": (lambda: nn.CrossEntropyLoss()(Viewed()(x(2, 3, 8, 8)), labels(0, 1)),
                                 ["8 examples and 2 targets", r"batch from 2 to 8.*x\.flatten\(1\), which has 1024"]),
    # paths that meet
    "a residual block that widens": (lambda: seq(nn.Identity(), Residual(1, 32))(x(2, 16, 8, 8)),
                                     [r"^1 \(Residual\)", "16 entries in input and 32", r"Conv2d\(16, 32, kernel_size=1\)"]),
    "a residual block with a stride": (lambda: seq(nn.Identity(), Residual(2, 16))(x(2, 16, 9, 9)),
                                       [r"^1 \(Residual\)", "9 entries in input and 5", r"Conv2d\(16, 16, .*stride=2\)"]),
    "branches joined along the batch": (lambda: Joined(0)(x(2, 3, 8, 8)),
                                        [r"^mix \(Conv2d\)", r"joined along axis 0; cat\(\.\.\., 1\) has 16 channels"]),
    "branches joined along the width": (lambda: Joined(-1)(x(2, 3, 8, 8)),
                                        [r"^mix \(Conv2d\)", r"joined along axis 3; cat\(\.\.\., 1\) has 16 channels"]),
    "a skip from an odd image": (lambda: UNet()(x(2, 1, 15, 15)),
                                 ["Axis 2 has 15 and 14", r"interpolate\(x, size=\(15, 15\)\)"]),
    "too few channels inside, as many as the width": (lambda: seq(nn.Conv2d(3, 8, 1), nn.Conv2d(16, 8, 1))(x(2, 3, 16, 16)),
                                                      [r"^1 \(Conv2d\)", "Use in_channels=8"]),
    # axes in another order
    "frames before channels": (lambda: seq(nn.Conv3d(3, 8, 3))(x(2, 8, 3, 16, 16)),
                               [r"^0 \(Conv3d\)", r"Axis 2 has 3 entries", r"x\.movedim\(2, 1\)"]),
    "channels last before a batch norm": (lambda: seq(nn.BatchNorm2d(3))(x(2, 8, 8, 3)),
                                          [r"^0 \(BatchNorm2d\)", r"x\.permute\(0, 3, 1, 2\)"]),
    "one image before a batch norm": (lambda: seq(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))(x(3, 8, 8)),
                                      [r"^1 \(BatchNorm2d\)", r"x\.unsqueeze\(0\)"]),
    "rows of a sequence": (lambda: seq(nn.Linear(10, 64))(x(2, 5, 12)),
                           [r"^0 \(Linear\)", "in_features=12", "in_features=60"]),
    "features before positions": (lambda: seq(nn.Linear(16, 4))(x(2, 16, 9)),
                                  [r"^0 \(Linear\)", r"x\.transpose\(1, -1\)"]),
    "one sentence, flattened": (lambda: seq(nn.Embedding(10, 4), nn.Flatten(), nn.Linear(4, 2))(labels([1, 9, 3])),
                                [r"^2 \(Linear\)", "in_features=12"]),
    "noise for a generator": (lambda: seq(nn.ConvTranspose2d(100, 8, 4))(x(2, 100)),
                              [r"^0 \(ConvTranspose2d\)", r"x\.reshape\(2, 100, 1, 1\)"]),
    # what comes in
    "bytes of an image": (lambda: seq(nn.Conv2d(3, 8, 3))(tensorgrad.zeros(2, 3, 8, 8, dtype=np.uint8)),
                          [r"^0 \(Conv2d\)", "uint8", r"x\.float\(\) / 255"]),
    "words as floats": (lambda: seq(nn.Embedding(10, 4))(x(2, 3)),
                        [r"^0 \(Embedding\)", "float32, not an integer", r"\.long\(\)"]),
    "a word beyond the table": (lambda: seq(nn.Embedding(10, 4))(labels(3, 10)),
                                [r"^0 \(Embedding\)", "index 10", "Use 0 to 9"]),
    "matrices that do not fit": (lambda: x(4, 3) @ x(4, 3), ["matmul", "3 and 4", "transpose"]),
    "forward misspelt": (lambda: type("Net", (nn.Module,), {"foward": lambda self, x: x})()(x(1)), ["forward", "spelling"]),
    "a list of layers": (lambda: nn.Sequential([nn.Linear(2, 2)]), ["Sequential", r"Sequential\(\*layers\)"]),
    "the class instead of a layer": (lambda: nn.Sequential(nn.Linear(2, 2), nn.ReLU), ["ReLU", r"ReLU\(\)|instance|class"]),
    "the loss's arguments swapped": (lambda: nn.CrossEntropyLoss()(labels(1, 2), x(2, 3)), ["cross_entropy"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_message_names_the_layer_and_the_fix(name):
    program, patterns = BROKEN[name]
    with pytest.raises((TensorgradError, NotImplementedError, TypeError, AttributeError)) as caught:
        program()
    text = str(caught.value)
    for pattern in patterns:
        assert re.search(pattern, text, re.M), f"{pattern!r} is not in:\n{text}"
    assert text.count("\n") >= 1, f"no advice: {text}"


def test_there_are_enough():
    assert len(BROKEN) >= 40


def test_nothing_of_it_costs_in_inference():
    """Without a recorded graph the message has no sizes to show, and still the layer and the fix."""
    with tensorgrad.no_grad(), pytest.raises(TensorgradError) as caught:
        Net(9216)(x(2, 3, 28, 28))
    text = str(caught.value)
    assert "classifier.1 (Linear)" in text and "in_features=3136" in text and "Sizes" not in text
