"""Pooling to a given output size, whatever the size of the image.

Along an axis of n cells, window i of m has the cells ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ - 1: they cover the axis, and overlap by a cell
where m does not divide n.  An output size of 1 is global pooling.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import kernels
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.images import NameOverAxes, images
from tensorgrad.ops.pooling import ScatterWinners, check_float, with_winners
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.shape import squeeze
from tensorgrad.tensor import Tensor

__all__ = ["adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
           "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"]


class AdaptiveAvgPool(Op):
    """y = the mean of each of `output_size` windows that cover the image"""

    __slots__ = ("output_size",)
    name = NameOverAxes("adaptive_avg_poolNd", lambda op: len(op.output_size))

    def __init__(self, output_size: tuple[int, ...]):
        self.output_size = output_size

    def forward(self, x):
        return kernels.active().adaptive_avg_pool(x, self.output_size)

    def backward(self, grad):
        return AdaptiveAvgPoolGrad(self.shapes[0][2:]).apply(grad)


class AdaptiveAvgPoolGrad(Op):
    """x = each window's entry / the number of its cells, added to all of them"""

    __slots__ = ("sizes",)

    def __init__(self, sizes: tuple[int, ...]):
        self.sizes = sizes

    def forward(self, grad):
        return kernels.active().adaptive_avg_pool_grad(grad, self.sizes)

    def backward(self, grad):
        return AdaptiveAvgPool(self.shapes[0][2:]).apply(grad)


class AdaptiveMaxPool(Op):
    """y = the largest entry of each of `output_size` windows that cover the image"""

    __slots__ = ("output_size", "winners")
    name = NameOverAxes("adaptive_max_poolNd", lambda op: len(op.output_size))

    def __init__(self, output_size: tuple[int, ...]):
        self.output_size = output_size
        self.winners: Any = None

    def forward(self, x):
        y, self.winners = kernels.active().adaptive_max_pool(x, self.output_size)
        return y

    def backward(self, grad):
        return ScatterWinners(self.winners, self.shapes[0][2:]).apply(grad)

    def forget(self):
        self.winners = None

    def options(self) -> dict[str, Any]:
        return {"output_size": self.output_size}


def target_size(who: str, ndim: int, x: Operand, output_size: Any) -> tuple[int, ...]:
    """`output_size` as a tuple; None keeps the image's own length along that axis.

    Raises
        ArgumentError   anything but integers ≥ 0 and None, one or one per axis
        ShapeError      an image without cells
    """
    entries = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * ndim
    entries = entries * ndim if len(entries) == 1 else entries
    fits = [entry is None or isinstance(entry, (int, np.integer)) and not isinstance(entry, bool) and entry >= 0
            for entry in entries]
    if len(entries) != ndim or not all(fits):
        raise ArgumentError(message(who, f"output_size={output_size!r} makes no sense here", {"input": x},
                                    "Use an integer ≥ 0" + (f", or {ndim} of them" if ndim > 1 else "")
                                    + "; None keeps the input's size."))
    if 0 in x.shape[2:]:
        raise ShapeError(message(who, "the input has no cells", {"input": x}, "Only the batch may be empty."))
    return tuple([n if entry is None else int(entry) for n, entry in zip(x.shape[2:], entries)])


def adaptive_avg_pool1d(input: Operand, output_size: Any) -> Tensor:
    """The means of `output_size` windows that cover a sequence, (N, C, W) → (N, C, output_size).

    Example
        >>> adaptive_avg_pool1d(Tensor([[[1.0, 2.0, 6.0]]]), 2)
        tensor([[[1.5, 4. ]]])
    """
    return adaptive_avg_pool("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: Operand, output_size: Any) -> Tensor:
    """The means of windows that cover an image, `output_size` of them: an integer or (H', W'); None keeps a length.

    Shapes
        input (N, C, H, W) or (C, H, W) → (N, C, H', W') or (C, H', W')

    Raises
        ShapeError      another number of axes, an image without cells
        ArgumentError   an `output_size` that makes no sense
        DtypeError      an input that is not float

    Example
        >>> adaptive_avg_pool2d(Tensor(np.ones((8, 64, 7, 7))), 1).shape
        (8, 64, 1, 1)
    """
    return adaptive_avg_pool("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_avg_pool3d(input: Operand, output_size: Any) -> Tensor:
    """The means of windows that cover a volume, (N, C, D, H, W) → (N, C, D', H', W').

    Example
        >>> adaptive_avg_pool3d(Tensor(np.ones((8, 4, 7, 7, 7))), (1, 2, None)).shape
        (8, 4, 1, 2, 7)
    """
    return adaptive_avg_pool("adaptive_avg_pool3d", 3, input, output_size)


def adaptive_avg_pool(who: str, ndim: int, input: Operand, output_size: Any) -> Tensor:
    """The body of the adaptive average pools: checks, then the op."""
    x = images(who, ndim, input)
    check_float(who, input)
    y = AdaptiveAvgPool(target_size(who, ndim, x, output_size)).apply(x)
    return y if x is input else squeeze(y, 0)


def adaptive_max_pool1d(input: Operand, output_size: Any, return_indices: bool = False) -> Any:
    """The largest entries of `output_size` windows that cover a sequence, (N, C, W) → (N, C, output_size).

    Example
        >>> adaptive_max_pool1d(Tensor([[[1.0, 2.0, 6.0]]]), 2)
        tensor([[[2., 6.]]])
    """
    return adaptive_max_pool("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Operand, output_size: Any, return_indices: bool = False) -> Any:
    """The largest entries of windows that cover an image; sizes and errors as `adaptive_avg_pool2d`.

    With `return_indices` also which cell won, as a row-major index into its H × W plane.

    Gradient
        goes to the winner: the first in row-major order of equal entries

    Example
        >>> y, winners = adaptive_max_pool2d(Tensor([[[1.0, 2.0], [4.0, 3.0]]]), 1, return_indices=True)
        >>> y, winners
        (tensor([[[4.]]]), tensor([[[2]]]))
    """
    return adaptive_max_pool("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Operand, output_size: Any, return_indices: bool = False) -> Any:
    """The largest entries of windows that cover a volume, (N, C, D, H, W) → (N, C, D', H', W').

    Example
        >>> adaptive_max_pool3d(Tensor(np.ones((8, 4, 7, 7, 7))), 2).shape
        (8, 4, 2, 2, 2)
    """
    return adaptive_max_pool("adaptive_max_pool3d", 3, input, output_size, return_indices)


def adaptive_max_pool(who: str, ndim: int, input: Operand, output_size: Any, return_indices: bool) -> Any:
    """The body of the adaptive max pools: checks, then the op."""
    x = images(who, ndim, input)
    return with_winners(AdaptiveMaxPool(target_size(who, ndim, x, output_size)), x, input, return_indices)
