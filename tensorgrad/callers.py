"""The line of the user's program that is being run: the innermost one outside of this library."""

from __future__ import annotations

import linecache
import sys
import weakref
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

__all__ = ["Line", "calling_line", "recorded"]

ROOT = Path(__file__).resolve().parents[1]
OURS = tuple([str(ROOT / package) + "/" for package in ("tensorgrad", "nn")])


class Line(NamedTuple):
    """A place in a program."""

    file: str
    number: int
    function: str

    @property
    def text(self) -> str:
        """The line itself; empty if its file cannot be read."""
        return linecache.getline(self.file, self.number).strip()

    def __str__(self) -> str:
        text = self.text
        return f"{self.file}:{self.number}, in {self.function}" + (f": {text}" if text else "")


# Where ops were called, of those that were recorded in anomaly mode.
recorded: weakref.WeakKeyDictionary[Any, Line] = weakref.WeakKeyDictionary()


def calling_line() -> Line | None:
    """Where the user's code called the library; None if there is no such code."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(OURS):
        frame = frame.f_back
    return None if frame is None else Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
