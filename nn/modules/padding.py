"""Padding layers: a border of constants, or of the image's own cells."""

from __future__ import annotations

from typing import Any

from nn import functional as F
from nn.module import Module
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.tensor import Tensor

__all__ = [kind + f"Pad{d}d" for kind in ("Constant", "Zero", "Reflection", "Replication", "Circular") for d in (1, 2, 3)]


class Padding(Module):
    """What the padding layers share."""

    spatial: int
    mode = "constant"
    value: float = 0.0

    def __init__(self, padding: Any):
        entries = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * (2 * self.spatial)
        if len(entries) != 2 * self.spatial or not all(isinstance(n, int) and not isinstance(n, bool) for n in entries):
            order = ("left", "right", "top", "bottom", "front", "back")[:2 * self.spatial]
            raise ArgumentError(f"{type(self).__name__}: padding={padding!r} makes no sense here.\n"
                                f"  Use an integer, or ({', '.join(order)}).")
        self.padding = entries

    def forward(self, input: Tensor) -> Tensor:
        if getattr(input, "ndim", None) not in (self.spatial + 1, self.spatial + 2):
            raise ShapeError(message(
                type(self).__name__, f"expects {self.spatial + 1} or {self.spatial + 2} axes", {"input": input},
                f"Use (N, C, {', '.join('DHW'[-self.spatial:])}), or the same without N."))
        return F.pad(input, self.padding, self.mode, self.value if self.mode == "constant" else None)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ConstantPad(Padding):
    """A border of one value."""

    def __init__(self, padding: Any, value: float):
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(ConstantPad):
    """A signal with `value` around it: `padding` is one number, or (left, right); negative numbers cut off."""

    spatial = 1


class ConstantPad2d(ConstantPad):
    """An image with `value` around it: `padding` is one number, or (left, right, top, bottom); negative ones cut off.

    Shapes
        input    (N, C, H, W) or (C, H, W)
        result   (N, C, H + top + bottom, W + left + right)

    Raises
        ArgumentError   padding that makes no sense
        ShapeError      when called: another number of axes

    Example
        >>> import tensorgrad
        >>> ConstantPad2d((1, 0, 0, 0), 5.0)(tensorgrad.zeros(1, 1, 2))
        tensor([[[5., 0., 0.]]])
    """

    spatial = 2


class ConstantPad3d(ConstantPad):
    """A volume with `value` around it: `padding` is one number, or (left, right, top, bottom, front, back)."""

    spatial = 3


class ZeroPad1d(Padding):
    """A signal with zeros around it; `padding` as in `ConstantPad1d`."""

    spatial = 1


class ZeroPad2d(Padding):
    """An image with zeros around it; `padding` as in `ConstantPad2d`.

    Example
        >>> import tensorgrad
        >>> ZeroPad2d(1)(tensorgrad.zeros(8, 3, 4, 4)).shape
        (8, 3, 6, 6)
    """

    spatial = 2


class ZeroPad3d(Padding):
    """A volume with zeros around it; `padding` as in `ConstantPad3d`."""

    spatial = 3


class ReflectionPad1d(Padding):
    """A signal mirrored at its ends, without repeating them: 2 1 | 0 1 2 | 1 0"""

    spatial, mode = 1, "reflect"


class ReflectionPad2d(Padding):
    """An image mirrored at its edges, without repeating them; `padding` as in `ConstantPad2d`, less than the image.

    Example
        >>> import tensorgrad
        >>> ReflectionPad2d((2, 0, 0, 0))(tensorgrad.tensor([[[0.0, 1.0, 2.0]]]))
        tensor([[[2., 1., 0., 1., 2.]]])
    """

    spatial, mode = 2, "reflect"


class ReflectionPad3d(Padding):
    """A volume mirrored at its faces, without repeating them; `padding` as in `ConstantPad3d`."""

    spatial, mode = 3, "reflect"


class ReplicationPad1d(Padding):
    """A signal with its end values repeated: 0 0 | 0 1 2 | 2 2"""

    spatial, mode = 1, "replicate"


class ReplicationPad2d(Padding):
    """An image with its edges repeated outwards; `padding` as in `ConstantPad2d`."""

    spatial, mode = 2, "replicate"


class ReplicationPad3d(Padding):
    """A volume with its faces repeated outwards; `padding` as in `ConstantPad3d`."""

    spatial, mode = 3, "replicate"


class CircularPad1d(Padding):
    """A signal continued from its other end: 1 2 | 0 1 2 | 0 1"""

    spatial, mode = 1, "circular"


class CircularPad2d(Padding):
    """An image continued from its opposite edges; `padding` as in `ConstantPad2d`, at most the image."""

    spatial, mode = 2, "circular"


class CircularPad3d(Padding):
    """A volume continued from its opposite faces; `padding` as in `ConstantPad3d`."""

    spatial, mode = 3, "circular"
