"""Adamax: Adam with a running maximum in place of the root mean square."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from nn.optim.base import Optimizer
from nn.optim.implementations import one_implementation

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """Steps along a running mean of the gradient, divided by a fading maximum of its size.

        g ← grad + weight_decay · p
        m ← m + (1 − β₁) · (g − m)
        u ← max(β₂ · u, |g| + eps)
        p ← p − lr / (1 − β₁ᵗ) · m / u                              t = 1, 2, ... counts steps

    `maximize` negates grad first.  `foreach` changes nothing.

    Raises
        ArgumentError   a negative option, betas outside of [0, 1), `capturable` or `differentiable`

    Source
        Kingma and Ba 2015, section 7; eps as in PyTorch

    Example
        >>> from tensorgrad import tensor
        >>> w = tensor([1.0, 100.0], requires_grad=True)
        >>> optimizer = Adamax([w], lr=0.5)
        >>> (w * w).sum().backward(); optimizer.step(); w
        tensor([ 0.5, 99.5], requires_grad=True)
    """

    buffers = ("exp_avg", "exp_inf")
    entrywise = True

    def __init__(self, params: Iterable[Any], lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, foreach: bool | None = None, *, maximize: bool = False,
                 differentiable: bool = False, capturable: bool = False):
        one_implementation(self.name, foreach, None, capturable, differentiable)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        for option in ("lr", "eps", "weight_decay"):
            self.require(group, option)
        self.require_betas(group)

    def update(self, param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not state:
            state.update(step=0, exp_avg=np.zeros_like(param), exp_inf=np.zeros_like(param))
        t = state["step"] = state["step"] + 1
        beta1, beta2 = map(float, group["betas"])
        mean, largest = state["exp_avg"], state["exp_inf"]
        g = self.descent(param, grad, group)
        mean += (1 - beta1) * (g - mean)
        largest *= beta2
        np.maximum(largest, np.abs(g) + float(group["eps"]), out=largest)
        param -= float(group["lr"]) / (1 - beta1**t) * (mean / largest)
