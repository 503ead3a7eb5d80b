"""The confusion matrix as a table one can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from nn.plots import style
from tensorgrad.errors import ShapeError, message

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["confusion_matrix"]


def confusion_matrix(counts: Any, classes: Sequence[str] | None = None, title: str = "Confusion matrix") -> Figure:
    """A figure of the counts: rows the true class, columns the predicted one; right answers blue, mistakes orange.

    Blue is darker the more of a class was found; orange is darker the more often a mistake was made, relative to the most
    frequent one, so that few mistakes are still seen.  Right of each row stands how much of the class was found (recall),
    under each column how much of what was called so was right (precision).

    Shapes
        counts   (K, K)

    Raises
        ShapeError   counts is not square, or `classes` has not one name per class

    Example
        figure = confusion_matrix(confusion.compute(), train.classes)
    """
    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ShapeError(message("confusion_matrix", "a confusion matrix is square", {"counts": counts},
                                 "Pass ConfusionMatrix(num_classes).compute()."))
    size = len(counts)
    names = [str(i) for i in range(size)] if classes is None else [str(name) for name in classes]
    if len(names) != size:
        raise ShapeError(f"confusion_matrix: {len(names)} names for {size} classes.\n  Give one per class.")
    total, right = int(counts.sum()), int(counts.trace())
    cell = 0.52 if size <= 12 else max(0.2, 6.2 / size)
    label_width = 0.32 + 0.085 * max(map(len, names))
    left, top = 0.42 + label_width, 1.25 + column_space(names, cell)
    figure = style.new_figure(max(left + cell * size + 0.85, 4.8), top + cell * size + (0.5 if size <= 20 else 0.3), title,
                              f"{right / max(total, 1):.2%} right: {right:,} of {total:,}")
    axes = style.box(figure, left, top, cell * size, cell * size)
    paint(axes, counts)
    decorate(axes, counts, names, cell)
    return figure


def paint(axes: Any, counts: np.ndarray) -> None:
    """The cells: colour and, where there is room, number."""
    size = len(counts)
    per_class = np.maximum(counts.sum(1, keepdims=True), 1)
    found = np.diag(counts / per_class)
    wrong = np.where(np.eye(size, dtype=bool), 0, counts / per_class)
    blue, orange = style.colours("amount", style.AMOUNT), style.colours("mistake", style.MISTAKE)
    colour = orange(wrong / (wrong.max() or 1) * 0.85)
    colour[np.arange(size), np.arange(size)] = blue(0.25 + 0.65 * found)
    axes.imshow(colour, interpolation="nearest", aspect="equal")
    for edge in np.arange(-0.5, size):
        axes.axhline(edge, color="white", linewidth=1.4)
        axes.axvline(edge, color="white", linewidth=1.4)
    if size > 20:
        return
    dark = colour[..., :3] @ (0.299, 0.587, 0.114) < 0.55
    for (i, j), count in np.ndenumerate(counts):
        ink = "white" if dark[i, j] else style.INK if count else "#c3cad0"
        axes.text(j, i, f"{count}" if count else "·", ha="center", va="center", fontsize=9 if counts.max() < 1e4 else 7.5,
                  color=ink, fontweight="bold" if i == j else "normal")


def decorate(axes: Any, counts: np.ndarray, names: list[str], cell: float) -> None:
    """Names of the classes, recall right of the rows, precision under the columns."""
    size = len(counts)
    small = style.LABEL - 1 if cell > 0.3 else max(5, cell * 22)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=small, labelcolor=style.INK, pad=4)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    upright = fits_upright(names, cell)
    axes.set_xticks(range(size), names, rotation=0 if upright else 45, ha="center" if upright else "left")
    axes.set_yticks(range(size), names)
    axes.set_ylabel("true class", fontsize=style.LABEL, color=style.SOFT, labelpad=8)
    axes.set_xlabel("predicted class", fontsize=style.LABEL, color=style.SOFT, labelpad=8, loc="left")
    if size > 20:
        return
    recall = np.diag(counts) / np.maximum(counts.sum(1), 1)
    precision = np.diag(counts) / np.maximum(counts.sum(0), 1)
    for i in range(size):
        axes.text(size - 0.35, i, f"{recall[i]:.1%}", ha="left", va="center", fontsize=style.SMALL, color=style.SOFT)
        axes.text(i, size - 0.3, f"{precision[i]:.0%}", ha="center", va="top", fontsize=style.SMALL, color=style.SOFT)
    axes.text(size - 0.35, -0.62, "recall", ha="left", va="bottom", fontsize=style.SMALL, color=style.SOFT)
    axes.text(-0.62, size - 0.3, "precision", ha="right", va="top", fontsize=style.SMALL, color=style.SOFT)


def fits_upright(names: list[str], cell: float) -> bool:
    """True if the names stand side by side above columns `cell` inches wide."""
    return max(map(len, names)) * 0.085 <= cell


def column_space(names: list[str], cell: float) -> float:
    """Inches that slanted names above the columns need."""
    return 0.0 if fits_upright(names, cell) else 0.056 * max(map(len, names))
