"""Which tests execute which lines of the modules that are changed: the others need not be run on a mutant."""

from __future__ import annotations

import sys
import threading
import time
import types
from typing import Any

__all__ = ["Reach"]


class Reach:
    """Watches a run of the tests, one after the other.

    lines      per test {file: lines that it executed}
    seconds    per test
    """

    def __init__(self, files: set[str]):
        self.files = files
        self.lines: dict[Any, dict[str, set[int]]] = {}
        self.seconds: dict[Any, float] = {}
        self.here: dict[str, set[int]] = {}

    def watch(self, item: Any, run: Any) -> None:
        """Call `run`, which is the test `item`, and note what it executes."""
        self.here = self.lines[item] = {file: set() for file in self.files}
        start, before, of_threads = time.perf_counter(), sys.gettrace(), threading.gettrace()
        sys.settrace(self.called)
        threading.settrace(self.called)
        try:
            run()
        finally:
            sys.settrace(before)
            threading.settrace(of_threads)  # type: ignore[arg-type]
        self.seconds[item] = time.perf_counter() - start

    def called(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        """The tracer of Python's calls: goes on to lines in the files that are watched."""
        seen = self.here.get(frame.f_code.co_filename)
        if seen is None:
            return None
        seen.add(frame.f_lineno)

        def line(frame: types.FrameType, event: str, arg: Any) -> Any:
            seen.add(frame.f_lineno)
            return line

        return line

    def tests(self, file: str, first: int, last: int) -> list[Any]:
        """Those that execute one of the lines from `first` to `last`, the quickest first."""
        wanted = set(range(first, last + 1))
        reached = [item for item, files in self.lines.items() if not wanted.isdisjoint(files[file])]
        return sorted(reached, key=lambda item: self.seconds[item])
