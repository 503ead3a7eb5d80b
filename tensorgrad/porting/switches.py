"""PyTorch's switches of the whole process that have one position here, and what asks for their position."""

from __future__ import annotations

from typing import Any

from tensorgrad.devices import device, on_cpu
from tensorgrad.errors import ArgumentError

__all__ = ["use_deterministic_algorithms", "are_deterministic_algorithms_enabled", "set_float32_matmul_precision",
           "get_float32_matmul_precision", "set_flush_denormal", "set_default_device", "get_default_device"]


class Positions:
    """What was asked for, so that programs can read it back."""

    deterministic = False
    matmul_precision = "highest"


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Nothing that was not so before: the same numbers come out of the same operations, always.

    Raises
        ArgumentError   a mode that is not a bool
    """
    if not isinstance(mode, bool):
        raise ArgumentError(f"use_deterministic_algorithms: the mode is {mode!r}.\n  Use True or False.")
    Positions.deterministic = mode


def are_deterministic_algorithms_enabled() -> bool:
    """What was asked for by `use_deterministic_algorithms`; operations are deterministic in either case.

    Example
        >>> are_deterministic_algorithms_enabled()
        False
    """
    return Positions.deterministic


def set_float32_matmul_precision(precision: str) -> None:
    """Allow products of float32 matrices to be less precise, which they never are: "highest", "high" or "medium".

    Raises
        ArgumentError   another word
    """
    if precision not in ("highest", "high", "medium"):
        raise ArgumentError(f"set_float32_matmul_precision: {precision!r} is no precision.\n"
                            "  Use 'highest', 'high' or 'medium'; products are computed in float32 in any case.")
    Positions.matmul_precision = precision


def get_float32_matmul_precision() -> str:
    """What was asked for by `set_float32_matmul_precision`.

    Example
        >>> get_float32_matmul_precision()
        'highest'
    """
    return Positions.matmul_precision


def set_flush_denormal(mode: bool) -> bool:
    """False, for "not supported" where `mode` is True: tiny numbers are kept.

    Example
        >>> set_flush_denormal(True)
        False
    """
    return not mode


def set_default_device(device: Any) -> None:
    """Nothing: tensors are made on the CPU.

    Raises
        ArgumentError   another device
    """
    on_cpu("set_default_device", device)


def get_default_device() -> device:
    """The CPU.

    Example
        >>> get_default_device()
        device(type='cpu')
    """
    return device("cpu")
