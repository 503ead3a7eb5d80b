"""What `--optimizer` and `--scheduler` name: the rules of `nn.optim`, and its schedules over the length of a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Callable, Literal, NamedTuple

from nn import optim
from nn.optim import lr_scheduler
from tensorgrad.errors import ArgumentError

if TYPE_CHECKING:
    from nn.commands.settings import Settings

__all__ = ["OPTIMIZERS", "SCHEDULERS", "check", "make_optimizer", "make_scheduler", "table"]


class Rule(NamedTuple):
    """An optimizer, and the settings with which it trains the models here well where the data set's are for another."""

    kind: Any
    lr: float
    weight_decay: float | None  # None: it has none
    text: str
    momentum: bool = False  # it takes --momentum


OPTIMIZERS = {
    "sgd":      Rule(optim.SGD,      5e-2, 5e-4, "gradient descent with Nesterov's momentum", True),
    "adam":     Rule(optim.Adam,     2e-3, 0.0,  "each weight's step scaled by its own gradients"),
    "adamw":    Rule(optim.AdamW,    2e-3, 1e-2, "adam whose weight decay is not scaled"),
    "rmsprop":  Rule(optim.RMSprop,  1e-3, 0.0,  "scaled by the recent mean square", True),
    "adagrad":  Rule(optim.Adagrad,  2e-2, 0.0,  "scaled by all squares so far"),
    "adadelta": Rule(optim.Adadelta, 1.0,  0.0,  "scaled by the ratio of past steps to past gradients"),
    "adamax":   Rule(optim.Adamax,   5e-3, 0.0,  "adam by the largest gradient instead of the mean square"),
    "nadam":    Rule(optim.NAdam,    2e-3, 0.0,  "adam with Nesterov's momentum"),
    "radam":    Rule(optim.RAdam,    5e-3, 0.0,  "adam that starts without its scale until that is known"),
    "lion":     Rule(optim.Lion,     1e-3, 1e-1, "the sign of the momentum"),
    "asgd":     Rule(optim.ASGD,     2e-1, 5e-4, "gradient descent with a slowly falling rate, and an average beside it"),
    "rprop":    Rule(optim.Rprop,    3e-3, None, "the sign of the gradient, steps of their own; for large batches"),
}


class Schedule(NamedTuple):
    """A schedule over the length of a run."""

    make: Callable[[Any, int, int], Any]  # of the optimizer, all steps, and those of the warm-up
    text: str
    warmup: Literal["before", "inside", "none"] = "before"
    by: Literal["batch", "epoch"] = "batch"  # what a step is


def step(optimizer: Any, steps: int, warm: int) -> Any:
    """Falls twice."""
    return lr_scheduler.MultiStepLR(optimizer, [math.ceil(part * steps) - warm for part in (0.5, 0.75)], 0.1)


def one_cycle(optimizer: Any, steps: int, warm: int) -> Any:
    """Rises during the warm-up, or 30 % of the run."""
    return lr_scheduler.OneCycleLR(optimizer, optimizer.param_groups[0]["lr"], total_steps=steps + 1,
                                   pct_start=min(max(warm / steps, 0.05), 0.5) if warm else 0.3,
                                   cycle_momentum=not {"betas", "momentum"}.isdisjoint(optimizer.defaults))


def restarts(optimizer: Any, steps: int, warm: int) -> Any:
    """Cosines over 1/7, 2/7 and 4/7 of what follows the warm-up."""
    return lr_scheduler.CosineAnnealingWarmRestarts(optimizer, max(math.ceil((steps - warm) / 7), 1), 2)


def cyclic(optimizer: Any, steps: int, warm: int) -> Any:
    """Three triangles, each half as high as the one before."""
    lr = optimizer.param_groups[0]["lr"]
    return lr_scheduler.CyclicLR(optimizer, lr / 10, lr, max(steps // 6, 1), mode="triangular2", cycle_momentum=False)


def plateau(optimizer: Any, steps: int, warm: int) -> Any:
    """Waits for a tenth of the run."""
    return lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=max(steps // 10, 1))


SCHEDULERS = {
    "cosine": Schedule(lambda optimizer, steps, warm: lr_scheduler.CosineAnnealingLR(optimizer, max(steps - warm, 1)),
                       "half a cosine, down to 0"),
    "onecycle": Schedule(one_cycle, "up in the warm-up, then down to almost 0; momentum the other way around", "inside"),
    "step": Schedule(step, "a tenth from half of the run on, a hundredth from three quarters on"),
    "none": Schedule(lambda optimizer, steps, warm: lr_scheduler.ConstantLR(optimizer, 1.0), "always the same"),
    "linear": Schedule(lambda optimizer, steps, warm: lr_scheduler.LinearLR(optimizer, 1.0, 0.0, max(steps - warm, 1)),
                       "in a line, down to 0"),
    "polynomial": Schedule(lambda optimizer, steps, warm: lr_scheduler.PolynomialLR(optimizer, max(steps - warm, 1), 2.0),
                           "along a parabola, down to 0"),
    "exponential": Schedule(
        lambda optimizer, steps, warm: lr_scheduler.ExponentialLR(optimizer, 0.01 ** (1 / max(steps - warm, 1))),
        "by the same factor in each batch, down to a hundredth"),
    "restarts": Schedule(restarts, "three cosines, each twice as long as the one before"),
    "cyclic": Schedule(cyclic, "three times up and down, each time half as high as before", "none"),
    "plateau": Schedule(plateau, "down to 30 % when the test loss has not fallen for a tenth of the epochs", "none",
                        "epoch"),
}


def check(settings: Settings) -> None:
    """Refuse what the optimizer or the schedule would pass over.

    Raises
        ArgumentError   weight decay for an optimizer without it, warm-up before a schedule that has none
    """
    if settings.weight_decay and OPTIMIZERS[settings.optimizer].weight_decay is None:
        raise ArgumentError(f"train: {settings.optimizer} has no weight decay.\n  Leave --weight-decay out.")
    if settings.warmup and SCHEDULERS[settings.scheduler].warmup == "none":
        raise ArgumentError(f"train: the schedule {settings.scheduler} begins without a warm-up.\n  Leave --warmup out.")


def make_optimizer(settings: Settings, parameters: Any) -> Any:
    """The optimizer that the settings name."""
    rule = OPTIMIZERS[settings.optimizer]
    options: dict[str, Any] = {} if rule.weight_decay is None else {"weight_decay": settings.weight_decay}
    if rule.momentum:
        options["momentum"] = settings.momentum
    if rule.kind is optim.SGD:
        options["nesterov"] = settings.momentum > 0
    return rule.kind(parameters, settings.lr, **options)


def make_scheduler(settings: Settings, optimizer: Any, batches: int) -> tuple[Any, Literal["batch", "epoch"]]:
    """The schedule that the settings name, and after what it is to be stepped; warm-up rises in a line from a tenth."""
    schedule = SCHEDULERS[settings.scheduler]
    steps = settings.epochs * (1 if schedule.by == "epoch" else batches)
    warm = min(round(settings.warmup * batches), steps - 1)
    if warm < 1 or schedule.warmup != "before":
        return schedule.make(optimizer, steps, max(warm, 0)), schedule.by
    rise = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=warm)
    return lr_scheduler.SequentialLR(optimizer, [rise, schedule.make(optimizer, steps, warm)], [warm]), schedule.by


def table() -> str:
    """Both lists, for the help of the command line."""
    lines = ["optimizers, with the learning rate and weight decay they get where those of the data are for another one:"]
    for name, rule in OPTIMIZERS.items():
        decay = "-" if rule.weight_decay is None else f"{rule.weight_decay:g}"
        lines.append(f"  {name:<12}{rule.lr:<8g}{decay:<8}{rule.text}")
    lines += ["", "schedules of the learning rate:"]
    return "\n".join([*lines, *[f"  {name:<12}{schedule.text}" for name, schedule in SCHEDULERS.items()]])
