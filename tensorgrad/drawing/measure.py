"""How wide a text is, without a font at hand: the advance widths of Helvetica, which Arial and Liberation Sans share."""

from __future__ import annotations

__all__ = ["width", "wrap"]

# In thousandths of the font size.
WIDTHS = {
    191: "'", 222: "ijl", 260: "|", 278: " !,./:;I[\\]ft·", 333: "-()`r", 334: "{}", 355: '"', 389: "*", 469: "^",
    500: "Jckvxyz", 556: "#$?0123456789L_abdeghnopqu–", 584: "+<=>~×→", 611: "FTZ", 667: "&ABEKPSVXY", 722: "CDHNRUw",
    778: "GOQ", 833: "Mm", 889: "%", 944: "W", 1000: "…⋯", 1015: "@",
}
WIDTH = {character: width for width, characters in WIDTHS.items() for character in characters}
WIDTH["s"] = 500
BOLD = 1.07  # of the bold face against the regular one, on average


def width(text: str, size: float, bold: bool = False) -> float:
    """The length of a line of text at a font size, in the same unit.

    Example
        >>> width("conv2d", 10)
        32.24
    """
    # Characters that are not listed: as wide as a digit if Latin, Greek or Cyrillic, else a full square.
    units = sum([WIDTH.get(c) or (556 if c < "\u1000" else 1000) for c in text])
    return round(units * size * (BOLD if bold else 1) / 1000, 2)


def wrap(parts: list[str], size: float, widest: float, most_lines: int = 3, separator: str = "  ") -> list[str]:
    """`parts` joined into lines no wider than `widest`, where one part fits; the last line ends in … if some are missing."""
    lines: list[str] = []
    for part in parts:
        if lines and width(lines[-1] + separator + part, size) <= widest:
            lines[-1] += separator + part
        elif len(lines) < most_lines:
            lines.append(part)
        else:
            lines[-1] += " …"
            break
    return lines
