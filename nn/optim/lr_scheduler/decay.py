"""Schedules that multiply the learning rate by factors: steps, powers, ramps, functions of the epoch."""

from __future__ import annotations

from bisect import bisect_right
from typing import Callable, Iterable

from nn.optim.base import Optimizer
from nn.optim.lr_scheduler.base import LRScheduler, at_least
from tensorgrad.errors import ArgumentError

__all__ = ["StepLR", "MultiStepLR", "ExponentialLR", "ConstantLR", "LinearLR", "LambdaLR", "MultiplicativeLR",
           "PolynomialLR"]


class StepLR(LRScheduler):
    """Multiplies the learning rate by `gamma` every `step_size` epochs.

    Raises
        ArgumentError   `step_size` is no integer ≥ 1

    Example
        >>> from nn.optim import SGD
        >>> from tensorgrad.tensor import Tensor
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
        >>> for epoch in range(5):
        ...     optimizer.step(); print(scheduler.get_last_lr()[0], end=" "); scheduler.step()
        1.0 1.0 0.5 0.5 0.25
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1):
        at_least("StepLR", 1, step_size=step_size)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        due = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return [lr * self.gamma for lr in self.current()] if due else self.current()

    def closed_form(self) -> list[float]:
        return [lr * self.gamma ** (self.last_epoch // self.step_size) for lr in self.base_lrs]


class MultiStepLR(LRScheduler):
    """Multiplies the learning rate by `gamma` at each epoch in `milestones`; one listed n times counts n times.

    Example
        >>> from nn.optim import SGD
        >>> from tensorgrad.tensor import Tensor
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> scheduler = MultiStepLR(optimizer, milestones=[1, 3], gamma=0.5)
        >>> for epoch in range(5):
        ...     optimizer.step(); print(scheduler.get_last_lr()[0], end=" "); scheduler.step()
        1.0 0.5 0.5 0.25 0.25
    """

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1):
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        due = self.milestones.count(self.last_epoch)
        return [lr * self.gamma**due for lr in self.current()] if due else self.current()

    def closed_form(self) -> list[float]:
        return [lr * self.gamma ** bisect_right(self.milestones, self.last_epoch) for lr in self.base_lrs]


class ExponentialLR(LRScheduler):
    """Multiplies the learning rate by `gamma` every epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def first_lr(self) -> list[float]:
        return self.current()

    def get_lr(self) -> list[float]:
        return [lr * self.gamma for lr in self.current()]

    def closed_form(self) -> list[float]:
        return [lr * self.gamma**self.last_epoch for lr in self.base_lrs]


class ConstantLR(LRScheduler):
    """Multiplies the learning rate by `factor` for the first `total_iters` epochs.

    Raises
        ArgumentError   `factor` outside of (0, 1]
    """

    def __init__(self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1):
        if not 0 < factor <= 1:
            raise ArgumentError(f"ConstantLR: factor={factor!r} is not allowed.\n  Use a number in (0, 1].")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0:
            return [lr * self.factor for lr in self.current()]
        over = self.last_epoch == self.total_iters
        return [lr * (1.0 / self.factor) for lr in self.current()] if over else self.current()

    def closed_form(self) -> list[float]:
        return [lr * (self.factor + (self.last_epoch >= self.total_iters) * (1 - self.factor)) for lr in self.base_lrs]


class LinearLR(LRScheduler):
    """Multiplies the learning rate by a factor that goes in a line from `start_factor` to `end_factor`: a warm-up.

        lr(t) = lr(0) · (start_factor + (end_factor − start_factor) · min(t, total_iters) / total_iters)

    Raises
        ArgumentError   `start_factor` outside of (0, 1], `end_factor` outside of [0, 1], `total_iters` below 1

    Example
        >>> from nn.optim import SGD
        >>> from tensorgrad.tensor import Tensor
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> scheduler = LinearLR(optimizer, start_factor=0.5, total_iters=2)
        >>> for epoch in range(4):
        ...     optimizer.step(); print(scheduler.get_last_lr()[0], end=" "); scheduler.step()
        0.5 0.75 1.0 1.0
    """

    def __init__(self, optimizer: Optimizer, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5,
                 last_epoch: int = -1):
        if not 0 < start_factor <= 1:
            raise ArgumentError(f"LinearLR: start_factor={start_factor!r} is not allowed.\n  Use a number in (0, 1].")
        if not 0 <= end_factor <= 1:
            raise ArgumentError(f"LinearLR: end_factor={end_factor!r} is not allowed.\n  Use a number in [0, 1].")
        at_least("LinearLR", 1, total_iters=total_iters)
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def first_lr(self) -> list[float]:
        return [lr * self.start_factor for lr in self.current()] if self.last_epoch == 0 else self.current()

    def get_lr(self) -> list[float]:
        if self.last_epoch > self.total_iters:
            return self.current()
        rise = self.end_factor - self.start_factor
        growth = 1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise)
        return [lr * growth for lr in self.current()]

    def closed_form(self) -> list[float]:
        rise = (self.end_factor - self.start_factor) * min(self.total_iters, self.last_epoch) / self.total_iters
        return [lr * (self.start_factor + rise) for lr in self.base_lrs]


class LambdaLR(LRScheduler):
    """Multiplies each group's first learning rate by ``lr_lambda(epoch)``.

    Functions are not part of the state dict: pass the same ones when a run is continued.

    Parameters
        lr_lambda   a function, or a list of one per group

    Raises
        ArgumentError   another number of functions than groups

    Example
        >>> from nn.optim import SGD
        >>> from tensorgrad.tensor import Tensor
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> scheduler = LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
        >>> for epoch in range(3):
        ...     optimizer.step(); print(scheduler.get_last_lr()[0], end=" "); scheduler.step()
        1.0 0.5 0.333...
    """

    without_state = ("optimizer", "lr_lambdas")

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
                 last_epoch: int = -1):
        self.attach(optimizer)
        groups = len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * groups
        if len(self.lr_lambdas) != groups:
            raise ArgumentError(f"{self.name}: {len(self.lr_lambdas)} functions for {groups} parameter groups.\n"
                                "  Pass one function, or a list of one per group.")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [lr * float(factor(self.last_epoch)) for lr, factor in zip(self.base_lrs, self.lr_lambdas)]


class MultiplicativeLR(LambdaLR):
    """Multiplies the present learning rate by ``lr_lambda(epoch)``; parameters, state and errors are those of `LambdaLR`.

    Example
        >>> from nn.optim import SGD
        >>> from tensorgrad.tensor import Tensor
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> scheduler = MultiplicativeLR(optimizer, lambda epoch: 0.5)
        >>> for epoch in range(3):
        ...     optimizer.step(); print(scheduler.get_last_lr()[0], end=" "); scheduler.step()
        1.0 0.5 0.25
    """

    def first_lr(self) -> list[float]:
        return self.current()

    def get_lr(self) -> list[float]:
        return [lr * float(factor(self.last_epoch)) for lr, factor in zip(self.current(), self.lr_lambdas)]


class PolynomialLR(LRScheduler):
    """Lets the learning rate fall to 0 in `total_iters` epochs, along a line or a power of it.

        lr(t) = lr(0) · (1 − min(t, total_iters) / total_iters)^power

    Raises
        ArgumentError   `total_iters` below 1

    Example
        >>> from nn.optim import SGD
        >>> from tensorgrad.tensor import Tensor
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> scheduler = PolynomialLR(optimizer, total_iters=4, power=2)
        >>> for epoch in range(5):
        ...     optimizer.step(); print(round(scheduler.get_last_lr()[0], 4), end=" "); scheduler.step()
        1.0 0.5625 0.25 0.0625 0.0
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1):
        at_least("PolynomialLR", 1, total_iters=total_iters)
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def first_lr(self) -> list[float]:
        return self.current()

    def get_lr(self) -> list[float]:
        t, end = self.last_epoch, self.total_iters
        if t == 0 or t > end:
            return self.current()
        factor = ((1.0 - t / end) / (1.0 - (t - 1) / end)) ** self.power
        return [lr * factor for lr in self.current()]

    def closed_form(self) -> list[float]:
        rest = (1.0 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power
        return [lr * rest for lr in self.base_lrs]
