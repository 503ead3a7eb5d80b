"""Drawings of the models: layers as frames, parameters by name, fast enough to wait for."""

from __future__ import annotations

import time

import numpy as np
import pytest

import tensorgrad
from nn.models import LeNet5, ResNet20
from tensorgrad import draw


def images(channels: int, size: int) -> tensorgrad.Tensor:
    return tensorgrad.Tensor(np.zeros((2, channels, size, size), np.float32), name="images")


def test_lenet():
    drawing = draw(LeNet5()(images(1, 28)))
    titles = [frame.title for frame in drawing.picture.frames]
    assert titles == ["features", "features.0", "features.3", "classifier", "classifier.0", "classifier.2", "classifier.4"]
    captions = [box.caption for box in drawing.picture.boxes if box.caption]
    assert captions == ["features.1", "features.2", "features.4", "features.5", "features.6", "classifier.1", "classifier.3"]
    assert drawing.counts == {"operations": 12, "parameters": 10, "numbers": 61_706, "tensors": 0, "constants": 1}
    assert "features.0.weight" in drawing.svg() and "classifier.4.bias" in drawing.svg()
    assert sum(box.host is not None for box in drawing.picture.boxes) == 10, "every parameter stands beside its layer"


def test_lenet_layer_by_layer():
    boxes = draw(LeNet5()(images(1, 28)), depth=2).picture.boxes
    first = next(box for box in boxes if box.caption == "features.0")
    assert (first.title, first.kind) == ("conv2d", "layer")
    assert first.lines[-2:] == ["2 parameters, 156 numbers", "grad not computed"]


@pytest.mark.parametrize("training", [True, False])
def test_resnet(training):
    output = ResNet20(10, 3).train(training)(images(3, 32))
    start = time.perf_counter()
    drawing = draw(output)
    assert drawing.svg() and drawing.dot and drawing.to_text()
    assert time.perf_counter() - start < 10  # 0.1 s on an idle machine
    folded = [frame.heading for frame in drawing.picture.frames if frame.times > 1]
    assert folded == ["layer1.0 … layer1.2 × 3", "layer2.1 … layer2.2 × 2", "layer3.1 … layer3.2 × 2"]
    assert not any(frame.times > 1 for frame in draw(output, collapse=False).picture.frames)


def test_gradients_of_a_folded_stretch_are_a_range():
    model = ResNet20(10, 3)
    loss = (model(tensorgrad.Tensor(np.random.default_rng(0).normal(size=(2, 3, 8, 8)), dtype=np.float32)) ** 2).sum()
    assert "grad not computed" in draw(loss).svg()
    loss.backward()
    drawing = draw(loss)
    assert "grad not computed" not in drawing.svg()
    (weight,) = [box for box in drawing.picture.boxes if box.tooltip.startswith("parameter layer1.0.conv1.weight")]
    norms = [float(np.linalg.norm(model.layer1[i].conv1.weight.grad.array)) for i in range(3)]
    assert weight.lines[-1] == f"grad norm {min(norms):.4g} – {max(norms):.4g}"
