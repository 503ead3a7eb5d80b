"""PyTorch: eager in its default layout, eager with images in channels-last, and compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from benchmarks.cases import Op, Update
from benchmarks.engines.eager import Eager
from benchmarks.engines.stages import Names, Stages

__all__ = ["Torch", "ChannelsLast", "Compiled", "layers"]

layers = Names(torch.nn, torch.nn.functional, torch)


class Torch(Eager):
    """Eager, default layout."""

    framework, optim, layers = torch, torch.optim, layers

    def __init__(self, threads: int):
        self.set_threads(threads)


class ChannelsLast(Torch):
    """Eager, images and convolution weights with the channel contiguous."""

    def tensor(self, array: np.ndarray) -> Any:
        x = torch.tensor(array)
        return x.to(memory_format=torch.channels_last) if x.ndim == 4 else x

    def prepared(self, model: Any) -> Any:
        return model.to(memory_format=torch.channels_last)

    def op(self, case: Op) -> Stages:
        if all(len(given.shape) != 4 for given in case.inputs):
            raise NotImplementedError("no images: the layout has no meaning")
        return super().op(case)

    def update(self, case: Update) -> Stages:
        raise NotImplementedError("an optimizer's step is the same in every layout")


class Compiled(Torch):
    """`torch.compile` of the network; optimizer and loss stay eager."""

    def prepared(self, model: Any) -> Any:
        return torch.compile(model)

    def op(self, case: Op) -> Stages:
        if case.second:
            raise NotImplementedError("torch.compile has no double backward")
        if case.multiply_adds:
            raise NotImplementedError("it calls the same convolutions and matrix products as PyTorch without it")
        compiled = torch.compile(case.call, dynamic=False)
        return super().op(Op(case.name, case.family, lambda _, *tensors: compiled(self.layers, *tensors), case.inputs))

    def update(self, case: Update) -> Stages:
        raise NotImplementedError("compiled are networks and functions; PyTorch's optimizers are fused loops as they are")
