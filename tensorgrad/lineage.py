"""Where the size of a tensor comes from: the ops that led to it, for messages about shapes that do not fit."""

from __future__ import annotations

import math
from typing import Any, Iterator, NamedTuple

__all__ = ["Step", "behind", "steps", "sizes", "with_sizes", "flattened", "rebatched", "channels_first", "product",
           "factors"]

MOST = 6  # steps that a message shows
KEEP_SHAPE = 40  # ops that are followed beyond the last change of shape
ON_IMAGES = ("conv", "max_pool", "avg_pool", "lp_pool", "adaptive", "batch_norm", "group_norm", "instance_norm",
             "interpolate", "pixel_")  # how the ops begin that give (N, C, ...)
RESHAPES = ("reshape", "flatten", "view")
MOVE_AXES = ("permute", "transpose", "movedim", "reshape", "embedding", "linear", "matmul", "einsum")


class Step(NamedTuple):
    """A result on the way: which op made it, "" for the input, and its shape."""

    where: str
    shape: tuple[int, ...]


def behind(tensor: Any) -> Iterator[tuple[Any, tuple[int, ...] | None]]:
    """The ops behind a tensor, along the first input of each, newest first, with the shape of that input; only where the
    graph was recorded."""
    op = getattr(tensor, "creator", None)
    patience = KEEP_SHAPE
    while op is not None and patience:
        source = op.sources[0] if op.sources else None
        before = source.shape if source is not None else op.constants.get(0, (None,))[0]
        patience = patience - 1 if before == op.shape else KEEP_SHAPE
        yield op, None if before is None else tuple(before)
        op = source if hasattr(source, "sources") else None


def steps(tensor: Any) -> list[Step]:
    """Those of the ops that changed the shape, oldest first, and before them the input of the oldest op."""
    found: list[Step] = []
    first: Step | None = None
    for op, before in behind(tensor):
        if before != op.shape:
            found.append(Step(op.where, tuple(op.shape)))
        leaf = not op.sources or not hasattr(op.sources[0], "sources")
        first = Step("", before) if leaf and before is not None else None
    return ([first] if first else []) + found[::-1]


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
    if op is None or op.name not in RESHAPES:
        return None
    source = op.sources[0]  # a reshape has one, and is not recorded if that is a constant
    return Step(source.where if hasattr(source, "sources") else "the input", tuple(source.shape))


def rebatched(tensor: Any, batch: int) -> str:
    """Advice where a reshape on the way to a tensor of another batch began with `batch` examples; else nothing."""
    for op, before in behind(tensor):
        if op.name in RESHAPES and before and before[0] == batch != op.shape[0] == tensor.shape[0]:
            return (f"{op.where} changed the batch from {batch} to {op.shape[0]}, as it cut {before} to {tuple(op.shape)}: "
                    f"use x.flatten(1), which has {product(before[1:])} features.")
    return ""


def channels_first(tensor: Any) -> bool:
    """True if the tensor is known to be (N, C, ...): an op over images made it, and none has moved axes since."""
    for op, _ in behind(tensor):
        if op.name.startswith(MOVE_AXES):
            return False
        if op.name.startswith(ON_IMAGES):
            return True
    return False


def product(sizes: tuple[int, ...]) -> str:
    """A number of entries and where it comes from.

    Example
        >>> product((16, 4, 4)), product((10,))
        ('256 = 16·4·4', '10')
    """
    return f"{math.prod(sizes)}" + (f" = {'·'.join(map(str, sizes))}" if len(sizes) > 1 else "")


def factors(number: int, channels: int) -> str:
    """`number` as channels·height·width of square images, if it is: ``9216 = 64·12·12``.

    Example
        >>> factors(9216, 64), factors(100, 64)
        ('9216 = 64·12·12', '')
    """
    side = math.isqrt(number // channels) if channels else 0
    return f"{number} = {channels}·{side}·{side}" if side and channels * side * side == number else ""
