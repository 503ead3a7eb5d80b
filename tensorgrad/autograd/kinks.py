"""Where a function has a kink its differences from the left and from the right disagree, and central ones mean nothing.

There gradcheck either refuses the point, or asks whether backward gives one of the gradients that make sense.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Iterator, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from tensorgrad.autograd.differences import Check
    from tensorgrad.tensor import Tensor

__all__ = ["CHOICES", "Sides", "find", "accepted", "together", "perturbable"]

CHOICES = ("refuse", "subgradient", "one-sided")


class Sides(NamedTuple):
    """Jacobians by differences, each (entries of the input, entries of the output)."""

    central: np.ndarray
    left: np.ndarray
    right: np.ndarray


def jumps(check: Check, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Where the two sides differ by more than a smooth function would make them."""
    with np.errstate(invalid="ignore"):
        return np.abs(right - left) > 10 * check.atol + 1e-2 * np.maximum(np.abs(left), np.abs(right))


def find(check: Check, k: int, outputs: list[Tensor], sides: list[Sides]) -> list[np.ndarray]:
    """Per output, the entries of its Jacobian at which there is a kink.

    A slope that changes fast makes a jump that shrinks with the step; a kink's jump stays.
    """
    found = [jumps(check, s.left, s.right) for s in sides]
    for i in np.flatnonzero(np.any([f.any(axis=1) for f in found], axis=0)):
        step = check.eps / 8
        plus, minus = check.at(check.variables[k], int(i), step), check.at(check.variables[k], int(i), -step)
        for o, s in enumerate(sides):
            middle = outputs[o].array
            with np.errstate(invalid="ignore"):
                nearer = np.abs((plus[o] - middle) - (middle - minus[o])).reshape(-1) / step
                found[o][i] &= nearer > 0.5 * np.abs(s.right[i] - s.left[i])
    return found


def accepted(check: Check, analytical: np.ndarray, s: Sides) -> np.ndarray:
    """Which entries make sense at a kink: one of the two slopes or, unless `one-sided` is asked for, one between."""
    low, high = np.minimum(s.left, s.right), np.maximum(s.left, s.right)
    if check.kinks == "one-sided":
        return check.close(analytical, low) | check.close(analytical, high)
    return between(check, analytical, low, high)


def between(check: Check, value: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    allowed = check.atol + check.rtol * np.maximum(np.abs(low), np.abs(high))
    return np.asarray((value >= low - allowed) & (value <= high + allowed))


def together(check: Check, outputs: list[Tensor], analytical: list[list[np.ndarray]],
             kinked: list[list[np.ndarray]]) -> list[tuple[int, int, int]]:
    """(output, its entry, a variable) where the tied entries, each right by itself, do not add up.

    The largest of two equal numbers grows by 1 if both do, so that their gradients must add up to 1.
    """
    wrong = []
    for o, out in enumerate(outputs):
        for j in range(out.numel()):
            tied = [np.flatnonzero(kinked[k][o][:, j]) for k in range(len(check.variables))]
            if sum(map(len, tied)) < 2:
                continue
            slopes = []
            for step in (check.eps, -check.eps):
                with contextlib.ExitStack() as stack:
                    for variable, entries in zip(check.variables, tied):
                        stack.enter_context(perturbable(variable)).reshape(-1)[entries] += step
                    slopes.append((check.values()[o].reshape(-1)[j] - out.array.reshape(-1)[j]) / step)
            total = np.asarray(sum(analytical[k][o][entries, j].sum() for k, entries in enumerate(tied)))
            if not between(check, total, np.asarray(min(slopes)), np.asarray(max(slopes))):
                wrong += [(o, j, k) for k, entries in enumerate(tied) if len(entries)]
    return wrong


@contextlib.contextmanager
def perturbable(variable: Tensor) -> Iterator[np.ndarray]:
    """The variable with a contiguous array of its own, to be changed inside the block."""
    original = variable.array
    variable.array = original.copy(order="C")
    try:
        yield variable.array
    finally:
        variable.array = original
