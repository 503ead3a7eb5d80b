"""Devices, of which there is one.  The argument exists so that programs written for PyTorch run unchanged."""

from __future__ import annotations

from typing import Any

from tensorgrad.errors import ArgumentError

__all__ = ["on_cpu"]


def on_cpu(who: str, device: Any) -> None:
    """Raise an ArgumentError for any `device` but None and "cpu"."""
    if device is not None and str(device) not in ("cpu", "cpu:0"):
        raise ArgumentError(f"{who}: there is no device {str(device)!r}.\n  tensorgrad computes on the CPU; leave it out.")
