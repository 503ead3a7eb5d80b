"""The targets, each a bound and an aim for a ratio, and what a run says about them."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Any, Callable, Iterable

from benchmarks.cases.networks import FIVE, VARIED
from benchmarks.engines import LABELS, PEERS
from benchmarks.report.figures import EAGER, TORCH, Results, Row, against, best, median
from benchmarks.report.tables import markdown

__all__ = ["TARGETS", "Target", "Measured", "table"]

Suites = dict[str, Results]
Causes = dict[str, Any]  # by row or target: a text, the name of another row that has the same cause, or a list of these
Pick = Callable[[Suites], list[tuple[str, float]]]


@dataclass(frozen=True)
class Measured:
    """What a target comes to: the figure, what it was taken from, and the rows that miss the bound or were not measured."""

    value: float
    rows: list[tuple[str, float]]
    wanted: int


@dataclass(frozen=True)
class Target:
    """A bound on a mean or on the worst of some rows' ratios.

    rows      the rows and their ratios
    whole     how many rows there should be, 0 if as many as there are
    combine   what is compared with the bound: `mean` (geometric) or `max`
    """

    name: str
    bound: float
    aim: float | None
    rows: Pick
    combine: Callable[[Iterable[float]], float]
    whole: int = 0

    def measured(self, suites: Suites) -> Measured | None:
        found = self.rows(suites)
        return Measured(self.combine([ratio for _, ratio in found]), found, self.whole or len(found)) if found else None


def mean(values: Iterable[float]) -> float:
    """Geometric."""
    return statistics.geometric_mean(list(values))


def ratio(row: Row, names: Iterable[str] = TORCH, ours: str = "tensorgrad") -> float | None:
    """The median ratio of a row."""
    values = against(row, tuple(names), ours)
    return statistics.median(values) if values else None


def of(suite: str, keep: Callable[[Row], bool], names: tuple[str, ...] = TORCH, ours: str = "tensorgrad") -> Pick:
    """The rows of a suite that `keep` keeps."""
    def pick(suites: Suites) -> list[tuple[str, float]]:
        rows = suites[suite]["rows"] if suite in suites else []
        return [(row["name"], value) for row in rows if keep(row) and (value := ratio(row, names, ours)) is not None]

    return pick


def families(*names: str) -> Callable[[Row], bool]:
    return lambda row: row["family"] in names


def named(*names: str) -> Callable[[Row], bool]:
    return lambda row: row["name"] in names


def against_the_rest(suites: Suites) -> list[tuple[str, float]]:
    """Every row of times and every peer that is not PyTorch."""
    return [(f"{row['name']} ({suite}, {LABELS.get(name, name)})", value)
            for suite, results in suites.items() if suite != "memory" for row in results["rows"] for name in PEERS
            if (value := ratio(row, [name])) is not None]


def import_seconds(suites: Suites) -> list[tuple[str, float]]:
    rows = suites["memory"]["rows"] if "memory" in suites else []
    return [(row["name"], value) for row in rows
            if row["name"] == "import" and (value := median(row, "tensorgrad")) is not None]


def first_steps(suites: Suites) -> list[tuple[str, float]]:
    rows = suites["memory"]["rows"] if "memory" in suites else []
    return [(row["name"], value) for row in rows
            if row["name"].startswith("process start") and (value := median(row, "tensorgrad")) is not None]


five = of("steps", named(*FIVE))
varied = of("steps", named(*VARIED))
layers = families("pooling", "batch norm", "cross-entropy", "optimizer step")

TARGETS = [
    Target("the five training steps, geometric mean", 0.55, 0.42, five, mean, 5),
    Target("the slowest of the five training steps", 0.75, 0.6, five, max, 5),
    Target("VGG-small", 0.5, 0.4, of("steps", named("VGG-small, batch 64")), mean),
    Target("MNIST CNN", 0.5, 0.4, of("steps", named("MNIST CNN, batch 64")), mean),
    Target("LeNet-5, batch 1", 0.5, 0.35, of("steps", named("LeNet-5, batch 1")), mean),
    Target("networks with 5×5, strided, depthwise, dilated, transposed convolution: the slowest", 1.0, 0.7, varied, max,
           len(VARIED)),
    Target("the same, geometric mean", 0.85, 0.7, varied, mean, len(VARIED)),
    Target("3×3 convolution, stride 1, from 16 channels, forward and both gradients, geometric mean", 0.6, 0.45,
           of("ops", families("3×3")), mean),
    Target("pooling, batch norm, cross-entropy, optimizer step: the slowest", 1.0, 0.75, of("ops", layers), max),
    Target("inference, geometric mean", 0.7, 0.5, of("inference", lambda row: True), mean),
    Target("one small op in a chain of 100, forward and backward, over eager PyTorch, geometric mean", 0.6, 0.45,
           of("tape", families("chain of 100"), EAGER["tape"]), mean),
    Target("each of JAX jit, MyGrad, HIPS autograd, tinygrad, in every row: the slowest", 1.0, None, against_the_rest, max),
    Target("peak memory of a training step, the largest share of PyTorch's", 1.0, None,
           of("memory", families("memory of a training step")), max),
    Target("NumPy-only kernels, the five training steps, geometric mean", 2.0, None,
           of("steps", named(*FIVE), ours="tensorgrad-reference"), mean, 5),
    Target("import, seconds", 0.25, None, import_seconds, max),
    Target("process start to the end of the first training step, seconds", 2.0, None, first_steps, max),
]


def table(suites: Suites, causes: Causes) -> str:
    """Target, aim, what was measured, met or by how much missed, and why."""
    lines = [["tensorgrad / best PyTorch mode", "target", "aim", "measured", "verdict", "cause"]]
    for target in TARGETS:
        measured = target.measured(suites)
        aim = "–" if target.aim is None else f"{target.aim:g}"
        lines.append([target.name, f"≤ {target.bound:g}", aim, *verdict(target, measured), causes.get(target.name, "")])
    return markdown(lines, text=(0, 3, 4, 5))


def verdict(target: Target, measured: Measured | None) -> list[str]:
    """The measured figure and the word on it."""
    if measured is None:
        return ["not measured", "–"]
    figure = f"{measured.value:.2f}"
    if len(measured.rows) < measured.wanted:
        figure += f" (of {len(measured.rows)} of {measured.wanted} rows)"
    if target.combine is max and len(measured.rows) > 1:
        worst = max(measured.rows, key=lambda row: row[1])
        behind = sum(value > target.bound for _, value in measured.rows)
        figure += f" ({worst[0]})"
        if behind:
            return [figure, f"**missed** in {behind} of {len(measured.rows)} rows, "
                            f"by up to {measured.value - target.bound:.2g}"]
        return [figure, reached(target, measured.value)]
    if measured.value > target.bound:
        return [figure, f"**missed** by {measured.value - target.bound:.2g}"]
    return [figure, reached(target, measured.value)]


def reached(target: Target, value: float) -> str:
    return "met, and the aim" if target.aim is not None and value <= target.aim else "met"


def behind(suites: Suites, causes: Causes) -> str:
    """Every row in which a peer is ahead, by the most first, with the numbers of its causes, which stand below the table."""
    found = []
    for suite, results in suites.items():
        for row in results["rows"]:
            peer = best(row, (*TORCH, *PEERS))
            value = ratio(row, [peer]) if peer else None
            if value is not None and value > 1:
                found.append((value, suite, row["name"], peer))
    if not found:
        return ""
    lines = [["row", "suite", "best peer", "tensorgrad / peer", "cause"]]
    numbers: dict[str, int] = {}
    for value, suite, name, peer in sorted(found, key=lambda row: -row[0] if math.isfinite(row[0]) else 0):
        given = causes.get(name, [])
        why = [numbers.setdefault(causes.get(cause, cause), len(numbers) + 1)
               for cause in ([given] if isinstance(given, str) else given)]
        lines.append([name, suite, LABELS.get(str(peer), str(peer)), f"{value:.2f}", ", ".join(map(str, why))])
    return "\n".join([markdown(lines, text=(0, 1, 2, 4)), "", *[f"{number}. {cause}" for cause, number in numbers.items()]])
