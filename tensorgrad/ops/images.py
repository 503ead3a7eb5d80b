"""What convolution and pooling ask of their operands: axes (N, C, H, W), a batch axis put in where it is missing."""

from __future__ import annotations

from typing import Any, Callable

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
        fix = (f"For one {what} of one channel: x.reshape{(1, 1, *input.shape)}." if grey else
               "Reshape it; a sum or mean over an axis loses that axis.")
        raise ShapeError(message(who, f"the input has {input.ndim} axes, not (N, {axes})", {"input": input},
                                 f"Use (N, {axes}), or ({axes}) for one {what}.  {fix}"))
    if channels is not None and input.shape[-ndim - 1] != channels:
        if input.shape[-1] == channels and not are_channels_first(input, ndim):
            order = (0, ndim + 1, *range(1, ndim + 1)) if input.ndim == ndim + 2 else (ndim, *range(ndim))
            raise ShapeError(message(
                who, f"the input has {input.shape[-ndim - 1]} channels, the weight expects {channels}", {"input": input},
                f"The last axis has {channels} entries: if it is the channels, use x.permute{order}."))
        if input.ndim == ndim + 1 and channels == 1:
            raise ShapeError(message(
                who, f"the input has {input.shape[0]} channels, the weight expects 1", {"input": input},
                f"Without an axis N it is one {what} ({axes}).  If these are {input.shape[0]} {what}s of one channel, "
                "use x.unsqueeze(1)."))
    return input if input.ndim == ndim + 2 else unsqueeze(input, 0)


def are_channels_first(input: Operand, ndim: int) -> bool:
    """True if the axes are surely in order, whatever their lengths: an op over images left them so, or as they are the
    images are square and the other way round they are not."""
    as_they_are, others = input.shape[-ndim:], input.shape[-ndim - 1:-1]
    return lineage.channels_first(input) or ndim > 1 and len(set(as_they_are)) == 1 < len(set(others))


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
        raise DtypeError(message(who, "the operands have different dtypes", given,
                                 f"Convert the input: x.to({fix}.dtype), or the model."))


class NameOverAxes:
    """The name of an op over one, two or three spatial axes: "convNd" on the class, "conv2d" on an op over images."""

    def __init__(self, name: str, ndim: Callable[[Any], int]):
        self.name, self.ndim = name, ndim

    def __get__(self, op: Any, owner: Any = None) -> str:
        return self.name if op is None else self.name.replace("N", str(self.ndim(op)))
