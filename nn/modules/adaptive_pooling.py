"""Pooling to a given size: regions that cover the image are reduced to their mean or their largest entry."""

from __future__ import annotations

from typing import Any

from nn import functional as F
from nn.module import Module
from tensorgrad.tensor import Tensor
from tensorgrad.window import per_axis

__all__ = ["AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d",
           "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d"]


class AdaptivePool(Module):
    """Options of the pooling layers that are told the size of their result."""

    spatial: int

    def __init__(self, output_size: Any):
        entries = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,)
        per_axis(type(self).__name__, "output_size", tuple(1 if n is None else n for n in entries), self.spatial, least=0)
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(AdaptivePool):
    """The means of `output_size` stretches of a signal; see `AdaptiveAvgPool2d`.

    Example
        >>> import tensorgrad
        >>> AdaptiveAvgPool1d(2)(tensorgrad.tensor([[1.0, 3.0, 2.0, 0.0]]))
        tensor([[2., 1.]])
    """

    spatial = 1

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(AdaptivePool):
    """The means of H'×W' regions that cover the image, whatever its size.

    Region i of H' spans the rows from ⌊i·H/H'⌋ to ⌈(i + 1)·H/H'⌉, so regions may overlap.

    Options
        output_size   H' and W': an integer, or one per axis; None keeps the size of that axis

    Shapes
        input    (N, C, H, W) or (C, H, W)
        result   (N, C, H', W')

    Raises
        ArgumentError   a size that makes no sense

    Example
        >>> import tensorgrad
        >>> AdaptiveAvgPool2d(1)(tensorgrad.zeros(8, 6, 5, 7)).shape
        (8, 6, 1, 1)
    """

    spatial = 2

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(AdaptivePool):
    """The means of D'×H'×W' regions of a volume; see `AdaptiveAvgPool2d`.

    Example
        >>> import tensorgrad
        >>> AdaptiveAvgPool3d((1, 2, None))(tensorgrad.zeros(8, 6, 4, 8, 8)).shape
        (8, 6, 1, 2, 8)
    """

    spatial = 3

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool3d(input, self.output_size)


class AdaptiveMaxPool1d(AdaptivePool):
    """The largest entries of `output_size` stretches of a signal; see `AdaptiveMaxPool2d`.

    Example
        >>> import tensorgrad
        >>> AdaptiveMaxPool1d(2)(tensorgrad.tensor([[1.0, 3.0, 2.0, 0.0]]))
        tensor([[3., 2.]])
    """

    spatial = 1

    def __init__(self, output_size: Any, return_indices: bool = False):
        super().__init__(output_size)
        self.return_indices = bool(return_indices)

    def forward(self, input: Tensor) -> Any:
        pool = (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)[self.spatial - 1]
        return pool(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(AdaptiveMaxPool1d):
    """The largest entries of H'×W' regions that cover the image, whatever its size.

    Regions and options are those of `AdaptiveAvgPool2d`; `return_indices` returns also where each winner is.

    Example
        >>> import tensorgrad
        >>> AdaptiveMaxPool2d((2, None))(tensorgrad.zeros(8, 6, 5, 7)).shape
        (8, 6, 2, 7)
    """

    spatial = 2


class AdaptiveMaxPool3d(AdaptiveMaxPool1d):
    """The largest entries of D'×H'×W' regions of a volume; see `AdaptiveMaxPool2d`.

    Example
        >>> import tensorgrad
        >>> AdaptiveMaxPool3d(2)(tensorgrad.zeros(8, 6, 4, 8, 8)).shape
        (8, 6, 2, 2, 2)
    """

    spatial = 3
