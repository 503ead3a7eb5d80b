"""Colours and type of a drawing: dark text on light boxes, one hue per kind, contrast at least 4.5 : 1 for every text."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Ink", "INKS", "FRAMES", "TEXT", "FAINT", "PAPER", "LINE", "FONT", "heat", "MEANING"]


class Ink(NamedTuple):
    """Colours of one kind of box."""

    fill: str
    stroke: str
    text: str


PAPER, TEXT, FAINT, LINE = "#ffffff", "#1f2937", "#5b6472", "#6b7686"
FONT = "Helvetica, Arial, 'Liberation Sans', 'Nimbus Sans', sans-serif"

INKS = {
    "operation": Ink("#e9f0fb", "#4a74b4", "#16335f"),
    "layer": Ink("#efebf8", "#7a66b0", "#392a66"),
    "parameter": Ink("#fdf2da", "#c08a2b", "#5f3f06"),
    "tensor": Ink("#fdf2da", "#c08a2b", "#5f3f06"),
    "constant": Ink("#eef1ee", "#84928a", "#33413a"),
    "output": Ink("#dff3ec", "#2b8a6d", "#0c4635"),
}
MEANING = {
    "operation": "operation", "layer": "folded layer", "parameter": "parameter", "tensor": "tensor that requires grad",
    "constant": "input or constant", "output": "output",
}
# Fill and border of frames, outer to inner, then again.
FRAMES = [("#f7f8fa", "#cfd5de"), ("#eff2f6", "#c3cad5"), ("#e8ecf2", "#b7c0cd")]
# Boxes shaded by cost, cheap to dear.
HEAT = [(255, 255, 255), (254, 217, 167), (244, 143, 101)]


def heat(share: float) -> str:
    """A fill between white and orange-red for a cost between 0 and 1 of the dearest."""
    place = min(max(share, 0.0), 1.0) * (len(HEAT) - 1)
    i = min(int(place), len(HEAT) - 2)
    mixed = [round(a + (b - a) * (place - i)) for a, b in zip(HEAT[i], HEAT[i + 1])]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)
