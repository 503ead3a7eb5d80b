"""What kind of mistake a backward rule makes, guessed from its Jacobian beside the numerical one.

A Jacobian is (entries of the input, entries of the output).  Each guess looks for one pattern and answers with a sentence,
or None; the first that fits is reported.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, NamedTuple

import numpy as np

__all__ = ["Comparison", "diagnose"]


class Comparison(NamedTuple):
    """One input against one output.

    analytical, numerical   Jacobians, (entries of the input, entries of the output)
    shape, output_shape     of the input and of the output
    wrong                   where the two differ by more than the tolerance
    close                   whether two arrays agree within the tolerance
    """

    analytical: np.ndarray
    numerical: np.ndarray
    shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    wrong: np.ndarray
    close: Callable[[np.ndarray, np.ndarray], bool]


def diagnose(c: Comparison) -> str | None:
    """The likely mistake in a sentence or two; None if no pattern fits."""
    for guess in GUESSES:
        found = guess(c)
        if found:
            return found
    return None


def not_a_number(c: Comparison) -> str | None:
    if not np.isfinite(c.numerical).all():
        return "The function itself is not finite around this input: choose inputs inside its domain."
    if not np.isfinite(c.analytical).all():
        return ("Backward gives NaN or infinity where the function is smooth: look for 0 · ∞ and 0 / 0 in the rule, also in "
                "the branch that `where` does not pick.")
    return None


def zero(c: Comparison) -> str | None:
    if not c.analytical.any():
        return "Backward gives no gradient at all: the rule returns None or zeros, or the graph was left on the way."
    return None


def sign(c: Comparison) -> str | None:
    return "The sign is wrong: backward gives the negative of the gradient." if c.close(-c.analytical, c.numerical) else None


def ignored_gradient(c: Comparison) -> str | None:
    """Every output gives the same column: the rule does not multiply by the gradient that comes in."""
    columns = c.analytical
    if columns.shape[1] > 1 and c.close(columns, np.broadcast_to(columns[:, :1], columns.shape)):
        if not c.close(c.numerical, np.broadcast_to(c.numerical[:, :1], columns.shape)):
            return "Backward gives the same for every output: the rule does not multiply by the incoming gradient."
    return None


def factor(c: Comparison) -> str | None:
    square = float(np.sum(c.numerical * c.numerical))
    if not square:
        return None
    ratio = float(np.sum(c.analytical * c.numerical)) / square
    if not ratio or not c.close(c.analytical / ratio, c.numerical):
        return None
    text = f"A constant factor is wrong: backward gives {nice(ratio)} times the gradient."
    for number in (ratio, 1 / ratio):
        for what, length in lengths(c):
            if length > 1 and abs(number - length) < 1e-4 * length:
                verb = "divided by" if number == ratio else "multiplied by"
                return f"{text}  {length} is {what}: should it be {verb} that?"
    return text


def nice(ratio: float) -> str:
    """0.5 as 0.5, 1/3 as 1/3, anything else with six digits."""
    from fractions import Fraction  # here, as `import tensorgrad` can do without

    fraction = Fraction(ratio).limit_denominator(100)
    exact = abs(float(fraction) - ratio) < 1e-6 * abs(ratio)
    if exact and fraction.denominator not in (1, 2, 4, 5, 10):
        return f"{fraction.numerator}/{fraction.denominator}"
    return f"{ratio:.6g}"


def lengths(c: Comparison) -> Iterator[tuple[str, int]]:
    """Lengths after which a factor may be named."""
    for what, shape in (("input", c.shape), ("output", c.output_shape)):
        for axis, length in enumerate(shape):
            yield f"the length of axis {axis} of the {what}", length
        yield f"the number of entries of the {what}", int(np.prod(shape))


def missing_sum(c: Comparison) -> str | None:
    """Only one slice of the output reaches the input, where all of them should."""
    analytical = c.analytical.reshape(-1, *c.output_shape)
    numerical = c.numerical.reshape(-1, *c.output_shape)
    for axis, length in enumerate(c.output_shape):
        if length < 2:
            continue
        slices = np.moveaxis(analytical, axis + 1, 0), np.moveaxis(numerical, axis + 1, 0)
        reached = [i for i in range(length) if slices[0][i].any()]
        wanted = [i for i in range(length) if slices[1][i].any()]
        if len(reached) == 1 < len(wanted) and c.close(slices[0][reached[0]], slices[1][reached[0]]):
            return (f"A sum is missing: of axis {axis} of the output only index {reached[0]} reaches this input, which was "
                    "broadcast (repeated) along that axis.  Sum the gradient over it.")
    return None


def rearranged(c: Comparison) -> str | None:
    """The right numbers in the wrong places: transposed, reshaped in another order, or reversed."""
    numerical = c.numerical.reshape(*c.shape, -1)
    for a in range(len(c.shape)):
        for b in range(a + 1, len(c.shape)):
            swapped = np.swapaxes(numerical, a, b)
            if c.shape[a] == c.shape[b]:
                if c.close(c.analytical, swapped.reshape(c.analytical.shape)):
                    return f"The gradient is transposed: axes {a} and {b} of this input are exchanged in it."
            elif 1 not in (c.shape[a], c.shape[b]) and c.close(c.analytical, swapped.reshape(c.analytical.shape)):
                return (f"The gradient was transposed and then reshaped: axes {a} and {b} of this input are exchanged in it."
                        "  Use transpose or permute, not reshape.")
    for axis, length in enumerate(c.shape):
        if length > 1 and c.close(c.analytical, np.flip(numerical, axis).reshape(c.analytical.shape)):
            return f"The gradient is reversed along axis {axis} of this input."
    if len(c.shape) > 1:
        last = tuple(range(max(len(c.shape) - 2, 0), len(c.shape)))
        if c.close(c.analytical, np.flip(numerical, last).reshape(c.analytical.shape)):
            return (f"The gradient is reversed along axes {last[0]} and {last[1]} of this input: a kernel that must be "
                    "flipped?")
    return None


def border(c: Comparison) -> str | None:
    """Wrong only in entries at the edge of the last axes."""
    wrong: np.ndarray = np.any(c.wrong, axis=1).reshape(c.shape)
    for axes in range(1, len(c.shape) + 1):
        inner = (...,) + tuple([slice(1, -1) if n > 2 else slice(None) for n in c.shape[-axes:]])
        lengths = c.shape[-axes:]
        if all(n > 2 for n in lengths) and not wrong[inner].any() and wrong[inner].size:
            which = f"axis {len(c.shape) - 1}" if axes == 1 else f"the last {axes} axes"
            return (f"Only entries at the border of {which} are wrong: look at the padding, or at what happens to the first "
                    "and the last.")
    return None


def part(c: Comparison) -> str | None:
    """A share of the entries is wrong in the same way."""
    wrong = c.wrong & (c.numerical != 0)
    if not wrong.any() or not np.array_equal(wrong, c.wrong):
        return None
    if not c.analytical[wrong].any():
        return "The wrong entries are 0: part of the gradient is lost."
    ratios = c.analytical[wrong] / c.numerical[wrong]
    if np.ptp(ratios) < 1e-4 * abs(ratios[0]) and len(ratios) > 1:
        return f"The wrong entries are {nice(float(np.median(ratios)))} times the gradient, the others are right."
    return None


GUESSES: list[Callable[[Comparison], Any]] = [not_a_number, zero, sign, factor, ignored_gradient, missing_sum, rearranged,
                                              border, part]
