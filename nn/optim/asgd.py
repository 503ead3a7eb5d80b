"""ASGD: gradient descent whose answer is the mean of the path."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from nn.optim.base import Optimizer
from nn.optim.implementations import one_implementation

__all__ = ["ASGD"]


class ASGD(Optimizer):
    """Steps that get shorter, and beside the parameter the mean of its values from step `t0` on, ``state[p]["ax"]``.

        g ← grad + weight_decay · p
        p ← p · (1 − lambd · η) − η · g
        a ← a + μ · (p − a)
        η ← lr / (1 + lambd · lr · t)^alpha                         t = 1, 2, ... counts steps; η starts at lr
        μ ← 1 / max(1, t − t0)                                      μ starts at 1: until t0, a is p

    `maximize` negates grad first.  `foreach` changes nothing.

    Raises
        ArgumentError   lr or weight_decay below 0, `capturable` or `differentiable`

    Source
        Polyak and Juditsky 1992; the schedule of Bottou's SGD, as in PyTorch

    Example
        >>> from tensorgrad import tensor
        >>> w = tensor([1.0], requires_grad=True)
        >>> optimizer = ASGD([w], lr=0.25, lambd=0.0, t0=1)
        >>> for _ in range(3):
        ...     optimizer.zero_grad(); (w * 2).sum().backward(); optimizer.step()
        >>> w, optimizer.state[w]["ax"]  # 0.5, 0, -0.5: the mean starts when step t0 is over
        (tensor([-0.5], requires_grad=True), array([-0.5], dtype=float32))
    """

    buffers = ("ax",)
    scalars = ("eta", "mu")

    def __init__(self, params: Iterable[Any], lr: float = 1e-2, lambd: float = 1e-4, alpha: float = 0.75, t0: float = 1e6,
                 weight_decay: float = 0, foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
                 capturable: bool = False):
        one_implementation(self.name, foreach, None, capturable, differentiable)
        super().__init__(params, {"lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay,
                                  "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        for option in ("lr", "weight_decay"):
            self.require(group, option)
        for option in ("lambd", "alpha", "t0"):
            self.require(group, option, low=-np.inf)

    def update(self, param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, decay = float(group["lr"]), float(group["lambd"])
        if not state:
            state.update(step=0, eta=lr, mu=1.0, ax=np.zeros_like(param))
        t = state["step"] = state["step"] + 1
        mean = state["ax"]
        g = self.descent(param, grad, group)
        param *= 1 - decay * state["eta"]
        param -= state["eta"] * g
        if state["mu"] == 1:
            mean[...] = param
        else:
            mean += state["mu"] * (param - mean)
        state["eta"] = lr / (1 + decay * lr * t) ** float(group["alpha"])
        state["mu"] = 1 / max(1.0, t - float(group["t0"]))
