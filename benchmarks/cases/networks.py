"""Training steps and inference: the networks, their batches and images."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.cases.case import Network

__all__ = ["STEPS", "INFERENCE", "FIVE", "VARIED", "QUICK_STEPS", "QUICK_INFERENCE"]

STEPS = [
    Network("LeNet-5, batch 1", "lenet5", 1, 1, 28),
    Network("LeNet-5, batch 64", "lenet5", 64, 1, 28),
    Network("MNIST CNN, batch 64", "mnist_cnn", 64, 1, 28),
    Network("VGG-small, batch 64", "vgg", 64, 3, 32),
    Network("ResNet-20, batch 64", "resnet20", 64, 3, 32),
    Network("MLP, batch 64", "mlp", 64, 1, 28),
    Network("MobileNet blocks, batch 64", "mobilenet", 64, 3, 32),
    Network("Dilated net, batch 32", "dilated", 32, 3, 32),
    Network("U-Net, batch 8", "unet", 8, 3, 64),
    Network("AlexNet 224×224, batch 8", "alexnet", 8, 3, 224),
]

# What the targets speak of.
FIVE = [case.name for case in STEPS[:5]]
VARIED = {"LeNet-5, batch 64": "5×5", "ResNet-20, batch 64": "strided",
          "MobileNet blocks, batch 64": "depthwise, 1×1", "Dilated net, batch 32": "dilated",
          "U-Net, batch 8": "transposed", "AlexNet 224×224, batch 8": "11×11 stride 4, 5×5"}

INFERENCE = [replace(case, train=False) for case in STEPS]

# Small enough for the tests, and every network is in it.
QUICK_STEPS = [replace(case, name=case.name.split(",")[0] + f", batch {1 + (i > 0)}", batch=1 + (i > 0),
                       side={"alexnet": 64, "unet": 16}.get(case.model, 16)) for i, case in enumerate(STEPS)]
QUICK_INFERENCE = [replace(case, train=False) for case in QUICK_STEPS[:2]]
