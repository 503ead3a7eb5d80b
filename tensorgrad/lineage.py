"""Where the size of a tensor comes from: the ops that led to it, for messages about shapes that do not fit."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

__all__ = ["Step", "steps", "sizes", "with_sizes", "flattened", "factors"]

MOST = 6  # steps that a message shows
KEEP_SHAPE = 40  # ops that are followed beyond the last change of shape


class Step(NamedTuple):
    """A result on the way: which op made it, "" for the input, and its shape."""

    where: str
    shape: tuple[int, ...]


def steps(tensor: Any) -> list[Step]:
    """The ops behind a tensor that changed the shape, along the first input of each, oldest first; only where the graph
    was recorded."""
    found: list[Step] = []
    op = getattr(tensor, "creator", None)
    patience = KEEP_SHAPE
    while op is not None and patience:
        patience -= 1
        source = op.sources[0] if op.sources else None
        before = source.shape if source is not None else op.constants.get(0, (None,))[0]
        if before != op.shape:
            found.append(Step(op.where, tuple(op.shape)))
            patience = KEEP_SHAPE
        if source is None or not hasattr(source, "sources"):
            if before is not None:
                found.append(Step("", tuple(before)))
            break
        op = source
    return found[::-1]


def sizes(tensor: Any) -> str:
    """Those steps in a line: ``(2, 3, 28, 28) → 0/conv2d (2, 8, 26, 26)``; empty if there are none."""
    found = steps(tensor)
    shown = [f"{where} {shape}".strip() for where, shape in found]
    if len(shown) > MOST:
        shown = [shown[0], "…", *shown[-MOST + 1:]]
    return " → ".join(shown) if len(found) > 1 else ""


def with_sizes(fix: str, tensor: Any) -> str:
    """Advice, and below it how the tensor came to its shape, if that is known."""
    way = sizes(tensor)
    return f"{fix}\n  Sizes: {way}" if way else fix


def flattened(tensor: Any) -> Step | None:
    """What a reshape has made one axis of, if the tensor comes from one: shape and maker of what went in."""
    op = getattr(tensor, "creator", None)
    if op is None or op.name not in ("reshape", "flatten", "view"):
        return None
    source = op.sources[0]  # a reshape has one, and is not recorded if that is a constant
    return Step(source.where if hasattr(source, "sources") else "the input", tuple(source.shape))


def factors(number: int, channels: int) -> str:
    """`number` as channels·height·width of square images, if it is: ``9216 = 64·12·12``.

    Example
        >>> factors(9216, 64), factors(100, 64)
        ('9216 = 64·12·12', '')
    """
    side = math.isqrt(number // channels) if channels else 0
    return f"{number} = {channels}·{side}·{side}" if side and channels * side * side == number else ""
