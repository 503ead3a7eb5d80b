"""Markdown tables of a suite."""

from __future__ import annotations

import statistics
from typing import Sequence

from benchmarks.engines import LABELS, PEERS
from benchmarks.report.figures import EAGER, TORCH, Results, Row, against, best, exponent, median

__all__ = ["markdown", "spread", "amount", "times", "skipped", "throughput", "growth", "shown"]


def markdown(lines: Sequence[Sequence[str]], text: Sequence[int] = (0,)) -> str:
    """A table with its head in the first line; figures to the right, the columns `text` to the left.

    Example
        >>> print(markdown([["step", "ms"], ["LeNet-5", "4"]]))
        | step | ms |
        |---|--:|
        | LeNet-5 | 4 |
    """
    rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |" for cells in lines]
    rule = "|" + "".join("---|" if i in text else "--:|" for i in range(len(lines[0])))
    return "\n".join([rows[0], rule, *rows[1:]])


def spread(values: Sequence[float]) -> str:
    """Median and range of ratios.

    Example
        >>> spread([0.5, 0.4, 0.75])
        '0.50 (0.40–0.75)'
    """
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})" if values else "–"


def amount(value: float | None, unit: str = "s") -> str:
    """A time in the unit that suits it, or megabytes; three digits.

    Example
        >>> amount(0.00123), amount(2.5e-6), amount(2e-9), amount(95.04, "MB"), amount(None)
        ('1.23 ms', '2.5 µs', '2 ns', '95 MB', '–')
    """
    if value is None:
        return "–"
    if unit == "s":
        unit, scale = next(((name, scale) for name, scale in (("s", 1), ("ms", 1e3), ("µs", 1e6)) if value * scale >= 1),
                           ("ns", 1e9))
        value *= scale
    return f"{value:.0f} {unit}" if abs(value) >= 100 else f"{value:.3g} {unit}"


def shown(results: Results) -> list[str]:
    """The engines of a suite in the order they ran, without the control."""
    names = dict.fromkeys(name for row in results["rows"] for name in row["engines"])
    return [name for name in names if name != "control"]


def cell(row: Row, name: str, per: int) -> str:
    result = row["engines"].get(name, {})
    value = median(row, name)
    return "failed" if "error" in result else amount(value / per if value is not None else None, row["unit"])


def times(results: Results) -> str:
    """Median of each engine, ratios to the best PyTorch mode and to the best other peer, one line per row."""
    names = shown(results)
    modes = EAGER.get(results["suite"], TORCH)
    torch, others = [name for name in modes if name in names], [name for name in PEERS if name in names]
    over = "/ best PyTorch" if modes == TORCH else "/ PyTorch, eager"
    lines = [["row", *[LABELS.get(name, name) for name in names], *[over] * bool(torch),
              *["/ best other peer"] * bool(others)]]
    for row in results["rows"]:
        quick = best(row, [name for name in names if name not in ("tensorgrad-reference", "numpy")])
        cells = [f"**{text}**" if name == quick else text for name in names for text in [cell(row, name, row["calls"])]]
        lines.append([row["name"], *cells, *[spread(against(row, torch))] * bool(torch),
                      *[spread(against(row, others))] * bool(others)])
    return markdown(lines)


def skipped(results: Results) -> list[str]:
    """Why a figure is missing: engines that are not here, and rows that an engine cannot express."""
    lines = [f"{LABELS.get(name, name)}: {reason}" for name, reason in results.get("missing", {}).items()]
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in results["rows"]:
        for name, result in row["engines"].items():
            if "skipped" in result:
                reasons.setdefault((name, result["skipped"]), []).append(row["name"])
    return lines + [f"{LABELS.get(name, name)}: {reason} ({few(rows)})" for (name, reason), rows in sorted(reasons.items())]


def few(rows: Sequence[str]) -> str:
    """At most three names.

    Example
        >>> few(["a", "b", "c", "d", "e"])
        'a; b; c; 2 more'
    """
    return "; ".join([*rows[:3], *[f"{len(rows) - 3} more"] * (len(rows) > 3)])


def throughput(results: Results, peak: float | None) -> str:
    """Convolutions: multiply-adds per second, forward and backward together, and the share of the machine's peak."""
    lines = [["convolution", "multiply-adds", "tensorgrad, G/s", "of peak", "best PyTorch, G/s", "of peak"]]
    for row in results["rows"]:
        if row.get("multiply_adds") and row["name"].startswith("conv"):
            cells = [row["name"], f"{row['multiply_adds'] / 1e6:.0f} M"]
            for names in (("tensorgrad",), TORCH):
                name = best(row, names)
                rate = row["multiply_adds"] / value if name and (value := median(row, name)) else None
                cells += [f"{rate / 1e9:.1f}" if rate else "–", f"{rate / peak:.0%}" if rate and peak else "–"]
            lines.append(cells)
    return markdown(lines) if len(lines) > 1 else ""


def growth(results: Results, axes: dict[str, str]) -> str:
    """Per axis and engine the fitted exponent, and the times at both ends."""
    names = shown(results)
    lines = [["axis", "what grows", *[f"{LABELS.get(name, name)}" for name in names]]]
    for axis, what in axes.items():
        cells = [axis, what]
        for name in names:
            points = [(row["at"][1], value) for row in results["rows"]
                      if row["at"] and row["at"][0] == axis and (value := median(row, name)) is not None]
            if len(points) > 1:
                (first, least), (last, most) = points[0], points[-1]
                cells.append(f"{exponent(*zip(*points)):.2f} ({first}: {amount(least)}, {last}: {amount(most)})")
            else:
                cells.append("–")
        lines.append(cells)
    return markdown(lines, text=(0, 1))
