"""Schedules along a cosine: annealing, and one cycle up and down."""

from __future__ import annotations

from math import cos, floor, pi
from typing import Any, Sequence

from nn.optim.base import Optimizer
from nn.optim.lr_scheduler.base import LRScheduler, at_least
from tensorgrad.errors import ArgumentError

__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts", "OneCycleLR"]


class CosineAnnealingLR(LRScheduler):
    """Lets the learning rate fall along half a cosine, from the first one to `eta_min` in `T_max` epochs.

        lr(t) = eta_min + (lr(0) − eta_min) · (1 + cos(π t / T_max)) / 2

    It rises again after `T_max`.

    Raises
        ArgumentError   `T_max` below 1

    Source
        Loshchilov and Hutter 2017 (without restarts); step by step from the present rate, as in PyTorch

    Example
        >>> from nn.optim import SGD
        >>> from tensorgrad.tensor import Tensor
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> scheduler = CosineAnnealingLR(optimizer, T_max=4)
        >>> for epoch in range(5):
        ...     optimizer.step(); print(round(scheduler.get_last_lr()[0], 3), end=" "); scheduler.step()
        1.0 0.854 0.5 0.146 0.0
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1):
        at_least("CosineAnnealingLR", 1, T_max=T_max)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def first_lr(self) -> list[float]:
        return self.current()

    def get_lr(self) -> list[float]:
        t, T, low = self.last_epoch, self.T_max, self.eta_min
        if (t - 1 - T) % (2 * T) == 0:  # the epoch before was at the bottom, where the ratio below is 0 / 0
            return [lr + (base - low) * (1 - cos(pi / T)) / 2 for lr, base in zip(self.current(), self.base_lrs)]
        ratio = (1 + cos(pi * t / T)) / (1 + cos(pi * (t - 1) / T))
        return [ratio * (lr - low) + low for lr in self.current()]

    def closed_form(self) -> list[float]:
        fraction = 1 + cos(pi * self.last_epoch / self.T_max)
        return [self.eta_min + (lr - self.eta_min) * fraction / 2 for lr in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Lets the learning rate fall along half a cosine in `T_0` epochs, and starts again with `T_mult` times as many.

        lr = eta_min + (lr(0) − eta_min) · (1 + cos(π T_cur / T_i)) / 2      T_cur epochs since the last restart, of T_i

    ``step(epoch)`` jumps to an epoch, which may be a fraction: ``step(epoch + batch / batches)`` moves once per batch.

    Raises
        ArgumentError   `T_0` or `T_mult` that are no whole numbers from 1 on; a negative epoch

    Source
        Loshchilov and Hutter 2017.  A jump finds the restart before the epoch exactly, where PyTorch takes a rounded
        logarithm and can miss one, with T_mult=3 at epoch 121 · T_0 for example

    Example
        >>> from nn.optim import SGD
        >>> from tensorgrad.tensor import Tensor
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> scheduler = CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
        >>> for epoch in range(7):
        ...     optimizer.step(); print(round(scheduler.get_last_lr()[0], 3), end=" "); scheduler.step()
        1.0 0.5 1.0 0.854 0.5 0.146 1.0
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1):
        for option, value in (("T_0", T_0), ("T_mult", T_mult)):
            at_least("CosineAnnealingWarmRestarts", 1, **{option: value})
            if value != int(value):
                raise ArgumentError(f"CosineAnnealingWarmRestarts: {option}={value!r} is not allowed.\n"
                                    "  Use a whole number of epochs.")
        self.T_0, self.T_i, self.T_mult, self.eta_min = int(T_0), int(T_0), int(T_mult), eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def start(self) -> None:
        if self.last_epoch < 0:
            self.jump(0)
        else:
            self.advance()
        super().start()

    def restart(self) -> None:
        self.jump(0)
        super().restart()

    def advance(self) -> None:
        """Count an epoch."""
        self.T_cur += 1
        if self.T_cur >= self.T_i:
            self.T_cur %= self.T_i
            self.T_i *= self.T_mult

    def jump(self, epoch: float) -> None:
        """Find the place of `epoch` between restarts."""
        if self.T_mult == 1:
            self.T_cur = epoch % self.T_0
            return
        begin, self.T_i = 0, self.T_0
        while epoch >= begin + self.T_i:
            begin += self.T_i
            self.T_i *= self.T_mult
        self.T_cur = epoch - begin

    def step(self, epoch: float | None = None) -> None:
        """Set the learning rates of the next epoch, or of `epoch`; call it after the optimizer's steps."""
        if epoch is None:
            self.advance()
            super().step()
            return
        at_least("CosineAnnealingWarmRestarts.step", 0, epoch=epoch)
        self.jump(epoch)
        self._step_count += 1
        self.last_epoch = floor(epoch)
        self.write(self.get_lr())

    def get_lr(self) -> list[float]:
        share = 1 + cos(pi * self.T_cur / self.T_i)
        return [self.eta_min + (lr - self.eta_min) * share / 2 for lr in self.base_lrs]


class OneCycleLR(LRScheduler):
    """Lets the learning rate rise to `max_lr` and fall far below its start, momentum fall and rise; `step()` once per batch.

        phase 1, up to pct_start · total_steps:   max_lr / div_factor → max_lr,      max_momentum → base_momentum
        phase 2, to the end:                      max_lr → first lr / final_div_factor,     base_momentum → max_momentum

    With `three_phase`, phase 2 mirrors phase 1 and a third goes down from the first rate.

    Parameters
        max_lr            a number, or a list of one per group
        total_steps       number of steps in all; or give `epochs` and `steps_per_epoch`
        anneal_strategy   "cos" or "linear"
        cycle_momentum    also move "momentum", or the first of "betas"
        base_momentum, max_momentum   numbers, or lists of one per group

    Raises
        ArgumentError   no number of steps, an option out of its range, an optimizer without momentum, a step too many

    Source
        Smith and Topin 2018, as in PyTorch

    Example
        >>> from nn.optim import SGD
        >>> from tensorgrad.tensor import Tensor
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0, momentum=0.9)
        >>> scheduler = OneCycleLR(optimizer, max_lr=1.0, total_steps=5, pct_start=0.4, anneal_strategy="linear")
        >>> for batch in range(5):
        ...     optimizer.step(); print(round(scheduler.get_last_lr()[0], 3), end=" ")
        ...     if batch < 4: scheduler.step()
        0.04 1.0 0.667 0.333 0.0
    """

    def __init__(self, optimizer: Optimizer, max_lr: float | Sequence[float], total_steps: int | None = None,
                 epochs: int | None = None, steps_per_epoch: int | None = None, pct_start: float = 0.3,
                 anneal_strategy: str = "cos", cycle_momentum: bool = True, base_momentum: float | Sequence[float] = 0.85,
                 max_momentum: float | Sequence[float] = 0.95, div_factor: float = 25.0, final_div_factor: float = 1e4,
                 three_phase: bool = False, last_epoch: int = -1):
        self.attach(optimizer)
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ArgumentError("OneCycleLR: the number of steps is missing.\n"
                                    "  Pass total_steps, or epochs and steps_per_epoch=len(loader).")
            at_least("OneCycleLR", 1, epochs=epochs, steps_per_epoch=steps_per_epoch)
            total_steps = epochs * steps_per_epoch
        at_least("OneCycleLR", 1, total_steps=total_steps)
        if not 0 <= pct_start <= 1:
            raise ArgumentError(f"OneCycleLR: pct_start={pct_start!r} is not allowed.\n  Use a number in [0, 1].")
        if anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(f"OneCycleLR: anneal_strategy={anneal_strategy!r} is unknown.\n  Use 'cos' or 'linear'.")
        self.total_steps, self.pct_start, self.anneal_strategy = total_steps, pct_start, anneal_strategy
        self.cycle_momentum, self.three_phase = cycle_momentum, three_phase
        self.use_beta1 = "betas" in optimizer.defaults
        if cycle_momentum and not self.use_beta1 and "momentum" not in optimizer.defaults:
            raise ArgumentError(f"OneCycleLR: {optimizer.name} has neither momentum nor betas to cycle.\n"
                                "  Pass cycle_momentum=False.")
        if last_epoch == -1:
            self.prepare(max_lr, base_momentum, max_momentum, div_factor, final_div_factor)
        super().__init__(optimizer, last_epoch)

    def prepare(self, max_lr: Any, base_momentum: Any, max_momentum: Any, div_factor: float,
                final_div_factor: float) -> None:
        """Write the corners of the cycle into the groups, where the optimizer's state dict keeps them."""
        for group, lr in zip(self.optimizer.param_groups, self.per_group("max_lr", max_lr)):
            group["initial_lr"], group["max_lr"] = lr / div_factor, lr
            group["min_lr"] = group["initial_lr"] / final_div_factor
        if self.cycle_momentum:
            lows, highs = self.per_group("base_momentum", base_momentum), self.per_group("max_momentum", max_momentum)
            for group, low, high in zip(self.optimizer.param_groups, lows, highs):
                group["base_momentum"], group["max_momentum"] = low, high

    def phases(self) -> list[tuple[float, str, str, str, str]]:
        """(last step, lr at its start and end, momentum at its start and end) of each phase, by the groups' keys."""
        end, rise = self.total_steps - 1, self.pct_start * self.total_steps
        up = (rise - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum")
        if not self.three_phase:
            return [up, (end, "max_lr", "min_lr", "base_momentum", "max_momentum")]
        down = (2 * rise - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum")
        return [up, down, (end, "initial_lr", "min_lr", "max_momentum", "max_momentum")]

    def get_lr(self) -> list[float]:
        t = self.last_epoch
        if t > self.total_steps:
            raise ArgumentError(f"OneCycleLR: step {t} of a cycle of {self.total_steps}.\n"
                                f"  Step once per batch, and make the cycle total_steps={t} or longer.")
        phases, begin = self.phases(), 0.0
        while t > phases[0][0] and len(phases) > 1:
            begin = phases.pop(0)[0]
        last, *corners = phases[0]
        part = (t - begin) / (last - begin) if last != begin else 1.0
        lrs = []
        for group in self.optimizer.param_groups:
            lrs.append(self.anneal(group[corners[0]], group[corners[1]], part))
            if self.cycle_momentum:
                momentum = self.anneal(group[corners[2]], group[corners[3]], part)
                if self.use_beta1:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum
        return lrs

    def anneal(self, start: float, end: float, part: float) -> float:
        """The value at `part` of the way from `start` to `end`."""
        if self.anneal_strategy == "linear":
            return (end - start) * part + start
        return end + (start - end) / 2.0 * (cos(pi * part) + 1)
