"""From measured rounds to ratios.

A ratio is taken round by round, our burst against the peer's of the same round, and its median and range over the rounds are
shown: a machine that drifts moves both bursts of a round alike.
"""

from __future__ import annotations

import math
import statistics
from typing import Any, Sequence

__all__ = ["Results", "Row", "TORCH", "EAGER", "CALM", "median", "ratios", "best", "against", "remarks", "peak", "exponent"]

Results = dict[str, Any]
Row = dict[str, Any]

TORCH = ("torch", "torch-channels-last", "torch-compile")
EAGER = {"tape": ("torch",)}  # suites in which PyTorch stands for what it records: compiled, a chain is one loop and no tape
CALM = 1.5  # the slowest burst of the control over its fastest, on a machine that does nothing else


def median(row: Row, name: str) -> float | None:
    """An engine's median over its rounds, None where it has none."""
    rounds = row["engines"].get(name, {}).get("rounds")
    return statistics.median(rounds) if rounds else None


def best(row: Row, names: Sequence[str]) -> str | None:
    """The engine with the lowest median of these."""
    found = [(value, name) for name in names if (value := median(row, name)) is not None]
    return min(found)[1] if found else None


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Per round our time over the peer's.

    Example
        >>> ratios([1.0, 3.0, 2.0], [2.0, 3.0])
        [0.5, 1.0]
    """
    return [a / b for a, b in zip(ours, theirs) if b > 0]


def against(row: Row, names: Sequence[str] = TORCH, ours: str = "tensorgrad") -> list[float]:
    """The ratios to the best of `names` in this row; none where either side has no figure."""
    peer = best(row, names)
    if peer is None or median(row, ours) is None:
        return []
    return ratios(row["engines"][ours]["rounds"], row["engines"][peer]["rounds"])


def remarks(results: Results) -> list[str]:
    """What makes the figures wrong or doubtful: failures, engines that computed something else, a busy machine."""
    lines = ["Interrupted: only the rows above were measured."] if results.get("interrupted") else []
    for row in results["rows"]:
        name = row["name"]
        lines += [f"Failed: {name}, {engine}: {' '.join(result['error'].split())}"
                  for engine, result in row["engines"].items() if "error" in result]
        losses = {engine: result["loss"] for engine, result in row["engines"].items() if result.get("loss") is not None}
        if losses and not all(math.isclose(loss, next(iter(losses.values())), rel_tol=1e-3, abs_tol=1e-4)
                              for loss in losses.values()):
            lines.append(f"Not the same computation: {name}, first losses "
                         + ", ".join(f"{engine} {loss:.6g}" for engine, loss in losses.items()))
    control = [seconds for row in results["rows"] for seconds in row["engines"].get("control", {}).get("rounds", [])]
    if control and max(control) > CALM * min(control):
        lines.append(f"The machine was busy or changed its speed: the control took {min(control) * 1e3:.3g} to "
                     f"{max(control) * 1e3:.3g} ms. Figures of such a run say little.")
    return lines


def peak(suites: dict[str, Results], size: int) -> float | None:
    """Multiply-adds per second of the fastest matrix product of the run: the control's of `size`, or an engine's."""
    found = []
    for results in suites.values():
        for row in results["rows"]:
            product = row["engines"].get("control", {}).get("stages", {}).get("product")
            found += [size**3 / min(product)] if product else []
            if row["name"].startswith("matrix product"):
                for result in row["engines"].values():
                    stages = result.get("stages", {})
                    rounds = stages.get("forward")
                    found += [row["multiply_adds"] / 3 / min(rounds)] if rounds else []
    return max(found, default=None)


def exponent(sizes: Sequence[float], times: Sequence[float]) -> float:
    """p of time ∝ sizeᵖ, by least squares on the logarithms.

    Example
        >>> round(exponent([1, 2, 4], [3.0, 12.0, 48.0]), 6)
        2.0
    """
    x, y = [math.log(n) for n in sizes], [math.log(t) for t in times]
    return statistics.linear_regression(x, y).slope
