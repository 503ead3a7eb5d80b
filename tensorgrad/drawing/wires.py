"""What a level of the layout is made of: items to place, links between them, and the points and wires of long links."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Union

__all__ = ["Item", "Link", "Point", "Wire", "Node"]


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
    """An edge from a point on the lower side of `source` to one on the upper side of `target`, offsets along u.

    `movable` by so much is the point where it arrives.
    """

    source: Item
    leaves: float
    target: Item
    enters: float
    movable: float = 0.0
    route: list[list[tuple[float, float]]] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Point:
    """Where the edges of one value pass through a rank."""

    source: Item
    rank: int
    order: float
    u: float = 0.0


Node = Union[Item, Point]


@dataclass(eq=False, slots=True)
class Wire:
    """A piece of edge between neighbouring ranks."""

    a: Node
    leaves: float
    b: Node
    enters: float
    link: Link | None  # the link that ends with this piece
