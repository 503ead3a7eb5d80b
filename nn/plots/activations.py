"""What each convolution of a model makes of one image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from nn.plots import style
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.recording import no_grad
from tensorgrad.tensor import Tensor, as_tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["feature_maps", "Stage", "stages"]

WIDTH, COLUMNS, MAPS, LAYERS = 9.8, 16, 32, 8     # inches; per row; per layer; in all


@dataclass
class Stage:
    """The maps (C, H, W) of one convolution, taken after the modules that directly follow it and keep its shape.

    `names` are the modules' paths, `kinds` their classes.
    """

    names: list[str]
    kinds: list[str]
    maps: np.ndarray


def stages(model: Any, image: Any) -> tuple[list[Stage], np.ndarray]:
    """One `Stage` per 2-d convolution in the order they run, and the model's output (K,); in eval mode, recording nothing.

    A normalisation or activation that is a module of its own and follows directly belongs to the convolution's stage.

    Shapes
        image   (C, H, W)
    """
    found: list[Stage] = []
    current: Tensor | None = None

    def see(name: str, module: Any, args: tuple[Any, ...], output: Any) -> None:
        nonlocal current
        kind = type(module).__name__
        if kind == "Conv2d":
            found.append(Stage([name], [kind], output.array[0]))
        elif current is not None and args and args[0] is current and output.shape == current.shape:
            found[-1].names.append(name)
            found[-1].kinds.append(kind)
            found[-1].maps = output.array[0]
        else:
            return
        current = output

    leaves = [(name, module) for name, module in model.named_modules() if not list(module.children())]
    handles = [module.register_forward_hook(lambda module, args, output, name=name: see(name, module, args, output))
               for name, module in leaves]
    was_training = model.training
    model.eval()
    try:
        with no_grad():
            output = model(as_tensor(np.asarray(image)[None]))
    finally:
        model.train(was_training)
        for handle in handles:
            handle.remove()
    return found, output.array[0]


def feature_maps(model: Any, image: Any, *, classes: Sequence[str] | None = None, target: int | None = None,
                 shown: Any = None, title: str = "Feature maps of one image") -> Figure:
    """A figure of the image, the model's five best guesses, and the maps of every convolution.

    Maps of a layer share one scale: from white (0) to blue where none is negative, else orange and blue about 0.  At most 32
    maps of a layer and 8 layers, evenly picked, are drawn; the labels say so.

    Arguments
        image     what the model gets, (C, H, W)
        classes   names; default: numbers
        target    the right class, if known
        shown     the picture to show for the input, (H, W) or (H, W, 3), if `image` is normalised; default: `image`

    Raises
        ShapeError      image is not 3-d
        ArgumentError   the model has no Conv2d
    """
    image = np.asarray(getattr(image, "array", image))
    if image.ndim != 3:
        raise ShapeError(message("feature_maps", "one image has 3 axes", {"image": image},
                                 "Pass (channels, height, width)."))
    found, output = stages(model, image)
    if not found:
        raise ArgumentError("feature_maps: no Conv2d ran.\n"
                            "  Feature maps are those of convolutions; use a model that has some.")
    total = len(found)
    if total > LAYERS:
        found = [found[i] for i in np.linspace(0, total - 1, LAYERS).round().astype(int)]
    heights = [row_height(stage) for stage in found]
    top = 0.98
    subtitle = f"{total} convolution{'s' * (total > 1)}" + (f", {LAYERS} of them shown" if total > LAYERS else "")
    figure = style.new_figure(WIDTH + 1.15, top + 1.62 + sum(heights) + 0.1, title, subtitle)
    show_input(figure, image if shown is None else np.asarray(shown), top)
    show_guesses(figure, output, classes, target, top)
    top += 1.62
    for stage, height in zip(found, heights):
        show_stage(figure, stage, top)
        top += height
    return figure


def cell_size(stage: Stage) -> float:
    """Inches per map: larger where a layer has few."""
    return min(1.1, WIDTH / min(len(stage.maps), COLUMNS) - 0.07)


def row_height(stage: Stage) -> float:
    """Inches that a layer takes, label included."""
    rows = math.ceil(min(len(stage.maps), MAPS) / COLUMNS)
    return 0.36 + rows * (cell_size(stage) + 0.07) + 0.14


def show_input(figure: Figure, image: np.ndarray, top: float) -> None:
    """The picture at the top left; image (C, H, W)."""
    image = image[0] if image.shape[0] == 1 else np.moveaxis(image, 0, 2)
    low, high = float(image.min()), float(image.max())
    axes = style.box(figure, 0.3, top, 1.3, 1.3)
    style.picture(axes, (image - low) / ((high - low) or 1), cmap="gray", vmin=0, vmax=1)


def show_guesses(figure: Figure, output: np.ndarray, classes: Sequence[str] | None, target: int | None,
                 top: float) -> None:
    """Bars of the five largest probabilities beside the picture; the right class is blue, others are orange or grey."""
    if output.ndim != 1 or len(output) < 2:
        return
    scores = output.astype(np.float64) - output.max()
    probabilities = np.exp(scores) / np.exp(scores).sum()
    best = np.argsort(-probabilities, kind="stable")[:5]
    names = [str(i) if classes is None else str(classes[i]) for i in best]
    indent = 1.85 + 0.085 * max(map(len, names))
    axes = style.box(figure, indent, top + 0.02, 2.6, 0.245 * len(best))
    right = best[0] if target is None else target
    colours = [style.TEST if i == right else style.TRAIN if i == best[0] else "#c3cad0" for i in best]
    axes.barh(range(len(best)), probabilities[best], color=colours, height=0.62)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(best) - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks(range(len(best)), names)
    axes.tick_params(length=0, labelsize=style.SMALL + 0.5, labelcolor=style.INK, pad=5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    for row, i in enumerate(best):
        axes.text(probabilities[i] + 0.02, row, f"{probabilities[i]:.1%}", va="center", fontsize=style.SMALL,
                  color=style.SOFT)
    if target is not None and target != best[0]:
        name = str(target) if classes is None else str(classes[target])
        axes.text(max(probabilities[best[0]] + 0.3, 0.75), 0, f"right would be {name}", va="center",
                  fontsize=style.SMALL + 0.5, color=style.TEST)


def show_stage(figure: Figure, stage: Stage, top: float) -> None:
    """One layer: its label, and its maps side by side."""
    count, height, width = stage.maps.shape
    drawn = min(count, MAPS)
    total_width, total_height = figure.get_size_inches()
    detail = f"{count} maps of {height} × {width}" + (f", {drawn} of them shown" if drawn < count else "")
    y = 1 - (top + 0.14) / total_height
    path = stage.names[0] if len(stage.names) == 1 else f"{stage.names[0]} to {stage.names[-1]}"
    label = figure.text(0.3 / total_width, y, " → ".join(stage.kinds), fontsize=style.LABEL, fontweight="bold",
                        color=style.INK, va="center")
    extent = label.get_window_extent()
    figure.text((extent.x1 / figure.dpi + 0.16) / total_width, y, f"{path}  ·  {detail}", fontsize=style.LABEL - 1,
                color=style.SOFT, va="center")
    chosen = stage.maps[np.linspace(0, count - 1, drawn).round().astype(int)]
    limit = float(np.abs(chosen).max()) or 1.0
    signed = bool(chosen.min() < 0)
    steps = style.SIGNED if signed else style.AMOUNT
    cell = cell_size(stage)
    for i, one in enumerate(chosen):
        row, column = divmod(i, COLUMNS)
        axes = style.box(figure, 0.3 + column * (cell + 0.07), top + 0.36 + row * (cell + 0.07), cell, cell)
        shown = style.picture(axes, one, cmap=style.colours("maps", steps), vmin=-limit if signed else 0, vmax=limit)
    ticks = [-limit, 0, limit] if signed else [0, limit]
    columns = min(drawn, COLUMNS)
    style.scale(figure, shown, 0.3 + columns * (cell + 0.07) + 0.06, top + 0.36, min(cell, 1.1), ticks=ticks)
    form = "{:+.2g}" if signed else "{:.2g}"
    figure.axes[-1].set_yticklabels([form.format(tick).replace("-", "−") if tick else "0" for tick in ticks])
