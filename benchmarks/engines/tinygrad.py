"""tinygrad, every row one jitted program."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

os.environ["DEV"] = "CPU"  # read when the package is imported

from tinygrad import Context, Tensor, TinyJit, nn  # noqa: E402

from benchmarks import models  # noqa: E402
from benchmarks.cases import Network, Op, Update  # noqa: E402
from benchmarks.engines.functional import Functions, layers  # noqa: E402
from benchmarks.engines.stages import MOMENTUM, RATE, Stages, weights  # noqa: E402

__all__ = ["TinyGrad"]


def method(name: str) -> Any:
    """The method of that name as a function."""
    return lambda self, x, *arguments: getattr(x, name)(*arguments)


class InTinyGrad(Functions):
    """Everything is a method of its tensors."""

    relu, sigmoid, exp, tanh = method("relu"), method("sigmoid"), method("exp"), method("tanh")
    matmul, sum, amax, softmax = method("matmul"), method("sum"), method("max"), method("softmax")

    def gelu(self, x: Any) -> Any:
        return x * 0.5 * (1 + (x / 2**0.5).erf())

    def linear(self, x: Any, w: Any, b: Any) -> Any:
        return x.linear(w.transpose(), b)

    def cat(self, tensors: list[Any], dim: int) -> Any:
        return tensors[0].cat(*tensors[1:], dim=dim)

    def pad(self, x: Any, pad: tuple[int, ...]) -> Any:
        return x.pad(pad)

    def mse_loss(self, x: Any, target: Any) -> Any:
        return (x - target).square().mean()

    def cross_entropy(self, x: Any, labels: Any) -> Any:
        if x.ndim > 2:  # scores per pixel, the classes last
            x, labels = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1]), labels.reshape(-1)
        return x.sparse_categorical_crossentropy(labels)

    def conv2d(self, x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1) -> Any:
        return x.conv2d(w, b, groups=groups, stride=stride, dilation=dilation, padding=padding)

    def conv_transpose2d(self, x: Any, w: Any, b: Any, stride: int, padding: int) -> Any:
        return x.conv_transpose2d(w, b, stride=stride, padding=padding)

    def max_pool2d(self, x: Any, k: int, stride: int | None = None) -> Any:
        return x.max_pool2d((k, k), stride or k)

    def avg_pool2d(self, x: Any, k: int, stride: int | None = None) -> Any:
        return x.avg_pool2d((k, k), stride or k)

    def adaptive_avg_pool2d(self, x: Any, size: int) -> Any:
        return x.mean((2, 3), keepdim=True)

    def batch_norm(self, x: Any, mean: Any, var: Any, w: Any, b: Any, training: bool) -> Any:
        if training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
        else:
            mean, var = Tensor(mean), Tensor(var)
        return x.batchnorm(w, b, mean, (var + 1e-5).rsqrt())

    def layer_norm(self, x: Any, shape: tuple[int, ...], w: Any, b: Any) -> Any:
        return x.layernorm(eps=1e-5) * w + b


class TinyGrad:
    """tinygrad runs its generated loops on threads of its own choosing."""

    layers = layers(InTinyGrad())

    def __init__(self, threads: int):
        pass

    def set_threads(self, threads: int) -> None:
        pass

    def tensor(self, array: np.ndarray) -> Any:
        return Tensor(array).clone().realize()  # clone: a lone number would become a constant of the program

    def network(self, case: Network) -> Stages:
        model = models.create(self.layers, case.model, 10, case.channels, case.side)
        values = [self.tensor(a) for a in weights(model.named_parameters()).values()]
        model.put(values)
        x, y = (self.tensor(a) for a in case.data())
        if not case.train:
            model.eval()
            run = TinyJit(lambda x: model(x).realize())
            return self.traced({"forward": lambda: run(x).numpy() is None})
        optimizer = nn.optim.SGD(values, lr=RATE, momentum=MOMENTUM)

        @TinyJit
        def update(x: Any, y: Any) -> Any:
            loss = self.layers.cross_entropy(model(x), y)
            for value, gradient in zip(values, loss.gradient(*values)):
                value.grad = gradient
            return loss.realize(*optimizer.schedule_step())

        def step() -> float:
            with Context(TRAINING=1):
                return update(x, y).item()

        return {"step": step}

    def op(self, case: Op) -> Stages:
        if case.second:
            raise NotImplementedError("its gradients are not differentiated again here")
        rng = np.random.default_rng(0)
        tensors = [self.tensor(given.array(rng)) for given in case.inputs]
        result = case.call(self.layers, *tensors)
        gradient = self.tensor(rng.standard_normal(result.shape, dtype=np.float32))

        @TinyJit
        def both(gradient: Any, *tensors: Any) -> Any:
            leaves = [x for x, given in zip(tensors, case.inputs) if given.grad]
            result = case.call(self.layers, *tensors)
            return Tensor.realize(result, *result.gradient(*leaves, gradient=gradient))

        def work() -> None:
            both(gradient, *tensors).numpy()  # which waits for it

        return self.traced({"forward and backward": work})

    @staticmethod
    def traced(stages: Stages) -> Stages:
        """The stages after the two calls in which the jit looks on."""
        for stage in (*stages.values(), *stages.values()):
            stage()
        return stages

    def update(self, case: Update) -> Stages:
        raise NotImplementedError("its optimizers are timed within training steps only")
