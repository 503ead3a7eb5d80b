"""How much room an operation takes with everything that stands beside it, and where its parts are.

Parameters stand before the operation across the flow (left of it in a drawing from top to bottom), constants after it, and
what leaves it is written at the start of its edge.  Coordinates are (u, v) as in `ranks`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tensorgrad.drawing.measure import width, wrap
from tensorgrad.drawing.picture import Box

__all__ = ["Footprint", "Look", "look", "CAPTION", "HEADING", "BODY", "LABEL", "PORT_GAP", "SHEET"]

CAPTION, HEADING, BODY, LABEL = 9.5, 12.5, 10.5, 10.0  # font sizes
PAD_X, PAD_Y, WIDEST = 12.0, 7.0, 200.0
SIDE_GAP, STACK_GAP = 26.0, 7.0
SHEET = 4.0  # how far the second sheet behind a folded box shows
PORT_GAP = 18.0


@dataclass(eq=False, slots=True)
class Look:
    """A box's text, line by line, and its size."""

    lines: list[tuple[str, float, bool]]  # text, font size, bold
    width: float
    height: float


def look(box: Box) -> Look:
    """The lines of a box and the size they need."""
    lines = [(box.caption, CAPTION, False)] if box.caption else []
    lines.append((box.heading, HEADING, True))
    body = wrap(box.lines, BODY, WIDEST) if box.kind == "operation" else box.lines
    lines += [(line, BODY, False) for line in body]
    wide = max(width(*line) for line in lines) + 2 * PAD_X
    return Look(lines, max(wide, 58.0), sum(line_height(size) for _, size, _ in lines) + 2 * PAD_Y)


def line_height(size: float) -> float:
    return round(size * 1.36, 1)


@dataclass(eq=False, slots=True)
class Footprint:
    """Places of a box, its companions and its label, relative to the corner of the whole.

    places    {box: (u, v)} of the corners
    label     (u, v) of the label's corner, if it has one
    middle    u of the operation's middle, where edges arrive and leave
    top       v where edges arrive
    bottom    v where the box ends; edges leave the footprint at `length`
    """

    box: Box
    width: float = 0.0
    length: float = 0.0
    middle: float = 0.0
    top: float = 0.0
    bottom: float = 0.0
    label: tuple[float, float] | None = None
    places: dict[Box, tuple[float, float]] = field(default_factory=dict)

    def port(self, i: int, n: int, breadth: float) -> float:
        """u of the i-th of n edges that arrive at a box of this breadth."""
        gap = min(PORT_GAP, (breadth - 16) / max(n - 1, 1))
        return self.middle + (i - (n - 1) / 2) * gap


def extent(box: Box, look: Look, across: bool) -> tuple[float, float]:
    """Along (u, v), with the second sheet of a folded box."""
    sheet = SHEET if box.times > 1 else 0.0
    across_flow, along = (look.width, look.height) if across else (look.height, look.width)
    return across_flow + sheet, along + sheet


def footprint(box: Box, before: list[Box], after: list[Box], looks: dict[Box, Look], across: bool,
              leaves: bool) -> Footprint:
    """Room for `box` with the boxes beside it.

    Arguments
        before, after   parameters, constants
        across          True if u is x (a drawing from top to bottom)
        leaves          True if an edge leaves the box, and its label is written
    """
    own = looks[box]
    breadth, depth = (own.width, own.height) if across else (own.height, own.width)
    sheet = SHEET if box.times > 1 else 0.0
    columns = [[(b, *extent(b, looks[b], across)) for b in side] for side in (before, after)]
    wide = [max([du for _, du, _ in column], default=0.0) for column in columns]
    long = [sum(dv for *_, dv in column) + STACK_GAP * max(len(column) - 1, 0) for column in columns]
    body = max(depth, *long)
    start = wide[0] + SIDE_GAP if before else 0.0
    out = Footprint(box, middle=start + breadth / 2, top=(body - depth) / 2, bottom=(body + depth) / 2 + sheet)
    out.places[box] = (start, out.top)
    out.width = start + breadth + sheet + (SIDE_GAP + wide[1] if after else 0.0)
    for column, is_after, total in zip(columns, (False, True), long):
        v = (body - total) / 2
        for b, du, dv in column:
            out.places[b] = (start + breadth + SIDE_GAP if is_after else wide[0] - du, v)
            v += dv + STACK_GAP
    out.length = max(body, out.bottom)
    if leaves and box.result:
        text = width(box.result, LABEL)
        if across:
            out.label = (out.middle + 6, max(out.bottom, (body + long[1]) / 2 if after else 0.0) + 3)
            out.width = max(out.width, out.label[0] + text)
            out.length = max(out.length, out.label[1] + LABEL + 3)
        else:
            out.label = (out.middle - LABEL - 5, out.bottom + 5)
            out.length = max(out.length, out.bottom + text + 12)
    return out
