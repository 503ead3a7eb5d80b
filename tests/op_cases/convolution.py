"""Rows for `tensorgrad.ops.convolution` and `transposed_convolution`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.ops.channel_sum import ChannelSum
from tensorgrad.ops.convolution import ConvWeightGrad
from tensorgrad.window import Window
from tests import loops
from tests.op_cases.case import Case, normal


def row(name: str, x: tuple[int, ...], w: tuple[int, ...], bias: bool = False, pads: Any = None, torch: bool = True,
        **options: Any) -> Case:
    """A row of conv1d, conv2d or conv3d; `pads` is what padding='same' comes to."""
    function = name.split("-")[0]
    windows = loops.Windows(len(w) - 2, w[2:], options.get("stride", 1), options.get("padding", 0) if pads is None else pads,
                            options.get("dilation", 1))

    def build(lib: Any, x: Any, w: Any, b: Any = None) -> Any:
        return getattr(lib.F, function)(x, w, b, **options)

    def reference(x: Any, w: Any, b: Any = None) -> Any:
        batch = x if x.ndim == w.ndim else x[None]
        y = loops.conv(batch, w, b, windows, options.get("groups", 1))
        return y if x.ndim == w.ndim else y[0]

    return Case(name, build, (normal(*x), normal(*w), *([normal(w[0])] if bias else [])), reference, torch=torch)


def transposed(name: str, x: tuple[int, ...], w: tuple[int, ...], bias: bool = False, **options: Any) -> Case:
    """A row of conv_transpose1d, conv_transpose2d or conv_transpose3d."""
    function = name.split("-")[0]
    ndim, groups = len(w) - 2, options.get("groups", 1)
    windows = loops.Windows(ndim, w[2:], options.get("stride", 1), options.get("padding", 0), options.get("dilation", 1))
    extra = loops.Windows(ndim, options.get("output_padding", 0)).kernel
    sizes = tuple([(n - 1) * s - 2 * p + d * (k - 1) + 1 + e for n, k, s, (p, _), d, e in zip(
        x[-ndim:], windows.kernel, windows.stride, windows.padding, windows.dilation, extra)])

    def build(lib: Any, x: Any, w: Any, b: Any = None) -> Any:
        return getattr(lib.F, function)(x, w, b, **options)

    def reference(x: Any, w: Any, b: Any = None) -> Any:
        batch = x if x.ndim == w.ndim else x[None]
        y = spread(batch, w, windows, sizes, groups)
        if b is not None:
            y += b.reshape(-1, *[1] * ndim)
        return y if x.ndim == w.ndim else y[0]

    return Case(name, build, (normal(*x), normal(*w), *([normal(w[1] * groups)] if bias else [])), reference)


def spread(x: np.ndarray, w: np.ndarray, windows: loops.Windows, sizes: tuple[int, ...], groups: int) -> np.ndarray:
    """Every entry times the filter, added where it belongs."""
    y = np.zeros((len(x), w.shape[1] * groups, *sizes))
    for c in range(x.shape[1]):
        group = c // (x.shape[1] // groups)
        for f in range(w.shape[1]):
            for o in np.ndindex(*x.shape[2:]):
                for t in np.ndindex(*w.shape[2:]):
                    cell = [o_ * s - p + t_ * d for o_, s, (p, _), t_, d in zip(
                        o, windows.stride, windows.padding, t, windows.dilation)]
                    if all(0 <= i < n for i, n in zip(cell, sizes)):
                        y[:, group * w.shape[1] + f, *cell] += x[:, c, *o] * w[c, f, *t]
    return y


CASES = [
    row("conv1d", (2, 3, 8), (4, 3, 3)),
    row("conv1d-bias-stride2-padding1", (2, 3, 8), (4, 3, 3), bias=True, stride=2, padding=1),
    row("conv1d-same-even_kernel", (2, 1, 7), (2, 1, 4), padding="same", pads=((1, 2),)),
    row("conv1d-groups-dilation", (2, 4, 9), (6, 2, 3), groups=2, dilation=2, padding=2),
    row("conv2d", (2, 3, 6, 5), (4, 3, 3, 3)),
    row("conv2d-bias", (2, 2, 5, 5), (3, 2, 2, 3), bias=True),
    row("conv2d-one_image", (2, 5, 5), (3, 2, 3, 3), bias=True),
    row("conv2d-one_by_one", (2, 3, 4, 4), (5, 3, 1, 1), bias=True),
    row("conv2d-stride2", (2, 2, 6, 7), (3, 2, 3, 3), stride=2),
    row("conv2d-stride_leaves_cells_over", (1, 2, 8, 8), (3, 2, 3, 3), stride=(3, 2)),
    row("conv2d-stride_larger_than_kernel", (1, 2, 7, 7), (3, 2, 2, 1), stride=3),
    row("conv2d-padding", (2, 2, 5, 4), (3, 2, 3, 3), padding=(1, 2)),
    row("conv2d-padding_larger_than_kernel", (1, 2, 3, 3), (3, 2, 2, 2), padding=3),
    row("conv2d-stride2-padding1", (2, 2, 7, 7), (3, 2, 3, 3), stride=2, padding=1),
    row("conv2d-valid", (2, 2, 5, 5), (3, 2, 3, 3), padding="valid", pads=0),
    row("conv2d-same", (2, 2, 5, 4), (3, 2, 3, 3), padding="same", pads=1),
    row("conv2d-same-even_kernel", (2, 2, 5, 4), (3, 2, 2, 4), padding="same", pads=((0, 1), (1, 2))),
    row("conv2d-same-dilation", (2, 2, 6, 6), (3, 2, 3, 2), padding="same", dilation=2, pads=((2, 2), (1, 1))),
    # PyTorch has no 'same' with a stride
    row("conv2d-same-stride2", (2, 2, 6, 7), (3, 2, 3, 3), padding="same", stride=2, pads=((0, 1), (1, 1)), torch=False),
    row("conv2d-before_and_after", (2, 2, 4, 4), (3, 2, 3, 3), padding=((0, 1), (2, 0)), torch=False),  # new here
    row("conv2d-dilation", (2, 2, 7, 7), (3, 2, 3, 2), dilation=(2, 3)),
    row("conv2d-dilation-stride-padding", (2, 2, 8, 7), (3, 2, 3, 2), dilation=2, stride=2, padding=2),
    row("conv2d-groups", (2, 4, 5, 5), (6, 2, 3, 3), groups=2, bias=True),
    row("conv2d-groups-stride2-padding1", (2, 4, 6, 6), (4, 2, 3, 3), groups=2, stride=2, padding=1),
    row("conv2d-depthwise", (2, 4, 5, 5), (4, 1, 3, 3), groups=4, padding=1, bias=True),
    row("conv2d-depthwise-multiplier-stride2", (2, 3, 6, 6), (6, 1, 3, 3), groups=3, padding=1, stride=2),
    row("conv2d-many_channels", (2, 17, 4, 4), (3, 17, 3, 3), padding=1),
    row("conv3d", (1, 2, 4, 5, 3), (2, 2, 2, 3, 2)),
    row("conv3d-bias-stride-padding", (1, 2, 4, 5, 4), (3, 2, 3, 3, 3), bias=True, stride=(1, 2, 2), padding=(0, 1, 1)),
    row("conv3d-same-groups", (1, 2, 3, 3, 4), (2, 1, 2, 3, 2), padding="same", groups=2, pads=((0, 1), (1, 1), (0, 1))),
    transposed("conv_transpose1d", (2, 3, 5), (3, 2, 3)),
    transposed("conv_transpose1d-stride2-output_padding", (2, 3, 4), (3, 2, 3), bias=True, stride=2, padding=1,
               output_padding=1),
    transposed("conv_transpose2d", (2, 3, 4, 3), (3, 2, 3, 3)),
    transposed("conv_transpose2d-one_image", (3, 3, 3), (3, 2, 2, 2), bias=True),
    transposed("conv_transpose2d-stride2", (2, 3, 3, 3), (3, 2, 2, 2), stride=2, bias=True),
    transposed("conv_transpose2d-stride_larger_than_kernel", (1, 2, 3, 3), (2, 2, 2, 2), stride=3),
    transposed("conv_transpose2d-padding", (2, 2, 4, 4), (2, 3, 3, 3), padding=(1, 2)),
    transposed("conv_transpose2d-output_padding", (2, 2, 3, 4), (2, 3, 3, 3), stride=2, padding=1, output_padding=(1, 0)),
    transposed("conv_transpose2d-output_padding-dilation", (1, 2, 3, 3), (2, 2, 2, 2), dilation=2, output_padding=1),
    transposed("conv_transpose2d-groups", (2, 4, 3, 3), (4, 2, 3, 3), groups=2, stride=2, padding=1),
    transposed("conv_transpose2d-depthwise", (2, 3, 4, 4), (3, 1, 3, 3), groups=3, stride=2, padding=1),
    transposed("conv_transpose3d", (1, 2, 2, 3, 2), (2, 2, 2, 2, 3), stride=(2, 1, 1), padding=(0, 1, 0)),
    # The ops that only gradients are made of have no name in PyTorch.
    Case("conv2d_weight_grad", lambda lib, y, x: ConvWeightGrad(Window.parse("conv2d", 2, 3, 2, 1), 1).apply(y, x),
         (normal(2, 3, 3, 3), normal(2, 2, 5, 6)),
         lambda y, x: loops.conv_weight_grad(y, x, loops.Windows(2, 3, 2, 1)), torch=False),
    Case("channel_sum", lambda lib, x: ChannelSum().apply(x), (normal(2, 3, 4, 2),), lambda x: x.sum((0, 2, 3)),
         torch=False),
]
