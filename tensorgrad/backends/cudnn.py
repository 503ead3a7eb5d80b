"""The switches of cuDNN, which is not there; results are always deterministic.

Example
    >>> is_available(), version()
    (False, None)
"""

from __future__ import annotations

__all__ = ["allow_tf32", "benchmark", "deterministic", "enabled", "is_available", "version"]

allow_tf32 = True
benchmark = False
deterministic = False
enabled = True


def is_available() -> bool:
    """False."""
    return False


def version() -> None:
    """None."""
