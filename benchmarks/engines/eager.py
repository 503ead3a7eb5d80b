"""The rows in a library with PyTorch's interface: tensorgrad and PyTorch run the same lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import models
from benchmarks.cases import Network, Op, Update
from benchmarks.engines.stages import MOMENTUM, RATE, Names, Stages, weights

__all__ = ["Eager"]


class Eager:
    """A library that records as it runs.

    framework   the package with ``no_grad`` and ``autograd``
    layers      names of layers and functions, for calls and networks
    optim       the package of optimizers
    """

    framework: Any
    layers: Names
    optim: Any

    def set_threads(self, threads: int) -> None:
        self.framework.set_num_threads(threads)

    def tensor(self, array: np.ndarray) -> Any:
        return self.framework.tensor(array)

    def image(self, array: np.ndarray) -> Any:
        """A tensor as a layer of this library would hand it on: in the layout of its own results."""
        return self.tensor(array)

    def prepared(self, model: Any) -> Any:
        """The model as this engine runs it."""
        return model

    def network(self, case: Network) -> Stages:
        model = models.create(self.layers, case.model, 10, case.channels, case.side)
        values = {name: self.tensor(array) for name, array in weights(model.named_parameters()).items()}
        model.load_state_dict(values, strict=False)
        model = self.prepared(model)
        images, labels = case.data()
        x, y = self.tensor(images), self.tensor(labels)
        if not case.train:
            model.eval()

            def infer() -> None:
                with self.framework.no_grad():
                    model(x)

            return {"forward": infer}
        optimizer = self.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
        cross_entropy = self.layers.cross_entropy

        def step() -> float:
            optimizer.zero_grad()
            loss = cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss.item()

        return {"step": step}

    def op(self, case: Op) -> Stages:
        rng = np.random.default_rng(0)
        inputs = [self.tensor(given.array(rng)) for given in case.inputs]
        if case.inputs[0].grad:  # else the first layer, which is given data
            inputs[0] = self.image(case.inputs[0].array(np.random.default_rng(0)))
        leaves = [x.requires_grad_() for x, given in zip(inputs, case.inputs) if given.grad]
        if case.second:
            return {"forward and twice backward": self.twice(case, inputs, leaves)}
        call, layers = case.call, self.layers
        results: list[Any] = []

        def forward() -> None:
            results[:] = [call(layers, *inputs)]

        forward()
        gradient = self.image(rng.standard_normal(tuple(results[0].shape), dtype=np.float32))

        def backward() -> None:
            results.pop().backward(gradient)
            for x in leaves:
                x.grad = None

        return {"forward": forward, "backward": backward}

    def twice(self, case: Op, inputs: list[Any], leaves: list[Any]) -> Any:
        def work() -> float:
            first = self.framework.autograd.grad(case.call(self.layers, *inputs), leaves, create_graph=True)
            length = self.layers.sum(first[0] * first[0])
            for g in first[1:]:
                length = length + self.layers.sum(g * g)
            length.backward()
            for x in leaves:
                x.grad = None
            return length.item()

        return work

    def update(self, case: Update) -> Stages:
        rng = np.random.default_rng(0)
        parameters = []
        for shape in case.shapes:
            parameter = self.layers.Parameter(self.tensor(rng.standard_normal(shape, dtype=np.float32)))
            parameter.grad = self.tensor(rng.standard_normal(shape, dtype=np.float32))
            parameters.append(parameter)
        return {"step": getattr(self.optim, case.optimizer)(parameters, **case.options).step}
