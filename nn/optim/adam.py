"""Adam: steps along a running mean of the gradient, divided by its running root mean square."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from nn.optim.base import Optimizer
from nn.optim.implementations import one_implementation
from tensorgrad import kernels

__all__ = ["Adam"]


class Adam(Optimizer):
    """Steps along a running mean of the gradient, divided by its running root mean square.

        g ← grad + weight_decay · p
        m ← m + (1 − β₁) · (g − m)
        v ← β₂ · v + (1 − β₂) · g²
        w ← max(w, v)  with amsgrad, else v
        p ← p − lr / (1 − β₁ᵗ) · m / (√w / √(1 − β₂ᵗ) + eps)       t = 1, 2, ... counts steps

    `maximize` negates grad first.  `weight_decay` is added to the gradient; with `decoupled_weight_decay`, as in
    `AdamW`, the parameter shrinks instead, to p · (1 − lr · weight_decay).  `foreach` and `fused` change nothing.

    Raises
        ArgumentError   a negative option, betas outside of [0, 1), `capturable` or `differentiable`

    Source
        Kingma and Ba 2015; Reddi, Kale and Kumar 2018 for `amsgrad`, with the maximum taken before the correction as in
        PyTorch

    Example
        >>> from tensorgrad import tensor
        >>> w = tensor([1.0, 100.0], requires_grad=True)
        >>> optimizer = Adam([w], lr=0.5)
        >>> (w * w).sum().backward(); optimizer.step(); w
        tensor([ 0.5, 99.5], requires_grad=True)
    """

    buffers = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
    entrywise = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool | None = None, maximize: bool = False,
                 capturable: bool = False, differentiable: bool = False, fused: bool | None = None,
                 decoupled_weight_decay: bool = False):
        one_implementation(self.name, foreach, fused, capturable, differentiable)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
                                  "amsgrad": amsgrad, "maximize": maximize,
                                  "decoupled_weight_decay": decoupled_weight_decay})

    def check(self, group: dict[str, Any]) -> None:
        for option in ("lr", "eps", "weight_decay"):
            self.require(group, option)
        self.require_betas(group)

    def update(self, param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        t = state["step"] = state.get("step", 0) + 1
        for name, used in (("exp_avg", True), ("exp_avg_sq", True), ("max_exp_avg_sq", group["amsgrad"])):
            if used and name not in state:
                state[name] = np.zeros_like(param)
        lr, eps, (beta1, beta2) = float(group["lr"]), float(group["eps"]), map(float, group["betas"])
        step_size, root = lr / (1 - beta1**t), (1 - beta2**t) ** 0.5
        decay, decoupled = float(group["weight_decay"]), group["decoupled_weight_decay"]
        kernels.active().adam_step(
            param, grad, state["exp_avg"], state["exp_avg_sq"], state["max_exp_avg_sq"] if group["amsgrad"] else None,
            step_size, root, beta1, beta2, eps, 0.0 if decoupled else decay, 1 - lr * decay if decoupled else 1.0,
            bool(group["maximize"]))
