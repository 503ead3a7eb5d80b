"""A scene as PNG or PDF: painted by matplotlib, the same picture as the SVG; by Graphviz' `dot` where only that is found."""

from __future__ import annotations

import io
import warnings
from typing import Any

from tensorgrad.drawing.measure import width
from tensorgrad.drawing.palette import PAPER
from tensorgrad.drawing.scene import Line, Rectangle, Scene, Shape, Text, Triangle
from tensorgrad.errors import DataError

__all__ = ["to_bytes"]

SCALE = 2.0  # pixels per unit of a PNG
MOST_PIXELS = 60_000  # along one side
FAMILIES = ["Helvetica", "Arial", "Liberation Sans", "Nimbus Sans", "DejaVu Sans"]
ROUND = 0.5523  # handles of a cubic curve that looks like a quarter of a circle


def to_bytes(scene: Scene, dot: str, format: str) -> bytes:
    """The content of a PNG or PDF file.

    Raises
        DataError   neither matplotlib nor the program `dot` is installed
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return by_graphviz(dot, format)
    return by_matplotlib(scene, format)


def by_graphviz(dot: str, format: str) -> bytes:
    """What Graphviz makes of the DOT text; its layout, not ours."""
    import graphviz

    try:
        return graphviz.Source(dot).pipe(format=format)
    except graphviz.ExecutableNotFound:
        raise DataError(
            f"draw: a {format.upper()} file needs matplotlib, or Graphviz' program `dot`, and neither is installed.\n"
            "  pip install \"tensorgrad[plot]\", or apt install graphviz, or save as .svg, which needs neither.") from None


def by_matplotlib(scene: Scene, format: str) -> bytes:
    """The scene painted on a figure of its size."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    scale = min(SCALE, MOST_PIXELS / max(scene.width, scene.height))
    figure = Figure(figsize=(scene.width / 72, scene.height / 72), facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, scene.width), ylim=(scene.height, 0))
    axes.axis("off")
    painter = Painter(axes)
    for part in scene.parts:
        for shape in part.shapes:
            painter.add(shape)
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # characters that no installed font has are painted as boxes
        # No date or version inside: the same graph gives the same bytes.
        nothing = {"Software": None} if format == "png" else {"CreationDate": None, "Producer": None, "Creator": None}
        figure.savefig(out, format=format, dpi=72 * scale, metadata=nothing)
    return out.getvalue()


class Painter:
    """Adds shapes of a scene to matplotlib axes whose units are those of the scene."""

    def __init__(self, axes: Any):
        from matplotlib.font_manager import FontProperties, fontManager
        from matplotlib.path import Path
        from matplotlib.patches import PathPatch

        self.axes, self.Path, self.Patch = axes, Path, PathPatch
        installed = {font.name for font in fontManager.ttflist}
        family = next((name for name in FAMILIES if name in installed), "sans-serif")
        self.fonts = {bold: FontProperties(family=family, weight="bold" if bold else "normal") for bold in (False, True)}
        self.z = 0

    def add(self, shape: Shape) -> None:
        if isinstance(shape, Rectangle):
            self.path(rounded(shape, self.Path), facecolor=shape.fill, edgecolor=shape.stroke, linewidth=shape.thickness)
        elif isinstance(shape, Line):
            self.line(shape)
        elif isinstance(shape, Triangle):
            self.path(self.Path([*shape.corners, shape.corners[0]], closed=True), facecolor=shape.fill, edgecolor="none")
        else:
            self.text(shape)

    def path(self, path: Any, **style: Any) -> None:
        self.z += 1
        # As an artist, not as a patch: matplotlib would look for the extent of every curve.
        self.axes.add_artist(self.Patch(path, zorder=self.z, clip_on=False, **style))

    def line(self, line: Line) -> None:
        spots, codes = [], []
        for piece in line.pieces:
            spots.append(piece[0][0])
            codes.append(self.Path.MOVETO)
            for step in piece[1:]:
                spots += step
                codes += [self.Path.LINETO if len(step) == 1 else self.Path.CURVE4] * len(step)
        if spots:
            self.path(self.Path(spots, codes), facecolor="none", edgecolor=line.stroke, linewidth=line.thickness,
                      linestyle=(0, (4 / line.thickness, 3 / line.thickness)) if line.dashed else "-", capstyle="butt")

    def text(self, text: Text) -> None:
        """Outlines of the letters, no wider than measured: boxes hold their text whatever font is found."""
        from matplotlib.textpath import TextPath
        from matplotlib.transforms import Affine2D

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outline = TextPath((0, 0), text.text.replace("$", r"\$"), size=text.size, prop=self.fonts[text.bold])
        if not len(outline.vertices):
            return
        wide = float(outline.vertices[:, 0].max())
        measured = width(text.text, text.size, text.bold)
        squeeze = min(1.0, measured / wide) if wide else 1.0
        x = text.x - min(wide, measured) / 2 if text.centred else text.x
        self.path(outline.transformed(Affine2D().scale(squeeze, -1).translate(x, text.y)), facecolor=text.fill,
                  edgecolor="none")


def rounded(shape: Rectangle, Path: Any) -> Any:
    """The outline of a rectangle with rounded corners."""
    x, y, r = shape.x, shape.y, min(shape.radius, shape.width / 2, shape.height / 2)
    right, bottom, k = x + shape.width, y + shape.height, r * (1 - ROUND)
    spots = [(x + r, y), (right - r, y), (right - k, y), (right, y + k), (right, y + r), (right, bottom - r),
             (right, bottom - k), (right - k, bottom), (right - r, bottom), (x + r, bottom), (x + k, bottom),
             (x, bottom - k), (x, bottom - r), (x, y + r), (x, y + k), (x + k, y), (x + r, y), (x + r, y)]
    corner = [Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    return Path(spots, [Path.MOVETO, *corner * 4, Path.CLOSEPOLY])
