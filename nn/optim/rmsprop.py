"""RMSprop: steps divided by a running root mean square of the gradient."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from nn.optim.base import Optimizer
from nn.optim.implementations import one_implementation
from tensorgrad import kernels

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Steps divided by a running root mean square of the gradient, or with `centered` by its standard deviation.

        g ← grad + weight_decay · p
        s ← alpha · s + (1 − alpha) · g²
        m ← m + (1 − alpha) · (g − m)                   only if centered
        d ← √s + eps,  or  √(s − m²) + eps  if centered
        p ← p − lr · g / d                              or, if momentum > 0:
        b ← momentum · b + g / d;   p ← p − lr · b

    `maximize` negates grad first.  `foreach` changes nothing.

    Raises
        ArgumentError   a negative option; `capturable` or `differentiable`

    Source
        Hinton, lecture 6 of "Neural Networks for Machine Learning", 2012; `centered` from Graves 2013; order of
        operations and eps outside of the root as in PyTorch

    Example
        >>> from tensorgrad import tensor
        >>> w = tensor([1.0, 100.0], requires_grad=True)
        >>> optimizer = RMSprop([w], lr=0.05)
        >>> (w * w).sum().backward(); optimizer.step(); w
        tensor([ 0.5, 99.5], requires_grad=True)
    """

    buffers = ("square_avg", "grad_avg", "momentum_buffer")
    entrywise = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
                 weight_decay: float = 0, momentum: float = 0, centered: bool = False, capturable: bool = False,
                 foreach: bool | None = None, maximize: bool = False, differentiable: bool = False):
        one_implementation(self.name, foreach, None, capturable, differentiable)
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay,
                                  "momentum": momentum, "centered": centered, "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        for option in ("lr", "alpha", "eps", "weight_decay", "momentum"):
            self.require(group, option)

    def update(self, param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        state["step"] = state.get("step", 0) + 1
        lr, alpha, eps, momentum = (float(group[option]) for option in ("lr", "alpha", "eps", "momentum"))
        for name, used in (("square_avg", True), ("grad_avg", group["centered"]), ("momentum_buffer", momentum > 0)):
            if used and name not in state:
                state[name] = np.zeros_like(param)
        kernels.active().rmsprop_step(param, grad, state["square_avg"], state["grad_avg"] if group["centered"] else None,
                                      state["momentum_buffer"] if momentum > 0 else None, lr, alpha, eps, momentum,
                                      float(group["weight_decay"]), bool(group["maximize"]))
