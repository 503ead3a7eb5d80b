"""Where nodes are across the flow: near what they are joined to, on straight lines where that can be.

Rank by rank the places are the weighted least-squares solution that keeps the order and the distances between neighbours.
"""

from __future__ import annotations

from tensorgrad.drawing.wires import Item, Node, Point, Wire

__all__ = ["place"]

ITEM_GAP, WIRE_GAP = 26.0, 13.0
PASSES = 8


def place(ranks: list[list[Node]], wires: list[list[Wire]]) -> float:
    """Set u of all nodes, the smallest 0; returns the width of the whole.

    Arguments
        wires   by the rank they start from
    """
    return Columns(ranks, wires).place()


class Columns:
    """The steps of `place`."""

    def __init__(self, ranks: list[list[Node]], wires: list[list[Wire]]):
        self.ranks, self.wires = ranks, wires
        for nodes in self.ranks:
            u = 0.0
            for i, node in enumerate(nodes):
                u += separation(nodes[i - 1], node) if i else 0.0
                node.u = u
            for node in nodes:
                node.u -= u / 2
        self.place_in_rank = {node: i for rank in self.ranks for i, node in enumerate(rank)}
        self.uppers: dict[Node, list[Wire]] = {}
        self.lowers: dict[Node, list[Wire]] = {}
        for between in wires:
            for wire in between:
                self.uppers.setdefault(wire.b, []).append(wire)
                self.lowers.setdefault(wire.a, []).append(wire)

    def place(self) -> float:
        """Bring every node as close to its neighbours as order and distances allow; the width of the whole."""
        downwards, upwards = range(len(self.ranks)), range(len(self.ranks) - 1, -1, -1)
        for turn in range(PASSES):
            for rank in downwards if turn % 2 == 0 else upwards:
                settle(self.ranks[rank], self.uppers if turn % 2 == 0 else self.lowers, None)
        for rank in downwards:
            settle(self.ranks[rank], self.uppers, self.lowers)
        lines = self.lines()
        for _ in range(3):
            for line in lines:
                self.straighten(line)
        everything = [node for nodes in self.ranks for node in nodes]
        left = min(node.u for node in everything)
        for node in everything:
            node.u -= left
        return max(node.u + (node.width if isinstance(node, Item) else 0.0) for node in everything)

    def lines(self) -> list[list[tuple[Node, float]]]:
        """Nodes that can be on one straight line, each with its distance from the line.

        A wire is kept straight between points of one value, and where it is the only one between boxes at both its ends.
        """
        below: dict[Node, tuple[Node, float]] = {}
        begun: set[Node] = set()
        for wires in self.wires:
            for wire in wires:
                a, b = wire.a, wire.b
                if isinstance(a, Point) and isinstance(b, Point):
                    straight = True
                elif isinstance(a, Point) and any(isinstance(other.b, Point) for other in self.lowers[a]):
                    straight = False
                else:
                    straight = only(self.lowers[a], b, down=True) and only(self.uppers[b], a, down=False)
                if straight and a not in below and b not in begun:
                    enters = [other.enters for other in self.uppers[b] if other.a is a]
                    leaves = [other.leaves for other in self.lowers[a] if other.b is b]
                    below[a] = (b, sum(leaves) / len(leaves) - sum(enters) / len(enters))
                    begun.add(b)
        out = []
        for rank in self.ranks:
            for node in rank:
                if node in begun or node not in below:
                    continue
                line, shift = [(node, 0.0)], 0.0
                while node in below:
                    node, step = below[node]
                    shift += step
                    line.append((node, shift))
                out.append(line)
        return out

    def straighten(self, line: list[tuple[Node, float]]) -> None:
        """Move nodes onto one line where there is room for all of them; else the two halves each."""
        low, high = float("-inf"), float("inf")
        for node, shift in line:
            nodes = self.ranks[node.rank]
            i = self.place_in_rank[node]
            if i:
                low = max(low, nodes[i - 1].u + separation(nodes[i - 1], node) - shift)
            if i + 1 < len(nodes):
                high = min(high, nodes[i + 1].u - separation(node, nodes[i + 1]) - shift)
        if low > high:
            if len(line) > 3:
                for half in (line[:len(line) // 2], line[len(line) // 2:]):
                    self.straighten([(node, shift - half[0][1]) for node, shift in half])
            return
        weights = [4.0 if isinstance(node, Item) and not node.end else 1.0 for node, _ in line]
        mean = sum(w * (node.u - shift) for w, (node, shift) in zip(weights, line)) / sum(weights)
        u = min(max(mean, low), high)
        for node, shift in line:
            node.u = u + shift


def separation(left: Node, right: Node) -> float:
    """The least distance from the reference of one node (left side of an item, middle of a point) to the next's."""
    width = left.width if isinstance(left, Item) else 0.0
    wires = isinstance(left, Point) or isinstance(right, Point) or bool(left.end or right.end)
    return width + (WIRE_GAP if wires else ITEM_GAP)


def only(wires: list[Wire], node: Node, down: bool) -> bool:
    """True if `node` is the only one at the other end of the wires, or the only box there."""
    others = {wire.b if down else wire.a for wire in wires}
    boxes = {other for other in others if isinstance(other, Item) and not other.end}
    return others == {node} or boxes == {node}


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
