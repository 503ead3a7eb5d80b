"""From measured rounds to a table of ratios.

A ratio is taken round by round, our burst against the peer's of the same round, and its median and range over the rounds are
shown: a machine that drifts moves both bursts of a round alike.
"""

from __future__ import annotations

import statistics
from typing import Any

OURS = ("tensorgrad", "tensorgrad-reference")


def ratios(ours: list[float], peers: list[list[float]]) -> list[float]:
    """Per round our time over the best peer's, where "best" is the peer with the lowest median over all rounds."""
    best = min(peers, key=statistics.median)
    return [a / b for a, b in zip(ours, best)]


def table(results: dict[str, Any]) -> str:
    """The results as Markdown."""
    names = list(results["rows"][0]["engines"]) if results["rows"] else []
    peers = [name for name in names if name.startswith("torch")]
    shown = [name for name in OURS if name in names]
    head = ["step", *[f"{name}, ms" for name in names if name != "control"]]
    head += [f"{name} / best peer" for name in shown] if peers else []
    head += ["control, ms"] if "control" in names else []
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    means: dict[str, list[float]] = {name: [] for name in shown}
    for row in results["rows"]:
        cells = [row["step"]["name"]]
        engines = row["engines"]
        cells += [milliseconds(engines[name]) for name in names if name != "control"]
        measured = [engines[name]["rounds"] for name in peers if engines[name]["rounds"]]
        for name in shown if peers else []:
            if measured and engines[name]["rounds"]:
                values = ratios(engines[name]["rounds"], measured)
                means[name].append(statistics.median(values))
                cells.append(f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})")
            else:
                cells.append("–")
        if "control" in names:
            cells.append(milliseconds(engines["control"]))
        lines.append(" | ".join(cells))
    text = "\n".join(f"| {line} |" for line in lines)
    for name, values in means.items():
        if values:
            text += f"\n\nGeometric mean of {name} / best peer: {statistics.geometric_mean(values):.2f}"
    machine = results["machine"]
    return text + "\n\n" + ", ".join(f"{key} {value}" for key, value in machine.items() if value) + "\n"


def milliseconds(result: dict[str, Any]) -> str:
    if not result["rounds"]:
        return f"failed: {result.get('error', 'no round')}"
    return f"{statistics.median(result['rounds']) * 1e3:.3g}"
