"""RAdam: Adam that waits until its mean square can be trusted."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from nn.optim.base import Optimizer
from nn.optim.implementations import one_implementation

__all__ = ["RAdam"]


class RAdam(Optimizer):
    """Adam's steps times a factor that grows to 1 with the number of gradients seen; at first, plain momentum.

        g  ← grad + weight_decay · p            or, if decoupled_weight_decay:  p ← p · (1 − lr · weight_decay)
        m  ← m + (1 − β₁) · (g − m)
        v  ← β₂ · v + (1 − β₂) · g²
        ρ∞ = 2 / (1 − β₂) − 1,   ρₜ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)
        r  = √((ρₜ − 4)(ρₜ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρₜ))
        p  ← p − lr · m / (1 − β₁ᵗ) · r · √(1 − β₂ᵗ) / (√v + eps)      if ρₜ > 5
        p  ← p − lr · m / (1 − β₁ᵗ)                                    else;  t = 1, 2, ... counts steps

    `maximize` negates grad first.  `foreach` changes nothing.

    Raises
        ArgumentError   a negative option, betas outside of [0, 1), `capturable` or `differentiable`

    Source
        Liu et al. 2020, "On the Variance of the Adaptive Learning Rate and Beyond"; the limit 5 and eps as in PyTorch

    Example
        >>> from tensorgrad import tensor
        >>> w = tensor([1.0], requires_grad=True)
        >>> optimizer = RAdam([w], lr=0.1)
        >>> (w * w).sum().backward(); optimizer.step(); w  # the first steps are lr times the mean gradient
        tensor([0.8], requires_grad=True)
    """

    buffers = ("exp_avg", "exp_avg_sq")
    entrywise = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
                 maximize: bool = False, capturable: bool = False, differentiable: bool = False):
        one_implementation(self.name, foreach, None, capturable, differentiable)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
                                  "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        for option in ("lr", "eps", "weight_decay"):
            self.require(group, option)
        self.require_betas(group)

    def update(self, param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not state:
            state.update(step=0, exp_avg=np.zeros_like(param), exp_avg_sq=np.zeros_like(param))
        t = state["step"] = state["step"] + 1
        beta1, beta2 = map(float, group["betas"])
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        g = self.descent(param, grad, group)
        mean += (1 - beta1) * (g - mean)
        square *= beta2
        square += (1 - beta2) * (g * g)
        step_size, rest = float(group["lr"]) / (1 - beta1**t), 1 - beta2**t
        limit = 2 / (1 - beta2) - 1
        seen = limit - 2 * t * beta2**t / rest
        if seen > 5:
            trust = ((seen - 4) * (seen - 2) * limit / ((limit - 4) * (limit - 2) * seen)) ** 0.5
            param -= step_size * trust * rest**0.5 * (mean / (np.sqrt(square) + float(group["eps"])))
        else:
            param -= step_size * mean
