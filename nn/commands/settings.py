"""The settings of a run: from the command line and the presets into config.json, and back."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass, fields
from typing import Any, Callable

from nn.commands.optimizing import OPTIMIZERS, SCHEDULERS, check
from nn.commands.presets import FORMATS, preset_for
from nn.models import available
from tensorgrad.errors import ArgumentError

__all__ = ["Settings", "add_settings", "number"]

KERNELS = ("auto", "compiled", "reference")

# What may differ between a run and its resumption, because the weights do not depend on it.
FREE = ("data_dir", "workers", "coach")


@dataclass
class Settings:
    """Everything the weights of a run depend on."""

    data: str
    data_dir: str | None
    model: str
    epochs: int
    batch_size: int
    optimizer: str
    lr: float
    momentum: float
    weight_decay: float
    scheduler: str
    warmup: float
    augment: bool
    label_smoothing: float
    clip: float | None
    seed: int
    threads: int | None
    workers: int
    kernels: str
    coach: bool = False

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace) -> Settings:
        """What was given on the command line; the rest from the data set's preset, or from the optimizer if it is another.

        Raises
            ArgumentError   options that the optimizer or the schedule does not have
        """
        data = arguments.data or "digits"
        values = {"data": data, "data_dir": None, "clip": None, "seed": 0, "threads": None, "workers": 0,
                  "kernels": "auto", "coach": False, **preset_for(data)}
        optimizer = given(arguments, "optimizer", values["optimizer"])
        if optimizer != values["optimizer"]:
            rule = OPTIMIZERS[optimizer]
            values |= {"lr": rule.lr, "weight_decay": rule.weight_decay or 0.0}
        if SCHEDULERS[given(arguments, "scheduler", values["scheduler"])].warmup == "none":
            values["warmup"] = 0.0
        settings = cls(**{field.name: given(arguments, field.name, values[field.name]) for field in fields(cls)})
        check(settings)
        return settings

    @classmethod
    def from_config(cls, config: dict[str, Any], arguments: argparse.Namespace) -> Settings:
        """The settings in a config.json; of `arguments`, given for a resumption, only those the weights do not depend on.

        Raises
            ArgumentError   `arguments` asks for something else than the run was begun with
        """
        settings = cls(**config["settings"])
        for field in fields(cls):
            before = getattr(settings, field.name)
            wanted = given(arguments, field.name, before)
            if wanted == before:
                continue
            if field.name not in FREE:
                option = "--" + field.name.replace("_", "-")
                raise ArgumentError(f"train: the run was begun with {option} {before}, and a resumption changes nothing.\n"
                                    f"  Leave {option} out, or begin another run for {wanted}.")
            setattr(settings, field.name, wanted)
        return settings

    def as_dict(self) -> dict[str, Any]:
        """For config.json."""
        return asdict(self)


def given(arguments: argparse.Namespace, name: str, default: Any) -> Any:
    """The argument, or `default` where it was left out."""
    value = getattr(arguments, name, None)
    return default if value is None else value


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options of `Settings`; all default to None, "not given"."""
    what = parser.add_argument_group("what to train")
    what.add_argument("--data", choices=list(FORMATS), metavar="NAME", help=f"one of {', '.join(FORMATS)} (default: digits)")
    what.add_argument("--data-dir", metavar="DIR", help="where its files are; default: where `tensorgrad data` looks")
    what.add_argument("--model", metavar="NAME", help=f"one of {', '.join(available())}; default: what suits the data")

    how = parser.add_argument_group("how (defaults depend on the data; `tensorgrad data` lists them)")
    how.add_argument("--epochs", type=number(int, 1), metavar="N", help="passes over the training set")
    how.add_argument("--batch-size", type=number(int, 1), metavar="N", help="images per step")
    how.add_argument("--optimizer", choices=list(OPTIMIZERS), metavar="NAME",
                     help=f"how a gradient becomes a step: {', '.join(OPTIMIZERS)}; explained below")
    how.add_argument("--lr", type=number(float, 0, open=True), metavar="X", help="learning rate")
    how.add_argument("--momentum", type=number(float, 0, 1), metavar="X", help="of sgd and rmsprop")
    how.add_argument("--weight-decay", type=number(float, 0), metavar="X", help="pull of the weights towards 0")
    how.add_argument("--scheduler", choices=list(SCHEDULERS), metavar="NAME",
                     help=f"how the learning rate changes: {', '.join(SCHEDULERS)}; explained below")
    how.add_argument("--warmup", type=number(float, 0), metavar="EPOCHS", help="epochs of rising learning rate")
    how.add_argument("--label-smoothing", type=number(float, 0, 1), metavar="X",
                     help="share of the target spread over all classes")
    how.add_argument("--clip", type=number(float, 0, open=True), metavar="NORM", help="scale gradients down to this norm")
    how.add_argument("--augment", action=argparse.BooleanOptionalAction, default=None,
                     help="shift, rotate or flip training images at random")
    how.add_argument("--coach", action="store_true", default=None,
                     help="say in the first epoch what looks like a mistake; see docs/coach")
    how.add_argument("--seed", type=number(int, 0), metavar="N",
                     help="of the weights, the order of the images, dropout and augmentation (default: 0)")

    machine = parser.add_argument_group("on which machine")
    machine.add_argument("--threads", type=number(int, 1), metavar="N", help="threads that compute (default: one per core)")
    machine.add_argument("--workers", type=number(int, 0), metavar="N", help="threads that prepare batches (default: 0)")
    machine.add_argument("--kernels", choices=KERNELS, help="in NumPy (reference) or numba (compiled; default if there)")


def number(kind: type, low: float, high: float = float("inf"), open: bool = False) -> Callable[[str], Any]:
    """A converter for argparse that takes numbers from `low` to `high`, without `low` itself if `open`.

    Example
        >>> number(int, 1)("20")
        20
    """
    def convert(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no {'whole number' if kind is int else 'number'}") from None
        if not (low < value if open else low <= value) or not value <= high or value == float("inf"):
            bounds = f"{'>' if open else '≥'} {low:g}" + (f" and ≤ {high:g}" if high < float("inf") else "")
            raise argparse.ArgumentTypeError(f"{text} is not allowed; use a number {bounds}")
        return value

    return convert
