"""Shapes: the class that PyTorch has of them, and what several give when they are broadcast."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tensorgrad.errors import ShapeError

__all__ = ["Size", "broadcast_shapes"]


class Size(tuple[int, ...]):
    """A tuple of lengths, for programs that name the type; the shape of a tensor is a plain tuple and equals it.

    Example
        >>> Size([2, 3]).numel(), Size([2, 3]) == (2, 3), Size([2, 3])[1:]
        (6, True, torch.Size([3]))
    """

    def numel(self) -> int:
        """The number of entries of a tensor of this shape."""
        return math.prod(self)

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other: Any) -> Size:
        return Size(super().__add__(tuple(other)))

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes have after broadcasting; an int is a shape of one axis.

    Raises
        ShapeError   shapes that do not fit together, a negative length

    Example
        >>> broadcast_shapes((2, 1), (3,), 1)
        torch.Size([2, 3])
    """
    asked = [(shape,) if isinstance(shape, (int, np.integer)) else tuple(shape) for shape in shapes]
    if any(length < 0 for shape in asked for length in shape):
        raise ShapeError(f"broadcast_shapes: a length in {asked} is negative.\n  Use lengths ≥ 0.")
    try:
        return Size(np.broadcast_shapes(*asked))
    except ValueError:
        raise ShapeError(f"broadcast_shapes: {', '.join(map(str, asked))} do not fit together.\n"
                         "  Axes are compared from the last one on, and must be equal or 1.") from None
