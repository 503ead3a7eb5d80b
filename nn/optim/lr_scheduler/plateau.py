"""A schedule that waits for a metric to stop improving."""

from __future__ import annotations

from math import inf
from typing import Any, Sequence

from nn.optim.base import Optimizer
from nn.optim.lr_scheduler.base import LRScheduler
from tensorgrad.errors import ArgumentError

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """Multiplies the learning rate by `factor` after more than `patience` epochs without a better metric.

    Better than the best so far, for ``mode="min"``, is below ``best · (1 − threshold)``, or with ``threshold_mode="abs"``
    below ``best − threshold``; for ``mode="max"`` above ``best · (1 + threshold)`` or ``best + threshold``.  NaN never is.

    Parameters
        cooldown   epochs after a reduction in which nothing is counted
        min_lr     where the reductions end: a number, or a list of one per group
        eps        a reduction smaller than this is not made

    Raises
        ArgumentError   `factor` outside of [0, 1), an unknown mode, another number of `min_lr` than groups

    Example
        >>> from nn.optim import SGD
        >>> from tensorgrad.tensor import Tensor
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> scheduler = ReduceLROnPlateau(optimizer, patience=1)
        >>> for loss in [3.0, 2.0, 2.0, 2.0]:
        ...     scheduler.step(loss)
        >>> scheduler.get_last_lr()
        [0.1]
    """

    def __init__(self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10,
                 threshold: float = 1e-4, threshold_mode: str = "rel", cooldown: int = 0,
                 min_lr: float | Sequence[float] = 0, eps: float = 1e-8):
        self.attach(optimizer)
        if not 0 <= factor < 1:
            raise ArgumentError(f"ReduceLROnPlateau: factor={factor!r} is not allowed.\n  Use a number in [0, 1), as 0.1.")
        if mode not in ("min", "max"):
            raise ArgumentError(f"ReduceLROnPlateau: mode={mode!r} is unknown.\n"
                                "  Use 'min' for a loss, 'max' for an accuracy.")
        if threshold_mode not in ("rel", "abs"):
            raise ArgumentError(f"ReduceLROnPlateau: threshold_mode={threshold_mode!r} is unknown.\n  Use 'rel' or 'abs'.")
        groups = len(optimizer.param_groups)
        lowest: Any = min_lr if isinstance(min_lr, (list, tuple)) else [min_lr] * groups
        self.min_lrs = [float(least) for least in lowest]
        if len(self.min_lrs) != groups:
            raise ArgumentError(f"ReduceLROnPlateau: {len(self.min_lrs)} values of min_lr for {groups} parameter groups.\n"
                                "  Pass one number, or a list of one per group.")
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.factor, self.patience, self.cooldown, self.eps = factor, patience, cooldown, eps
        self.best = inf if mode == "min" else -inf
        self.num_bad_epochs = self.cooldown_counter = 0
        self.last_epoch = 0
        self._last_lr = self.current()

    def step(self, metrics: Any) -> None:
        """Take note of this epoch's metric, and reduce the learning rate if it is time."""
        value = float(metrics)
        self.last_epoch += 1
        if self.is_better(value):
            self.best, self.num_bad_epochs = value, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            reduced = [max(lr * self.factor, least) for lr, least in zip(self.current(), self.min_lrs)]
            self.write([new if lr - new > self.eps else lr for lr, new in zip(self.current(), reduced)])
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self.current()

    def is_better(self, value: float) -> bool:
        """True if `value` improves on `best` by more than the threshold."""
        relative = self.threshold_mode == "rel"
        if self.mode == "min":
            return value < (self.best * (1.0 - self.threshold) if relative else self.best - self.threshold)
        return value > (self.best * (1.0 + self.threshold) if relative else self.best + self.threshold)
