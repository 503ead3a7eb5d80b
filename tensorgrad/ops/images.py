"""What convolution and pooling ask of their operands: axes (N, C, H, W), a batch axis put in where it is missing."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from tensorgrad import lineage
from tensorgrad.errors import DtypeError, ShapeError, message, tensor_from
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.shape import unsqueeze

AXES = {1: ("C, W", "sequence"), 2: ("C, H, W", "image"), 3: ("C, D, H, W", "volume")}


def images(who: str, ndim: int, input: Operand, channels: int | None = None) -> Operand:
    """`input` with a batch axis: itself if it has one.

    Arguments
        channels   how many the weight expects; lets the message say what is probably wrong

    Raises
        ShapeError   another number of axes; channels that are plainly in the wrong place
        DtypeError   neither a tensor nor an array
    """
    axes, what = AXES[ndim]
    check_tensor(who, "input", input)
    if input.ndim not in (ndim + 1, ndim + 2):
        grey = input.ndim == ndim
        fix = (f"A vector of channels is {what}s of one cell: x.reshape{(*input.shape, *[1] * ndim)}."
               if input.ndim == 2 and input.shape[1] == channels else
               f"For one {what} of one channel: x.reshape{(1, 1, *input.shape)}." if grey else
               "Reshape it; a sum or mean over an axis loses that axis.")
        raise ShapeError(message(who, f"the input has {input.ndim} axes, not (N, {axes})", {"input": input},
                                 f"Use (N, {axes}), or ({axes}) for one {what}.  {fix}"))
    if channels is not None and input.shape[-ndim - 1] != channels:
        fix = joined_elsewhere(input, -ndim - 1, channels) or channels_elsewhere(input, ndim, channels)
        if not fix and input.ndim == ndim + 1 and channels == 1:
            fix = (f"Without an axis N it is one {what} ({axes}).  If these are {input.shape[0]} {what}s of one channel, "
                   "use x.unsqueeze(1).")
        if fix:
            raise ShapeError(message(who, f"the input has {input.shape[-ndim - 1]} channels, the weight expects {channels}",
                                     {"input": input}, lineage.with_sizes(fix, input)))
    return input if input.ndim == ndim + 2 else unsqueeze(input, 0)


def channels_elsewhere(input: Operand, ndim: int, channels: int) -> str:
    """What to do where another axis than the channels' has as many entries as channels are expected; empty if none has, or
    if the axes are surely in order: then there are too many channels or too few."""
    if are_channels_first(input, ndim):
        return ""
    first = input.ndim - ndim
    if input.shape[-1] == channels:
        order = (*range(first - 1), input.ndim - 1, *range(first - 1, input.ndim - 1))
        return f"The last axis has {channels} entries: if it is the channels, use x.permute{order}."
    if channels > 1 and channels in input.shape[first:]:
        axis = input.shape.index(channels, first)
        return f"Axis {axis} has {channels} entries: if it is the channels, use x.movedim({axis}, {first - 1})."
    return ""


def are_channels_first(input: Operand, ndim: int) -> bool:
    """True if the axes are surely in order, whatever their lengths: an op over images left them so, or as they are the
    images are square and the other way round they are not."""
    as_they_are, others = input.shape[-ndim:], input.shape[-ndim - 1:-1]
    return lineage.channels_first(input) or ndim > 1 and len(set(as_they_are)) == 1 < len(set(others))


def joined_elsewhere(input: Operand, axis: int, channels: int) -> str:
    """What to do with a `cat` along another axis than the channels, which would have given as many as are expected; empty if
    it is none."""
    creator = getattr(input, "creator", None)
    if creator is None or creator.name != "cat":
        return ""
    axis %= input.ndim
    if creator.dim == axis or sum([shape[axis] for shape in creator.shapes]) != channels:
        return ""
    return f"They were joined along axis {creator.dim}; cat(..., {axis}) has {channels} channels."


def check_tensor(who: str, name: str, operand: Any) -> None:
    """Raise a DtypeError for lists and numbers, which have no axes."""
    if not hasattr(operand, "ndim"):
        raise DtypeError(message(who, f"{name} is a {type(operand).__name__}, not a tensor", None,
                                 tensor_from(name, operand)))


def check_same_dtype(who: str, **operands: Operand | None) -> None:
    """Raise a DtypeError unless all operands that are given have one dtype."""
    given = {name: operand for name, operand in operands.items() if operand is not None}
    first, *others = given.values()
    if any(operand.dtype != first.dtype for operand in others):
        fix = "weight" if "weight" in given else next(iter(given))
        convert = f"Convert the input: x.to({fix}.dtype), or the model."
        if given.get("input", first).dtype == np.uint8:
            convert = "These look like the bytes of an image, 0 to 255: use x.float() / 255."
        raise DtypeError(message(who, "the operands have different dtypes", given, convert))


class NameOverAxes:
    """The name of an op over one, two or three spatial axes: "convNd" on the class, "conv2d" on an op over images."""

    def __init__(self, name: str, ndim: Callable[[Any], int]):
        self.name, self.ndim = name, ndim

    def __get__(self, op: Any, owner: Any = None) -> str:
        return self.name if op is None else self.name.replace("N", str(self.ndim(op)))
