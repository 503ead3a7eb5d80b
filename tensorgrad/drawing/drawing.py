"""Drawing: the object that shows and saves the picture of a graph."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from tensorgrad.drawing.dot import to_dot
from tensorgrad.drawing.layout import Layout, lay_out
from tensorgrad.drawing.picture import Picture
from tensorgrad.drawing.raster import to_bytes
from tensorgrad.drawing.scene import Scene, paint
from tensorgrad.drawing.svg import to_svg
from tensorgrad.drawing.text import summary, to_text
from tensorgrad.errors import ArgumentError, DataError

__all__ = ["Drawing"]

SUFFIXES = (".svg", ".png", ".pdf", ".dot", ".gv", ".txt")


class Drawing:
    """A graph as it was when `draw` was called: shows itself in notebooks, and saves itself as a file.

    Attributes
        picture   boxes, frames and arrows, for code that wants to look at them
        layout    their places; worked out when first asked for
        counts    operations, parameters, numbers in them, other tensors that require grad, and constants of the whole
                  graph, folded or not
    """

    def __init__(self, picture: Picture, direction: str = "TB", highlight: str | None = None):
        self.picture, self.direction, self.highlight = picture, direction, highlight

    @property
    def counts(self) -> dict[str, int]:
        return self.picture.counts

    @cached_property
    def layout(self) -> Layout:
        return lay_out(self.picture, self.direction)

    @cached_property
    def scene(self) -> Scene:
        """All shapes with places and colours."""
        return paint(self.picture, self.layout, self.highlight)

    def svg(self) -> str:
        """The text of an SVG file that needs no other file."""
        return to_svg(self.scene, "Computation graph: " + summary(self.picture))

    @property
    def dot(self) -> str:
        """The graph in Graphviz' DOT language."""
        return to_dot(self.picture, self.direction)

    @property
    def source(self) -> str:
        """Another name for `dot`, the one Graphviz' own package uses."""
        return self.dot

    def to_text(self) -> str:
        """An indented listing for terminals and logs."""
        return to_text(self.picture)

    def save(self, path: Any) -> Path:
        """Write a file; the format follows from the suffix: .svg, .png, .pdf, .dot (or .gv), .txt.

        SVG, DOT and text need nothing else.  PNG and PDF are painted by matplotlib (extra [plot]), or by Graphviz'
        program `dot` if only that is installed.

        Returns
            the path written

        Raises
            ArgumentError   another suffix
            DataError       no such folder; PNG or PDF with neither matplotlib nor `dot`
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise ArgumentError(f"save: cannot draw into {path.name!r}: "
                                f"{f'the suffix {suffix!r} is unknown' if suffix else 'it has no suffix'}.\n"
                                f"  Use {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.")
        if suffix in (".png", ".pdf"):
            content = to_bytes(self.scene, self.dot, suffix[1:])
        else:
            text = self.svg() if suffix == ".svg" else self.to_text() + "\n" if suffix == ".txt" else self.dot
            content = text.encode("utf-8", "replace")
        if not path.parent.is_dir():
            raise DataError(f"save: there is no folder {str(path.parent)!r} for {path.name!r}.\n  Create it first.")
        path.write_bytes(content)
        return path

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What notebooks show."""
        bundle = {"image/svg+xml": self.svg, "text/plain": self.__repr__}
        return {kind: make() for kind, make in bundle.items()
                if (not include or kind in include) and kind not in (exclude or ())}

    def __repr__(self) -> str:
        return f"<Drawing of {summary(self.picture)}>"

    def __str__(self) -> str:
        return self.to_text()
