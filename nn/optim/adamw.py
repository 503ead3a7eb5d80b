"""AdamW: Adam with a weight decay of its own."""

from __future__ import annotations

from typing import Any, Iterable

from nn.optim.adam import Adam

__all__ = ["AdamW"]


class AdamW(Adam):
    """Adam's steps, and a shrinking of the parameter that the running means do not see.

        p ← p · (1 − lr · weight_decay)
        then as `Adam` without weight decay

    Raises
        ArgumentError   a negative option, betas outside of [0, 1), `capturable` or `differentiable`

    Source
        Loshchilov and Hutter 2019, in the form of PyTorch, where lr scales the decay too

    Example
        >>> from tensorgrad import tensor
        >>> w = tensor([1.0], requires_grad=True)
        >>> optimizer = AdamW([w], lr=0.5, weight_decay=0.2)
        >>> (w * 3).sum().backward(); optimizer.step(); w
        tensor([0.4], requires_grad=True)
    """

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False, foreach: bool | None = None,
                 capturable: bool = False, differentiable: bool = False, fused: bool | None = None):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
                         capturable=capturable, differentiable=differentiable, fused=fused, decoupled_weight_decay=True)

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        group["decoupled_weight_decay"] = True  # states of older versions do not say so
