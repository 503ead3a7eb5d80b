"""Lion: steps by the sign of a mix of the gradient and its running mean."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from nn.optim.base import Optimizer
from nn.optim.implementations import one_implementation

__all__ = ["Lion"]


class Lion(Optimizer):
    """Steps of length lr in every entry; one running mean is all it remembers.

        g ← grad
        p ← p · (1 − lr · weight_decay)
        p ← p − lr · sign(β₁ · m + (1 − β₁) · g)
        m ← β₂ · m + (1 − β₂) · g

    `maximize` negates grad first.  `foreach` changes nothing.  A learning rate 3 to 10 times smaller than AdamW's, and a
    weight decay as much larger, is where to start.

    Raises
        ArgumentError   a negative option, betas outside of [0, 1), `capturable` or `differentiable`

    Source
        Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", algorithm 2

    Example
        >>> from tensorgrad import tensor
        >>> w = tensor([1.0, -100.0], requires_grad=True)
        >>> optimizer = Lion([w], lr=0.5)
        >>> (w * w).sum().backward(); optimizer.step(); w
        tensor([  0.5, -99.5], requires_grad=True)
    """

    buffers = ("exp_avg",)
    entrywise = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-4, betas: tuple[float, float] = (0.9, 0.99),
                 weight_decay: float = 0, *, maximize: bool = False, foreach: bool | None = None, capturable: bool = False,
                 differentiable: bool = False):
        one_implementation(self.name, foreach, None, capturable, differentiable)
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        for option in ("lr", "weight_decay"):
            self.require(group, option)
        self.require_betas(group)

    def update(self, param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not state:
            state["exp_avg"] = np.zeros_like(param)
        lr, (beta1, beta2) = float(group["lr"]), map(float, group["betas"])
        mean = state["exp_avg"]
        g = self.descent(param, grad, {**group, "decoupled_weight_decay": True})
        param -= lr * np.sign(beta1 * mean + (1 - beta1) * g)
        mean *= beta2
        mean += (1 - beta2) * g
