"""The boxes, frames and arrows of a drawing, before any of them has a place."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Box", "Frame", "Arrow", "Picture"]


@dataclass(eq=False, slots=True)
class Box:
    """One node.

    kind      "operation", "parameter", "tensor", "constant", "output", "layer" (folded) or "hint"
    title     its name; `caption` above it (the layer), `lines` below
    times     how many it stands for
    result    shape and dtype of what leaves it; empty where the box itself says so
    order     boxes come after what they are computed from
    host      the operation it stands beside, for a parameter or constant of that operation alone
    cost      multiply-adds of the forward pass, where known
    """

    kind: str
    title: str
    order: float
    frame: Frame
    caption: str = ""
    lines: list[str] = field(default_factory=list)
    result: str = ""
    tooltip: str = ""
    times: int = 1
    host: Box | None = None
    cost: float = 0.0
    number: int = 0

    @property
    def heading(self) -> str:
        """The title with the number of repeats."""
        return f"{self.title} × {self.times:,}" if self.times > 1 else self.title


@dataclass(eq=False, slots=True)
class Frame:
    """A rounded rectangle around the boxes of one layer; the outermost has no parent and is not drawn."""

    title: str
    parent: Frame | None
    order: float
    path: str = ""
    times: int = 1
    number: int = 0
    depth: int = 0
    tooltip: str = ""

    @property
    def heading(self) -> str:
        return f"{self.title} × {self.times:,}".strip() if self.times > 1 else self.title


@dataclass(eq=False, slots=True)
class Arrow:
    """`source` is input number `position` of `target`; a gradient flows back along it if `differentiable`."""

    source: Box
    target: Box
    position: int
    differentiable: bool = True


@dataclass(eq=False, slots=True)
class Picture:
    """A whole drawing; `counts` are of the graph, not of the boxes."""

    boxes: list[Box] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
