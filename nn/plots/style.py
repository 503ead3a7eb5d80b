"""How all pictures look: one palette, one type size scale, and axes with nothing on them that says nothing.

Everything is set on the figure itself; matplotlib's global state (pyplot, rcParams) is neither read beyond its defaults nor
changed, so pictures can be made from any thread and inside any program.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nn.atomic import atomic
from tensorgrad.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["new_figure", "save", "matplotlib_missing"]

INK, SOFT, FAINT = "#26303a", "#6b7680", "#dfe4e8"     # text, secondary text, grid
TRAIN, TEST = "#e08a2e", "#1f5fa8"                     # the two lines of every curve
TITLE, LABEL, SMALL = 13, 10.5, 8.5                    # points

# From white to deep blue, for amounts; from white to deep orange, for mistakes; blue - white - orange, for signed numbers.
AMOUNT = ("#ffffff", "#d6e5f4", "#93bde2", "#4488c6", "#1f5fa8", "#123a6b")
MISTAKE = ("#ffffff", "#fde3c4", "#f8b978", "#e98a34", "#b85c10")
SIGNED = ("#123a6b", "#1f5fa8", "#6fa5d6", "#cfe0f0", "#fbfbfa", "#fbdcb8", "#eea860", "#d1701d", "#8a430a")

HOW_TO_INSTALL = 'pip install "tensorgrad[plot]"'


def matplotlib_missing() -> bool:
    """True where pictures cannot be drawn because matplotlib is not installed."""
    from importlib.util import find_spec

    return find_spec("matplotlib") is None


def new_figure(width: float, height: float, title: str = "", subtitle: str = "") -> Figure:
    """An empty white figure of that many inches, its title at the top left.

    Raises
        DataError   matplotlib is not installed
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise DataError(f"plots: matplotlib is not installed.\n  {HOW_TO_INSTALL}") from None
    figure = Figure(figsize=(width, height), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.28 / width, 1 - 0.26 / height, title, fontsize=TITLE, fontweight="bold", color=INK, va="top")
    figure.text(0.28 / width, 1 - 0.53 / height, subtitle, fontsize=LABEL - 0.5, color=SOFT, va="top")
    return figure


def box(figure: Figure, left: float, top: float, width: float, height: float) -> Any:
    """New axes, placed in inches from the figure's top left corner."""
    total_width, total_height = figure.get_size_inches()
    return figure.add_axes((left / total_width, 1 - (top + height) / total_height, width / total_width,
                            height / total_height))


def colours(name: str, steps: tuple[str, ...]) -> Any:
    """A smooth colour map through `steps`."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, steps)


def quiet(axes: Any) -> None:
    """Take away the frame and the tick marks; keep thin lines to read values by."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    axes.tick_params(length=0, labelsize=SMALL + 0.5, labelcolor=SOFT, pad=5)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)


def picture(axes: Any, image: Any, **options: Any) -> Any:
    """Show `image` with sharp pixels and a thin frame, without ticks."""
    shown = axes.imshow(image, interpolation="nearest", aspect="equal", **options)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(FAINT)
        spine.set_linewidth(0.8)
    return shown


def scale(figure: Figure, shown: Any, left: float, top: float, height: float, ticks: Any) -> None:
    """A thin bar that says what the colours mean, placed in inches."""
    axes = box(figure, left, top, 0.11, height)
    bar = figure.colorbar(shown, cax=axes, ticks=ticks)
    bar.outline.set_visible(False)
    axes.tick_params(length=0, labelsize=SMALL, labelcolor=SOFT, pad=3)


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write `figure` to `path` in the format of its suffix, all or nothing."""
    path = Path(path)
    with atomic(path) as file:
        figure.savefig(file, format=path.suffix[1:] or "png", facecolor="white")
    return path
