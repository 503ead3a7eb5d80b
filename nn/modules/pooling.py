"""Pooling layers: the largest or the mean of each window, and winners put back in their place.  None has parameters."""

from __future__ import annotations

from typing import Any

from nn import functional as F
from nn.module import Module
from tensorgrad.errors import ArgumentError
from tensorgrad.tensor import Tensor
from tensorgrad.window import Window

__all__ = ["MaxPool1d", "MaxPool2d", "MaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "LPPool1d", "LPPool2d", "LPPool3d",
           "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"]


class MaxPool(Module):
    """Options of the max pooling layers."""

    spatial: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
                 return_indices: bool = False, ceil_mode: bool = False):
        Window.parse(type(self).__name__, self.spatial, kernel_size, stride, padding, dilation, ceil_mode)
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = bool(return_indices), bool(ceil_mode)

    def extra_repr(self) -> str:
        return (f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
                f"ceil_mode={self.ceil_mode}")

    def forward(self, input: Tensor) -> Any:
        pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[self.spatial - 1]
        return pool(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices)


class MaxPool1d(MaxPool):
    """The largest entry of each window of a signal; options and errors are those of `MaxPool2d`.

    Shapes
        input    (N, C, L) or (C, L)
        result   (N, C, L')

    Example
        >>> import tensorgrad
        >>> MaxPool1d(2)(tensorgrad.tensor([[1.0, 3.0, 2.0, 0.0]]))
        tensor([[3., 2.]])
    """

    spatial = 1


class MaxPool2d(MaxPool):
    """The largest entry of each window of an image, channel by channel.

    Options
        kernel_size      size of the window: an integer, or one per axis
        stride           from one window to the next; None means `kernel_size`
        padding          cells around the image; they never win
        dilation         cells from one entry of the window to the next
        return_indices   return also where each winner is, as a flat index into the image
        ceil_mode        let the last window reach over the edge, so that every cell is covered

    Shapes
        input    (N, C, H, W) or (C, H, W)
        result   (N, C, H', W'), with H' = ⌊(H + 2·padding - dilation·(K - 1) - 1) / stride⌋ + 1

    Gradient
        all of it to the winner; a tie goes to the first in row-major order

    Raises
        ArgumentError   options that make no sense, padding larger than half the window
        ShapeError      when called: an image smaller than the window

    Example
        >>> import tensorgrad
        >>> MaxPool2d(2)(tensorgrad.zeros(8, 6, 28, 28)).shape
        (8, 6, 14, 14)
    """

    spatial = 2


class MaxPool3d(MaxPool):
    """The largest entry of each window of a volume; options and errors are those of `MaxPool2d`.

    Shapes
        input    (N, C, D, H, W) or (C, D, H, W)
        result   (N, C, D', H', W')

    Example
        >>> import tensorgrad
        >>> MaxPool3d(2)(tensorgrad.zeros(8, 6, 4, 8, 8)).shape
        (8, 6, 2, 4, 4)
    """

    spatial = 3


class AvgPool(Module):
    """Options of the average pooling layers."""

    spatial: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
                 count_include_pad: bool = True):
        Window.parse(type(self).__name__, self.spatial, kernel_size, stride, padding, 1, ceil_mode)
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode, self.count_include_pad = padding, bool(ceil_mode), bool(count_include_pad)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(AvgPool):
    """The mean of each window of a signal; options and errors are those of `AvgPool2d`.

    Shapes
        input    (N, C, L) or (C, L)
        result   (N, C, L')

    Example
        >>> import tensorgrad
        >>> AvgPool1d(2)(tensorgrad.tensor([[1.0, 3.0, 2.0, 0.0]]))
        tensor([[2., 1.]])
    """

    spatial = 1

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
                 count_include_pad: bool = True):
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        window = Window.parse("AvgPool1d", 1, kernel_size, stride, padding)
        self.kernel_size, self.stride, self.padding = window.kernel, window.stride, (window.padding[0][0],)

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)


class AvgPool2d(AvgPool):
    """The mean of each window of an image, channel by channel.

    Options
        kernel_size         size of the window: an integer, or one per axis
        stride              from one window to the next; None means `kernel_size`
        padding             cells of value 0 around the image
        ceil_mode           let the last window reach over the edge, so that every cell is covered
        count_include_pad   divide by the whole window; if False, by the cells of it that are in the image
        divisor_override    divide by this number instead

    Shapes
        input    (N, C, H, W) or (C, H, W)
        result   (N, C, H', W'), with H' = ⌊(H + 2·padding - K) / stride⌋ + 1

    Raises
        ArgumentError   options that make no sense, a divisor of 0
        ShapeError      when called: an image smaller than the window

    Example
        >>> import tensorgrad
        >>> AvgPool2d(3, stride=2, padding=1)(tensorgrad.zeros(8, 6, 28, 28)).shape
        (8, 6, 14, 14)
    """

    spatial = 2

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
                 count_include_pad: bool = True, divisor_override: int | None = None):
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        if divisor_override == 0:
            raise ArgumentError(f"{type(self).__name__}: divisor_override=0 makes no sense here.\n"
                                "  Use another number, or None for the size of the window.")
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        pool = F.avg_pool2d if self.spatial == 2 else F.avg_pool3d
        return pool(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
                    self.divisor_override)


class AvgPool3d(AvgPool2d):
    """The mean of each window of a volume; options and errors are those of `AvgPool2d`.

    Shapes
        input    (N, C, D, H, W) or (C, D, H, W)
        result   (N, C, D', H', W')

    Example
        >>> import tensorgrad
        >>> AvgPool3d(2)(tensorgrad.zeros(8, 6, 4, 8, 8)).shape
        (8, 6, 2, 4, 4)
    """

    spatial = 3


class LPPool(Module):
    """Options of the layers that take p-norms of windows."""

    spatial: int

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False):
        Window.parse(type(self).__name__, self.spatial, kernel_size, stride, ceil_mode=ceil_mode)
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, bool(ceil_mode)

    def forward(self, input: Tensor) -> Tensor:
        pool = (F.lp_pool1d, F.lp_pool2d, F.lp_pool3d)[self.spatial - 1]
        return pool(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return (f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
                f"ceil_mode={self.ceil_mode}")


class LPPool1d(LPPool):
    """The p-norm of each window of a signal; see `LPPool2d`."""

    spatial = 1


class LPPool2d(LPPool):
    """(Σ xᵖ)^(1/p) of each window of an image, channel by channel, p being `norm_type`; options as in `AvgPool2d`.

    With p = 1 it is the sum of the window, with p = ∞ the largest entry.

    Shapes
        input    (N, C, H, W) or (C, H, W)
        result   (N, C, H', W')

    Example
        >>> import tensorgrad
        >>> LPPool2d(2, 2)(tensorgrad.tensor([[[1.0, 2.0], [2.0, 4.0]]]))
        tensor([[[5.]]])
    """

    spatial = 2


class LPPool3d(LPPool):
    """The p-norm of each window of a volume; see `LPPool2d`."""

    spatial = 3


class MaxUnpool(Module):
    """Options of the layers that undo max pooling."""

    spatial: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0):
        window = Window.parse(type(self).__name__, self.spatial, kernel_size, stride, padding)
        self.kernel_size, self.stride = window.kernel, window.stride
        self.padding = tuple(before for before, _ in window.padding)

    def forward(self, input: Tensor, indices: Any, output_size: Any = None) -> Tensor:
        unpool = (F.max_unpool1d, F.max_unpool2d, F.max_unpool3d)[self.spatial - 1]
        return unpool(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(MaxUnpool):
    """The winners of `MaxPool1d` back in their places, zeros elsewhere; see `MaxUnpool2d`."""

    spatial = 1


class MaxUnpool2d(MaxUnpool):
    """The winners of `MaxPool2d` back in their places, zeros elsewhere.

    Called with the result of a pooling with ``return_indices=True``, its indices, and where several sizes would fit the size
    of the image.  A cell that won several overlapping windows gets the entry of the last.

    Shapes
        input, indices   (N, C, H', W') or (C, H', W')
        result           (N, C, H, W)

    Raises
        ShapeError   when called: indices of another shape, an `output_size` that does not fit

    Example
        >>> import tensorgrad
        >>> image = tensorgrad.tensor([[[1.0, 2.0], [4.0, 3.0]]])
        >>> MaxUnpool2d(2)(*MaxPool2d(2, return_indices=True)(image))
        tensor([[[0., 0.],
                 [4., 0.]]])
    """

    spatial = 2


class MaxUnpool3d(MaxUnpool):
    """The winners of `MaxPool3d` back in their places, zeros elsewhere; see `MaxUnpool2d`."""

    spatial = 3
