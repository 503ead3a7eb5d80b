"""What a run shows while it goes: a bar that moves, and one row of a table per epoch."""

from __future__ import annotations

import sys
from shutil import get_terminal_size
from typing import IO, TYPE_CHECKING, Any

from nn.training.callbacks import Callback

if TYPE_CHECKING:
    from nn.training.history import Record
    from nn.training.trainer import Trainer

__all__ = ["ProgressBar", "table"]

# Per column: title, width, key of the record, format.
COLUMNS = (
    ("epoch", 7, "epoch", "{}/{}"),
    ("train loss", 12, "train_loss", "{:.4f}"),
    ("accuracy", 10, "train_accuracy", "{:.2%}"),
    ("test loss", 12, "test_loss", "{:.4f}"),
    ("accuracy", 10, "test_accuracy", "{:.2%}"),
    ("seconds", 10, "seconds", "{:.1f}"),
)


class ProgressBar(Callback):
    """A tqdm bar with loss and accuracy over the batches of an epoch; when the epoch is complete, its row of a table.

    The bar goes to `bar` (standard error) and only if that is a terminal, the table to `file` (standard output).  The bar
    moves at most every `interval` seconds.
    """

    def __init__(self, file: IO[str] | None = None, bar: IO[str] | None = None, interval: float = 0.1):
        self.file, self.bar_file, self.interval = file, bar, interval
        self.bar: Any = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        self.header_due = True

    def on_epoch_begin(self, trainer: Trainer) -> None:
        from tqdm import tqdm

        file = self.bar_file or sys.stderr
        self.bar = tqdm(total=trainer.num_batches or None, file=file, disable=None if hasattr(file, "isatty") else True,
                        leave=False, mininterval=self.interval, ncols=get_terminal_size((100, 24)).columns, nrows=24,
                        desc=f"epoch {trainer.epoch + 1}/{trainer.last_epoch}",
                        bar_format="{desc} {bar:24} {n_fmt}/{total_fmt}{postfix}  {elapsed}<{remaining}")

    def on_batch_end(self, trainer: Trainer) -> None:
        if not self.bar.disable:
            means = (show(name, value) for name, value in trainer.running().items())
            self.bar.set_postfix_str("  ".join(filter(None, means)), refresh=False)
            self.bar.update()

    def on_epoch_end(self, trainer: Trainer, record: Record) -> None:
        self.close()
        file = self.file or sys.stdout
        if self.header_due:
            print(header(record), file=file)
            self.header_due = False
        print(row(record, trainer.last_epoch), file=file, flush=True)

    def on_fit_end(self, trainer: Trainer) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar off the screen."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def show(name: str, value: Any) -> str:
    """One running mean, such as ``accuracy 97.31%``."""
    if not isinstance(value, float):
        return ""
    return f"{name} {value:.2%}" if "accuracy" in name else f"{name} {value:.4f}"


def header(record: Record) -> str:
    """The titles of the columns that `record` fills."""
    return "".join(f"{title:>{width}}" for title, width, key, _ in COLUMNS if key in record)


def row(record: Record, epochs: int) -> str:
    """The line of one epoch."""
    cells = []
    for _, width, key, form in COLUMNS:
        if key in record:
            text = form.format(record[key], epochs) if key == "epoch" else form.format(record[key])
            cells.append(f"{text:>{width}}")
    return "".join(cells)


def table(records: Any) -> str:
    """Header and one line per epoch.

    Example
        >>> print(table([{"epoch": 1, "train_loss": 0.5, "train_accuracy": 0.8, "seconds": 1.0}]))
          epoch  train loss  accuracy   seconds
            1/1      0.5000    80.00%       1.0
    """
    records = list(records)
    if not records:
        return ""
    return "\n".join([header(records[-1]), *(row(record, records[-1]["epoch"]) for record in records)])
