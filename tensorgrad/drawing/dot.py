"""A picture in Graphviz' DOT language, frames as nested clusters."""

from __future__ import annotations

from tensorgrad.drawing.palette import FAINT, FRAMES, INKS, LINE, TEXT
from tensorgrad.drawing.picture import Arrow, Box, Frame, Picture

__all__ = ["to_dot"]


def to_dot(picture: Picture, direction: str = "TB") -> str:
    """The text of a DOT file; `dot` finds the places.

    Example
        >>> page = Frame("", None, -1)
        >>> print(to_dot(Picture(boxes=[Box("output", "loss", 0, page)])))
        digraph tensorgrad {
          rankdir=TB; ...
    """
    lines = ["digraph tensorgrad {", f"  rankdir={direction}; nodesep=0.3; ranksep=0.35; compound=true; bgcolor=white;",
             f'  fontname="Helvetica"; fontsize=11; fontcolor="{FAINT}"; labeljust=l; style="rounded,filled";',
             f'  node [fontname="Helvetica" fontsize=11 fontcolor="{TEXT}" shape=box style="rounded,filled"];',
             f'  edge [fontname="Helvetica" fontsize=9 fontcolor="{FAINT}" color="{LINE}" arrowsize=0.6];']
    inside: dict[Frame, list[Box]] = {}
    inner: dict[Frame, list[Frame]] = {}
    for box in picture.boxes:
        inside.setdefault(box.frame, []).append(box)
    for frame in picture.frames:
        assert frame.parent is not None
        inner.setdefault(frame.parent, []).append(frame)
    page = next((box.frame for box in picture.boxes if box.frame.parent is None), None)
    tops = inner.get(page, []) if page else [frame for frame in picture.frames if frame.depth == 1]
    lines += [node(box, "  ") for box in inside.get(page, [])] if page else []
    stack: list[Frame | str] = list(reversed(tops))
    while stack:
        entry = stack.pop()
        if isinstance(entry, str):
            lines.append(entry)
            continue
        frame = entry
        indent = "  " * frame.depth
        fill, stroke = FRAMES[(frame.depth - 1) % len(FRAMES)]
        lines.append(f"{indent}subgraph cluster_{frame.number} {{ label={quoted(frame.heading)} "
                     f"tooltip={quoted(frame.tooltip or frame.heading)} "
                     f'fillcolor="{fill}" color="{stroke}"')
        lines += [node(box, indent + "  ") for box in inside.get(frame, [])]
        stack += [indent + "}", *reversed(inner.get(frame, []))]
    lines += map(edge, picture.arrows)
    return "\n".join([*lines, "}", ""])


def node(box: Box, indent: str) -> str:
    ink = INKS[box.kind]
    text = "\n".join([*([box.caption] if box.caption else []), box.heading, *box.lines])
    more = ' style="rounded,filled,bold"' if box.kind in ("output", "layer") else ""
    return (f"{indent}n{box.number} [label={quoted(text)} tooltip={quoted(box.tooltip or text)} "
            f'fillcolor="{ink.fill}" color="{ink.stroke}" fontcolor="{ink.text}"{more}]')


def edge(arrow: Arrow) -> str:
    source = arrow.source
    style = "" if arrow.differentiable else " style=dashed"
    if source.kind in ("parameter", "tensor", "constant"):
        style += f' color="{INKS[source.kind].stroke}"'
    label = f" label={quoted(source.result)}" if source.result else ""
    return f"  n{source.number} -> n{arrow.target.number} [tooltip={quoted(f'input {arrow.position}')}{label}{style}]"


def quoted(text: str) -> str:
    r"""A DOT string: backslashes and quotes escaped, line ends as \n.

    Example
        >>> print(quoted('a "b"\\c'))
        "a \"b\"\\c"
    """
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\0", "\ufffd")
    return '"' + text.replace("\n", "\\n") + '"'
