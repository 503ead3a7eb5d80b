"""What may happen around the steps of a run: the protocol, and the callbacks that save, log and stop.

A callback sees the trainer, and through it the model, optimizer, history and running means; it may set ``trainer.stop``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.atomic import atomic
from nn.training.checkpoint import save_checkpoint
from tensorgrad.errors import ArgumentError

if TYPE_CHECKING:
    from nn.training.history import History, Record
    from nn.training.trainer import Trainer

__all__ = ["Callback", "JSONLLogger", "CSVLogger", "EarlyStopping", "Checkpointer"]


class Callback:
    """The protocol: override what you need, nothing has to be called from the override.

    Example
        >>> class SayWhen(Callback):
        ...     def on_epoch_end(self, trainer, record):
        ...         print(f"epoch {record['epoch']}: {record['test_accuracy']:.1%}")
    """

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Before the first epoch of a call of `fit`."""

    def on_epoch_begin(self, trainer: Trainer) -> None:
        """Before the first batch of an epoch; `trainer.epoch` epochs are complete."""

    def on_batch_end(self, trainer: Trainer) -> None:
        """After an update; `trainer.batch` of `trainer.num_batches` are done, `trainer.running()` are the means so far."""

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        """After training and evaluation of an epoch; `record` is already the last one of `trainer.history`."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """After the last epoch; also when an error or Ctrl-C ends `fit`."""

    def state_dict(self) -> dict[str, Any]:
        """What this callback needs to go on after a restart."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""


class HistoryLogger(Callback):
    """Keeps the file `path` equal to the history, in a format that a subclass writes.

    The file is replaced as a whole after every epoch, so it has no half lines, and after a resume no epoch twice.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)

    def text(self, history: History) -> str:
        """What stands in the file."""
        raise NotImplementedError

    def on_fit_begin(self, trainer: Trainer) -> None:
        self.write(trainer)

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        self.write(trainer)

    def write(self, trainer: Trainer) -> None:
        """Replace the file."""
        with atomic(self.path) as file:
            file.write(self.text(trainer.history).encode())


class JSONLLogger(HistoryLogger):
    """Keeps `path` equal to the history: one JSON object per epoch and line."""

    def text(self, history: History) -> str:
        return history.to_jsonl()


class CSVLogger(HistoryLogger):
    """Keeps `path` equal to the history: a header, then one line per epoch."""

    def text(self, history: History) -> str:
        return history.to_csv()


class EarlyStopping(Callback):
    """Ends the run when `monitor` has not improved by more than `min_delta` for `patience` epochs.

    Arguments
        monitor        a key of the history's records
        mode           "min", "max", or "auto": smaller is better for losses and errors, larger for the rest
        restore_best   give the model the weights of the best epoch when the run ends

    Raises
        ArgumentError   patience < 1; a `monitor` the history does not hold
    """

    def __init__(self, monitor: str = "test_loss", patience: int = 5, min_delta: float = 0.0, mode: str = "auto",
                 restore_best: bool = False):
        if patience < 1:
            raise ArgumentError(f"EarlyStopping: patience is {patience}.\n  Use patience ≥ 1.")
        self.monitor, self.patience, self.min_delta, self.mode = monitor, patience, min_delta, mode
        self.restore_best = restore_best
        self.best_weights: dict[str, np.ndarray] | None = None

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        best = trainer.history.best(self.monitor, self.mode, self.min_delta)
        if self.restore_best and best is record:
            self.best_weights = {name: np.array(value) for name, value in trainer.model.state_dict().items()}
        if record["epoch"] - best["epoch"] >= self.patience:
            trainer.stop = True

    def on_fit_end(self, trainer: Trainer) -> None:
        if self.best_weights is not None:
            trainer.model.load_state_dict(self.best_weights)

    def state_dict(self) -> dict[str, Any]:
        return {"best_weights": self.best_weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best_weights = state["best_weights"]


class Checkpointer(Callback):
    """Saves the trainer to `path` before the first epoch and after every `every` epochs, and after the last.

    A run that dies at any moment leaves the previous file or the new one, never half of one.  List it after the callbacks
    whose work must have happened when the checkpoint says so (loggers).

    Arguments
        best      a second path, for the best epoch so far
        monitor   the key of the history's records that decides which is the best; `mode` as in EarlyStopping

    Raises
        ArgumentError   every < 1
    """

    def __init__(self, path: str | os.PathLike[str], every: int = 1, best: str | os.PathLike[str] | None = None,
                 monitor: str = "test_accuracy", mode: str = "auto"):
        if every < 1:
            raise ArgumentError(f"Checkpointer: every is {every}.\n  Use every ≥ 1.")
        self.path, self.every = Path(path), every
        self.best_path = None if best is None else Path(best)
        self.monitor, self.mode = monitor, mode
        self.saved_epoch: int | None = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        self.save(trainer)

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        if trainer.epoch % self.every == 0 or trainer.epoch == trainer.last_epoch or trainer.stop:
            self.save(trainer)
        if self.best_path is not None and trainer.history.best(self.monitor, self.mode) is record:
            save_checkpoint(self.best_path, trainer.state_dict())

    def save(self, trainer: Trainer) -> None:
        """Write the checkpoint now."""
        save_checkpoint(self.path, trainer.state_dict())
        self.saved_epoch = trainer.epoch
