"""Where everything goes: frames inside out, each a `Level` of its own in which the frames within are single items.

An edge from one frame into another passes the border of each at a point that the frame's own level has placed, so frames
never overlap, and no edge crosses a box.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tensorgrad.drawing.footprint import CAPTION, PORT_GAP, SHEET, Footprint, Look, footprint, look
from tensorgrad.drawing.measure import width
from tensorgrad.drawing.picture import Arrow, Box, Frame, Picture
from tensorgrad.drawing.ranks import RUN_IN, Level
from tensorgrad.drawing.wires import Item, Link

__all__ = ["Layout", "lay_out", "Wiring", "TITLE"]

TITLE = CAPTION + 1.5  # font size of frame titles
TITLE_BAND, PAD_ACROSS, PAD_ALONG = 25.0, 13.0, 11.0
PORT_ROOM = 10.0  # less padding where edges cross a border: the rank of the crossings has room of its own
ENTERS_FIRST = -1e12

Spot = tuple[float, float]


@dataclass(eq=False, slots=True)
class Wiring:
    """All edges of one value.

    pieces   polylines along the flow; neighbouring pieces share their end
    tips     where they arrive at a box
    sideways True for the edge from a parameter or constant to the operation it stands beside
    """

    source: Box
    differentiable: bool
    pieces: list[list[Spot]] = field(default_factory=list)
    tips: list[Spot] = field(default_factory=list)
    sideways: bool = False


@dataclass(eq=False, slots=True)
class Layout:
    """Places in (x, y), y downwards.

    boxes    {box: corner}, with `looks` for their sizes and lines
    labels   {box: left end of the line's box}
    frames   {frame: (x, y, width, height)}
    titles   {frame: left end of the title's baseline box}
    """

    direction: str
    looks: dict[Box, Look]
    boxes: dict[Box, Spot] = field(default_factory=dict)
    labels: dict[Box, Spot] = field(default_factory=dict)
    frames: dict[Frame, tuple[float, float, float, float]] = field(default_factory=dict)
    titles: dict[Frame, Spot] = field(default_factory=dict)
    wirings: list[Wiring] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def lay_out(picture: Picture, direction: str = "TB") -> Layout:
    """Places for everything in a picture, the flow running down ("TB") or to the right ("LR")."""
    return Placer(picture, direction).layout


class Inside:
    """What is in a frame: `items` by Box, by inner Frame, and by ("in" | "out", Box) for the values that cross its border.

    asked    edges as (from, to, value); `to` is an Arrow where the edge ends
    shift    where its level starts
    size     its own extent, once placed
    """

    def __init__(self, frame: Frame):
        self.frame = frame
        self.items: dict[object, Item] = {}
        self.asked: dict[tuple[object, object, Box], Link | None] = {}
        self.shift: Spot = (0.0, 0.0)
        self.size: Spot = (0.0, 0.0)
        self.title: Spot = (0.0, 0.0)

    def port(self, side: str, value: Box) -> float:
        """u at the border where a value comes "in" or goes "out"."""
        return self.items[side, value].u + self.shift[0]


class Placer:
    """The steps of `lay_out`."""

    def __init__(self, picture: Picture, direction: str):
        self.across = direction == "TB"
        self.picture = picture
        self.layout = Layout(direction, {box: look(box) for box in picture.boxes})
        page = picture.boxes[0].frame
        while page.parent is not None:
            page = page.parent
        self.inside = {frame: Inside(frame) for frame in (page, *picture.frames)}  # outer before inner
        self.gather()
        for inside in reversed(self.inside.values()):
            self.place_inside(inside)
        self.wirings: dict[Box, Wiring] = {}
        self.spread(page)
        self.add_sideways()
        self.layout.width, self.layout.height = self.turn(self.inside[page].size)

    def turn(self, spot: Spot) -> Spot:
        """(u, v) as (x, y), or back."""
        return spot if self.across else (spot[1], spot[0])

    # -- what has to be placed where ----------------------------------------------------------------------------------

    def gather(self) -> None:
        """Footprints as items of their frames, and per frame the edges inside it."""
        beside: dict[Box, list[Box]] = {}
        arriving: dict[Box, list[Arrow]] = {}
        for box in self.picture.boxes:
            if box.host is not None:
                beside.setdefault(box.host, []).append(box)
        for arrow in self.picture.arrows:
            if arrow.source.host is None:
                arriving.setdefault(arrow.target, []).append(arrow)
        self.sources = {arrow.source for arrow in self.picture.arrows}
        self.footprints: dict[Box, Footprint] = {}
        for box in self.picture.boxes:
            if box.host is None:
                sides = beside.get(box, [])
                foot = footprint(box, [b for b in sides if b.kind != "constant"], [b for b in sides if b.kind == "constant"],
                                 self.layout.looks, self.across, box in self.sources)
                self.footprints[box] = foot
                self.inside[box.frame].items[box] = Item(foot.width, foot.length, box.order)
        self.ports: dict[Arrow, float] = {}  # u, in its target's footprint, where an edge arrives
        for target, arrows in arriving.items():
            arrows.sort(key=lambda arrow: arrow.position)
            for i, arrow in enumerate(arrows):
                self.ports[arrow] = self.footprints[target].port(i, len(arrows), self.size(target)[0])
                self.ask(arrow)

    def ask(self, arrow: Arrow) -> None:
        """Note the pieces of an edge in every frame it runs through."""
        up, down = [arrow.source.frame], [arrow.target.frame]
        while up[-1] is not down[-1]:
            deeper = up if up[-1].depth >= down[-1].depth else down
            parent = deeper[-1].parent
            assert parent is not None
            deeper.append(parent)
        value = arrow.source
        here: object = value
        for frame in up[:-1]:
            self.inside[frame].asked[here, ("out", value), value] = None
            here = frame
        down.reverse()
        for frame, inner in zip(down, down[1:]):
            self.inside[frame].asked[here, inner, value] = None
            here = ("in", value)
        self.inside[down[-1]].asked[here, arrow, value] = None

    # -- one frame ----------------------------------------------------------------------------------------------------

    def place_inside(self, inside: Inside) -> None:
        """Place what is in a frame whose inner frames have been placed, and work out its size."""
        frame, items = inside.frame, inside.items
        for here, there, value in inside.asked:
            for key in (here, there):
                if isinstance(key, tuple):
                    entering = key[0] == "in"
                    items.setdefault(key, Item(0.0, 0.0, ENTERS_FIRST + value.order if entering else value.order,
                                               "first" if entering else "last"))
        for here, there, value in inside.asked:
            leaves = (self.footprints[here].middle if isinstance(here, Box) else
                      self.inside[here].port("out", value) if isinstance(here, Frame) else 0.0)
            enters = (self.ports[there] if isinstance(there, Arrow) else
                      self.inside[there].port("in", value) if isinstance(there, Frame) else 0.0)
            target = there.target if isinstance(there, Arrow) else there
            movable = self.size(target)[0] / 2 - PORT_GAP / 2 - 8 if isinstance(target, Box) else 0.0
            inside.asked[here, there, value] = Link(items[here], leaves, items[target], enters, max(movable, 0.0))
        level = Level(list(items.values()), [link for link in inside.asked.values() if link is not None])
        u, v = level.width, level.length
        if frame.parent is not None:
            u, v = self.add_border(inside, u, v)
            self.inside[frame.parent].items[frame] = Item(u, v, frame.order)
        inside.size = (u, v)

    def add_border(self, inside: Inside, u: float, v: float) -> Spot:
        """The size of a frame around a level of this size; its title keeps clear of the edges that come in."""
        title = width(inside.frame.heading, TITLE, bold=True)
        sides = {key[0] for key in inside.items if isinstance(key, tuple)}
        start = TITLE_BAND - PORT_ROOM if "in" in sides and self.across else TITLE_BAND if self.across else PAD_ALONG
        end = PAD_ALONG - (PORT_ROOM if "out" in sides else 0.0)
        if not self.across:
            inside.shift, inside.title = (TITLE_BAND, start), (4.0, PAD_ALONG)
            return u + TITLE_BAND + PAD_ACROSS, max(start + v + end, title + 2 * PAD_ALONG)
        ports = [item.u + PAD_ACROSS for key, item in inside.items.items() if isinstance(key, tuple) and key[0] == "in"]
        whole, needed, shift = max(u, title) + 2 * PAD_ACROSS, title + PAD_ACROSS + 8, PAD_ACROSS
        at = PAD_ACROSS
        if ports and min(ports) < needed:
            if max(ports) + needed <= whole:
                at = whole - PAD_ACROSS - title
            else:
                shift += needed - min(ports)
                whole = max(whole, u + shift + PAD_ACROSS)
        inside.shift, inside.title = (shift, start), (at, 4.0)
        return whole, start + v + end

    # -- the whole page -----------------------------------------------------------------------------------------------

    def spread(self, page: Frame) -> None:
        """From places in frames to places on the page."""
        origins: dict[Frame, Spot] = {page: (0.0, 0.0)}
        for frame, inside in self.inside.items():
            u0, v0 = origins[frame]
            du, dv = u0 + inside.shift[0], v0 + inside.shift[1]
            if frame is not page:
                self.layout.frames[frame] = (*self.turn((u0, v0)), *self.turn(inside.size))
                self.layout.titles[frame] = self.turn((u0 + inside.title[0], v0 + inside.title[1]))
            for key, item in inside.items.items():
                if isinstance(key, Frame):
                    origins[key] = (du + item.u, dv + item.v)
                elif isinstance(key, Box):
                    self.put(key, du + item.u, dv + item.v)
                elif isinstance(key, tuple):
                    side, value = key
                    u, v, end = du + item.u, dv + item.v, v0 + inside.size[1]
                    self.wiring(value).pieces.append([(u, v0), (u, v)] if side == "in" else [(u, v), (u, end)])
            for (_, there, value), link in inside.asked.items():
                assert link is not None
                wiring = self.wiring(value)
                wiring.pieces += [[(u + du, v + dv) for u, v in piece] for piece in link.route]
                if isinstance(there, Arrow):
                    u, v = du + link.target.u + link.enters, dv + link.target.v
                    top = v + self.footprints[there.target].top
                    wiring.pieces.append([(u, v), (u, top)])
                    wiring.tips.append((u, top))
        for wiring in self.wirings.values():
            for piece in wiring.pieces:
                piece[:] = map(self.turn, piece)
            wiring.tips = list(map(self.turn, wiring.tips))
        self.layout.wirings += self.wirings.values()

    def wiring(self, value: Box) -> Wiring:
        if value not in self.wirings:
            self.wirings[value] = Wiring(value, value.kind != "constant")
        return self.wirings[value]

    def put(self, box: Box, u: float, v: float) -> None:
        """Place a box and what stands beside it, with its footprint's corner at (u, v)."""
        foot = self.footprints[box]
        for part, (pu, pv) in foot.places.items():
            self.layout.boxes[part] = self.turn((u + pu, v + pv))
        if foot.label is not None:
            self.layout.labels[box] = self.turn((u + foot.label[0], v + foot.label[1]))
        if box in self.sources:
            self.wiring(box).pieces.append([(u + foot.middle, v + foot.bottom), (u + foot.middle, v + foot.length)])

    def add_sideways(self) -> None:
        """Edges from parameters and constants to the operation they stand beside."""
        sides: dict[tuple[Box, bool], list[Arrow]] = {}
        for arrow in self.picture.arrows:
            if arrow.source.host is not None:
                sides.setdefault((arrow.target, arrow.source.kind == "constant"), []).append(arrow)
        for (target, after), arrows in sides.items():
            u, v = self.turn(self.layout.boxes[target])
            breadth, depth = self.size(target)
            arrows.sort(key=lambda arrow: self.turn(self.layout.boxes[arrow.source])[1])
            for i, arrow in enumerate(arrows):
                su, sv = self.turn(self.layout.boxes[arrow.source])
                sb, sd = self.size(arrow.source)
                start = (su if after else su + sb, sv + sd / 2)
                tip = (u + breadth if after else u, v + depth * (i + 1) / (len(arrows) + 1))
                if abs(start[1] - tip[1]) <= SHEET:
                    start = (start[0], tip[1])
                bend = (tip[0] + (RUN_IN if after else -RUN_IN), tip[1])
                piece = [self.turn(spot) for spot in (start, bend, tip)]
                self.layout.wirings.append(Wiring(arrow.source, arrow.differentiable, [piece], [piece[-1]], sideways=True))

    def size(self, box: Box) -> Spot:
        """Extent along (u, v)."""
        return self.turn((self.layout.looks[box].width, self.layout.looks[box].height))
