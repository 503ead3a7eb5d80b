"""Layers with parameters take PyTorch's `device` and refuse all but the one there is."""

from __future__ import annotations

import pytest

import nn
import tensorgrad
from tensorgrad.errors import ArgumentError

LAYERS = {
    "Linear": (2, 3), "Bilinear": (2, 3, 4), "Conv1d": (1, 2, 3), "Conv2d": (1, 2, 3), "Conv3d": (1, 2, 3),
    "ConvTranspose1d": (1, 2, 3), "ConvTranspose2d": (1, 2, 3), "ConvTranspose3d": (1, 2, 3), "BatchNorm1d": (2,),
    "BatchNorm2d": (2,), "BatchNorm3d": (2,), "InstanceNorm1d": (2,), "InstanceNorm2d": (2,), "InstanceNorm3d": (2,),
    "LayerNorm": (2,), "RMSNorm": (2,), "GroupNorm": (1, 2), "Embedding": (3, 2), "PReLU": (),
    "AdaptiveLogSoftmaxWithLoss": (4, 9, [3]), "LinearCrossEntropyLoss": (3, 4), "LazyLinear": (2,), "LazyConv1d": (2, 3),
    "LazyConv2d": (2, 3), "LazyConv3d": (2, 3), "LazyConvTranspose1d": (2, 3), "LazyConvTranspose2d": (2, 3),
    "LazyConvTranspose3d": (2, 3), "LazyBatchNorm1d": (), "LazyBatchNorm2d": (), "LazyBatchNorm3d": (),
    "LazyInstanceNorm1d": (), "LazyInstanceNorm2d": (), "LazyInstanceNorm3d": (),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_on_the_cpu(name):
    make, arguments = getattr(nn, name), LAYERS[name]
    for device in (None, "cpu", tensorgrad.device("cpu")):
        layer = make(*arguments, device=device, dtype=tensorgrad.float64)
        assert all(parameter.dtype == tensorgrad.float64 for parameter in layer.parameters())
    with pytest.raises(ArgumentError, match=r"there is no device 'cuda'.\n  tensorgrad computes on the CPU"):
        make(*arguments, device="cuda")
