"""From measured rounds to tables of times and ratios.

A ratio is taken round by round, our burst against the peer's of the same round, and its median and range over the rounds are
shown: a machine that drifts moves both bursts of a round alike.
"""

from __future__ import annotations

import math
import statistics
from typing import Any

OURS = ("tensorgrad", "tensorgrad-reference")
CALM = 1.5  # the slowest burst of the control over its fastest, on a machine that does nothing else

Results = dict[str, Any]


def ratios(ours: list[float], peers: list[list[float]]) -> list[float]:
    """Per round our time over the best peer's, where "best" is the peer with the lowest median over all rounds.

    Example
        >>> ratios([1.0, 3.0], [[4.0, 4.0], [2.0, 3.0]])
        [0.5, 1.0]
    """
    best = min(peers, key=statistics.median)
    return [a / b for a, b in zip(ours, best)]


def report(results: Results) -> str:
    """The results as Markdown: times and ratios, their geometric means, what went wrong, first steps, the machine."""
    if not results["rows"]:
        return "No step was measured to its end.\n"
    parts = [times(results), *means(results), *remarks(results), starts(results), conditions(results["machine"])]
    return "\n\n".join(parts) + "\n"


def times(results: Results) -> str:
    """Table of the median time of each engine, and of the ratios to the best peer, one line per step."""
    names = engines(results)
    measured = [name for name in names if name != "control"]
    shown = compared(results)
    lines = [["step", *[f"{name}, ms" for name in measured], *[f"{name} / best peer" for name in shown],
              *["control, ms" for name in names if name == "control"]]]
    for row in results["rows"]:
        cells = [row["step"]["name"], *[milliseconds(row["engines"][name]) for name in measured]]
        for name in shown:
            values = against_best_peer(row, name)
            cells.append(f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})" if values else "–")
        cells += [milliseconds(row["engines"][name]) for name in names if name == "control"]
        lines.append(cells)
    return markdown(lines)


def means(results: Results) -> list[str]:
    """A sentence per engine of ours: the geometric mean of its median ratios."""
    sentences = []
    for name in compared(results):
        ratios_of_rows = [against_best_peer(row, name) for row in results["rows"]]
        medians = [statistics.median(values) for values in ratios_of_rows if values]
        if medians:
            missing = len(results["rows"]) - len(medians)
            over = f", over {len(medians)} of {len(medians) + missing} steps" if missing else ""
            sentences.append(f"Geometric mean of {name} / best peer{over}: {statistics.geometric_mean(medians):.2f}")
    return sentences


def remarks(results: Results) -> list[str]:
    """What makes the figures wrong or doubtful: failures, engines that computed something else, a busy machine."""
    lines = ["Interrupted: only the steps above were measured."] if results.get("interrupted") else []
    for row in results["rows"]:
        name = row["step"]["name"]
        lines += [f"Failed: {name}, {engine}: {' '.join(result['error'].split())}"
                  for engine, result in row["engines"].items() if "error" in result]
        losses = {engine: result["loss"] for engine, result in row["engines"].items() if result.get("loss") is not None}
        if losses and not all(math.isclose(loss, next(iter(losses.values())), rel_tol=1e-3) for loss in losses.values()):
            lines.append(f"Not the same computation: {name}, first losses "
                         + ", ".join(f"{engine} {loss:.6g}" for engine, loss in losses.items()))
    control = [seconds for row in results["rows"] for seconds in row["engines"].get("control", {}).get("rounds", [])]
    if control and max(control) > CALM * min(control):
        lines.append(f"The machine was busy or changed its speed: the control took {min(control) * 1e3:.3g} to "
                     f"{max(control) * 1e3:.3g} ms. Figures of such a run say little.")
    return lines


def starts(results: Results) -> str:
    """Table of the first call of each engine, with what it compiles and loads, and the peak memory of its process."""
    names = [name for name in engines(results) if name != "control"]
    lines = [["step", *[f"{name}: first step, s; peak, MB" for name in names]]]
    for row in results["rows"]:
        cells = [row["step"]["name"]]
        for name in names:
            result = row["engines"][name]
            cells.append(f"{result['first']:.2f}; {result['peak_mb']:.0f}" if "peak_mb" in result else "–")
        lines.append(cells)
    return markdown(lines)


def conditions(machine: dict[str, Any]) -> str:
    """The machine in a line."""
    return ", ".join(f"{key} {value}" for key, value in machine.items() if value is not None)


def engines(results: Results) -> list[str]:
    """The engines in the order they ran."""
    return list(results["rows"][0]["engines"])


def compared(results: Results) -> list[str]:
    """Our engines, if there is a peer to compare them with."""
    names = engines(results)
    return [name for name in OURS if name in names] if any(name.startswith("torch") for name in names) else []


def against_best_peer(row: dict[str, Any], name: str) -> list[float]:
    """The ratios of a row, none where our engine or all peers failed."""
    sound = {engine: result["rounds"] for engine, result in row["engines"].items() if "error" not in result}
    peers = [rounds for engine, rounds in sound.items() if engine.startswith("torch")]
    return ratios(sound[name], peers) if name in sound and peers else []


def milliseconds(result: dict[str, Any]) -> str:
    """The median over the rounds."""
    return "failed" if "error" in result else f"{statistics.median(result['rounds']) * 1e3:.3g}"


def markdown(lines: list[list[str]]) -> str:
    """A table with its head in the first line.

    Example
        >>> print(markdown([["step", "ms"], ["LeNet-5", "4"]]))
        | step | ms |
        |---|---|
        | LeNet-5 | 4 |
    """
    rows = ["| " + " | ".join(cells) + " |" for cells in lines]
    return "\n".join([rows[0], "|" + "---|" * len(lines[0]), *rows[1:]])
