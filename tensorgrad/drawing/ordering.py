"""The order of nodes in the ranks of a level: few edges cross.

Source
    Sugiyama, Tagawa, Toda 1981, Methods for visual understanding of hierarchical system structures (barycentre sweeps)
"""

from __future__ import annotations

from bisect import bisect_right, insort

from tensorgrad.drawing.wires import Item, Node, Wire

__all__ = ["order"]

SWEEPS = 6
COUNT_CROSSINGS_BELOW = 3000  # wires; in larger levels the last sweep is taken


def order(ranks: list[list[Node]], wires: list[list[Wire]]) -> None:
    """Sort the nodes of every rank by barycentre sweeps, keeping the order with the fewest crossings.

    Arguments
        wires   by the rank they start from
    """
    if sum(map(len, wires)) > COUNT_CROSSINGS_BELOW:
        sweep(ranks, wires, down=True)
        sweep(ranks, wires, down=False)
        return
    best, fewest = [list(nodes) for nodes in ranks], crossings(ranks, wires)
    for turn in range(SWEEPS):
        if fewest == 0:
            break
        sweep(ranks, wires, down=turn % 2 == 0)
        now = crossings(ranks, wires)
        if now < fewest:
            best, fewest = [list(nodes) for nodes in ranks], now
    ranks[:] = best


def sweep(ranks: list[list[Node]], wires: list[list[Wire]], down: bool) -> None:
    """Sort every rank by the mean place of its neighbours in the rank before it."""
    for rank in range(1, len(ranks)) if down else range(len(ranks) - 2, -1, -1):
        fixed = {node: i for i, node in enumerate(ranks[rank - 1 if down else rank + 1])}
        sums: dict[Node, list[float]] = {}
        for wire in wires[rank - 1 if down else rank]:
            near, far, offset = (wire.b, wire.a, wire.leaves) if down else (wire.a, wire.b, wire.enters)
            share = offset / far.width if isinstance(far, Item) and far.width else 0.5
            entry = sums.setdefault(near, [0.0, 0.0])
            entry[0] += fixed[far] + share
            entry[1] += 1
        nodes = ranks[rank]
        wished = {node: sums[node][0] / sums[node][1] if node in sums else i + 0.5 for i, node in enumerate(nodes)}
        nodes.sort(key=wished.__getitem__)


def crossings(ranks: list[list[Node]], wires: list[list[Wire]]) -> int:
    """How many pairs of wires cross."""
    total = 0
    for rank, between in enumerate(wires):
        if len(between) < 2:
            continue
        above = {node: i for i, node in enumerate(ranks[rank])}
        below = {node: i for i, node in enumerate(ranks[rank + 1])}
        ends: list[tuple[int, float]] = []
        for _, _, b, enters in sorted((above[w.a], w.leaves, below[w.b], w.enters) for w in between):
            total += len(ends) - bisect_right(ends, (b, enters))
            insort(ends, (b, enters))
    return total
