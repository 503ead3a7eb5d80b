"""HIPS autograd."""

from __future__ import annotations

from typing import Any, Sequence

import autograd
import autograd.numpy as anp
import numpy as np
from autograd.scipy.signal import convolve

from benchmarks.cases import Op
from benchmarks.engines.functional import Functions, layers
from benchmarks.engines.stages import Stages
from benchmarks.engines.taped import Taped

__all__ = ["Autograd"]


class InAutograd(Functions):
    """Convolution is `autograd.scipy.signal.convolve`, as in its own example of a convolutional network."""

    np = anp

    def conv2d(self, x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1) -> Any:
        if (stride, dilation, groups) != (1, 1, 1):
            raise NotImplementedError("its convolution has no stride, dilation or groups")
        if padding:
            x = anp.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2), "constant")
        w = w[:, :, ::-1, ::-1]  # it turns the filters
        y = convolve(x, w, axes=([2, 3], [2, 3]), dot_axes=([1], [1]), mode="valid")
        return y if b is None else y + b.reshape(1, -1, 1, 1)


class Autograd(Taped):
    layers = layers(InAutograd())

    def infer(self, model: Any, images: np.ndarray) -> None:
        model(images)

    def loss_and_gradients(self, model: Any, values: Sequence[np.ndarray], images: np.ndarray, labels: np.ndarray) -> Any:
        def loss(leaves: Any) -> Any:
            model.put(leaves)
            return self.layers.cross_entropy(model(images), labels)

        found, gradients = autograd.value_and_grad(loss)(list(values))
        return float(found), gradients

    def op(self, case: Op) -> Stages:
        rng = np.random.default_rng(0)
        arrays = [given.array(rng) for given in case.inputs]
        wanted = [i for i, given in enumerate(case.inputs) if given.grad]

        def call(leaves: Any) -> Any:
            inputs = list(arrays)
            for i, leaf in zip(wanted, leaves):
                inputs[i] = leaf
            return case.call(self.layers, *inputs)

        leaves = [arrays[i] for i in wanted]
        if case.second:
            def length(leaves: Any) -> Any:
                return sum(anp.sum(g * g) for g in autograd.grad(call)(leaves))

            return {"forward and twice backward": lambda: float(autograd.value_and_grad(length)(leaves)[0])}
        results: list[Any] = []

        def forward() -> None:
            results[:] = [autograd.make_vjp(call)(leaves)]

        forward()
        result = results[0][1]
        gradient = rng.standard_normal(np.shape(result)).astype(np.float32)
        return {"forward": forward, "backward": lambda: results.pop()[0](gradient) and None}
