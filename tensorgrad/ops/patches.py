"""Image patches as columns, and columns added up to an image: unfold and fold of `nn.functional`, each other's backward."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tensorgrad.errors import ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.images import check_tensor, images
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.shape import squeeze, unsqueeze
from tensorgrad.tensor import Tensor
from tensorgrad.window import Window, per_axis

__all__ = ["unfold", "fold"]

every: Any = slice(None)


class Unfold(Op):
    """y[n, (c, tap), position] = the cell of channel c under that tap of the window, 0 in the padding"""

    __slots__ = ("window",)

    def __init__(self, window: Window):
        self.window = window

    def forward(self, x):
        n, c, *sizes = x.shape
        counts = self.window.output_sizes(tuple(sizes))
        taps = math.prod(self.window.kernel)
        y = np.zeros((n, c, taps, *counts), x.dtype)
        for tap, windows, cells in self.window.reaches(tuple(sizes), counts):
            y[(every, every, tap, *windows)] = x[(every, every, *cells)]
        return y.reshape(n, c * taps, math.prod(counts))

    def backward(self, grad):
        return Fold(self.window, self.shapes[0][2:]).apply(grad)

    def options(self) -> dict[str, Any]:
        return self.window.settings()


class Fold(Op):
    """x = an image of zeros to which every column is added where its patch lies"""

    __slots__ = ("window", "sizes")

    def __init__(self, window: Window, sizes: tuple[int, ...]):
        self.window, self.sizes = window, sizes

    def forward(self, y):
        counts, taps = self.window.output_sizes(self.sizes), math.prod(self.window.kernel)
        n, c = len(y), y.shape[1] // taps
        y = y.reshape(n, c, taps, *counts)
        x = np.zeros((n, c, *self.sizes), y.dtype)
        for tap, windows, cells in self.window.reaches(self.sizes, counts):
            x[(every, every, *cells)] += y[(every, every, tap, *windows)]
        return x

    def backward(self, grad):
        return Unfold(self.window).apply(grad)

    def options(self) -> dict[str, Any]:
        return {"sizes": self.sizes} | self.window.settings()


def unfold(input: Operand, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The patches of an image as columns: what a convolution multiplies with its filters.

    Shapes
        input (N, C, H, W) or (C, H, W) → (N, C·K·L, P) or (C·K·L, P), one column for each of the P places of the K × L
        window, in row-major order

    Gradient
        a cell in several patches gets the sum

    Raises
        ShapeError      another number of axes, no cells, a kernel larger than the padded image
        ArgumentError   an option that makes no sense

    Example
        >>> unfold(Tensor([[[1, 2, 3], [4, 5, 6]]]), 2)
        tensor([[1, 2],
                [2, 3],
                [4, 5],
                [5, 6]])
    """
    x = images("unfold", 2, input)
    window = Window.parse("unfold", 2, kernel_size, stride, padding, dilation)
    if 0 in x.shape[1:]:
        raise ShapeError(message("unfold", "the image has no cells", {"input": input}, "Only the batch may be empty."))
    window.output_sizes(tuple(x.shape[2:]), "unfold", input)
    y = Unfold(window).apply(x)
    return y if x is input else squeeze(y, 0)


def fold(input: Operand, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """Columns added up to an image, each at the place from which `unfold` would take it.

    It is the transpose of `unfold`, not its inverse: where patches overlap, their entries are added.

    Shapes
        input (N, C·K·L, P) or (C·K·L, P) → (N, C, H, W) or (C, H, W), `output_size` being H and W

    Raises
        ShapeError      another number of axes, of rows or of columns
        ArgumentError   an option that makes no sense

    Example
        >>> fold(Tensor([[1, 2], [2, 3], [4, 5], [5, 6]]), (2, 3), 2)
        tensor([[[ 1,  4,  3],
                 [ 4, 10,  6]]])
    """
    check_tensor("fold", "input", input)
    window = Window.parse("fold", 2, kernel_size, stride, padding, dilation)
    sizes = per_axis("fold", "output_size", output_size, 2)
    if input.ndim not in (2, 3) or 0 in input.shape[-2:]:
        raise ShapeError(message("fold", f"expects (N, C·K·L, P) or (C·K·L, P), got {input.shape}", {"input": input},
                                 "Give columns as unfold makes them; only the batch may be empty."))
    taps = math.prod(window.kernel)
    if input.shape[-2] % taps:
        raise ShapeError(message("fold", f"{input.shape[-2]} rows are no multiple of the {taps} taps of the kernel",
                                 {"input": input}, f"Each channel needs {taps} rows."))
    places = math.prod(window.output_sizes(sizes, "fold"))
    if input.shape[-1] != places:
        raise ShapeError(message("fold", f"an image of {sizes} has {places} patches, not {input.shape[-1]}",
                                 {"input": input}, f"Give {places} columns, or the output_size that was unfolded."))
    y = input if input.ndim == 3 else unsqueeze(input, 0)
    x = Fold(window, sizes).apply(y)
    return x if y is input else squeeze(x, 0)
