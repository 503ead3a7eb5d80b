"""Layered layout of one level: ranks along the flow, and routes between them.

Coordinates are (u, v): v runs along the flow (downwards in a drawing from top to bottom), u across it.  Ranks are longest
paths; an edge over several ranks has a point in each between, and all edges that carry one value share them, like a bus.
`ordering` sorts each rank, `places` finds u.
"""

from __future__ import annotations

from tensorgrad.drawing.ordering import order
from tensorgrad.drawing.places import place
from tensorgrad.drawing.wires import Item, Link, Node, Point, Wire

__all__ = ["Level", "RUN_IN"]

RUN_IN = 8.0  # the straight end of an edge, where its arrow head is


class Level:
    """Places `items` and routes `links`; afterwards items have (u, v), and links have routes.

    Attributes
        width, length   of the whole level
    """

    def __init__(self, items: list[Item], links: list[Link]):
        self.items, self.links = sorted(items, key=lambda item: item.order), links
        self.width = self.length = 0.0
        if not items:
            return
        self.set_ranks()
        self.add_points()
        order(self.ranks, self.wires)
        self.centre_main_edges()
        self.width = place(self.ranks, self.wires)
        self.stack_ranks()
        self.route()

    # -- ranks --------------------------------------------------------------------------------------------------------

    def set_ranks(self) -> None:
        """Longest path from the sources; what has no source moves down next to the first that reads it."""
        before: dict[Item, list[Item]] = {item: [] for item in self.items}
        after: dict[Item, list[Item]] = {item: [] for item in self.items}
        for link in self.links:
            before[link.target].append(link.source)
            after[link.source].append(link.target)
        first = 1 if any(item.end == "first" for item in self.items) else 0
        for item in self.items:
            item.rank = 0 if item.end == "first" else first
        for item in self.items:
            if not item.end:
                item.rank = max([item.rank, *(source.rank + 1 for source in before[item])])
        for item in reversed(self.items):
            # Sources, and what reads only sources, move down next to what reads them.
            if not item.end and all(not before[source] and not source.end for source in before[item]):
                ranks = [target.rank for target in after[item] if target.end != "last"]
                item.rank = max(item.rank, min(ranks) - 1) if ranks else item.rank
        last = max([item.rank for item in self.items if item.end != "last"], default=-1) + 1
        for item in self.items:
            if item.end == "last":
                item.rank = last
        lowest = min(item.rank for item in self.items)
        for item in self.items:
            item.rank -= lowest

    def add_points(self) -> None:
        """A point per rank that a value passes through, and the wires."""
        self.ranks: list[list[Node]] = [[] for _ in range(max(item.rank for item in self.items) + 1)]
        for item in self.items:
            self.ranks[item.rank].append(item)
        self.wires: list[list[Wire]] = [[] for _ in self.ranks]  # by the rank they start from
        self.chains: list[list[Wire]] = []
        bundles: dict[tuple[Item, float], list[Link]] = {}
        for link in self.links:
            bundles.setdefault((link.source, link.leaves), []).append(link)
        for (source, leaves), links in bundles.items():
            trunk: dict[int, Node] = {source.rank: source}
            chain = []
            for rank in range(source.rank + 1, max(link.target.rank for link in links)):
                point = Point(source, rank, source.order)
                self.ranks[rank].append(point)
                above = trunk[rank - 1]
                wire = Wire(above, leaves if above is source else 0.0, point, 0.0, None)
                self.wires[rank - 1].append(wire)
                chain.append(wire)
                trunk[rank] = point
            for link in links:
                above = trunk[link.target.rank - 1]
                self.wires[link.target.rank - 1].append(
                    Wire(above, leaves if above is source else 0.0, link.target, link.enters, link))
            if chain:
                self.chains.append(chain)

    def centre_main_edges(self) -> None:
        """Where two edges arrive, one from the box before and one from further off, let the first arrive in the middle."""
        arriving: dict[Node, list[Wire]] = {}
        for wires in self.wires:
            for wire in wires:
                if wire.link is not None and wire.link.movable:
                    arriving.setdefault(wire.b, []).append(wire)
        for pair in arriving.values():
            near = [wire for wire in pair if isinstance(wire.a, Item) and not wire.a.end]
            if len(pair) != 2 or len(near) != 1:
                continue
            shift = (pair[0].enters + pair[1].enters) / 2 - near[0].enters
            if all(wire.link and wire.link.movable >= abs(shift) for wire in pair):
                for wire in pair:
                    wire.enters += shift
                    assert wire.link is not None
                    wire.link.enters = wire.enters

    # -- places along the flow, and routes ----------------------------------------------------------------------------

    def stack_ranks(self) -> None:
        """Rank below rank, with more room where edges run far across."""
        v = 0.0
        self.spans: list[tuple[float, float]] = []
        for rank, nodes in enumerate(self.ranks):
            length = max([node.length for node in nodes if isinstance(node, Item)], default=0.0)
            for node in nodes:
                if isinstance(node, Item):
                    node.v = v if node.end else v + (length - node.length) / 2
            self.spans.append((v, v + length))
            v += length
            if rank + 1 < len(self.ranks):
                reach = max([abs(w.a.u + w.leaves - w.b.u - w.enters) for w in self.wires[rank]], default=0.0)
                ends = any(isinstance(n, Item) and n.end for n in (*nodes, *self.ranks[rank + 1]))
                v += (12.0 if ends else 18.0) + RUN_IN + min(44.0, 0.14 * reach)
        self.length = v

    def route(self) -> None:
        """The pieces of every link; pieces shared by several are in the first only."""
        done: set[Wire] = set()
        trunk_of: dict[Node, Wire] = {wire.b: wire for chain in self.chains for wire in chain}
        for wires in self.wires:
            for wire in wires:
                if wire.link is None:
                    continue
                pieces = [wire]
                while isinstance(pieces[-1].a, Point) and trunk_of[pieces[-1].a] not in done:
                    pieces.append(trunk_of[pieces[-1].a])
                done.update(pieces)
                wire.link.route = [self.points(piece) for piece in reversed(pieces)]

    def points(self, wire: Wire) -> list[tuple[float, float]]:
        """From the lower side of one node to the upper side of the next, straight inside the two ranks."""
        u, w = wire.a.u + wire.leaves, wire.b.u + wire.enters
        (_, above), (top, bottom) = self.spans[wire.a.rank], self.spans[wire.b.rank]
        out = [(u, wire.a.v + wire.a.length)] if isinstance(wire.a, Item) else []
        if isinstance(wire.b, Item):
            out += [(u, above), (w, top if wire.b.end else top - RUN_IN), (w, wire.b.v)]
        else:
            out += [(u, above), (w, top), (w, bottom)]
        return [spot for i, spot in enumerate(out) if i == 0 or spot != out[i - 1]]
