"""Charts of a run, as PNG: plain bars and lines, one idea each."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any, Sequence

from benchmarks.engines import LABELS, PEERS
from benchmarks.report.figures import EAGER, TORCH, Results, Row, against, best, exponent, median
from benchmarks.report.tables import amount

__all__ = ["draw"]

OURS, THEIRS, BEHIND, INK, FAINT = "#1f6f8b", "#b8bec4", "#d1603d", "#22272b", "#dfe3e6"
COLOURS = {"tensorgrad": OURS, "tensorgrad-reference": "#7fb3c4", "torch": "#d1603d", "torch-channels-last": "#e39b6d",
           "torch-compile": "#a8452a", "jax": "#7a5ea8", "mygrad": "#6b8f3c", "autograd": "#b89b2f", "tinygrad": "#8a8f94",
           "numpy": INK}
MARKS = {"tensorgrad": "o", "tensorgrad-reference": "o", "torch": "s", "torch-channels-last": "^", "torch-compile": "v",
         "jax": "D", "mygrad": "P", "autograd": "X", "tinygrad": "h", "numpy": "p"}

STYLE = {"font.size": 10, "font.family": "DejaVu Sans", "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK,
         "ytick.color": INK, "axes.edgecolor": FAINT, "axes.spines.top": False, "axes.spines.right": False,
         "axes.titlesize": 12, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.axisbelow": True,
         "figure.dpi": 144, "savefig.bbox": "tight", "savefig.pad_inches": 0.15, "figure.facecolor": "white"}


def draw(suites: dict[str, Results], axes: dict[str, str], folder: Path) -> dict[str, str]:
    """Write the charts that the suites have figures for; name of each and its file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    drawn = {}
    with pyplot.rc_context(STYLE):
        for name, figure in figures(pyplot, suites, axes):
            path = folder / f"{name}.png"
            figure.savefig(path, metadata={"Software": None})
            pyplot.close(figure)
            drawn[name] = path.name
    return drawn


def figures(pyplot: Any, suites: dict[str, Results], axes: dict[str, str]) -> Any:
    """Name and figure of every chart."""
    titles = {"steps": "Training step: time of tensorgrad ÷ best PyTorch mode",
              "inference": "Inference: time of tensorgrad ÷ best PyTorch mode",
              "ops": "One op, forward and backward: time of tensorgrad ÷ best PyTorch mode",
              "tape": "Many small ops: time of tensorgrad ÷ eager PyTorch"}
    for suite, title in titles.items():
        rows = suites[suite]["rows"] if suite in suites else []
        if any(against(row) for row in rows):
            yield suite, ratio_bars(pyplot, rows, title, EAGER.get(suite, TORCH), by_family=suite == "ops")
    for suite, title in (("steps", "A training step in every engine"), ("tape", "One op of a tape in every engine")):
        if suite in suites and any(median(row, "tensorgrad") for row in suites[suite]["rows"]):
            yield f"{suite}-engines", engine_dots(pyplot, suites[suite]["rows"], title)
    if "growth" in suites and suites["growth"]["rows"]:
        yield "growth", growth_lines(pyplot, suites["growth"]["rows"], axes)
    rows = [row for row in suites.get("memory", {"rows": []})["rows"] if row["family"] == "memory of a training step"]
    if rows:
        yield "memory", memory_bars(pyplot, rows)


def ratio_bars(pyplot: Any, rows: Sequence[Row], title: str, modes: Sequence[str], by_family: bool = False) -> Any:
    """A bar per row, with the range over the rounds; shorter than the line at 1 is ahead of PyTorch."""
    kept = [(row, values) for row in rows if (values := against(row, modes))]
    places, y, before = [], 0.0, None
    for row, _ in kept:
        y += 0.7 if by_family and before not in (None, row["family"]) else 0
        places.append(y)
        before, y = row["family"], y + 1
    figure, ax = pyplot.subplots(figsize=(8.6, 0.9 + 0.27 * y))
    middles = [statistics.median(values) for _, values in kept]
    limit = min(max([1.25, *[m * 1.12 for m in middles]]), 3.0)
    ax.barh(places, [min(m, limit) for m in middles], height=0.7, color=[OURS if m <= 1 else BEHIND for m in middles])
    for place, middle, (_, values) in zip(places, middles, kept):
        low, high = min(min(values), limit), min(max(values), limit)
        ax.plot([low, high], [place, place], color=INK, linewidth=0.9, alpha=0.55, solid_capstyle="butt")
        if max(values) > limit:
            ax.plot(limit, place, marker=">", markersize=4, color=INK, alpha=0.55, clip_on=False)
        ax.text(limit * 1.015, place, f"{middle:.2f}", va="center", fontsize=9, clip_on=False,
                color=INK if middle <= 1 else BEHIND, fontweight="normal" if middle <= 1 else "bold")
    ax.axvline(1, color=INK, linewidth=1)
    ax.text(1, places[0] - 0.75, "PyTorch", ha="center", va="bottom", fontsize=9)
    ax.set(yticks=places, xlim=(0, limit), ylim=(places[-1] + 0.6, places[0] - 0.6))
    ax.set_yticklabels([row["name"] for row, _ in kept], fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.grid(True, color=FAINT)
    ax.set_title(title, pad=22, x=0)
    ax.set_xlabel("shorter is faster; the thin line is the range over the rounds, an arrow means that it goes on",
                  fontsize=9)
    figure.align_labels()
    return figure


def engine_dots(pyplot: Any, rows: Sequence[Row], title: str) -> Any:
    """Times of all engines on a logarithmic axis, a line per row."""
    names = [name for name in COLOURS if any(median(row, name) for row in rows)]
    figure, ax = pyplot.subplots(figsize=(8.6, 1.5 + 0.36 * len(rows)))
    for y, row in enumerate(rows):
        found = {name: value / row["calls"] for name in names if (value := median(row, name))}
        if found:
            ax.plot([min(found.values()), max(found.values())], [y, y], color=FAINT, linewidth=2.5, zorder=1)
        for name, value in found.items():
            ours = name == "tensorgrad"
            apart = 0 if ours else 0.16 * (-1) ** names.index(name)  # of two at one place, neither hides the other
            ax.scatter(value, y + apart, s=70 if ours else 34, color=COLOURS[name], marker=MARKS[name],
                       zorder=3 if ours else 2, edgecolor="white", linewidth=0.7, label=LABELS.get(name, name))
    ax.set(xscale="log", yticks=range(len(rows)), ylim=(len(rows) - 0.5, -0.5))
    ax.set_yticklabels([row["name"] for row in rows], fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.grid(True, color=FAINT)
    ax.xaxis.set_major_formatter(lambda value, _: amount(value))
    ax.set_xlabel("logarithmic; further left is faster")
    handles = dict(zip(*reversed(ax.get_legend_handles_labels())))
    order = [LABELS.get(name, name) for name in names]
    ax.legend([handles[label] for label in order], order, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False,
              fontsize=9)
    ax.set_title(title)
    return figure


def growth_lines(pyplot: Any, rows: Sequence[Row], axes: dict[str, str]) -> Any:
    """A panel per axis: time against size, both logarithmic, with the fitted exponents."""
    shown = [axis for axis in axes if sum(bool(row["at"]) and row["at"][0] == axis for row in rows) > 1]
    columns = max(1, min(3, len(shown)))
    lines = max(1, -(-len(shown) // columns))
    size = (3.6 * columns, 3.3 * lines)
    figure, panels = pyplot.subplots(lines, columns, figsize=size, squeeze=False, layout="constrained")
    for ax in panels.flat[len(shown):]:
        ax.set_axis_off()
    for ax, axis in zip(panels.flat, shown):
        here = [row for row in rows if row["at"] and row["at"][0] == axis]
        for name in (name for name in COLOURS if any(median(row, name) for row in here)):
            points = [(row["at"][1], value) for row in here if (value := median(row, name))]
            x, y = zip(*points)
            power = f"  $∝ n^{{{exponent(x, y):.2f}}}$" if len(points) > 1 else ""
            ax.plot(x, y, color=COLOURS[name], marker=MARKS[name], markersize=4.5, linewidth=1.8,
                    label=LABELS.get(name, name) + power)
        ax.set(xscale="log", yscale="log")
        ax.set_title(axis, pad=28 if "," in axes[axis] else 18)
        ax.text(0, 1.02, axes[axis].replace(", ", ",\n", 1), transform=ax.transAxes, fontsize=8, va="bottom")
        ax.set_xticks([row["at"][1] for row in here], [f"{row['at'][1]:,}" for row in here])
        ax.minorticks_off()
        ax.set_yticks(marks(*ax.get_ylim()))
        ax.yaxis.set_major_formatter(lambda value, _: amount(value))
        ax.grid(True, color=FAINT)
        ax.legend(frameon=False, fontsize=8)
    return figure


def marks(low: float, high: float) -> list[float]:
    """Powers of ten between the two; numbers between those where they alone would be fewer than three.

    Example
        >>> marks(0.03, 30), marks(0.03, 1.5), marks(0.24, 0.44)
        ([0.1, 1.0, 10.0], [0.05, 0.1, 0.2, 0.5, 1.0], [0.3, 0.4])
    """
    powers, inside = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1), []
    for digits in ((1,), (1, 2, 5), range(1, 10)):
        if len(inside) < 3:
            inside = [value for power in powers for digit in digits if low <= (value := float(f"{digit}e{power}")) <= high]
    return inside


def memory_bars(pyplot: Any, rows: Sequence[Row]) -> Any:
    """Memory of training steps, a group of bars per network: tensorgrad, the best PyTorch mode, the best other peer."""
    groups = [("tensorgrad", ("tensorgrad",), OURS), ("best PyTorch mode", TORCH, BEHIND),
              ("best other peer", PEERS, COLOURS["jax"])]
    figure, ax = pyplot.subplots(figsize=(8.6, 1.2 + 0.55 * len(rows)))
    for i, (label, names, colour) in enumerate(groups):
        values = [median(row, name) if (name := best(row, names)) else None for row in rows]
        places = [y + 0.27 * (i - 1) for y in range(len(rows))]
        ax.barh(places, [value or 0 for value in values], height=0.25, color=colour, label=label)
        for place, value in zip(places, values):
            if value is not None:
                ax.text(value, place, f" {value:.0f}", va="center", fontsize=8)
    ax.set(yticks=range(len(rows)), ylim=(len(rows) - 0.5, -0.5), title="Memory of a training step")
    ax.set_yticklabels([row["name"].split(": ")[1] for row in rows], fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.grid(True, color=FAINT)
    ax.set_xlabel("MB at the peak, above a process that has run the smallest network")
    ax.legend(frameon=False, fontsize=9, loc="lower right")
    return figure
