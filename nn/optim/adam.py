"""Adam: steps along a running mean of the gradient, divided by its running root mean square."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from nn.optim.base import Optimizer
from tensorgrad import kernels
from tensorgrad.errors import ArgumentError

__all__ = ["Adam", "adam"]


class Adam(Optimizer):
    """Steps along a running mean of the gradient, divided by its running root mean square.

        g ← grad + weight_decay · p
        m ← m + (1 − β₁) · (g − m)
        v ← β₂ · v + (1 − β₂) · g²
        w ← max(w, v)  with amsgrad, else v
        p ← p − lr / (1 − β₁ᵗ) · m / (√w / √(1 − β₂ᵗ) + eps)       t = 1, 2, ... counts steps

    `maximize` negates grad first.  `weight_decay` is added to the gradient; `AdamW` shrinks the parameter instead.

    Raises
        ArgumentError   a negative option, or betas outside of [0, 1)

    Source
        Kingma and Ba 2015; Reddi, Kale and Kumar 2018 for `amsgrad`, with the maximum taken before the correction as in
        PyTorch

    Example
        >>> from tensorgrad.tensor import tensor
        >>> w = tensor([1.0, 100.0], requires_grad=True)
        >>> optimizer = Adam([w], lr=0.5)
        >>> (w * w).sum().backward(); optimizer.step(); w
        tensor([ 0.5, 99.5], requires_grad=True)
    """

    buffers = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
    entrywise = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, amsgrad: bool = False, *, maximize: bool = False):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
                                  "amsgrad": amsgrad, "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        for option in ("lr", "eps", "weight_decay"):
            self.require(group, option)
        betas = group["betas"]
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ArgumentError(f"{self.name}: betas={betas!r} is not allowed.\n  Use two numbers in [0, 1): (0.9, 0.999).")
        both = {"betas[0]": betas[0], "betas[1]": betas[1]}
        for option in both:
            self.require(both, option, high=1.0)
        group["betas"] = tuple(both.values())

    def update(self, param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        adam(param, grad, state, group)


def adam(param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any], decoupled: bool = False) -> None:
    """Write Adam's step into `param`; with `decoupled`, weight decay multiplies it by ``1 − lr · weight_decay``."""
    t = state["step"] = state.get("step", 0) + 1
    for name, used in (("exp_avg", True), ("exp_avg_sq", True), ("max_exp_avg_sq", group["amsgrad"])):
        if used and name not in state:
            state[name] = np.zeros_like(param)
    lr, eps, (beta1, beta2) = float(group["lr"]), float(group["eps"]), map(float, group["betas"])
    step_size, root = lr / (1 - beta1**t), (1 - beta2**t) ** 0.5
    decay = float(group["weight_decay"])
    kernels.active().adam_step(
        param, grad, state["exp_avg"], state["exp_avg_sq"], state["max_exp_avg_sq"] if group["amsgrad"] else None, step_size,
        root, beta1, beta2, eps, 0.0 if decoupled else decay, 1 - lr * decay if decoupled else 1.0, bool(group["maximize"]))
