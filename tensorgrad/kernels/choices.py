"""Which algorithm a convolution runs by: what a planner answers, and the user's say in it."""

from __future__ import annotations

from typing import Any, NamedTuple

from tensorgrad.errors import ArgumentError

__all__ = ["algorithms", "Choices", "Plan", "current"]


class Plan(NamedTuple):
    """How one kernel is computed for one shape.

    Attributes
        algorithm       its name
        why             what in the shape decides it
        multiply_adds   of the algorithm
        copies          bytes it writes beside the result, on the way: windows, tiles, rearranged weights; in slices that
                        stay in cache, so this is traffic and not memory
        rounding        about how far a float32 result is from the exact one, as a share of its norm; None: not measured
    """

    algorithm: str
    why: str
    multiply_adds: int
    copies: int
    rounding: float | None = None


class Choices(NamedTuple):
    """Per algorithm: True wherever it can run, False nowhere, None where it was measured to be the fastest."""

    winograd: bool | None = None
    depthwise: bool | None = None


_choices = Choices()


def current() -> Choices:
    """What holds now, in all threads."""
    return _choices


class algorithms:
    """Choose how convolutions are computed: inside a ``with`` block, or as a plain call from here on, in all threads.

    True stands for "wherever the algorithm can run", False for "nowhere", None for "where it was measured to be the
    fastest", which is the default; what is not named stays as it is.  Only the compiled kernels have a choice.

    Arguments
        winograd    False makes 3×3 and 5×5 convolutions in float32 exact to the last few bits, and keeps a NaN in the image
                    to the windows that see it, at up to four times the multiplications; `explain` has the numbers
        depthwise   the kernels for groups of 1, 2 or 4 channels and as many filters

    Raises
        ArgumentError   any other value

    Example
        >>> with algorithms(winograd=False):
        ...     current()
        Choices(winograd=False, depthwise=None)
    """

    def __init__(self, **choices: bool | None):
        global _choices
        for name, value in choices.items():
            if name not in Choices._fields:
                raise ArgumentError(f"algorithms: there is no algorithm {name!r} to choose.\n"
                                    f"  Use one of: {', '.join(Choices._fields)}.")
            if value is not None and not isinstance(value, bool):
                raise ArgumentError(f"algorithms: {name}={value!r} makes no sense.\n  Use True (wherever it can run), False "
                                    "(nowhere) or None (where it is the fastest).")
        self.before = _choices
        _choices = self.chosen = _choices._replace(**choices)

    def __enter__(self) -> Choices:
        return self.chosen

    def __exit__(self, *exc: Any) -> None:
        global _choices
        _choices = self.before
