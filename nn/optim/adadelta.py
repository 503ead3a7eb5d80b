"""Adadelta: steps in the unit of the parameter, from running means of squared gradients and squared steps."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from nn.optim.base import Optimizer
from nn.optim.implementations import one_implementation
from tensorgrad.errors import ArgumentError

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Steps whose size is the ratio of the root mean squares of past steps and of past gradients.

        g ← grad + weight_decay · p
        s ← rho · s + (1 − rho) · g²
        d ← √(a + eps) / √(s + eps) · g
        a ← rho · a + (1 − rho) · d²
        p ← p − lr · d

    `maximize` negates grad first.  `foreach` changes nothing.

    Raises
        ArgumentError   a negative option, `rho` outside of [0, 1], `capturable` or `differentiable`

    Source
        Zeiler 2012; lr, which the paper does not have, as in PyTorch

    Example
        >>> from tensorgrad import tensor
        >>> w = tensor([1.0], requires_grad=True)
        >>> optimizer = Adadelta([w], lr=0.5, rho=0.75, eps=1.0)
        >>> (w * 2).sum().backward(); optimizer.step(); w  # s = 1, d = 2/√2
        tensor([0.2929], requires_grad=True)
    """

    buffers = ("square_avg", "acc_delta")
    entrywise = True

    def __init__(self, params: Iterable[Any], lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0,
                 foreach: bool | None = None, *, capturable: bool = False, maximize: bool = False,
                 differentiable: bool = False):
        one_implementation(self.name, foreach, None, capturable, differentiable)
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        for option in ("lr", "rho", "eps", "weight_decay"):
            self.require(group, option)
        if group["rho"] > 1:
            raise ArgumentError(f"Adadelta: rho={group['rho']!r} is not allowed.\n  Use a number in [0, 1].")

    def update(self, param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not state:
            state.update(step=0, square_avg=np.zeros_like(param), acc_delta=np.zeros_like(param))
        state["step"] += 1
        lr, rho, eps = float(group["lr"]), float(group["rho"]), float(group["eps"])
        square, moved = state["square_avg"], state["acc_delta"]
        g = self.descent(param, grad, group)
        square *= rho
        square += (1 - rho) * (g * g)
        step = np.sqrt(moved + eps) / np.sqrt(square + eps) * g
        moved *= rho
        moved += (1 - rho) * (step * step)
        param -= lr * step
