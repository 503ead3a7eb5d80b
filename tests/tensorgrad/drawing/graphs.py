"""Graphs to draw."""

from __future__ import annotations

import random

import numpy as np

import tensorgrad
from tensorgrad.tensor import Tensor


class Weight(Tensor):
    """A parameter, without `nn`."""

    __slots__ = ()
    kind = "parameter"


def weight(*shape: int, name: str | None = None) -> Weight:
    return Weight(np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape), requires_grad=True, name=name)


def leaf(name: str = "a") -> Tensor:
    return Tensor(np.array([0.5, 1.0, 1.5], np.float32), requires_grad=True, name=name)


def images() -> Tensor:
    return Tensor(np.ones((4, 8), np.float32), name="images")


def mlp() -> Tensor:
    """The loss of two layers, each a scope of its own with a weight and a bias."""
    x = images()
    with tensorgrad.scope("net"):
        for layer in ("hidden", "out"):
            with tensorgrad.scope(layer):
                x = x * weight(8, name=f"net.{layer}.weight") + weight(8, name=f"net.{layer}.bias")
            with tensorgrad.scope("act"):
                x = tensorgrad.exp(x * 0.1)
    return ((x - Tensor(np.zeros((4, 8), np.float32), name="target")) ** 2).mean()


def diamonds(levels: int) -> Tensor:
    """a + a, over and over: as many ops as levels, and two to the power of levels paths."""
    x = leaf()
    for _ in range(levels):
        x = x + x
    return x


def chain(n: int) -> Tensor:
    x = leaf()
    for _ in range(n):
        x = x * 2
    return x


def mixed_chain(n: int, seed: int = 0) -> Tensor:
    """Ops in no order that repeats."""
    rng, x = random.Random(seed), leaf()
    for _ in range(n):
        x = rng.choice([lambda x: x * 2, tensorgrad.exp, lambda x: -x, lambda x: x + 1])(x)
    return x


def residual_blocks(n: int) -> Tensor:
    """Blocks of a multiplication, exp, another multiplication and a skip connection."""
    x = leaf("x") * 1
    for i in range(n):
        with tensorgrad.scope(f"blocks.{i}"):
            y = x
            for part in ("first", "second"):
                with tensorgrad.scope(part):
                    y = y * weight(3, name=f"blocks.{i}.{part}.weight")
                y = tensorgrad.exp(y) if part == "first" else y
            x = y + x
    return x


def tangle(n: int, seed: int) -> list[Tensor]:
    """A random graph: shared leaves, skips of any length, nested scopes that are entered again, several outputs."""
    rng = random.Random(seed)
    pool = [leaf(f"w{i}") for i in range(3)]
    for i in range(n):
        a, b = rng.choice(pool[-8:]), rng.choice(pool[-8:])
        with tensorgrad.scope(f"block{i // 9}.part{i // 3 % 2}"):
            kind = rng.randrange(5)
            pool.append(a * b if kind == 0 else a + b if kind == 1 else tensorgrad.exp(a) if kind == 2 else
                        a * weight(3, name=f"p{i}") if kind == 3 else b * Tensor(np.ones(3, np.float32)))
    return [tensor for tensor in pool[-3:] if tensor.creator is not None]
