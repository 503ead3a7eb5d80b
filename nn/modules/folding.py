"""Layers that take images apart into patches and put patches together again.  None has parameters."""

from __future__ import annotations

from typing import Any

from nn import functional as F
from nn.module import Module
from tensorgrad.tensor import Tensor
from tensorgrad.window import Window, per_axis

__all__ = ["Fold", "Unfold"]


class Unfold(Module):
    """The patches of an image as columns; options and errors are those of `nn.functional.unfold`.

    Shapes
        input    (N, C, H, W) or (C, H, W)
        result   (N, C·K·L, P) or (C·K·L, P), one column per place of the window

    Example
        >>> import tensorgrad
        >>> Unfold(3, padding=1)(tensorgrad.zeros(8, 4, 5, 5)).shape
        (8, 36, 25)
    """

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1):
        Window.parse("Unfold", 2, kernel_size, stride, padding, dilation)
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
                f"stride={self.stride}")


class Fold(Module):
    """Columns added up to an image of `output_size`; options and errors are those of `nn.functional.fold`.

    Shapes
        input    (N, C·K·L, P) or (C·K·L, P)
        result   (N, C, H, W) or (C, H, W)

    Example
        >>> import tensorgrad
        >>> Fold(5, 3, padding=1)(tensorgrad.zeros(8, 36, 25)).shape
        (8, 4, 5, 5)
    """

    def __init__(self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1):
        per_axis("Fold", "output_size", output_size, 2)
        Window.parse("Fold", 2, kernel_size, stride, padding, dilation)
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
                f"padding={self.padding}, stride={self.stride}")
