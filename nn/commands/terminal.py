"""What the commands have in common on the terminal: stopping, error texts, percentages."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from tensorgrad.errors import TensorgradError

__all__ = ["Terminated", "stop_on_sigterm", "error_text", "percent"]


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM): handled as Ctrl-C is."""


def stop_on_sigterm() -> None:
    """From now on treat SIGTERM like Ctrl-C, so that a scheduler's stop leaves as much as the user's."""
    def stop(number: int, frame: FrameType | None) -> None:
        raise Terminated

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)


def error_text(error: BaseException) -> str:
    """What to print of an error a user can mend."""
    if isinstance(error, TensorgradError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}"


def percent(fraction: Any) -> str:
    """``98.61 %``"""
    return f"{fraction * 100:.2f} %"
