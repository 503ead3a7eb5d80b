"""What a complete run leaves in its folder: weights, summary, drawing and pictures."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import numpy as np

import nn
import tensorgrad
from nn import plots, serialization
from nn.atomic import atomic
from nn.commands.run_folder import RunFolder
from nn.commands.terminal import percent
from nn.training import ConfusionMatrix, History, Trainer
from tensorgrad.drawing import draw

if TYPE_CHECKING:
    from nn.commands.experiment import Experiment

__all__ = ["write_results", "drawing", "final_table"]

PICTURES = ("curves.png", "kernels.png", "feature-maps.png", "confusion.png")


def write_results(experiment: Experiment, trainer: Trainer, folder: RunFolder, only_missing: bool = False) -> list[str]:
    """Write every result of a complete run, each all or nothing, result.json last; returns the names of the files.

    Without matplotlib pictures are left out, without safetensors the weights are an .npz; both are said.  A file that cannot
    be made because of the model (no convolution) is left out too.
    """
    random_state = tensorgrad.get_rng_state()
    writers: dict[str, Callable[[Path], Any]] = {
        weights_name(): lambda path: serialization.save(experiment.model.state_dict(), path),
        "summary.txt": lambda path: write_summary(experiment, path),
        "graph.svg": lambda path: write_graph(experiment.model, sample(experiment), path),
    }
    convolution = first_convolution(experiment.model)
    if plots.matplotlib_missing():
        print(f"Without matplotlib there are no {', '.join(PICTURES[:-1])} and {PICTURES[-1]}.\n"
              f'  To have them drawn: pip install "tensorgrad[plot]"; tensorgrad train --resume {folder}', file=sys.stderr)
    else:
        writers["curves.png"] = lambda path: plots.save(plots.learning_curves(trainer.history, title(experiment)), path)
        writers["confusion.png"] = lambda path: plots.save(confusion(experiment, trainer), path)
        if convolution is not None:
            writers["kernels.png"] = lambda path: plots.save(
                plots.kernels(convolution[1].weight, f"First-layer kernels: {title(experiment)}", convolution[0]), path)
            writers["feature-maps.png"] = lambda path: plots.save(feature_maps(experiment), path)
    written = []
    for name, write in writers.items():
        if not (only_missing and (folder / name).exists()):
            write(folder / name)
            written.append(name)
    tensorgrad.set_rng_state(random_state)
    if not only_missing:
        last = {key: value for key, value in trainer.history[-1].items() if key != "seconds"}
        total = round(sum(trainer.history["seconds"]), 3)
        folder.write("result.json", json.dumps({**last, "seconds": total, "files": sorted(writers)}, indent=2) + "\n")
    return written


def weights_name() -> str:
    """The file of the weights; says so where it is not the usual one."""
    try:
        import safetensors  # noqa: F401
    except ImportError:
        print('Without safetensors the weights are written as weights.npz.\n  pip install "tensorgrad[io]"', file=sys.stderr)
        return "weights.npz"
    return "weights.safetensors"


def title(experiment: Experiment) -> str:
    """``LeNet5 on digits``"""
    return f"{type(experiment.model).__name__} on {experiment.settings.data}"


def sample(experiment: Experiment) -> np.ndarray:
    """The first test image as the model takes it, (C, H, W)."""
    data = experiment.test_set
    mean, std = (np.asarray(value, np.float32).reshape(-1, 1, 1) for value in (data.mean, data.std))
    return (data[0][0] - mean) / std


def write_summary(experiment: Experiment, path: Path) -> None:
    """The table of layers."""
    text = str(nn.summary(experiment.model, sample(experiment).shape))
    with atomic(path) as file:
        file.write(text.encode() + b"\n")


def write_graph(model: Any, image: np.ndarray, path: Path) -> None:
    """The graph of the scores of one image as SVG."""
    with atomic(path) as file:
        file.write(drawing(model, image).svg().encode())


def drawing(model: Any, image: np.ndarray) -> Any:
    """The drawing of how the scores of one image are computed."""
    was_training = model.training
    model.eval()
    output = model(tensorgrad.tensor(image[None]))
    model.train(was_training)
    return draw(output)


def first_convolution(model: Any) -> tuple[str, Any] | None:
    """Name and module of the first 2-d convolution."""
    return next(((name, module) for name, module in model.named_modules() if isinstance(module, nn.Conv2d)), None)


def feature_maps(experiment: Experiment) -> Any:
    """The maps of the first test image."""
    image, label = experiment.test_set[0]
    return plots.feature_maps(experiment.model, sample(experiment), classes=experiment.test_set.classes, target=label,
                              shown=image, title=f"Feature maps of one image: {title(experiment)}")


def confusion(experiment: Experiment, trainer: Trainer) -> Any:
    """The confusion matrix of the test set."""
    counts = ConfusionMatrix(experiment.test_set.num_classes)
    for _, target, output in trainer.outputs(experiment.test_loader):
        counts.update(output, target)
    return plots.confusion_matrix(counts.compute(), experiment.test_set.classes, f"Confusion matrix: {title(experiment)}")


def final_table(history: History) -> str:
    """Last and best epoch of a run."""
    last, best = history[-1], history.best("test_accuracy")
    lines = [f"{'':14}{'loss':>10}{'accuracy':>12}"]
    for name, kind in (("training", "train"), ("test", "test")):
        lines.append(f"{name:14}{last[f'{kind}_loss']:10.4f}{percent(last[f'{kind}_accuracy']):>12}")
    lines.append(f"best of test  {best['test_loss']:10.4f}{percent(best['test_accuracy']):>12}   epoch {best['epoch']}")
    return "\n".join(lines)
