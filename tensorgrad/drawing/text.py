"""A picture as an indented listing, for terminals and logs."""

from __future__ import annotations

from tensorgrad.drawing.picture import Arrow, Box, Frame, Picture
from tensorgrad.drawing.wording import count

__all__ = ["to_text", "summary"]

INDENT = "    "
WIDEST = 64  # of the first column


def to_text(picture: Picture) -> str:
    """One line per operation in the order they ran, under the layer it ran in, its parameters below it.

    A number in brackets is the operation that an input comes from.
    """
    return "\n".join(Listing(picture).lines)


def summary(picture: Picture) -> str:
    """``12 operations, 4 parameters (61,706 numbers), 2 constants``"""
    counts = picture.counts
    parts = [count(counts["operations"], "operation")]
    if counts["parameters"]:
        parts.append(f"{count(counts['parameters'], 'parameter')} ({count(counts['numbers'], 'number')})")
    parts += [count(counts[noun + "s"], noun) for noun in ("tensor", "constant") if counts[noun + "s"]]
    return ", ".join(parts)


class Listing:
    """The steps of `to_text`."""

    def __init__(self, picture: Picture):
        self.lines = [summary(picture)]
        self.inputs: dict[Box, list[Arrow]] = {}
        for arrow in picture.arrows:
            self.inputs.setdefault(arrow.target, []).append(arrow)
        self.beside: dict[Box, list[Box]] = {}
        content: dict[Frame, list[Box | Frame]] = {}
        for box in picture.boxes:
            if box.host is not None:
                self.beside.setdefault(box.host, []).append(box)
            else:
                content.setdefault(box.frame, []).append(box)
        for frame in picture.frames:
            assert frame.parent is not None
            content.setdefault(frame.parent, []).append(frame)
        self.names: dict[Box, str] = {}
        page = picture.boxes[0].frame
        while page.parent is not None:
            page = page.parent
        # Leaves of a frame come first; an operation's number is its place in the listing.
        self.rows: list[tuple[Box | Frame, int]] = []
        stack: list[tuple[Box | Frame, int]] = [(page, -1)]
        while stack:
            entry, depth = stack.pop()
            if entry is not page:
                self.rows.append((entry, depth))
            if isinstance(entry, Frame):
                stack += [(child, depth + 1) for child in reversed(sorted(content.get(entry, []), key=place))]
        n = 0
        for entry, _ in self.rows:
            if isinstance(entry, Box) and entry.kind in ("operation", "layer"):
                n += 1
                self.names[entry] = f"[{n}]"
        for entry, depth in self.rows:
            self.add(entry, depth)

    def add(self, entry: Box | Frame, depth: int) -> None:
        if isinstance(entry, Frame):
            self.lines.append(INDENT * depth + entry.heading)
        elif entry.kind in ("operation", "layer"):
            inputs = ", ".join(self.name(arrow.source) for arrow in sorted(self.inputs.get(entry, []), key=position))
            caption = f"{entry.caption}: " if entry.caption else ""
            settings = "  ".join(["", *entry.lines])
            self.write(depth, f"{self.names[entry]} {caption}{entry.heading}({inputs}){settings}", entry.result)
            for leaf in self.beside.get(entry, []):
                self.write_leaf(depth + 1, leaf)
        elif entry.kind == "output":
            (arrow,) = self.inputs[entry]
            self.write(depth, f"{entry.title} = {self.name(arrow.source)}", "  ".join(entry.lines))
        else:
            self.write_leaf(depth, entry)

    def write_leaf(self, depth: int, box: Box) -> None:
        kind = f"{box.kind} " if box.title != box.kind else ""
        self.write(depth, kind + box.heading, "  ".join(box.lines))

    def write(self, depth: int, left: str, right: str) -> None:
        left = INDENT * depth + left.replace("\n", " ")
        self.lines.append(f"{left:<{WIDEST}}  {right}".rstrip() if right else left)

    def name(self, box: Box) -> str:
        return self.names.get(box) or box.title


def place(entry: Box | Frame) -> tuple[bool, float]:
    """Leaves first, then in the order of running."""
    return isinstance(entry, Frame) or entry.kind in ("operation", "layer", "output"), entry.order


def position(arrow: Arrow) -> int:
    return arrow.position
