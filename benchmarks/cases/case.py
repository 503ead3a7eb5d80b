"""The kinds of row: an op, a network in training or in evaluation, an optimizer's step, a second derivative."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Sequence

import numpy as np

__all__ = ["Input", "Op", "Network", "Update", "Case", "quick"]


@dataclass(frozen=True)
class Input:
    """An array of standard normal numbers, or of classes below `classes` where that is given.

    grad   True: its gradient is wanted
    """

    shape: tuple[int, ...]
    grad: bool = True
    classes: int = 0

    def array(self, rng: np.random.Generator) -> np.ndarray:
        if self.classes:
            return rng.integers(0, self.classes, self.shape)
        return rng.standard_normal(self.shape, dtype=np.float32)


@dataclass(frozen=True)
class Op:
    """A function of tensors, forward, and backward from a gradient of its result's shape.

    name, family   of the row; targets are about families
    call           ``call(lib, *tensors)``, where `lib` has the layers and functions of a library under PyTorch's names
    inputs         of the call
    multiply_adds  of the forward pass, or 0; with both gradients it is `passes` times as many
    calls          how many small ops the row holds: its time is given per op
    second         True: time the gradient of the gradient's squared length
    walk           ``walk(np, gradient, *others)``: the NumPy calls of the backward pass, without a tape, if written out
    skips          why an engine cannot do it, by the engine's name or its beginning
    at             where the row stands on an axis of growth: (axis, number)
    """

    name: str
    family: str
    call: Callable[..., Any]
    inputs: tuple[Input, ...]
    multiply_adds: int = 0
    calls: int = 1
    second: bool = False
    walk: Callable[..., Any] | None = None
    skips: dict[str, str] = field(default_factory=dict)
    at: tuple[str, int] | None = None
    threads: int = 0

    @property
    def passes(self) -> int:
        return 1 + sum(given.grad for given in self.inputs[:2])


@dataclass(frozen=True)
class Network:
    """A network of `benchmarks.models` on random images.

    A training step is: gradients to zero, forward, cross-entropy, backward, SGD with momentum, the loss as a number.
    ``train=False``: the forward pass in evaluation without recording.
    """

    name: str
    model: str
    batch: int
    channels: int
    side: int
    train: bool = True
    family: str = "network"
    skips: dict[str, str] = field(default_factory=dict)
    at: tuple[str, int] | None = None
    threads: int = 0
    calls = 1

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Images, and a label for each, or for each pixel where the network scores pixels."""
        rng = np.random.default_rng(0)
        images = rng.standard_normal((self.batch, self.channels, self.side, self.side), dtype=np.float32)
        labels = (self.batch, self.side, self.side) if self.model == "unet" else (self.batch,)
        return images, rng.integers(0, 10, labels)


@dataclass(frozen=True)
class Update:
    """A step of an optimizer on parameters of these shapes."""

    name: str
    family: str
    optimizer: str
    options: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]
    skips: dict[str, str] = field(default_factory=dict)
    at: tuple[str, int] | None = None
    threads: int = 0
    calls = 1

    @property
    def entries(self) -> int:
        return sum(math.prod(shape) for shape in self.shapes)


Case = Op | Network | Update


def quick(cases: Sequence[Case]) -> list[Case]:
    """The rows with engines that compile each one left out of all but the first."""
    reason = "compiling every row takes too long for a quick run"
    compilers = dict.fromkeys(("torch-compile", "jax", "tinygrad"), reason)
    return [*cases[:1], *(replace(case, skips={**case.skips, **compilers}) for case in cases[1:])]
