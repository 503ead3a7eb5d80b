"""Layered layout of one level: ranks along the flow, an order with few crossings in each rank, and places.

Coordinates are (u, v): v runs along the flow (downwards in a drawing from top to bottom), u across it.  The steps are those
of Sugiyama, Tagawa and Toda (1981): ranks by longest path, points where edges pass through ranks in between, barycentre
sweeps.  Places across the flow are the weighted least-squares solution that keeps the order and the distances, rank by rank
(isotonic regression).  All edges that carry one value share their points, like a bus.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field

__all__ = ["Item", "Link", "Level"]

ITEM_GAP, WIRE_GAP = 26.0, 13.0
RUN_IN = 8.0  # the straight end of an edge, where its arrow head is
SWEEPS, PASSES = 6, 8
COUNT_CROSSINGS_BELOW = 3000  # edges; in larger levels the last sweep is taken


@dataclass(eq=False, slots=True)
class Item:
    """A box or frame to place: its size, and `end` "first" or "last" for the points where edges enter or leave a frame."""

    width: float  # along u
    length: float  # along v
    order: float
    end: str = ""
    u: float = 0.0
    v: float = 0.0
    rank: int = 0


@dataclass(eq=False, slots=True)
class Link:
    """An edge from a point on the lower side of `source` to one on the upper side of `target`, offsets along u."""

    source: Item
    leaves: float
    target: Item
    enters: float
    route: list[list[tuple[float, float]]] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Point:
    """Where the edges of one value pass through a rank."""

    source: Item
    rank: int
    order: float
    u: float = 0.0


Node = Item | Point


@dataclass(eq=False, slots=True)
class Wire:
    """A piece of edge between neighbouring ranks."""

    a: Node
    leaves: float
    b: Node
    enters: float
    link: Link | None  # the link that ends with this piece


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
        self.order()
        self.place()
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
            if not item.end and not before[item]:
                ranks = [target.rank for target in after[item] if target.end != "last"]
                item.rank = max(first, min(ranks) - 1) if ranks else item.rank
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

    # -- order --------------------------------------------------------------------------------------------------------

    def order(self) -> None:
        """Barycentre sweeps, keeping the order with the fewest crossings."""
        total = sum(map(len, self.wires))
        counted = total <= COUNT_CROSSINGS_BELOW
        best, fewest = [list(rank) for rank in self.ranks], self.crossings() if counted else None
        for sweep in range(SWEEPS if counted else 2):
            if fewest == 0:
                break
            self.sweep(down=sweep % 2 == 0)
            if counted and (now := self.crossings()) < fewest:  # type: ignore[operator]
                best, fewest = [list(rank) for rank in self.ranks], now
        if counted:
            self.ranks = best

    def sweep(self, down: bool) -> None:
        """Sort every rank by the mean place of its neighbours in the rank before it."""
        ranks = range(1, len(self.ranks)) if down else range(len(self.ranks) - 2, -1, -1)
        for rank in ranks:
            fixed = {node: i for i, node in enumerate(self.ranks[rank - 1 if down else rank + 1])}
            sums: dict[Node, list[float]] = {}
            for wire in self.wires[rank - 1 if down else rank]:
                near, far, offset = (wire.b, wire.a, wire.leaves) if down else (wire.a, wire.b, wire.enters)
                share = offset / far.width if isinstance(far, Item) and far.width else 0.5
                entry = sums.setdefault(near, [0.0, 0.0])
                entry[0] += fixed[far] + share
                entry[1] += 1
            nodes = self.ranks[rank]
            wished = {node: sums[node][0] / sums[node][1] if node in sums else i + 0.5 for i, node in enumerate(nodes)}
            nodes.sort(key=wished.__getitem__)

    def crossings(self) -> int:
        """How many pairs of wires cross."""
        total = 0
        for rank, wires in enumerate(self.wires):
            if len(wires) < 2:
                continue
            above = {node: i for i, node in enumerate(self.ranks[rank])}
            below = {node: i for i, node in enumerate(self.ranks[rank + 1])}
            ends: list[tuple[int, float]] = []
            for _, _, b, enters in sorted((above[w.a], w.leaves, below[w.b], w.enters) for w in wires):
                total += len(ends) - bisect_right(ends, (b, enters))
                insort(ends, (b, enters))
        return total

    # -- places across the flow ---------------------------------------------------------------------------------------

    def place(self) -> None:
        """Bring every node as close to its neighbours as order and distances allow."""
        for rank in self.ranks:
            u = 0.0
            for i, node in enumerate(rank):
                u += separation(rank[i - 1], node) if i else 0.0
                node.u = u
            for node in rank:
                node.u -= u / 2
        uppers: dict[Node, list[Wire]] = {}
        lowers: dict[Node, list[Wire]] = {}
        for wires in self.wires:
            for wire in wires:
                uppers.setdefault(wire.b, []).append(wire)
                lowers.setdefault(wire.a, []).append(wire)
        downwards, upwards = range(len(self.ranks)), range(len(self.ranks) - 1, -1, -1)
        for turn in range(PASSES):
            for rank in downwards if turn % 2 == 0 else upwards:
                settle(self.ranks[rank], uppers if turn % 2 == 0 else lowers, None)
        for rank in downwards:
            settle(self.ranks[rank], uppers, lowers)
        for _ in range(2):
            for chain in self.chains:
                self.straighten(chain, lowers)
        left = min(node.u for rank in self.ranks for node in rank)
        for rank in self.ranks:
            for node in rank:
                node.u -= left
        self.width = max(item.u + item.width for item in self.items)
        self.width = max([self.width, *(node.u for rank in self.ranks for node in rank if isinstance(node, Point))])

    def straighten(self, chain: list[Wire], lowers: dict[Node, list[Wire]]) -> None:
        """Put the points of one value on a straight line where there is room for it."""
        points = [wire.b for wire in chain]
        low, high = float("-inf"), float("inf")
        for point in points:
            nodes = self.ranks[point.rank]
            i = nodes.index(point)
            if i:
                low = max(low, nodes[i - 1].u + separation(nodes[i - 1], point))
            if i + 1 < len(nodes):
                high = min(high, nodes[i + 1].u - separation(point, nodes[i + 1]))
        if low > high:
            return
        mean = sum(point.u for point in points) / len(points)
        wishes = [chain[0].a.u + chain[0].leaves, *(wire.b.u + wire.enters for wire in lowers.get(points[-1], ()))]
        close = [u for u in wishes if low <= u <= high and abs(u - mean) < 60]
        straight = min(max(close[0] if close else mean, low), high)
        for point in points:
            point.u = straight

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
        out = [(u, self.spans[wire.a.rank][0] if isinstance(wire.a, Point) else wire.a.v + wire.a.length)]
        run_in = RUN_IN if isinstance(wire.b, Item) and not wire.b.end else 0.0
        for point in ((u, self.spans[wire.a.rank][1]), (w, self.spans[wire.b.rank][0] - run_in)):
            if point != out[-1]:
                out.append(point)
        if isinstance(wire.b, Item) and (w, wire.b.v) != out[-1]:
            out.append((w, wire.b.v))
        return out


def separation(left: Node, right: Node) -> float:
    """The least distance from the reference of one node (left side of an item, middle of a point) to the next's."""
    width = left.width if isinstance(left, Item) else 0.0
    wires = isinstance(left, Point) or isinstance(right, Point) or bool(left.end or right.end)
    return width + (WIRE_GAP if wires else ITEM_GAP)


def settle(nodes: list[Node], wires: dict[Node, list[Wire]], more: dict[Node, list[Wire]] | None) -> None:
    """Move the nodes of one rank to the mean of what they are joined to, keeping order and distances.

    Least squares under ``u[i+1] - u[i] >= separation`` is isotonic regression of the wishes with the separations taken
    off; pooling neighbours that are out of order solves it in one pass.
    """
    offset = 0.0
    offsets, pools = [], []
    for i, node in enumerate(nodes):
        offset += separation(nodes[i - 1], node) if i else 0.0
        offsets.append(offset)
        total = weight = 0.0
        for wire in (*wires.get(node, ()), *(more.get(node, ()) if more else ())):
            if wire.b is node:
                total += wire.a.u + wire.leaves - wire.enters
            else:
                total += wire.b.u + wire.enters - wire.leaves
            weight += 1
        wish = total / weight if weight else node.u
        strength = (8.0 if isinstance(node, Item) and not node.end else 1.0) if weight else 0.1
        pools.append([(wish - offset) * strength, strength, 1])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            for k in range(3):
                pools[-1][k] += last[k]
    i = 0
    for total, strength, n in pools:
        for _ in range(int(n)):
            nodes[i].u = total / strength + offsets[i]
            i += 1
