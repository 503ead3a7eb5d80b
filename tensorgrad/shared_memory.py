"""Writes in place: when the memory of an array was last written into, for all tensors that share it."""

from __future__ import annotations

import os
import threading
from typing import ClassVar, Iterable

from tensorgrad.callers import Line
from tensorgrad.recording import tick

__all__ = ["Memory", "all_written"]

writing = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=writing._at_fork_reinit)  # type: ignore[attr-defined]


class Memory:
    """What tensors over the same memory have in common: tick and, if known, line of the last in-place write to it."""

    __slots__ = ("changed", "line")

    latest: ClassVar[int] = 0  # tick of the last write to any memory: what was recorded since then cannot be stale

    def __init__(self) -> None:
        self.changed = 0
        self.line: Line | None = None

    def written(self, line: Line | None) -> None:
        """It was written into just now, by that line."""
        all_written((self,), line)


def all_written(memories: Iterable[Memory], line: Line | None) -> None:
    """They were written into just now, by that line."""
    with writing:  # or a thread that was interrupted here could set `latest` back
        now = Memory.latest = tick()
        for memory in memories:
            memory.changed = now
            memory.line = line
