"""The kernels of a convolution as small pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.plots import style
from tensorgrad.errors import ShapeError, message

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["kernels"]

AT_MOST = 128


def kernels(weight: Any, title: str = "First-layer kernels", name: str = "") -> Figure:
    """A figure of all kernels: in colour where they read three channels, else one row per filter and a column per channel.

    Numbers share one scale, symmetric about 0.  Kernels over three channels are shown as colour images, grey where they are
    0.  More than 128 are cut off, which the subtitle says.

    Shapes
        weight   (F, C, K, L)

    Raises
        ShapeError   weight is not 4-d

    Example
        figure = kernels(model.conv1.weight)
    """
    weight = np.asarray(getattr(weight, "array", weight), np.float64)
    if weight.ndim != 4:
        raise ShapeError(message("kernels", "a convolution's weight has 4 axes", {"weight": weight},
                                 "Pass conv.weight of a Conv2d: (filters, channels, height, width)."))
    filters, channels, height, width = weight.shape
    limit = float(np.abs(weight).max()) or 1.0
    if channels == 3:
        images = [np.clip(0.5 + 0.5 * np.moveaxis(kernel, 0, 2) / (np.abs(kernel).max() or 1), 0, 1) for kernel in weight]
        names = [str(i + 1) for i in range(filters)]
    else:
        images = [weight[f, c] for f in range(filters) for c in range(channels)]
        names = [f"{f + 1}" if channels == 1 else f"{f + 1}, {c + 1}" for f in range(filters) for c in range(channels)]
    cut = f", the first {AT_MOST} shown" if len(images) > AT_MOST else ""
    images, names = images[:AT_MOST], names[:AT_MOST]

    columns = channels if 1 < channels <= 12 and channels != 3 else best_columns(len(images))
    rows = math.ceil(len(images) / columns)
    cell = min(1.15, max(0.5, 8.6 / columns))
    gap, caption = 0.14, 0.24
    left, top = 0.3, 0.98
    inner_width = columns * (cell + gap)
    inner_height = rows * (cell + caption + 0.06)
    shape = f"{filters} filters × {channels} channel{'s' * (channels > 1)}, {height} × {width}{cut}"
    figure = style.new_figure(max(left + inner_width + (0.35 if channels == 3 else 0.95), 4.6), top + inner_height + 0.12,
                              title, f"{name}  ·  {shape}" if name else shape)
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        axes = style.box(figure, left + column * (cell + gap), top + row * (cell + caption + 0.06), cell, cell)
        shown = style.picture(axes, image, cmap=style.colours("signed", style.SIGNED), vmin=-limit, vmax=limit)
        axes.set_xlabel(names[i], fontsize=style.SMALL, color=style.SOFT, labelpad=3)
    if channels != 3:
        bar_height = min(inner_height - caption, 2.3)
        style.scale(figure, shown, left + inner_width + 0.06, top, bar_height, ticks=[-limit, 0, limit])
        labels = [f"−{limit:.2f}", "0", f"+{limit:.2f}"]
        figure.axes[-1].set_yticklabels(labels)
    return figure


def best_columns(count: int) -> int:
    """How many columns make full rows, if some number near 2.5 times the rows does."""
    exact = [columns for columns in range(4, 17) if count % columns == 0 and columns >= count // columns]
    if count <= 8:
        return count
    if not exact:
        return math.ceil(math.sqrt(2.5 * count))
    return min(exact, key=lambda columns: abs(columns / (count / columns) - 2.5))
