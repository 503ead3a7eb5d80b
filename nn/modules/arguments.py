"""Checks of what a layer is constructed with: a wrong number is refused here, not at the first call."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.devices import on_cpu
from tensorgrad.errors import ArgumentError, DtypeError

__all__ = ["count", "probability", "divisible", "one_of", "positive", "float_dtype"]


def count(who: str, name: str, value: Any, least: int = 1) -> int:
    """`value` as an integer ≥ `least`.

    Raises
        ArgumentError   anything else

    Example
        >>> count("Linear", "in_features", np.int64(3))
        3
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, (bool, np.bool_)):
        raise ArgumentError(f"{who}: {name}={value!r} makes no sense here.\n  Use an integer ≥ {least}.")
    return number


def probability(who: str, value: Any) -> float:
    """`value` as a number from 0 to 1.

    Raises
        ArgumentError   anything else
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= 1:
        raise ArgumentError(f"{who}: p={value!r} is no probability.\n  Use a number from 0 to 1.")
    return number


def positive(who: str, name: str, value: Any) -> float:
    """`value` as a number above 0.

    Raises
        ArgumentError   anything else
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not number > 0:
        raise ArgumentError(f"{who}: {name}={value!r} makes no sense here.\n  Use a number above 0.")
    return number


def divisible(who: str, name: str, value: int, by: str, divisor: int) -> None:
    """Nothing, if `divisor` divides `value`.

    Raises
        ArgumentError   it does not; names the nearest numbers that would do
    """
    if value % divisor:
        below, above = value // divisor * divisor, -(-value // divisor) * divisor
        near = f"{below} or {above}" if below else f"{above}"
        raise ArgumentError(f"{who}: {name}={value} is not divisible by {by}={divisor}.\n"
                            f"  Use {name}={near}, or another {by}.")


def one_of(who: str, name: str, value: Any, allowed: tuple[str, ...]) -> Any:
    """`value`, if it is among `allowed`.

    Raises
        ArgumentError   it is not
    """
    if value not in allowed:
        raise ArgumentError(f"{who}: {name}={value!r} is not known.\n  Use {', '.join(map(repr, allowed))}.")
    return value


def float_dtype(who: str, dtype: Any, device: Any = None) -> np.dtype:
    """The dtype of a layer's parameters: `dtype`, or the default float if None.

    Raises
        DtypeError      anything but a float
        ArgumentError   a device other than the CPU
    """
    on_cpu(who, device)
    found = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    if not dtypes.is_float(found):
        raise DtypeError(f"{who}: parameters cannot be {found.name}.\n  Use float32, float64 or float16.")
    return found
