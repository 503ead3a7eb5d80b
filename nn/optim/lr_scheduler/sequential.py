"""Several schedules: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, Sequence

from nn.optim.base import Optimizer
from nn.optim.lr_scheduler.base import LRScheduler
from nn.optim.lr_scheduler.plateau import ReduceLROnPlateau
from tensorgrad.errors import ArgumentError, StateError

__all__ = ["SequentialLR", "ChainedScheduler"]


class SequentialLR(LRScheduler):
    """Follows the first schedule up to ``milestones[0]``, then the second, which starts at its own epoch 0, and so on.

    Raises
        ArgumentError   not one milestone fewer than schedules, one of another optimizer, or a `ReduceLROnPlateau`

    Example
        >>> from nn.optim import SGD
        >>> from nn.optim.lr_scheduler import CosineAnnealingLR, LinearLR
        >>> from tensorgrad.tensor import Tensor
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> warm_up, decay = LinearLR(optimizer, 0.5, total_iters=2), CosineAnnealingLR(optimizer, T_max=2)
        >>> scheduler = SequentialLR(optimizer, [warm_up, decay], milestones=[2])
        >>> for epoch in range(5):
        ...     optimizer.step(); print(round(scheduler.get_last_lr()[0], 2), end=" "); scheduler.step()
        0.5 0.75 1.0 0.5 0.0
    """

    without_state = ("optimizer", "_schedulers")

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int],
                 last_epoch: int = -1):
        self.attach(optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ArgumentError(f"SequentialLR: {len(milestones)} milestones between {len(schedulers)} schedules.\n"
                                f"  Pass {max(len(schedulers) - 1, 0)} milestones: the epochs at which the next takes over.")
        check_members("SequentialLR", schedulers, optimizer)
        self._schedulers, self._milestones = list(schedulers), list(milestones)
        self.last_epoch = last_epoch + 1
        # Making the schedules moved the learning rates: go back to the first ones, and start the first schedule alone.
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        self.undo()
        active = self.active()
        active.start()
        self._last_lr = active.get_last_lr()

    def undo(self) -> None:
        """Take back the epoch that every schedule counted when it was made."""
        for scheduler in self._schedulers:
            if isinstance(scheduler, (SequentialLR, ChainedScheduler)):
                scheduler.undo()
            else:
                scheduler.last_epoch -= 1

    def active(self) -> LRScheduler:
        """The schedule that rules `last_epoch`."""
        return self._schedulers[bisect_right(self._milestones, self.last_epoch)]

    def start(self) -> None:
        self.active().start()
        self._last_lr = self.active().get_last_lr()

    def restart(self) -> None:
        self.last_epoch = 0
        self.active().restart()
        self._last_lr = self.active().get_last_lr()

    def step(self) -> None:
        """Set the learning rates of the next epoch; call it after the optimizer's steps."""
        self.last_epoch += 1
        active = self.active()
        if self.last_epoch in self._milestones:
            active.restart()
        else:
            active.step()
        self._last_lr = active.get_last_lr()

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        before = self.state_dict()
        if set(before) != set(state_dict) or len(before["_schedulers"]) != len(state_dict["_schedulers"]):
            raise StateError("SequentialLR: the state is not of a sequence of as many schedules.\n"
                             "  Make it of the same schedules as the one that was saved.")
        try:
            self.restore(state_dict)
        except StateError:
            self.restore(before)
            raise

    def restore(self, state: dict[str, Any]) -> None:
        """Set everything to `state`."""
        for scheduler, own in zip(self._schedulers, state["_schedulers"]):
            scheduler.load_state_dict(own)
        self.last_epoch, self._last_lr = state["last_epoch"], list(state["_last_lr"])
        self._milestones = list(state["_milestones"])


class ChainedScheduler(LRScheduler):
    """Steps several schedules of one optimizer together, so that their factors multiply.

    Parameters
        optimizer   that of the schedules if None

    Raises
        ArgumentError   no schedules, one of another optimizer, or a `ReduceLROnPlateau`

    Example
        >>> from nn.optim import SGD
        >>> from nn.optim.lr_scheduler import ConstantLR, ExponentialLR
        >>> from tensorgrad.tensor import Tensor
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> scheduler = ChainedScheduler([ConstantLR(optimizer, 0.1, total_iters=2), ExponentialLR(optimizer, 0.5)])
        >>> for epoch in range(4):
        ...     optimizer.step(); print(round(scheduler.get_last_lr()[0], 3), end=" "); scheduler.step()
        0.1 0.05 0.25 0.125
    """

    without_state = ("optimizer", "_schedulers")

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None):
        if not schedulers:
            raise ArgumentError("ChainedScheduler: there are no schedules.\n  Pass at least one.")
        self.attach(schedulers[0].optimizer if optimizer is None else optimizer)
        check_members("ChainedScheduler", schedulers, self.optimizer)
        self._schedulers = list(schedulers)
        self._last_lr = self.current()

    def undo(self) -> None:
        """Take back the epoch that every schedule counted when it was made."""
        for scheduler in self._schedulers:
            scheduler.last_epoch -= 1

    def start(self) -> None:
        for scheduler in self._schedulers:
            scheduler.start()
        self._last_lr = self.current()

    def restart(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        for scheduler in self._schedulers:
            scheduler.last_epoch = -1
        self.start()

    def step(self) -> None:
        """Set the learning rates of the next epoch; call it after the optimizer's steps."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self.current()

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        before = self.state_dict()
        if set(before) != set(state_dict) or len(before["_schedulers"]) != len(state_dict["_schedulers"]):
            raise StateError("ChainedScheduler: the state is not of a chain of as many schedules.\n"
                             "  Make it of the same schedules as the one that was saved.")
        try:
            self.restore(state_dict)
        except StateError:
            self.restore(before)
            raise

    def restore(self, state: dict[str, Any]) -> None:
        """Set everything to `state`."""
        for scheduler, own in zip(self._schedulers, state["_schedulers"]):
            scheduler.load_state_dict(own)
        self._last_lr = list(state["_last_lr"])


def check_members(who: str, schedulers: Sequence[LRScheduler], optimizer: Optimizer) -> None:
    """Raise unless each schedule can be stepped without a metric, and moves `optimizer`."""
    for i, scheduler in enumerate(schedulers):
        if isinstance(scheduler, ReduceLROnPlateau):
            raise ArgumentError(f"{who}: schedule {i} is a ReduceLROnPlateau, whose step needs a metric.\n"
                                "  Step that one by itself.")
        if scheduler.optimizer is not optimizer:
            raise ArgumentError(f"{who}: schedule {i} belongs to another optimizer.\n  Make it with this one.")
