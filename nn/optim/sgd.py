"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from nn.optim.base import Optimizer
from nn.optim.implementations import one_implementation
from tensorgrad import kernels
from tensorgrad.errors import ArgumentError

__all__ = ["SGD"]


class SGD(Optimizer):
    """Steps against the gradient, smoothed by momentum.

        g ← grad + weight_decay · p
        v ← momentum · v + (1 − dampening) · g          the first time: v ← g
        g ← g + momentum · v  with nesterov, else v     only if momentum ≠ 0
        p ← p − lr · g

    `maximize` negates grad first.  `foreach` and `fused` change nothing.

    Raises
        ArgumentError   a negative option; `nesterov` without momentum, or with dampening; `differentiable`

    Source
        Polyak 1964; Sutskever et al. 2013 for `nesterov`, in the form of PyTorch, where lr scales the whole step

    Example
        >>> from tensorgrad import tensor
        >>> w = tensor([1.0], requires_grad=True)
        >>> optimizer = SGD([w], lr=0.1, momentum=0.9)
        >>> for _ in range(2):
        ...     optimizer.zero_grad(); (w * w).sum().backward(); optimizer.step()
        >>> w
        tensor([0.46], requires_grad=True)
    """

    buffers = ("momentum_buffer",)
    entrywise = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, momentum: float = 0, dampening: float = 0,
                 weight_decay: float = 0, nesterov: bool = False, *, maximize: bool = False,
                 foreach: bool | None = None, differentiable: bool = False, fused: bool | None = None):
        one_implementation(self.name, foreach, fused, False, differentiable)
        super().__init__(params, {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
                                  "nesterov": nesterov, "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        for option in ("lr", "momentum", "weight_decay"):
            self.require(group, option)
        self.require(group, "dampening", low=-np.inf)
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ArgumentError(f"SGD: nesterov=True with momentum={group['momentum']}, dampening={group['dampening']}.\n"
                                "  Nesterov momentum needs momentum > 0 and dampening=0.")

    def update(self, param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        momentum = float(group["momentum"])
        first = momentum != 0 and "momentum_buffer" not in state
        if first:
            state["momentum_buffer"] = np.empty_like(param)
        kernels.active().sgd_step(param, grad, state["momentum_buffer"] if momentum else None, float(group["lr"]), momentum,
                                  float(group["dampening"]), float(group["weight_decay"]), bool(group["nesterov"]),
                                  bool(group["maximize"]), first)
