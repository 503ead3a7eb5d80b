"""Averages of a model over the steps of training: stochastic weight averaging (SWA) and exponential moving average (EMA)."""

from __future__ import annotations

import copy
from math import cos, pi
from typing import Any, Callable, Iterable, Sequence

import numpy as np

from nn.module import Module
from nn.optim.base import Optimizer
from nn.optim.lr_scheduler.base import LRScheduler, at_least
from nn.parameter import Buffer
from tensorgrad.errors import ArgumentError
from tensorgrad.recording import no_grad
from tensorgrad.tensor import Tensor

__all__ = ["AveragedModel", "update_bn", "SWALR", "get_ema_multi_avg_fn", "get_swa_multi_avg_fn", "get_ema_avg_fn",
           "get_swa_avg_fn"]

Rule = Callable[[Tensor, Tensor, Any], Tensor]
RuleForAll = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


class AveragedModel(Module):
    """A copy of a model whose parameters are an average of the model's: their mean (SWA), or by `avg_fn` another.

    The first `update_parameters` copies the parameters; each further one averages.  The state dict is PyTorch's: the
    model's under "module.", and "n_averaged".

    Parameters
        device         "cpu" or None
        avg_fn         ``(averaged, current, n_averaged) → new average`` of one parameter, as `get_ema_avg_fn` makes
        multi_avg_fn   the same for lists, whose first it changes in place, as `get_ema_multi_avg_fn` makes
        use_buffers    average buffers too; without it, they are copied at each update

    Raises
        ArgumentError   both functions

    Source
        Izmailov et al. 2018 for SWA; Polyak and Juditsky 1992 for averages of the path

    Example
        >>> import nn
        >>> model = nn.Linear(1, 1, bias=False)
        >>> averaged = AveragedModel(model)
        >>> for value in (1.0, 2.0, 6.0):
        ...     _ = nn.init.constant_(model.weight, value)
        ...     averaged.update_parameters(model)
        >>> averaged.module.weight.item(), averaged.n_averaged.item()
        (3.0, 3)
    """

    def __init__(self, model: Module, device: Any = None, avg_fn: Rule | None = None,
                 multi_avg_fn: RuleForAll | None = None, use_buffers: bool = False):
        if avg_fn is not None and multi_avg_fn is not None:
            raise ArgumentError("AveragedModel: avg_fn and multi_avg_fn exclude each other.\n  Pass one of them.")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module.to(device)
        self.n_averaged = Buffer(np.array(0, np.int64))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take the present parameters of `model` into the average.

        Raises
            ArgumentError   `model` has other parameters than the one that was copied
        """
        mine: list[Tensor] = list(self.module.parameters())
        theirs: list[Tensor] = list(model.parameters())
        buffers, copied = list(self.module.buffers()), list(model.buffers())
        shapes = [[t.shape for t in tensors] for tensors in ([*mine, *buffers], [*theirs, *copied])]
        if shapes[0] != shapes[1]:
            raise ArgumentError(f"AveragedModel: its {len(shapes[0])} parameters and buffers are not of the shapes of the "
                                f"model's {len(shapes[1])}.\n  Pass the model it was made of.")
        if self.use_buffers:
            mine, theirs, buffers, copied = [*mine, *buffers], [*theirs, *copied], [], []
        if not self.n_averaged.item():
            buffers, copied = [*mine, *buffers], [*theirs, *copied]
        elif self.multi_avg_fn is not None:
            own = [t.detach() for t in mine]
            self.multi_avg_fn(own, [t.detach() for t in theirs], self.n_averaged)
        else:
            rule = self.avg_fn or get_swa_avg_fn()
            for averaged, current in zip(mine, theirs):
                write(averaged, rule(averaged.detach(), current.detach(), self.n_averaged))
        for target, source in zip(buffers, copied):
            write(target, source)
        for tensor in [*mine, self.n_averaged]:
            tensor.mark_changed()
        self.n_averaged.array[...] += 1


def write(target: Tensor, source: Tensor) -> None:
    """Copy the values of `source` into `target`."""
    target.array[...] = source.array
    target.mark_changed()


def get_ema_avg_fn(decay: float = 0.999) -> Rule:
    """The rule ``decay · averaged + (1 − decay) · current`` for one tensor.

    Raises
        ArgumentError   `decay` outside of [0, 1]

    Example
        >>> get_ema_avg_fn(0.75)(Tensor([1.0]), Tensor([5.0]), 3)
        tensor([2.])
    """
    check_decay("get_ema_avg_fn", decay)
    return lambda averaged, current, n_averaged: decay * averaged + (1 - decay) * current


def get_swa_avg_fn() -> Rule:
    """The rule ``averaged + (current − averaged) / (n_averaged + 1)`` for one tensor: the mean of all.

    Example
        >>> get_swa_avg_fn()(Tensor([1.0]), Tensor([5.0]), 3)
        tensor([2.])
    """
    return lambda averaged, current, n_averaged: averaged + (current - averaged) / (int(n_averaged) + 1)


def get_ema_multi_avg_fn(decay: float = 0.999) -> RuleForAll:
    """`get_ema_avg_fn` for lists of tensors, the first of which is changed in place.

    Raises
        ArgumentError   `decay` outside of [0, 1]
    """
    check_decay("get_ema_multi_avg_fn", decay)
    return for_all(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> RuleForAll:
    """`get_swa_avg_fn` for lists of tensors, the first of which is changed in place."""
    return for_all(get_swa_avg_fn())


def for_all(rule: Rule) -> RuleForAll:
    """The rule that changes each of a list by `rule`."""
    def update(averaged: Sequence[Tensor], current: Sequence[Tensor], n_averaged: Any) -> None:
        with no_grad():
            for mine, theirs in zip(averaged, current):
                write(mine, rule(mine, theirs, n_averaged))
    return update


def check_decay(who: str, decay: float) -> None:
    """Raise ArgumentError unless `decay` is a share."""
    if not 0 <= decay <= 1:
        raise ArgumentError(f"{who}: decay={decay!r} is not allowed.\n  Use a number in [0, 1], as 0.999.")


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of batch norm layers anew, as the mean over all batches of `loader`.

    An average of parameters has statistics of its own: call this before evaluating an `AveragedModel`.  A batch is an
    input, or a tuple or list whose first is.  `device` is "cpu" or None.
    """
    # By name: the layers are not known to the optimizers, and instance norm keeps its statistics here as in PyTorch.
    layers = [m for m in model.modules() if any(kind.__name__ == "BatchNorm" for kind in type(m).__mro__)]
    if not layers:
        return
    momenta, training = [layer.momentum for layer in layers], [(m, m.training) for m in model.modules()]
    model.train()
    try:
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # every batch has the same share
        for batch in loader:
            model(batch[0] if isinstance(batch, (tuple, list)) else batch)
    finally:
        for layer, momentum in zip(layers, momenta):
            layer.momentum = momentum
        for module, mode in training:
            module.training = mode


class SWALR(LRScheduler):
    """Moves the learning rate from what it is to `swa_lr` in `anneal_epochs` epochs, and leaves it there.

    Parameters
        swa_lr            a number, or a list of one per group
        anneal_strategy   "cos" or "linear"

    Raises
        ArgumentError   an unknown strategy, a negative number of epochs, another number of rates than groups

    Source
        Izmailov et al. 2018, as in PyTorch

    Example
        >>> from nn.optim import SGD
        >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> scheduler = SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
        >>> for epoch in range(4):
        ...     optimizer.step(); print(scheduler.get_last_lr()[0], end=" "); scheduler.step()
        1.0 0.75 0.5 0.5
    """

    def __init__(self, optimizer: Optimizer, swa_lr: float | Sequence[float], anneal_epochs: int = 10,
                 anneal_strategy: str = "cos", last_epoch: int = -1):
        self.attach(optimizer)
        if anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(f"SWALR: anneal_strategy={anneal_strategy!r} is unknown.\n  Use 'cos' or 'linear'.")
        at_least("SWALR", 0, anneal_epochs=anneal_epochs)
        self._anneal_strategy, self.anneal_epochs = anneal_strategy, anneal_epochs
        for group, lr in zip(optimizer.param_groups, self.per_group("swa_lr", swa_lr)):
            group["swa_lr"] = lr
        super().__init__(optimizer, last_epoch)

    def share(self, step: int) -> float:
        """How much of `swa_lr` is in the learning rate of a step: from 0 to 1."""
        part = max(0, min(1, step / max(1, self.anneal_epochs)))
        return (1 - cos(pi * part)) / 2 if self._anneal_strategy == "cos" else part

    def get_lr(self) -> list[float]:
        step = max(1, self._step_count - 1) if self.anneal_epochs == 0 else self._step_count - 1
        before, now, lrs = self.share(step - 1), self.share(step), []
        for group, lr in zip(self.optimizer.param_groups, self.current()):
            # The rate that was annealed from; unknown at the end, where it no longer matters.
            first = (lr - before * group["swa_lr"]) / (1 - before) if before != 1 else group["swa_lr"]
            lrs.append(group["swa_lr"] * now + first * (1 - now))
        return lrs
