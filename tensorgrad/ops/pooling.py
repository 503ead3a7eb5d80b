"""Pooling over sliding windows: the largest entry, or the mean.

Closed families: MaxPool ↔ ScatterWinners ↔ GatherWinners, and AvgPool ↔ AvgPoolGrad.  A winner is the row-major index of a
cell in its H × W plane, as PyTorch's `return_indices` has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import kernels
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.images import NameOverAxes, images
from tensorgrad.ops.promotion import Operand, to
from tensorgrad.ops.rounding import trunc
from tensorgrad.ops.shape import squeeze, unsqueeze
from tensorgrad.tensor import Tensor, from_array
from tensorgrad.window import Window, is_plain

__all__ = ["max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d"]


class MaxPool(Op):
    """y = the largest entry of each window; a tie goes to the first in row-major order"""

    __slots__ = ("window", "winners")
    name = NameOverAxes("max_poolNd", lambda op: op.window.ndim)

    def __init__(self, window: Window):
        self.window = window
        self.winners: Any = None

    def forward(self, x):
        y, self.winners = kernels.active().max_pool(x, self.window)
        return y

    def backward(self, grad):
        return ScatterWinners(self.winners, self.shapes[0][2:], self.window).apply(grad)

    def forget(self):
        self.winners = None

    def options(self) -> dict[str, Any]:
        return self.window.settings()


class ScatterWinners(Op):
    """x = each window's entry added to the cell that won it, 0 elsewhere"""

    __slots__ = ("winners", "sizes", "window")

    def __init__(self, winners: np.ndarray, sizes: tuple[int, ...], window: Window | None = None):
        self.winners: Any = winners
        self.sizes, self.window = sizes, window  # that of MaxPool, if it is one

    def forward(self, y):
        return kernels.active().scatter_winners(y, self.winners, self.sizes, self.window)

    def backward(self, grad):
        return GatherWinners(self.winners).apply(grad)

    def forget(self):
        self.winners = None

    def options(self) -> dict[str, Any]:
        return {"sizes": self.sizes}


class GatherWinners(Op):
    """y = the entries of the winning cells"""

    __slots__ = ("winners",)

    def __init__(self, winners: np.ndarray):
        self.winners: Any = winners

    def forward(self, x):
        return kernels.active().gather_winners(x, self.winners)

    def backward(self, grad):
        return ScatterWinners(self.winners, self.shapes[0][2:]).apply(grad)

    def forget(self):
        self.winners = None

    def options(self) -> dict[str, Any]:
        return {}


def with_winners(op: Any, x: Operand, input: Operand, return_indices: bool) -> Any:
    """The op's result, and with `return_indices` its winners; the batch axis that was put in is taken out again."""
    y = op.apply(x)
    if x is not input:
        y = squeeze(y, 0)
    if not return_indices:
        return y
    winners = op.winners.astype(np.int64, order="K")  # a copy: the graph needs its own
    if x is not input:
        winners = winners[0]
    return (y, from_array(winners)) if isinstance(y, Tensor) else (y, winners)


def max_pool1d(input: Operand, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
               ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """The largest entry of each window of a sequence: `max_pool2d` in one dimension, (N, C, W) → (N, C, W').

    Example
        >>> max_pool1d(Tensor([[[1.0, 3.0, 2.0, 5.0]]]), 2)
        tensor([[[3., 5.]]])
    """
    return max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(input: Operand, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
               ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """The largest entry of each window of an image, channel by channel.

    Arguments
        stride           cells from one window to the next; None means `kernel_size`
        padding          cells of -∞ around the image, which never win; at most half of the kernel
        ceil_mode        also a last window that reaches past the padding, if it starts before it
        return_indices   also which cell won, as a row-major index into its H × W plane (int64)

    Shapes
        input (N, C, H, W) or (C, H, W) → (N, C, H', W') or (C, H', W'); with `return_indices` two of them

    Gradient
        goes to the winner: the first in row-major order of equal entries, the last NaN if there are any

    Raises
        ShapeError      another number of axes, a kernel larger than the padded image
        ArgumentError   an option that makes no sense, padding of more than half of the kernel

    Example
        >>> max_pool2d(Tensor([[[1.0, 2.0], [4.0, 3.0]]]), 2)
        tensor([[[4.]]])
    """
    return max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(input: Operand, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
               ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """The largest entry of each window of a volume: `max_pool2d` in three dimensions, (N, C, D, H, W) → (N, C, D', H', W').

    Example
        >>> max_pool3d(Tensor(np.zeros((1, 2, 4, 4, 4))), 2).shape
        (1, 2, 2, 2, 2)
    """
    return max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool(who: str, ndim: int, input: Operand, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
             ceil_mode: bool, return_indices: bool) -> Any:
    """The body of `max_pool1d`, `max_pool2d` and `max_pool3d`: checks, then the op."""
    # What was found to fit once need not be looked at again.
    try:
        window = fitting[who, input.shape, kernel_size, stride, padding, dilation, ceil_mode]
    except (KeyError, AttributeError, TypeError):  # new; no tensor; a list, which has no hash
        window = fitted(who, ndim, input, kernel_size, stride, padding, dilation, ceil_mode)
    x = input if input.ndim == ndim + 2 else unsqueeze(input, 0)
    return with_winners(MaxPool(window), x, input, return_indices)


fitting: dict[Any, Window] = {}


def fitted(who: str, ndim: int, input: Operand, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
           ceil_mode: bool) -> Window:
    """The window, resolved for this input, after all checks; remembered if its options can be looked up by value."""
    images(who, ndim, input)
    window = Window.parse(who, ndim, kernel_size, stride, padding, dilation, ceil_mode)
    window = pooling_window(who, window, input, ndim)
    options = (kernel_size, stride, padding, dilation)
    if all(map(is_plain, options)):
        if len(fitting) >= 4096:
            fitting.clear()
        fitting[who, input.shape, *options, ceil_mode] = window
    return window


def pooling_window(who: str, window: Window, input: Operand, ndim: int) -> Window:
    """The window on this input, after the checks that pooling needs: every window has a tap on a cell."""
    sizes = tuple(input.shape[-ndim:])
    window = window.resolve(sizes)
    for pads, extent, k in zip(window.padding, window.extent, window.kernel):
        if max(pads) > extent // 2:
            raise ArgumentError(message(
                who, f"padding {max(pads)} is more than half of the kernel, {k} taps over {extent} cells", {"input": input},
                f"Use padding ≤ {extent // 2}, or pad the input first: beyond that, a window may have no cell at all."))
    counts = window.output_sizes(sizes, who, input)
    for axis, (size, count) in enumerate(zip(sizes, counts)):
        if size < window.extent[axis] and not window.inside(axis, size, count).all():
            raise ShapeError(message(who, f"a window of {window} has no tap on a cell of the image", {"input": input},
                                     "Use less dilation, less padding, or a larger image."))
    return window


class AvgPool(Op):
    """y = Σ of each window / the number of its cells"""

    __slots__ = ("window", "count_include_pad", "divisor_override")
    name = NameOverAxes("avg_poolNd", lambda op: op.window.ndim)

    def __init__(self, window: Window, count_include_pad: bool, divisor_override: int | None):
        self.window, self.count_include_pad, self.divisor_override = window, count_include_pad, divisor_override

    def forward(self, x):
        return kernels.active().avg_pool(x, self.window, self.count_include_pad, self.divisor_override)

    def backward(self, grad):
        return AvgPoolGrad(self.shapes[0][2:], self.window, self.count_include_pad, self.divisor_override).apply(grad)

    def options(self) -> dict[str, Any]:
        shown = self.window.settings()
        if "padding" in shown and not self.count_include_pad:
            shown["count_include_pad"] = False
        return shown if self.divisor_override is None else shown | {"divisor_override": self.divisor_override}


class AvgPoolGrad(Op):
    """x = each window's entry / the number of its cells, added to all of them"""

    __slots__ = ("sizes", "window", "count_include_pad", "divisor_override")

    def __init__(self, sizes: tuple[int, ...], window: Window, count_include_pad: bool, divisor_override: int | None):
        self.sizes, self.window = sizes, window
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, grad):
        return kernels.active().avg_pool_grad(grad, self.sizes, self.window, self.count_include_pad, self.divisor_override)

    def backward(self, grad):
        return AvgPool(self.window, self.count_include_pad, self.divisor_override).apply(grad)

    def options(self) -> dict[str, Any]:
        return {"sizes": self.sizes} | AvgPool.options(self)  # type: ignore[arg-type]


def avg_pool1d(input: Operand, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
               count_include_pad: bool = True) -> Tensor:
    """The mean of each window of a sequence: `avg_pool2d` in one dimension, (N, C, W) → (N, C, W').

    Example
        >>> avg_pool1d(Tensor([[[1.0, 3.0, 2.0, 5.0]]]), 2)
        tensor([[[2. , 3.5]]])
    """
    return avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(input: Operand, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
               count_include_pad: bool = True, divisor_override: int | None = None) -> Tensor:
    """The mean of each window of an image, channel by channel.

    Arguments
        stride              cells from one window to the next; None means `kernel_size`
        padding             zeros around the image; at most half of the kernel
        ceil_mode           also a last window that reaches past the padding, if it starts before it
        count_include_pad   False divides by the number of cells of the image only; cells past the padding never count
        divisor_override    divide by this number instead

    Shapes
        input (N, C, H, W) or (C, H, W) → (N, C, H', W') or (C, H', W')

    Raises
        ShapeError      another number of axes, a kernel larger than the padded image
        ArgumentError   an option that makes no sense, padding of more than half of the kernel
        DtypeError      a bool input

    The means of integers are integers, rounded towards 0, as in PyTorch.

    Example
        >>> avg_pool2d(Tensor([[[1.0, 2.0], [4.0, 3.0]]]), 2)
        tensor([[[2.5]]])
    """
    return avg_pool("avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(input: Operand, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
               count_include_pad: bool = True, divisor_override: int | None = None) -> Tensor:
    """The mean of each window of a volume: `avg_pool2d` in three dimensions, (N, C, D, H, W) → (N, C, D', H', W').

    Example
        >>> avg_pool3d(Tensor(np.zeros((1, 2, 4, 4, 4))), 2).shape
        (1, 2, 2, 2, 2)
    """
    return avg_pool("avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool(who: str, ndim: int, input: Operand, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool,
             count_include_pad: bool, divisor_override: int | None) -> Tensor:
    """The body of `avg_pool1d`, `avg_pool2d` and `avg_pool3d`: checks, then the op."""
    try:
        window = fitting[who, input.shape, kernel_size, stride, padding, 1, ceil_mode]
    except (KeyError, AttributeError, TypeError):
        window = fitted(who, ndim, input, kernel_size, stride, padding, 1, ceil_mode)
    if divisor_override is not None and (isinstance(divisor_override, bool) or not divisor_override):
        raise ArgumentError(message(who, f"divisor_override={divisor_override!r} cannot divide", {"input": input},
                                    "Use a number other than 0, or None for the number of cells."))
    x = input if input.ndim == ndim + 2 else unsqueeze(input, 0)
    floats = to(x, np.float64) if x.dtype.kind in "iu" else x  # in which sums of integers are exact
    check_float(who, floats)
    y = AvgPool(window, bool(count_include_pad), divisor_override).apply(floats)
    if floats is not x:
        y = to(trunc(y), x.dtype)
    return y if x is input else squeeze(y, 0)


def check_float(who: str, input: Operand) -> None:
    """Raise a DtypeError for integers: their mean is none."""
    if input.dtype.kind != "f":
        raise DtypeError(message(who, f"the mean of {input.dtype} values is no {input.dtype}", {"input": input},
                                 "Convert first: x.float()."))
