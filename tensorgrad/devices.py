"""Devices, of which there is one.  They exist so that programs written for PyTorch run unchanged."""

from __future__ import annotations

from typing import Any

from tensorgrad.errors import ArgumentError

__all__ = ["device", "is_device", "on_cpu"]


class device:
    """Where tensors live: "cpu", also written "cpu:0".

    Raises
        ArgumentError   any other device

    Example
        >>> device("cpu"), str(device("cpu", 0)), device("cpu") == "cpu"
        (device(type='cpu'), 'cpu:0', True)
    """

    __slots__ = ("type", "index")

    def __init__(self, type: Any = "cpu", index: int | None = None):
        kind, _, number = str(type).partition(":")
        on_cpu("device", type if index is None else f"{type}:{index}")
        self.type = kind
        self.index = int(number) if number else index

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type={self.type!r}{'' if self.index is None else f', index={self.index}'})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (device, str)) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash(str(self))


def is_device(value: Any) -> bool:
    """True for a device or the name of one, here or elsewhere: what ``to`` does not take for a dtype."""
    return str(value).partition(":")[0] in ("cpu", "cuda", "mps", "xpu", "meta")


def on_cpu(who: str, device: Any) -> None:
    """Raise an ArgumentError for any `device` but None and "cpu"."""
    if device is not None and str(device) not in ("cpu", "cpu:0"):
        raise ArgumentError(f"{who}: there is no device {str(device)!r}.\n  tensorgrad computes on the CPU; leave it out.")
