"""What programs ask before they choose any device but the CPU: there is none.

Example
    >>> current_accelerator() if is_available() else "cpu"
    'cpu'
"""

from __future__ import annotations

__all__ = ["is_available", "device_count", "current_accelerator"]


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """None."""
