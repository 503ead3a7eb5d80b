"""PyTorch's functions and layers on top of a library with NumPy's interface: what JAX, MyGrad and autograd run.

`Functions` is written in NumPy's names, and each engine replaces what its library has a better function for.  Running
statistics of batch norm are not updated: that saves those libraries some work.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, Iterator

import numpy as np

__all__ = ["Functions", "layers"]


class Functions:
    """Functions by PyTorch's names; `np` is the module with NumPy's."""

    np: Any
    exp = property(lambda self: self.np.exp)
    tanh = property(lambda self: self.np.tanh)

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(f"it has no {name}, and none was written for it")

    def relu(self, x: Any) -> Any:
        return self.np.maximum(x, np.float32(0))

    def sigmoid(self, x: Any) -> Any:
        return 1 / (1 + self.np.exp(-x))

    def sum(self, x: Any, dim: Any = None) -> Any:
        return self.np.sum(x, axis=dim)

    def amax(self, x: Any, dim: Any = None) -> Any:
        return self.np.max(x, axis=dim)

    def matmul(self, a: Any, b: Any) -> Any:
        return self.np.matmul(a, b)

    def linear(self, x: Any, w: Any, b: Any) -> Any:
        return self.np.matmul(x, w.T) + b

    def cat(self, tensors: list[Any], dim: int) -> Any:
        return self.np.concatenate(tensors, axis=dim)

    def pad(self, x: Any, pad: tuple[int, ...]) -> Any:
        pairs = [tuple(pad[i:i + 2]) for i in range(0, len(pad), 2)][::-1]
        return self.np.pad(x, [(0, 0)] * (x.ndim - len(pairs)) + pairs, "constant")

    def mse_loss(self, x: Any, target: Any) -> Any:
        return self.np.mean((x - target)**2)

    def log_softmax(self, x: Any, dim: int) -> Any:
        x = x - self.np.max(x, axis=dim, keepdims=True)
        return x - self.np.log(self.np.sum(self.np.exp(x), axis=dim, keepdims=True))

    def softmax(self, x: Any, dim: int) -> Any:
        return self.np.exp(self.log_softmax(x, dim))

    def cross_entropy(self, x: Any, labels: Any) -> Any:
        classes = np.arange(x.shape[1]).reshape(-1, *(1,) * (x.ndim - 2))
        chosen = (labels[:, None] == classes).astype(np.float32)
        return -self.np.sum(self.log_softmax(x, 1) * chosen) / np.float32(math.prod(labels.shape))

    def batch_norm(self, x: Any, mean: Any, var: Any, w: Any, b: Any, training: bool) -> Any:
        if training:
            mean = self.np.mean(x, axis=(0, 2, 3), keepdims=True)
            var = self.np.mean((x - mean)**2, axis=(0, 2, 3), keepdims=True)
        else:
            mean, var = mean.reshape(1, -1, 1, 1), var.reshape(1, -1, 1, 1)
        scale = w.reshape(1, -1, 1, 1) / self.np.sqrt(var + np.float32(1e-5))
        return (x - mean) * scale + b.reshape(1, -1, 1, 1)

    def layer_norm(self, x: Any, shape: tuple[int, ...], w: Any, b: Any) -> Any:
        mean = self.np.mean(x, axis=-1, keepdims=True)
        var = self.np.mean((x - mean)**2, axis=-1, keepdims=True)
        return (x - mean) / self.np.sqrt(var + np.float32(1e-5)) * w + b

    def windows(self, x: Any, k: int, stride: int | None) -> Any:
        """An image as (N, C, H / k, k, W / k, k)."""
        n, c, h, w = x.shape
        if stride not in (None, k) or h % k or w % k:
            raise NotImplementedError("it has no pooling, and overlapping windows were not written for it")
        return x.reshape(n, c, h // k, k, w // k, k)

    def max_pool2d(self, x: Any, k: int, stride: int | None = None) -> Any:
        return self.np.max(self.windows(x, k, stride), axis=(3, 5))

    def avg_pool2d(self, x: Any, k: int, stride: int | None = None) -> Any:
        return self.np.mean(self.windows(x, k, stride), axis=(3, 5))

    def adaptive_avg_pool2d(self, x: Any, size: int) -> Any:
        if size != 1:
            raise NotImplementedError("adaptive pooling was written for one cell only")
        return self.np.mean(x, axis=(2, 3), keepdims=True)


def layers(f: Functions) -> Any:
    """A namespace with the functions of `f` and with layers that call them."""
    class Module:
        training = True

        def __call__(self, x: Any) -> Any:
            return self.forward(x)  # type: ignore[attr-defined]

        def children(self) -> Iterator[tuple[str, Any]]:
            yield from ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

        def places(self, before: str = "") -> Iterator[tuple[str, Any, str]]:
            """Name in the state dict, layer and attribute of every parameter."""
            for name in ("weight", "bias"):
                if getattr(self, name, None) is not None:
                    yield before + name, self, name
            for name, child in self.children():
                yield from child.places(f"{before}{name}.")

        def named_parameters(self) -> list[tuple[str, Any]]:
            return [(name, getattr(layer, attribute)) for name, layer, attribute in self.places()]

        def put(self, values: Any) -> None:
            """Set the parameters, in the order of `named_parameters`."""
            for (_, layer, attribute), value in zip(self.places(), values):
                setattr(layer, attribute, value)

        def eval(self) -> None:
            self.training = False
            for _, child in self.children():
                child.eval()

    class Sequential(Module):
        def __init__(self, *modules: Any):
            for i, module in enumerate(modules):
                setattr(self, str(i), module)

        def forward(self, x: Any) -> Any:
            for _, module in self.children():
                x = module(x)
            return x

    class Conv2d(Module):
        def __init__(self, before: int, after: int, k: int, stride: int = 1, padding: int = 0, dilation: int = 1,
                     groups: int = 1, bias: bool = True):
            self.weight, self.bias = np.empty((after, before // groups, k, k)), np.empty(after) if bias else None
            self.options = stride, padding, dilation, groups

        def forward(self, x: Any) -> Any:
            return f.conv2d(x, self.weight, self.bias, *self.options)

    class ConvTranspose2d(Module):
        def __init__(self, before: int, after: int, k: int, stride: int):
            self.weight, self.bias, self.stride = np.empty((before, after, k, k)), np.empty(after), stride

        def forward(self, x: Any) -> Any:
            return f.conv_transpose2d(x, self.weight, self.bias, self.stride, 0)

    class BatchNorm2d(Module):
        def __init__(self, channels: int):
            self.weight, self.bias = np.empty(channels), np.empty(channels)
            self.mean, self.var = np.zeros(channels, np.float32), np.ones(channels, np.float32)

        def forward(self, x: Any) -> Any:
            return f.batch_norm(x, self.mean, self.var, self.weight, self.bias, self.training)

    class Linear(Module):
        def __init__(self, before: int, after: int):
            self.weight, self.bias = np.empty((after, before)), np.empty(after)

        def forward(self, x: Any) -> Any:
            return f.linear(x, self.weight, self.bias)

    def layer(call: Any) -> Any:
        """A class of layers without parameters; its arguments are those of `call` after the first."""
        class Layer(Module):
            def __init__(self, *arguments: Any):
                self.arguments = arguments

            def forward(self, x: Any) -> Any:
                return call(x, *self.arguments)

        return Layer

    class Namespace(SimpleNamespace):
        def __getattr__(self, name: str) -> Any:
            return getattr(f, name)

    return Namespace(Module=Module, Sequential=Sequential, Conv2d=Conv2d, ConvTranspose2d=ConvTranspose2d,
                     BatchNorm2d=BatchNorm2d, Linear=Linear, ReLU=layer(f.relu),
                     MaxPool2d=layer(lambda *a: f.max_pool2d(*a)), AdaptiveAvgPool2d=layer(f.adaptive_avg_pool2d),
                     Flatten=layer(lambda x: x.reshape(x.shape[0], -1)))
