"""What `draw` and `summary` work on: the model of a run, or one by name for a data set, which need not be there."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np

from nn import models
from nn.commands.presets import FORMATS, preset_for
from nn.commands.run_folder import RunFolder
from nn.commands.trained import Trained
from tensorgrad.errors import ArgumentError

__all__ = ["Chosen", "add_choice", "chosen"]


@dataclass
class Chosen:
    """A model, an image it takes, (C, H, W), and a name for files."""

    model: Any
    image: np.ndarray
    name: str


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add RUN, --model and --data."""
    parser.add_argument("run_folder", metavar="RUN", nargs="?", help="folder of a run")
    parser.add_argument("--model", metavar="NAME", help=f"instead of RUN: one of {', '.join(models.available())}")
    parser.add_argument("--data", metavar="NAME", choices=list(FORMATS),
                        help="with --model: the data set whose images it takes (default: digits)")


def chosen(arguments: argparse.Namespace) -> Chosen:
    """The model that the command line names.

    Raises
        ArgumentError   RUN together with --model or --data; an unknown model
        DataError       RUN holds no model
    """
    if arguments.run_folder is not None:
        if arguments.model or arguments.data:
            raise ArgumentError("RUN says which model and data; --model and --data are for when there is no run.\n"
                                "  Leave them out, or leave RUN out.")
        trained = Trained.load(RunFolder.open(arguments.run_folder))
        target = trained.target
        image = trained.normalized(np.zeros((target.channels, target.height, target.width), np.float32))
        return Chosen(trained.model, image, "graph")
    data = arguments.data or "digits"
    format = FORMATS[data]
    name = arguments.model or preset_for(data)["model"]
    model = models.create(name, num_classes=format.classes, in_channels=format.channels, image_size=format.size)
    return Chosen(model, np.zeros((format.channels, format.size, format.size), np.float32), name)
