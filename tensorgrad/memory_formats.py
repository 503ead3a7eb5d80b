"""Orders of a tensor's entries in memory, under PyTorch's names.  They change speed, never shapes or numbers."""

from __future__ import annotations

import numpy as np

from tensorgrad.errors import ShapeError

__all__ = ["memory_format", "contiguous_format", "preserve_format", "channels_last", "channels_last_3d", "strided"]


class MemoryFormat:
    """An order of entries in memory: one of the four below.

    Example
        >>> channels_last.laid_out(np.zeros((2, 3, 4, 5))).strides
        (480, 8, 120, 24)
    """

    __slots__ = ("name", "ndim")

    def __init__(self, name: str, ndim: int | None = None):
        self.name, self.ndim = name, ndim  # the number of axes, where channels come last

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name

    def holds(self, array: np.ndarray) -> bool:
        """True if the entries of `array` lie in this order."""
        if self.ndim is None:
            return self is preserve_format or array.flags.c_contiguous
        return array.ndim == self.ndim and np.moveaxis(array, 1, -1).flags.c_contiguous

    def laid_out(self, array: np.ndarray) -> np.ndarray:
        """A copy of `array` in this order.

        Raises
            ShapeError   an array that has no channels to be last: of another number of axes
        """
        if self.ndim is None:
            return array.copy(order="K" if self is preserve_format else "C")
        if array.ndim != self.ndim:
            raise ShapeError(f"{self.name}: a tensor of shape {array.shape} has {array.ndim} axes, not {self.ndim}.\n"
                             "  Use contiguous_format, or add the missing axes: channels are axis 1.")
        return np.moveaxis(np.moveaxis(array, 1, -1).copy(order="C"), -1, 1)


contiguous_format, preserve_format = MemoryFormat("contiguous_format"), MemoryFormat("preserve_format")
channels_last, channels_last_3d = MemoryFormat("channels_last", 4), MemoryFormat("channels_last_3d", 5)
strided = MemoryFormat("strided")  # the one layout, in PyTorch's word: dense
memory_format = MemoryFormat
