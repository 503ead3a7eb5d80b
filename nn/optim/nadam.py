"""NAdam: Adam with Nesterov's look ahead."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from nn.optim.base import Optimizer
from nn.optim.implementations import one_implementation

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """Adam's steps with the momentum of the next step in place of the present one, by a schedule of momenta.

        g  ← grad + weight_decay · p            or, if decoupled_weight_decay:  p ← p · (1 − lr · weight_decay)
        μₜ ← β₁ · (1 − ½ · 0.96^(t · momentum_decay)),    Πₜ = μ₁ · μ₂ ⋯ μₜ
        m  ← m + (1 − β₁) · (g − m)
        v  ← β₂ · v + (1 − β₂) · g²
        d  ← √(v / (1 − β₂ᵗ)) + eps
        p  ← p − lr · ((1 − μₜ) / (1 − Πₜ) · g + μₜ₊₁ / (1 − Πₜ₊₁) · m) / d          t = 1, 2, ... counts steps

    `maximize` negates grad first.  `foreach` changes nothing.  The product Π is kept in double precision, where PyTorch
    rounds it to its default dtype at every step.

    Raises
        ArgumentError   a negative option, betas outside of [0, 1), `capturable` or `differentiable`

    Source
        Dozat 2016, as in PyTorch

    Example
        >>> from tensorgrad import tensor
        >>> w = tensor([1.0], requires_grad=True)
        >>> optimizer = NAdam([w], lr=0.1, betas=(0.0, 0.999))  # no momentum: the sign of the first gradient
        >>> (w * w).sum().backward(); optimizer.step(); w
        tensor([0.9], requires_grad=True)
    """

    buffers = ("exp_avg", "exp_avg_sq")
    scalars = ("mu_product",)

    def __init__(self, params: Iterable[Any], lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *,
                 foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
                 differentiable: bool = False):
        one_implementation(self.name, foreach, None, capturable, differentiable)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
                                  "momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay,
                                  "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        for option in ("lr", "eps", "weight_decay", "momentum_decay"):
            self.require(group, option)
        self.require_betas(group)

    def update(self, param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not state:
            state.update(step=0, mu_product=1.0, exp_avg=np.zeros_like(param), exp_avg_sq=np.zeros_like(param))
        t = state["step"] = state["step"] + 1
        lr, fade, (beta1, beta2) = float(group["lr"]), float(group["momentum_decay"]), map(float, group["betas"])
        now, after = (beta1 * (1 - 0.5 * 0.96 ** (k * fade)) for k in (t, t + 1))
        product = state["mu_product"] = state["mu_product"] * now
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        g = self.descent(param, grad, group)
        mean += (1 - beta1) * (g - mean)
        square *= beta2
        square += (1 - beta2) * (g * g)
        root = np.sqrt(square / (1 - beta2**t)) + float(group["eps"])
        param -= lr * (1 - now) / (1 - product) * (g / root)
        param -= lr * after / (1 - product * after) * (mean / root)
