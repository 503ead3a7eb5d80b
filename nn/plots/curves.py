"""Learning curves: loss and accuracy over the epochs, for training and test."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Iterable, Mapping

import numpy as np

from nn.plots import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["learning_curves"]


def learning_curves(history: Iterable[Mapping[str, Any]], title: str = "Learning curves") -> Figure:
    """A figure of two panels: loss, and accuracy in percent; logarithmic in loss and error if these span a factor of 20.

    `history` is a `History` or any records with "epoch", "train_loss", "train_accuracy" and, optionally, "test_...".

    Example
        figure = learning_curves(trainer.history)
        save(figure, "curves.png")
    """
    records = list(history)
    figure = style.new_figure(10.8, 4.3, title, summary(records))
    for left, what in ((0.72, "loss"), (6.05, "accuracy")):
        axes = style.box(figure, left, 1.28, 3.5, 2.4)
        panel(axes, records, what)
    return figure


def summary(records: list[Mapping[str, Any]]) -> str:
    """The last epoch in words."""
    if not records:
        return "no epochs yet"
    last = records[-1]
    shown = [f"{last['epoch']} epochs" if last["epoch"] != 1 else "1 epoch"]
    if "test_accuracy" in last:
        best = max(records, key=lambda record: record["test_accuracy"])
        shown.append(f"test accuracy {last['test_accuracy']:.2%}, best {best['test_accuracy']:.2%} in epoch {best['epoch']}")
    return "  ·  ".join(shown)


def panel(axes: Any, records: list[Mapping[str, Any]], what: str) -> None:
    """The lines of one number, labelled at their ends."""
    from matplotlib.ticker import MaxNLocator

    factor = 100 if what == "accuracy" else 1
    lines = []
    for kind, colour in (("train", style.TRAIN), ("test", style.TEST)):
        key = f"{kind}_{what}"
        points = [(record["epoch"], record[key] * factor) for record in records if key in record]
        if points:
            lines.append((kind, colour, points))
            few = len(points) <= 30
            axes.plot(*zip(*points), color=colour, linewidth=2, solid_capstyle="round", marker="o" if few else None,
                      markersize=4.5, markeredgecolor="white", markeredgewidth=0.8, clip_on=False, zorder=3)
    style.quiet(axes)
    title = "Accuracy, %" if factor == 100 else "Loss"
    axes.set_title(title, fontsize=style.LABEL + 0.5, color=style.INK, loc="left", pad=12)
    axes.set_xlabel("epoch", fontsize=style.LABEL, color=style.SOFT, labelpad=6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    values = [value for _, _, points in lines for _, value in points if math.isfinite(value)]
    if not values:
        return
    first, last = records[0]["epoch"], records[-1]["epoch"]
    margin = 0.03 * (last - first) or 0.5
    axes.set_xlim(first - margin, last + margin)
    if what == "loss":
        scale_losses(axes, values)
    else:
        scale_accuracies(axes, values)
    label_ends(axes, lines, last, "{:.2f}%" if factor == 100 else "{:.4f}")


def scale_losses(axes: Any, values: list[float]) -> None:
    """From 0, or logarithmic where the largest is more than 20 times the smallest."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if not 0 < 20 * min(values) < max(values):
        axes.set_ylim(0, max(values) * 1.06 or 1)
        return
    axes.set_yscale("log")
    steps = (1, 2, 5) if max(values) < 1000 * min(values) else (1,)
    axes.yaxis.set_major_locator(LogLocator(subs=steps, numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(which="minor", length=0)


def scale_accuracies(axes: Any, values: list[float]) -> None:
    """Up to 100 percent; finer towards 100, as the logarithm of the error, where that spans more than a factor of 20."""
    from matplotlib.ticker import MaxNLocator

    errors = sorted(100 - value for value in values)
    floor = max(next((error for error in errors if error > 0), 1.0) / 2, 1e-3)  # where 100 percent lies: not at infinity
    if errors[-1] < 20 * max(errors[0], floor):
        axes.set_ylim(100 - 1.08 * errors[-1] - 0.02, 100)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
        return

    def place(value: Any) -> Any:
        return -np.log(np.maximum(100 - value, 0) + floor)

    axes.set_yscale("function", functions=(place, lambda y: 100 + floor - np.exp(-y)))
    low = max(100 - 1.15 * errors[-1], 0)
    ticks = [100.0]
    for tick in (99.99, 99.95, 99.9, 99.8, 99.5, 99, 98, 95, 90, 80, 50, 0):
        if tick >= low and place(ticks[-1]) - place(tick) > 0.075 * (place(100) - place(low)):
            ticks.append(tick)
    axes.set_ylim(low, 100)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])


def label_ends(axes: Any, lines: list[Any], last: float, form: str) -> None:
    """Write each line's name and last value beside its end, moved apart where they would touch."""
    to_screen = axes.transData.transform
    spots = sorted(((to_screen((last, points[-1][1]))[1], kind, colour, points[-1][1]) for kind, colour, points in lines))
    height = 1.7 * axes.figure.dpi * style.SMALL / 72
    positions = [spot[0] for spot in spots]
    if len(positions) == 2 and positions[1] - positions[0] < height:
        middle = sum(positions) / 2
        bottom, top = axes.transAxes.transform((0, 0))[1], axes.transAxes.transform((0, 1))[1]
        middle = min(max(middle, bottom + height / 2), top - height / 2)
        positions = [middle - height / 2, middle + height / 2]
    for y, (_, kind, colour, value) in zip(positions, spots):
        fraction = axes.transAxes.inverted().transform((0, y))[1]
        axes.text(1.03, fraction, f"{kind} {form.format(value)}", transform=axes.transAxes, color=colour,
                  fontsize=style.SMALL + 0.5, fontweight="bold", va="center")
