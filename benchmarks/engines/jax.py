"""JAX, every row one compiled program."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks import models
from benchmarks.cases import Network, Op, Update
from benchmarks.engines.functional import Functions, layers
from benchmarks.engines.stages import MOMENTUM, RATE, Stages, weights

__all__ = ["Jax"]

IMAGES = ("NCHW", "OIHW", "NCHW")


class InJax(Functions):
    """Convolution and pooling are XLA's own."""

    np = jnp
    relu = staticmethod(jax.nn.relu)
    sigmoid = staticmethod(jax.nn.sigmoid)

    def gelu(self, x: Any) -> Any:
        return jax.nn.gelu(x, approximate=False)

    def conv2d(self, x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1) -> Any:
        y = lax.conv_general_dilated(x, w, (stride,) * 2, [(padding,) * 2] * 2, rhs_dilation=(dilation,) * 2,
                                     feature_group_count=groups, dimension_numbers=IMAGES)
        return y if b is None else y + b[:, None, None]

    def conv_transpose2d(self, x: Any, w: Any, b: Any, stride: int, padding: int) -> Any:
        # A convolution of the images with stride - 1 zeros between the pixels, by the turned filters.
        w = w.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
        y = lax.conv_general_dilated(x, w, (1, 1), [(w.shape[2] - 1 - padding,) * 2] * 2, lhs_dilation=(stride,) * 2,
                                     dimension_numbers=IMAGES)
        return y if b is None else y + b[:, None, None]

    def max_pool2d(self, x: Any, k: int, stride: int | None = None) -> Any:
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, k, k), (1, 1, *(stride or k,) * 2), "VALID")

    def group_norm(self, x: Any, groups: int, w: Any, b: Any) -> Any:
        y = x.reshape(x.shape[0], groups, -1)
        mean, var = y.mean(-1, keepdims=True), y.var(-1, keepdims=True)
        return ((y - mean) / jnp.sqrt(var + 1e-5)).reshape(x.shape) * w[:, None, None] + b[:, None, None]


class Jax:
    """JAX takes the number of threads from the processors it may use when it starts."""

    layers = layers(InJax())

    def __init__(self, threads: int):
        pass

    def set_threads(self, threads: int) -> None:
        pass

    def network(self, case: Network) -> Stages:
        model = models.create(self.layers, case.model, 10, case.channels, case.side)
        values = [jnp.asarray(a) for a in weights(model.named_parameters()).values()]
        x, y = (jnp.asarray(a) for a in case.data())
        if not case.train:
            model.eval()

            def scores(values: Any, x: Any) -> Any:
                model.put(values)
                return model(x)

            run = jax.jit(scores)
            return {"forward": lambda: run(values, x).block_until_ready()}

        def loss(values: Any, x: Any, y: Any) -> Any:
            model.put(values)
            return self.layers.cross_entropy(model(x), y)

        def update(values: Any, speeds: Any, x: Any, y: Any) -> Any:
            found, gradients = jax.value_and_grad(loss)(values, x, y)
            speeds = [MOMENTUM * speed + g for speed, g in zip(speeds, gradients)]
            return [value - RATE * speed for value, speed in zip(values, speeds)], speeds, found

        run = jax.jit(update, donate_argnums=(0, 1))
        state = [values, [jnp.zeros_like(value) for value in values]]

        def step() -> float:
            state[0], state[1], found = run(*state, x, y)
            jax.block_until_ready(state)
            return float(found)

        return {"step": step}

    def op(self, case: Op) -> Stages:
        rng = np.random.default_rng(0)
        arrays = [jnp.asarray(given.array(rng)) for given in case.inputs]
        wanted = [i for i, given in enumerate(case.inputs) if given.grad]

        def call(*leaves: Any) -> Any:
            inputs = list(arrays)
            for i, leaf in zip(wanted, leaves):
                inputs[i] = leaf
            return case.call(self.layers, *inputs)

        leaves = [arrays[i] for i in wanted]
        if case.second:
            every = tuple(range(len(leaves)))

            def length(*leaves: Any) -> Any:
                return sum((g * g).sum() for g in jax.grad(call, every)(*leaves))

            run = jax.jit(jax.value_and_grad(length, every))
            return {"forward and twice backward": lambda: float(jax.block_until_ready(run(*leaves))[0])}
        gradient = jnp.asarray(rng.standard_normal(jax.eval_shape(call, *leaves).shape, dtype=np.float32))

        def both(gradient: Any, *leaves: Any) -> Any:
            result, back = jax.vjp(call, *leaves)
            return result, back(gradient)

        run = jax.jit(both)
        return {"forward and backward": lambda: jax.block_until_ready(run(gradient, *leaves)) and None}

    def update(self, case: Update) -> Stages:
        raise NotImplementedError("JAX has no optimizers; they are in other packages")
