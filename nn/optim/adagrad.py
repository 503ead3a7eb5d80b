"""Adagrad: steps divided by the root of all squared gradients so far."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from nn.optim.base import Optimizer
from nn.optim.implementations import one_implementation
from tensorgrad import kernels

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Steps that shrink, entry by entry, with the sum of all squared gradients so far.

        g ← grad + weight_decay · p
        s ← s + g²                                          s starts at initial_accumulator_value
        p ← p − lr / (1 + (t − 1) · lr_decay) · g / (√s + eps)      t = 1, 2, ... counts steps

    `maximize` negates grad first.  `foreach` and `fused` change nothing.

    Raises
        ArgumentError   a negative option; `differentiable`

    Source
        Duchi, Hazan and Singer 2011; `lr_decay` and `eps` as in PyTorch

    Example
        >>> from tensorgrad import tensor
        >>> w = tensor([1.0, 100.0], requires_grad=True)
        >>> optimizer = Adagrad([w], lr=0.5)
        >>> (w * w).sum().backward(); optimizer.step(); w
        tensor([ 0.5, 99.5], requires_grad=True)
    """

    buffers = ("sum",)
    entrywise = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
                 initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool | None = None, *,
                 maximize: bool = False, differentiable: bool = False, fused: bool | None = None):
        one_implementation(self.name, foreach, fused, False, differentiable)
        super().__init__(params, {"lr": lr, "lr_decay": lr_decay, "weight_decay": weight_decay,
                                  "initial_accumulator_value": initial_accumulator_value, "eps": eps, "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        for option in ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"):
            self.require(group, option)

    def update(self, param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not state:
            state["step"] = 0
            state["sum"] = np.full_like(param, group["initial_accumulator_value"])
        state["step"] += 1
        lr = float(group["lr"]) / (1 + (state["step"] - 1) * float(group["lr_decay"]))
        kernels.active().adagrad_step(param, grad, state["sum"], lr, float(group["eps"]), float(group["weight_decay"]),
                                      bool(group["maximize"]))
