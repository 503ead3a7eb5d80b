"""A scene as SVG: self-contained, no scripts, no style sheet, so that it can stand inside any page."""

from __future__ import annotations

from tensorgrad.drawing.palette import FONT, PAPER
from tensorgrad.drawing.scene import Line, Part, Rectangle, Scene, Shape, Text, Triangle

__all__ = ["to_svg"]

# XML 1.0 has no place for control characters.
CONTROL = {code: "\ufffd" for code in (*range(32), 127, 0xFFFE, 0xFFFF) if code not in (9, 10, 13)}


def to_svg(scene: Scene, description: str) -> str:
    """The text of an SVG file; `description` is for screen readers."""
    w, h = number(scene.width), number(scene.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" '
        f'font-family="{FONT}">',
        f"<desc>{clean(description)}</desc>",
        f'<rect width="{w}" height="{h}" fill="{PAPER}"/>',
        *map(part_svg, scene.parts), "</svg>", ""]
    return "\n".join(lines)


def part_svg(part: Part) -> str:
    title = f"<title>{clean(part.tooltip)}</title>" if part.tooltip else ""
    return f'<g class="{part.kind}">{title}' + "".join(map(shape_svg, part.shapes)) + "</g>"


def shape_svg(shape: Shape) -> str:
    if isinstance(shape, Rectangle):
        radius = f' rx="{number(shape.radius)}"' if shape.radius else ""
        return (f'<rect x="{number(shape.x)}" y="{number(shape.y)}" width="{number(shape.width)}" '
                f'height="{number(shape.height)}"{radius} fill="{shape.fill}" stroke="{shape.stroke}" '
                f'stroke-width="{number(shape.thickness)}"/>')
    if isinstance(shape, Line):
        dashes = ' stroke-dasharray="4 3"' if shape.dashed else ""
        path = "".join(map(path_svg, shape.pieces))
        return f'<path d="{path}" fill="none" stroke="{shape.stroke}" stroke-width="{number(shape.thickness)}"{dashes}/>'
    if isinstance(shape, Triangle):
        return f'<path d="M{" ".join(map(spot, shape.corners))}Z" fill="{shape.fill}"/>'
    assert isinstance(shape, Text)
    weight = ' font-weight="bold"' if shape.bold else ""
    anchor = ' text-anchor="middle"' if shape.centred else ""
    return (f'<text x="{number(shape.x)}" y="{number(shape.y)}" font-size="{number(shape.size)}"{weight}{anchor} '
            f'fill="{shape.fill}">{clean(shape.text)}</text>')


def path_svg(piece: list[tuple[tuple[float, float], ...]]) -> str:
    return f"M{spot(piece[0][0])}" + "".join(
        f"L{spot(step[0])}" if len(step) == 1 else "C" + " ".join(map(spot, step)) for step in piece[1:])


def spot(point: tuple[float, float]) -> str:
    return f"{number(point[0])},{number(point[1])}"


def number(value: float) -> str:
    """At most one decimal; the same on every machine."""
    return f"{round(value, 1):g}" if abs(value) < 1e5 else f"{value:.0f}"


def clean(text: str) -> str:
    """Text as XML holds it."""
    return text.translate(CONTROL).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
