"""MyGrad."""

from __future__ import annotations

from typing import Any, Sequence

import mygrad
import numpy as np
from mygrad.nnet import activations
from mygrad.nnet.layers import batchnorm, conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy

from benchmarks.cases import Op
from benchmarks.engines.functional import Functions, layers
from benchmarks.engines.stages import Stages
from benchmarks.engines.taped import Taped

__all__ = ["MyGrad"]


class InMyGrad(Functions):
    """Convolution, pooling, batch norm, activations and cross-entropy are MyGrad's own."""

    np = mygrad
    relu = staticmethod(activations.relu)
    sigmoid = staticmethod(activations.sigmoid)

    def softmax(self, x: Any, dim: int) -> Any:
        return activations.softmax(x, axis=dim)

    def conv2d(self, x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1) -> Any:
        if groups > 1:
            raise NotImplementedError("its convolution has no groups")
        if any((n + 2 * padding - dilation * (k - 1) - 1) % stride for n, k in zip(x.shape[2:], w.shape[2:])):
            raise NotImplementedError("its convolution refuses windows that leave a row over")
        y = conv_nd(x, w, stride=stride, padding=padding, dilation=dilation)
        return y if b is None else y + b.reshape(1, -1, 1, 1)

    def max_pool2d(self, x: Any, k: int, stride: int | None = None) -> Any:
        return max_pool(x, (k, k), stride or k)

    def batch_norm(self, x: Any, mean: Any, var: Any, w: Any, b: Any, training: bool) -> Any:
        if training:
            return batchnorm(x, gamma=w, beta=b, eps=1e-5)
        return super().batch_norm(x, mean, var, w, b, training)

    def cross_entropy(self, x: Any, labels: np.ndarray) -> Any:
        if x.ndim > 2:
            raise NotImplementedError("its cross-entropy takes no scores per pixel")
        return softmax_crossentropy(x, labels)

    def pad(self, x: Any, pad: tuple[int, ...]) -> Any:
        raise NotImplementedError("it has no pad")


class MyGrad(Taped):
    layers = layers(InMyGrad())

    def infer(self, model: Any, images: np.ndarray) -> None:
        with mygrad.no_autodiff:
            model(mygrad.tensor(images, constant=True, copy=False))

    def loss_and_gradients(self, model: Any, values: Sequence[np.ndarray], images: np.ndarray, labels: np.ndarray) -> Any:
        leaves = [mygrad.tensor(value, copy=False) for value in values]
        model.put(leaves)
        loss = self.layers.cross_entropy(model(mygrad.tensor(images, constant=True, copy=False)), labels)
        loss.backward()
        return loss.item(), [leaf.grad for leaf in leaves]

    def op(self, case: Op) -> Stages:
        if case.second:
            raise NotImplementedError("it has no gradients of gradients")
        rng = np.random.default_rng(0)
        inputs = [given.array(rng) if given.classes else mygrad.tensor(given.array(rng), constant=not given.grad)
                  for given in case.inputs]
        results: list[Any] = []

        def forward() -> None:
            results[:] = [case.call(self.layers, *inputs)]

        forward()
        gradient = rng.standard_normal(results[0].shape, dtype=np.float32)
        return {"forward": forward, "backward": lambda: results.pop().backward(gradient)}
