"""A drawing as plain shapes with colours, in the order they are painted: what the SVG and the PNG writers share."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log10
from typing import Union

from tensorgrad.drawing.footprint import LABEL, PAD_Y, SHEET, line_height
from tensorgrad.drawing.layout import TITLE, Layout, Spot, Wiring
from tensorgrad.drawing.measure import width
from tensorgrad.drawing.palette import FAINT, FRAMES, INKS, LINE, MEANING, TEXT, heat
from tensorgrad.drawing.picture import Box, Picture
from tensorgrad.drawing.wording import quantity

__all__ = ["Rectangle", "Line", "Triangle", "Text", "Part", "Scene", "paint", "MARGIN"]

MARGIN, LEGEND_ROW, SWATCH = 22.0, 20.0, 13.0
ARROW_LENGTH, ARROW_WIDTH = 7.0, 6.0


@dataclass(slots=True)
class Rectangle:
    x: float
    y: float
    width: float
    height: float
    radius: float
    fill: str
    stroke: str
    thickness: float = 1.2


@dataclass(slots=True)
class Line:
    """Pieces of (start, then three points per cubic curve or one per straight line)."""

    pieces: list[list[tuple[Spot, ...]]]
    stroke: str
    thickness: float = 1.4
    dashed: bool = False


@dataclass(slots=True)
class Triangle:
    corners: tuple[Spot, Spot, Spot]
    fill: str


@dataclass(slots=True)
class Text:
    """`x` is the middle of a centred line, else its left end; `y` its baseline."""

    text: str
    x: float
    y: float
    size: float
    fill: str
    bold: bool = False
    centred: bool = False


Shape = Union[Rectangle, Line, Triangle, Text]


@dataclass(slots=True)
class Part:
    """Shapes that belong together, and the text shown when the pointer rests on them."""

    kind: str
    shapes: list[Shape]
    tooltip: str = ""


@dataclass(slots=True)
class Scene:
    width: float
    height: float
    parts: list[Part] = field(default_factory=list)


def paint(picture: Picture, layout: Layout, highlight: str | None = None) -> Scene:
    """All shapes of a drawing: frames, edges, boxes, legend; `highlight="cost"` shades operations by their work."""
    legend = legend_entries(picture, highlight)
    rows = legend_rows(legend, max(layout.width, 260.0))
    scene = Scene(round(max(layout.width, 260.0) + 2 * MARGIN, 1),
                  round(layout.height + 2 * MARGIN + LEGEND_ROW * len(rows) + 8, 1))
    dx, dy = (scene.width - layout.width) / 2, MARGIN
    for frame, (x, y, w, h) in layout.frames.items():
        fill, stroke = FRAMES[(frame.depth - 1) % len(FRAMES)]
        tx, ty = layout.titles[frame]
        scene.parts.append(Part("frame", [
            Rectangle(x + dx, y + dy, w, h, 10, fill, stroke, 1.0),
            Text(frame.heading, tx + dx, ty + dy + TITLE, TITLE, FAINT, bold=True)], frame.tooltip))
    for wiring in layout.wirings:
        scene.parts.append(edge_part(wiring, layout.direction == "TB", dx, dy))
    dearest = max((box.cost for box in picture.boxes), default=0.0)
    for box in picture.boxes:
        scene.parts.append(box_part(box, layout, dx, dy, share(box, dearest) if highlight == "cost" else None))
        if box in layout.labels:
            x, y = layout.labels[box]
            scene.parts.append(Part("label", [Text(box.result, x + dx, y + dy + LABEL, LABEL, FAINT)]))
    scene.parts += legend_parts(rows, MARGIN, layout.height + MARGIN + 16)
    return scene


def share(box: Box, dearest: float) -> float | None:
    """Where a box lies between cheap (0) and dearest (1), over four orders of magnitude; None without a cost."""
    if box.cost <= 0 or dearest <= 0:
        return None
    return max(0.0, 1 + log10(box.cost / dearest) / 4)


def box_part(box: Box, layout: Layout, dx: float, dy: float, warmth: float | None) -> Part:
    look = layout.looks[box]
    x, y = layout.boxes[box][0] + dx, layout.boxes[box][1] + dy
    ink = INKS[box.kind]
    radius = 8 if box.kind in ("operation", "layer") else look.height / 2 if box.kind == "output" else 4
    fill = ink.fill if warmth is None else heat(warmth)
    shapes: list[Shape] = []
    if box.times > 1:
        shapes.append(Rectangle(x + SHEET, y + SHEET, look.width, look.height, radius, fill, ink.stroke, 1.0))
    shapes.append(Rectangle(x, y, look.width, look.height, min(radius, 18), fill, ink.stroke,
                            1.6 if box.kind in ("output", "layer") else 1.2))
    top = y + PAD_Y
    for text, size, bold in look.lines:
        shapes.append(Text(text, round(x + look.width / 2, 1), round(top + size * 1.03, 1), size,
                           ink.text if bold else TEXT if size > 10 else FAINT, bold, centred=True))
        top += line_height(size)
    tooltip = box.tooltip + (f"\n{quantity(box.cost)} multiply-adds or entries" if warmth is not None else "")
    return Part(box.kind, shapes, tooltip)


# -- edges ------------------------------------------------------------------------------------------------------------


def edge_part(wiring: Wiring, down: bool, dx: float, dy: float) -> Part:
    """The curves and arrow heads of one value."""
    colour = INKS[wiring.source.kind].stroke if wiring.source.kind in ("parameter", "tensor", "constant") else LINE
    vertical = down != wiring.sideways
    tips = [(x + dx, y + dy) for x, y in wiring.tips]
    pieces = []
    heads: list[Shape] = []
    for spots in joined([[(round(x + dx, 1), round(y + dy, 1)) for x, y in piece] for piece in wiring.pieces]):
        curve: list[tuple[Spot, ...]] = [(spots[0],)]
        for a, b in zip(spots, spots[1:]):
            if a == b:
                continue
            if (a[0] == b[0]) if vertical else (a[1] == b[1]):
                curve.append((b,))
            elif vertical:
                middle = round((a[1] + b[1]) / 2, 1)
                curve.append(((a[0], middle), (b[0], middle), b))
            else:
                middle = round((a[0] + b[0]) / 2, 1)
                curve.append(((middle, a[1]), (middle, b[1]), b))
        if len(curve) > 1:
            pieces.append(curve)
    for tip in tips:
        heads.append(head(tip, colour, wiring, vertical))
    text = wiring.source.result or (wiring.source.lines[0] if wiring.source.lines else "")
    note = "" if wiring.differentiable else "\nno gradient flows back"
    return Part("edge", [Line(pieces, colour, 1.4 if not wiring.sideways else 1.2, not wiring.differentiable), *heads],
                f"{wiring.source.heading}: {text}{note}")


def joined(pieces: list[list[Spot]]) -> list[list[Spot]]:
    """Pieces that continue one another as one, so that dashes run on."""
    starting: dict[Spot, list[list[Spot]]] = {}
    for piece in pieces:
        starting.setdefault(piece[0], []).append(piece)
    ends = {piece[-1] for piece in pieces if piece[-1] != piece[0]}
    out = []
    for piece in sorted(pieces, key=lambda piece: piece[0] in ends):  # those that continue nothing first
        if piece not in starting.get(piece[0], ()):
            continue
        starting[piece[0]].remove(piece)
        whole = list(piece)
        while starting.get(whole[-1]):
            whole += starting[whole[-1]].pop(0)[1:]
        out.append(whole)
    return out


def head(tip: Spot, colour: str, wiring: Wiring, vertical: bool) -> Triangle:
    """An arrow head that points along the edge."""
    (x, y), half = (round(tip[0], 1), round(tip[1], 1)), ARROW_WIDTH / 2
    backwards = wiring.sideways and wiring.source.kind == "constant"
    length = -ARROW_LENGTH if backwards else ARROW_LENGTH
    if vertical:
        return Triangle(((x, y), (x - half, y - length), (x + half, y - length)), colour)
    return Triangle(((x, y), (x - length, y - half), (x - length, y + half)), colour)


# -- legend -----------------------------------------------------------------------------------------------------------


def legend_entries(picture: Picture, highlight: str | None) -> list[tuple[str, str]]:
    """(kind, meaning) of the kinds that occur."""
    kinds = {box.kind for box in picture.boxes}
    entries = [(kind, meaning) for kind, meaning in MEANING.items() if kind in kinds]
    if any(box.kind == "constant" for box in picture.boxes) and len(picture.boxes) > 1:
        entries.append(("dashed", "no gradient flows back"))
    if highlight == "cost":
        entries.append(("heat", "little … most forward work"))
    return entries


def legend_rows(entries: list[tuple[str, str]], room: float) -> list[list[tuple[str, str, float]]]:
    """The entries with their x, broken into rows."""
    rows: list[list[tuple[str, str, float]]] = [[]]
    x = 0.0
    for kind, meaning in entries:
        extent = legend_swatch(kind) + 6 + width(meaning, LABEL) + 18
        if rows[-1] and x + extent - 18 > room:
            rows.append([])
            x = 0.0
        rows[-1].append((kind, meaning, x))
        x += extent
    return rows


def legend_swatch(kind: str) -> float:
    return {"dashed": 22.0, "heat": 3 * SWATCH}.get(kind, SWATCH)


def legend_parts(rows: list[list[tuple[str, str, float]]], x0: float, y0: float) -> list[Part]:
    parts = []
    for r, row in enumerate(rows):
        y = y0 + r * LEGEND_ROW
        for kind, meaning, dx in row:
            x = x0 + dx
            shapes: list[Shape] = []
            if kind == "dashed":
                middle = y + SWATCH / 2
                shapes.append(Line([[((x, middle),), ((x + 22, middle),)]], INKS["constant"].stroke, 1.4, True))
            elif kind == "heat":
                shapes += [Rectangle(x + i * SWATCH, y, SWATCH, SWATCH, 0, heat(i / 2), INKS["operation"].stroke, 0.8)
                           for i in range(3)]
            else:
                shapes.append(Rectangle(x, y, SWATCH, SWATCH, 3, INKS[kind].fill, INKS[kind].stroke, 1.0))
            shapes.append(Text(meaning, x + legend_swatch(kind) + 6, y + SWATCH - 3, LABEL, FAINT))
            parts.append(Part("legend", shapes))
    return parts
