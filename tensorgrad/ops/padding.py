"""Borders around a tensor.  Constant padding and slicing are each other's backward, so are mirroring and folding back."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.indexing import GetItem
from tensorgrad.ops.promotion import Operand
from tensorgrad.tensor import Tensor

__all__ = ["pad", "constant_pad_nd"]

Pads = tuple[tuple[int, int], ...]  # per axis: entries before, entries after


def center(pads: Pads, shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Where an array of `shape` lies in its padded result."""
    return tuple([slice(before, before + n) for (before, _), n in zip(pads, shape)])


def padded_shape(pads: Pads, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the padded result."""
    return tuple([before + n + after for (before, after), n in zip(pads, shape)])


class PadConstant(Op):
    """y = x with borders of one value"""

    __slots__ = ("pads", "value")

    def __init__(self, pads: Pads, value: float):
        self.pads, self.value = pads, value

    def forward(self, x):
        out = np.full_like(x, self.value, shape=padded_shape(self.pads, x.shape))
        out[center(self.pads, x.shape)] = x
        return out

    def backward(self, grad):
        return GetItem(center(self.pads, self.shapes[0])).apply(grad)


class PadMirror(Op):
    """y = x with borders that repeat entries of x"""

    __slots__ = ("pads", "mode")

    def __init__(self, pads: Pads, mode: str):
        self.pads, self.mode = pads, mode

    def forward(self, x):
        out = np.empty_like(x, shape=padded_shape(self.pads, x.shape))
        out[center(self.pads, x.shape)] = x
        for border, source in borders(self.pads, x.shape, self.mode):
            out[border] = out[source]
        return out

    def backward(self, grad):
        return FoldMirror(self.pads, self.mode, self.shapes[0]).apply(grad)


class FoldMirror(Op):
    """y = the center of x, each border entry added to the entry that it repeats"""

    __slots__ = ("pads", "mode", "into")

    def __init__(self, pads: Pads, mode: str, into: tuple[int, ...]):
        self.pads, self.mode, self.into = pads, mode, into

    def forward(self, x):
        x = x.copy(order="K")
        # The last axis was mirrored last, corners included, so it is folded first.
        for border, source in reversed(borders(self.pads, self.into, self.mode)):
            axis = len(border) - 1
            x[source] += x[border].sum(axis, keepdims=True) if self.mode == "replicate" else x[border]
        return x[center(self.pads, self.into)]

    def backward(self, grad):
        return PadMirror(self.pads, self.mode).apply(grad)


def borders(pads: Pads, shape: tuple[int, ...], mode: str) -> list[tuple[tuple[slice, ...], tuple[slice, ...]]]:
    """Per border of the padded array its index and the index of what it repeats, axis by axis: each fills its axis over
    the full length of the axes before it, so corners repeat what those have filled."""
    found = []
    for axis, ((before, after), n) in enumerate(zip(pads, shape)):
        first, end = before, before + n  # where x lies
        if mode == "reflect":
            sources = slice(first + before, first, -1), slice(end - 2, end - 2 - after if end - 2 - after >= 0 else None, -1)
        elif mode == "replicate":
            sources = slice(first, first + 1), slice(end - 1, end)
        else:
            sources = slice(end - before, end), slice(first, first + after)
        lead = (slice(None),) * axis
        if before:
            found.append(((*lead, slice(0, before)), (*lead, sources[0])))
        if after:
            found.append(((*lead, slice(end, end + after)), (*lead, sources[1])))
    return found


def pad(input: Operand, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """`input` with borders; `pad` gives (before, after) for the last axis, then for the one before it, and so on.

    Arguments
        pad     the numbers of entries to add; a negative number takes entries away
        mode    "constant": every entry is `value`, 0 by default
                "reflect": mirrored, without the edge: 2 1 | 0 1 2 | 1 0
                "replicate": the edge repeated: 0 0 | 0 1 2 | 2 2
                "circular": from the other end: 1 2 | 0 1 2 | 0 1

    Gradient
        an entry that borders repeat gets the sum of their gradients

    Raises
        ArgumentError   an unknown mode; a `value` for another mode than constant; an odd number of pads
        ShapeError      more pads than axes; more entries taken away, or repeated, than there are

    Example
        >>> pad(Tensor([1.0, 2.0, 3.0]), (2, 1))
        tensor([0., 0., 1., 2., 3., 0.])
        >>> pad(Tensor([1.0, 2.0, 3.0]), (2, -1), mode="reflect")
        tensor([3., 2., 1., 2.])
    """
    if mode not in ("constant", "reflect", "replicate", "circular"):
        raise ArgumentError(message("pad", f"mode={mode!r} is unknown", {"input": input},
                                    "Use 'constant', 'reflect', 'replicate' or 'circular'."))
    if mode != "constant" and value:
        raise ArgumentError(message("pad", f"mode={mode!r} takes its borders from the input, not from value={value}",
                                    {"input": input}, "Leave value out, or use mode='constant'."))
    sizes = [int(size) for size in pad]
    if len(sizes) % 2:
        raise ArgumentError(message("pad", f"{len(sizes)} pads given, and an axis needs two", {"input": input},
                                    "Give (before, after) of the last axis, then of the one before it."))
    if len(sizes) > 2 * input.ndim:
        raise ShapeError(message("pad", f"{len(sizes)} pads are for {len(sizes) // 2} axes", {"input": input},
                                 f"Give at most {2 * input.ndim}."))
    pads = tuple([(0, 0)] * (input.ndim - len(sizes) // 2) + list(zip(sizes[::2], sizes[1::2]))[::-1])
    check_crop(input, pads)
    # PyTorch mirrors about entries that are then taken away, but fills and wraps around what is left.
    if mode in ("constant", "circular"):
        input = crop(input, pads)
    grow: Pads = tuple([(max(before, 0), max(after, 0)) for before, after in pads])
    check_source(input, grow, mode)
    if mode == "constant":
        return PadConstant(grow, 0 if value is None else value).apply(input)
    out = PadMirror(grow, mode).apply(input)
    return out if mode == "circular" else crop(out, pads)


_pad = pad  # the next function has an argument of that name


def constant_pad_nd(input: Operand, pad: Sequence[int], value: float = 0) -> Tensor:
    """`pad` with borders of one `value`, by PyTorch's older name.

    Raises
        as pad

    Example
        >>> constant_pad_nd(Tensor([1.0, 2.0]), (1, 0), 7.0)
        tensor([7., 1., 2.])
    """
    return _pad(input, pad, "constant", value)


def crop(input: Operand, pads: Pads) -> Operand:
    """`input` without the entries that negative pads take away."""
    if all(size >= 0 for both in pads for size in both):
        return input
    return GetItem(tuple([slice(max(-before, 0), n - max(-after, 0))
                          for (before, after), n in zip(pads, input.shape)])).apply(input)


def check_crop(input: Operand, pads: Pads) -> None:
    """Raise a ShapeError if negative pads take more entries than an axis has."""
    for axis, ((before, after), n) in enumerate(zip(pads, input.shape)):
        taken = max(-before, 0) + max(-after, 0)
        if taken > n:
            raise ShapeError(message("pad", f"pads of {before} and {after} take away more than the {n} entries of axis "
                                     f"{axis}", {"input": input}, f"Take at most {n}."))


def check_source(input: Operand, pads: Pads, mode: str) -> None:
    """Raise a ShapeError if an axis is too short for what its borders repeat."""
    for axis, ((before, after), n) in enumerate(zip(pads, input.shape)):
        most = {"reflect": max(n - 1, 0), "circular": n}.get(mode, 0)
        if max(before, after) > most and (mode in ("reflect", "circular") or mode == "replicate" and n == 0):
            raise ShapeError(message("pad", f"mode={mode!r} cannot make a border of {max(before, after)} from the {n} "
                                     f"entries of axis {axis}", {"input": input}, f"Use at most {most}."))
