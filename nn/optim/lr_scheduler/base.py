"""LRScheduler: counts epochs and writes each group's learning rate; a subclass is its formula.

Most formulas go from the present rate to the next, not from the first: so that two schedulers on one optimizer multiply, a
warm-up and a decay for example, and a rate set by hand is kept.
"""

from __future__ import annotations

import warnings
from collections import Counter
from numbers import Real
from typing import Any

from nn.optim.base import Optimizer
from tensorgrad.errors import ArgumentError, DtypeError, StateError

__all__ = ["LRScheduler", "at_least"]

# What PyTorch's schedulers keep besides and these have no use for.
FOREIGN = {"_is_initial", "_get_lr_called_within_step", "verbose"}


class LRScheduler:
    """Base of the schedulers.

    Making one sets the learning rates for epoch 0; each `step()` sets those for the next.

    Attributes
        last_epoch   the epoch whose learning rates are set: 0, 1, ...
        base_lrs     each group's first learning rate, also kept in the group as "initial_lr"

    Raises
        DtypeError      `optimizer` is none
        ArgumentError   `last_epoch` ≥ 0 without "initial_lr" in the groups

    Example
        >>> from nn.optim import SGD
        >>> from tensorgrad.tensor import Tensor
        >>> class Halve(LRScheduler):
        ...     def get_lr(self):
        ...         return [lr / 2**self.last_epoch for lr in self.base_lrs]
        >>> scheduler = Halve(SGD([Tensor([1.0], requires_grad=True)], lr=0.8))
        >>> scheduler.optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [0.4]
    """

    without_state: tuple[str, ...] = ("optimizer",)  # attributes that the state dict leaves out

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1):
        self.attach(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ArgumentError(f"{self.name}: last_epoch={last_epoch}, but group {i} has no 'initial_lr'.\n"
                                    "  Load the optimizer's state dict first, or leave last_epoch at -1.")
        self.base_lrs = [float(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self.start()

    @property
    def name(self) -> str:
        """The class's name, for messages."""
        return type(self).__name__

    def attach(self, optimizer: Any) -> None:
        """Set `optimizer`, checked."""
        if not isinstance(optimizer, Optimizer):
            raise DtypeError(f"{self.name}: optimizer is a {type(optimizer).__name__}.\n  Pass an optimizer of nn.optim.")
        self.optimizer = optimizer

    def start(self) -> None:
        """Set the learning rates of the first epoch."""
        self._step_count = 1
        self.last_epoch += 1
        self.write(self.first_lr())

    def first_lr(self) -> list[float]:
        """Each group's learning rate when the scheduler starts: by default what `get_lr` says."""
        return self.get_lr()

    def get_lr(self) -> list[float]:
        """Each group's learning rate for `last_epoch`, from that of the epoch before."""
        raise NotImplementedError(f"{self.name}.get_lr")

    def closed_form(self) -> list[float]:
        """Each group's learning rate for `last_epoch`, from the first one: for a scheduler that starts in mid-run."""
        return self.get_lr()

    def step(self) -> None:
        """Set the learning rates of the next epoch; call it after the optimizer's steps."""
        if self._step_count == 1 and not self.optimizer.stepped:
            warnings.warn(f"{self.name}.step() is called before any step of the optimizer, so the first learning rate is "
                          "never used: call optimizer.step() first.", UserWarning, stacklevel=2)
        self._step_count += 1
        self.last_epoch += 1
        self.write(self.get_lr())

    def restart(self) -> None:
        """Set the learning rates as for epoch 0, whatever they are now."""
        self.last_epoch = 0
        self.write(self.closed_form())

    def write(self, lrs: list[float]) -> None:
        """Put `lrs` into the groups."""
        if len(lrs) != len(self.optimizer.param_groups):
            raise ArgumentError(f"{self.name}: made for {len(lrs)} parameter groups, but now the optimizer has "
                                f"{len(self.optimizer.param_groups)}.\n  Add groups first, and make the scheduler then.")
        for group, lr in zip(self.optimizer.param_groups, lrs):
            group["lr"] = lr
        self._last_lr = self.current()

    def per_group(self, option: str, value: Any) -> list[float]:
        """`value`, a number or a list of one per group, once per group."""
        groups = len(self.optimizer.param_groups)
        values = list(value) if isinstance(value, (list, tuple)) else [value] * groups
        if len(values) != groups:
            raise ArgumentError(f"{self.name}: {option} has {len(values)} values for {groups} parameter groups.\n"
                                "  Pass one number, or a list of one per group.")
        return [float(entry) for entry in values]

    def current(self) -> list[float]:
        """Each group's learning rate as it is now."""
        return [float(group["lr"]) for group in self.optimizer.param_groups]

    def get_last_lr(self) -> list[float]:
        """Each group's learning rate as this scheduler last set it."""
        return list(self._last_lr)

    def state_dict(self) -> dict[str, Any]:
        """A snapshot: where the scheduler is, and its options; numbers, strings and lists only."""
        return {key: list(value) if isinstance(value, list) else value
                for key, value in vars(self).items() if key not in self.without_state}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a snapshot.  The learning rates themselves come back with the optimizer's state dict.

        Raises
            StateError   it is of another kind of scheduler; this one is unchanged then
        """
        have, given = set(self.state_dict()), set(state_dict) - FOREIGN
        if have != given:
            raise StateError(f"{self.name}: the state lacks {sorted(have - given)} and has unknown {sorted(given - have)}.\n"
                             "  Load it into a scheduler of the kind that was saved.")
        loaded = {key: state_dict[key] for key in given}
        for key, value in loaded.items():
            if isinstance(value, Counter):  # PyTorch's milestones
                value = sorted(value.elements())
            setattr(self, key, list(value) if isinstance(value, list) else value)

    def __repr__(self) -> str:
        options = {key: value for key, value in self.state_dict().items() if not key.startswith("_")}
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in options.items())})"


def at_least(who: str, low: float, **options: Any) -> None:
    """Raise ArgumentError unless every option is a number ≥ `low`."""
    for option, value in options.items():
        if not isinstance(value, Real) or not float(value) >= low:
            raise ArgumentError(f"{who}: {option}={value!r} is not allowed.\n  Use a number ≥ {low:g}.")
