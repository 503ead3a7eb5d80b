"""What was measured, one record per epoch."""

from __future__ import annotations

import json
from typing import Any, Iterator, overload

from tensorgrad.errors import ArgumentError, DataError

__all__ = ["History"]

Record = dict[str, Any]


class History:
    """Records of epochs, oldest first: dicts with "epoch", "train_loss", "test_accuracy" and so on.

    Example
        >>> history = History([{"epoch": 1, "test_loss": 0.5}, {"epoch": 2, "test_loss": 0.3}])
        >>> history["test_loss"], history[-1]["epoch"], history.best("test_loss")["epoch"]
        ([0.5, 0.3], 2, 2)
    """

    def __init__(self, records: list[Record] | None = None):
        self.records: list[Record] = [dict(record) for record in records or []]

    def append(self, record: Record) -> None:
        """Add one epoch."""
        self.records.append(dict(record))

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    @overload
    def __getitem__(self, key: int) -> Record: ...

    @overload
    def __getitem__(self, key: str) -> list[Any]: ...

    def __getitem__(self, key: int | str) -> Any:
        if not isinstance(key, str):
            return self.records[key]
        if self.records and key not in self.records[-1]:
            raise ArgumentError(f"History: there is no {key!r}.\n  It holds {', '.join(self.records[-1])}.")
        return [record[key] for record in self.records]

    def __repr__(self) -> str:
        return f"<History of {len(self)} epochs>"

    def best(self, name: str, mode: str = "auto", min_delta: float = 0.0) -> Record:
        """The first epoch no later one beats by more than `min_delta`.

        `mode` is "min", "max", or "auto": the smallest of what has "loss" or "error" in its name, the largest of the rest.

        Raises
            ArgumentError   no epochs, no such number, another mode
        """
        if mode not in ("auto", "min", "max"):
            raise ArgumentError(f"History.best: mode is {mode!r}.\n  Use 'auto', 'min' or 'max'.")
        values = self[name]
        if not values:
            raise ArgumentError("History.best: there are no epochs yet.\n  Train first.")
        smaller = mode == "min" or mode == "auto" and ("loss" in name or "error" in name)
        best = 0
        for i, value in enumerate(values):
            gain = values[best] - value if smaller else value - values[best]
            if gain > min_delta or values[best] != values[best]:
                best = i
        return self.records[best]

    def to_jsonl(self) -> str:
        """One JSON object per epoch and line."""
        return "".join(json.dumps(record) + "\n" for record in self.records)

    @classmethod
    def from_jsonl(cls, text: str) -> History:
        """The history that `to_jsonl` wrote.

        Raises
            DataError   a line that is no JSON object
        """
        records = []
        for number, line in enumerate(text.splitlines(), 1):
            try:
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise ValueError("not an object")
            except ValueError as error:
                raise DataError(f"History.from_jsonl: line {number} is no JSON object: {error}.\n"
                                "  Remove that line, or use the history in the checkpoint.") from None
            records.append(record)
        return cls(records)

    def to_csv(self) -> str:
        """A header, then one line per epoch."""
        names = list(dict.fromkeys(name for record in self.records for name in record))
        rows = [names, *([json.dumps(record[name]) if name in record else "" for name in names] for record in self.records)]
        return "".join(",".join(row) + "\n" for row in rows) if names else ""
