"""The model of a run, ready to use: rebuilt from config.json, with the weights or, before the end, the checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn import serialization
from nn.commands.experiment import target_of
from nn.commands.images import Target
from nn.commands.run_folder import RunFolder
from nn.models import create
from tensorgrad.errors import DataError
from tensorgrad.recording import no_grad
from tensorgrad.tensor import Tensor

__all__ = ["Trained"]


class Trained:
    """A model in eval mode, and what it was trained on.

    Attributes
        model, classes
        target    what pictures have to become for it
        source    the file its weights came from
    """

    def __init__(self, model: Any, config: dict[str, Any], source: str):
        self.model, self.source = model.eval(), source
        self.data = config["data"]
        self.classes: list[str] = self.data["classes"]
        self.target: Target = target_of(self.data)

    @classmethod
    def load(cls, folder: RunFolder) -> Trained:
        """The model of a run.

        Raises
            DataError    there are no weights yet, or a file is damaged
            StateError   the weights are of another model
        """
        config = folder.config
        data = config["data"]
        model = create(config["settings"]["model"], num_classes=len(data["classes"]), in_channels=data["channels"],
                       image_size=tuple(data["image_size"]))
        if folder.weights is not None:
            model.load_state_dict(serialization.load(folder.weights))
            return cls(model, config, folder.weights.name)
        state = folder.read_state()
        if state is None or not state["epoch"]:
            raise DataError(f"run: {folder} has no weights yet.\n  Go on with: tensorgrad train --resume {folder}")
        model.load_state_dict(state["model"])
        return cls(model, config, folder.checkpoint.name)

    def normalized(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels in 0..1, (N, C, H, W), as the model takes them."""
        mean, std = (np.asarray(self.data[name], np.float32).reshape(-1, 1, 1) for name in ("mean", "std"))
        return (pixels - mean) / std

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """Of each class for pixels in 0..1: (N, C, H, W) gives (N, K) in float64, rows summing to 1."""
        with no_grad():
            scores = self.model(Tensor(self.normalized(pixels))).array.astype(np.float64)
        scores = np.exp(scores - scores.max(1, keepdims=True))
        return scores / scores.sum(1, keepdims=True)
