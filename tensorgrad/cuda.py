"""What programs ask before they choose a device: there is no GPU here.

Example
    >>> "cuda" if is_available() else "cpu"
    'cpu'
"""

from __future__ import annotations

__all__ = ["is_available", "device_count", "manual_seed", "manual_seed_all", "empty_cache"]


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing: `tensorgrad.manual_seed` is what there is to seed."""


def manual_seed_all(seed: int) -> None:
    """Nothing: `tensorgrad.manual_seed` is what there is to seed."""


def empty_cache() -> None:
    """Nothing: `tensorgrad.release_memory` gives the memory of the CPU back."""
