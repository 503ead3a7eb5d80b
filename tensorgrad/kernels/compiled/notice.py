"""What the first use says on stderr: that kernels are being compiled, and how many are."""

from __future__ import annotations

import os
import sys
import threading
import time

__all__ = ["Notice", "notice", "PATIENCE"]

PATIENCE = 1.0  # seconds of compiling before it is announced
INTERVAL = 5.0  # and from one count to the next


class Notice:
    """Announces on stderr that compiling takes longer than a moment, then counts, unless TENSORGRAD_QUIET is set.

    How many there will be is known to `tensorgrad warmup` alone, which shows a bar instead.

    Attributes
        count   how many functions this process has begun to compile
        said    True from the first line on, or to have no line at all
    """

    def __init__(self) -> None:
        self.count = 0
        self.said = False
        self.depth = 0  # a function compiles those that it calls
        self.spent = self.begun = self.latest = 0.0
        self.timer: threading.Timer | None = None

    def begin(self, outlook: str) -> None:
        """A function is about to be compiled."""
        self.count += 1
        self.depth += 1
        if self.depth > 1:
            return
        self.begun = time.monotonic()
        if not self.said and not os.environ.get("TENSORGRAD_QUIET"):
            self.timer = threading.Timer(max(0.0, PATIENCE - self.spent), self.say, [outlook])
            self.timer.daemon = True
            self.timer.start()

    def end(self) -> None:
        """A function has been compiled."""
        self.depth = max(0, self.depth - 1)
        if self.depth == 0:
            self.spent += time.monotonic() - self.begun
            if self.timer is not None:
                self.timer.cancel()
                self.timer = None
        if self.latest and time.monotonic() - self.latest > INTERVAL:
            self.latest = time.monotonic()
            self.write(f"{self.count} kernels compiled in {self.spent:.0f} s")

    def say(self, outlook: str) -> None:
        """Write the first line."""
        self.said = True
        self.latest = time.monotonic()
        self.write(f"compiling kernels for this machine, {outlook}")

    def write(self, text: str) -> None:
        print(f"tensorgrad: {text}", file=sys.stderr, flush=True)


notice = Notice()
