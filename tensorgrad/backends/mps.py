"""What programs ask before they choose Apple's GPUs: they are not used here.

Example
    >>> is_available(), is_built()
    (False, False)
"""

from __future__ import annotations

__all__ = ["is_available", "is_built"]


def is_available() -> bool:
    """False."""
    return False


def is_built() -> bool:
    """False."""
    return False
