"""A schedule that goes up and down between two learning rates."""

from __future__ import annotations

import math
from typing import Any, Callable, Sequence

from nn.optim.base import Optimizer
from nn.optim.lr_scheduler.base import LRScheduler, at_least
from tensorgrad.errors import ArgumentError

__all__ = ["CyclicLR"]


class CyclicLR(LRScheduler):
    """Lets the learning rate rise from `base_lr` to `max_lr` and fall back, again and again; `step()` once per batch.

        cycle = ⌊1 + t / size⌋,  size = step_size_up + step_size_down;     height = 0 → 1 → 0 within a cycle
        lr(t) = base_lr + (max_lr − base_lr) · height · scale

    where scale is 1 for ``mode="triangular"``, 1 / 2^(cycle − 1) for "triangular2", gammaᵗ for "exp_range", or the result
    of `scale_fn`, called with the cycle or, for ``scale_mode="iterations"``, with t.

    Parameters
        base_lr, max_lr   numbers, or lists of one per group
        step_size_down    steps of the way down; as many as of the way up if None
        cycle_momentum    also move "momentum", or the first of "betas", against the rate: max_momentum → base_momentum
        base_momentum, max_momentum   numbers, or lists of one per group

    A `scale_fn` is not part of the state dict: pass the same one when a run is continued.

    Raises
        ArgumentError   an unknown mode, a half cycle of less than a step, lists of another length than the groups, an
                        optimizer without momentum

    Source
        Smith 2017, as in PyTorch

    Example
        >>> from nn.optim import SGD
        >>> from tensorgrad.tensor import Tensor
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], momentum=0.9)
        >>> scheduler = CyclicLR(optimizer, base_lr=1.0, max_lr=2.0, step_size_up=2, mode="triangular2")
        >>> for batch in range(8):
        ...     optimizer.step(); print(scheduler.get_last_lr()[0], end=" "); scheduler.step()
        1.0 1.5 2.0 1.5 1.0 1.25 1.5 1.25
    """

    def __init__(self, optimizer: Optimizer, base_lr: float | Sequence[float], max_lr: float | Sequence[float],
                 step_size_up: int = 2000, step_size_down: int | None = None, mode: str = "triangular", gamma: float = 1.0,
                 scale_fn: Callable[[float], float] | None = None, scale_mode: str = "cycle", cycle_momentum: bool = True,
                 base_momentum: float | Sequence[float] = 0.8, max_momentum: float | Sequence[float] = 0.9,
                 last_epoch: int = -1):
        self.attach(optimizer)
        at_least("CyclicLR", 1, step_size_up=step_size_up, step_size_down=step_size_down or step_size_up)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ArgumentError(f"CyclicLR: mode={mode!r} is unknown.\n  Use 'triangular', 'triangular2' or 'exp_range', or "
                                "pass scale_fn.")
        if scale_mode not in ("cycle", "iterations"):
            raise ArgumentError(f"CyclicLR: scale_mode={scale_mode!r} is unknown.\n  Use 'cycle' or 'iterations'.")
        base_lrs, self.max_lrs = self.per_group("base_lr", base_lr), self.per_group("max_lr", max_lr)
        self.total_size = float(step_size_up) + float(step_size_down or step_size_up)
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma, self._scale_fn_custom = mode, gamma, scale_fn
        self.scale_mode = scale_mode if scale_fn else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = "betas" in optimizer.defaults
            if not self.use_beta1 and "momentum" not in optimizer.defaults:
                raise ArgumentError(f"CyclicLR: {optimizer.name} has neither momentum nor betas to cycle.\n"
                                    "  Pass cycle_momentum=False.")
            self.base_momentums = self.per_group("base_momentum", base_momentum)
            self.max_momentums = self.per_group("max_momentum", max_momentum)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs):
                group["lr"] = lr
        if last_epoch == -1 and cycle_momentum:
            for group, low, high in zip(optimizer.param_groups, self.base_momentums, self.max_momentums):
                group["base_momentum"], group["max_momentum"] = low, high
                self.set_momentum(group, high)
        # PyTorch starts from the groups' "initial_lr", and uses `base_lr` from the first step on.
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def set_momentum(self, group: dict[str, Any], momentum: float) -> None:
        """Write the momentum, or β₁, of a group."""
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum

    def scale_fn(self, x: float) -> float:
        """The factor on the height of cycle x, or of step x."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return {"triangular": 1.0, "triangular2": 0.5 ** (x - 1), "exp_range": self.gamma**x}[self.mode]

    def get_lr(self) -> list[float]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group, low, high in zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums):
                self.set_momentum(group, high - (high - low) * height * scale)
        return [low + (high - low) * height * scale for low, high in zip(self.base_lrs, self.max_lrs)]

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "_scale_fn_custom": None}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        scale_fn = self._scale_fn_custom
        super().load_state_dict(state_dict)
        self._scale_fn_custom = scale_fn
