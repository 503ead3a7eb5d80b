"""Checks of what goes into a model, and in which mode it is called."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.coach.advice import Check, listed
from nn.module import Module
from tensorgrad.recording import is_grad_enabled
from tensorgrad.tensor import Tensor

__all__ = ["RawPixels", "OneSample", "TrainedInEval", "EvaluatedInTrain"]

ENOUGH = 16  # entries from which the range of an input says something


def moody(model: Module) -> list[str]:
    """Paths of the layers that behave differently in training and in evaluation."""
    return [path or type(module).__name__ for path, module in model.named_modules()
            if ("BatchNorm" in type(module).__name__ and getattr(module, "track_running_stats", True))
            or ("Dropout" in type(module).__name__ and getattr(module, "p", 0) > 0)]


class RawPixels(Check):
    """Images with values from 0 to 255."""

    id = "inputs-0-255"

    def called(self, model: Module, inputs: tuple[Any, ...]) -> None:
        for x in inputs[:1]:
            if isinstance(x, Tensor) and x.dtype.kind == "f" and x.array.size >= ENOUGH and x.ndim >= 2:
                low, high = float(x.array.min()), float(x.array.max())
                if low >= 0 and 50 < high <= 255 and np.array_equal(x.array, np.rint(x.array)):
                    self.say(f"the model's input are whole numbers from {low:g} to {high:g}",
                             "Scale images to 0 … 1, x / 255, or better to mean 0 and deviation 1 (transforms.Normalize).")


class OneSample(Check):
    """Batch norm in training with a batch of one: the sample is normalised by itself, unlike later in evaluation."""

    id = "batch-norm-on-one-sample"

    def module(self, module: Module, inputs: tuple[Any, ...]) -> None:
        if "BatchNorm" in type(module).__name__ and module.training and inputs and isinstance(inputs[0], Tensor):
            if inputs[0].shape[:1] == (1,):
                self.say(f"{type(module).__name__} takes mean and variance of a batch of one, shape {inputs[0].shape}",
                         "Use larger batches (drop_last=True for a short last one), or GroupNorm, which needs no batch.")


class TrainedInEval(Check):
    """An optimizer's step on a model in evaluation mode."""

    id = "training-in-eval-mode"

    def __init__(self, tell: Any):
        super().__init__(tell)
        self.model: Module | None = None

    def called(self, model: Module, inputs: tuple[Any, ...]) -> None:
        self.model = model if is_grad_enabled() else self.model

    def before_step(self, optimizer: Any) -> None:
        model, self.model = self.model, None
        if model is not None and not model.training and (layers := moody(model)):
            own = {id(p) for p in model.parameters()}
            if any([id(p) in own for group in optimizer.param_groups for p in group["params"]]):
                self.say(f"the optimizer steps on a model in evaluation mode, with the layers {listed(layers)}",
                         "Call model.train() before training; fit() of the Trainer does.")


class EvaluatedInTrain(Check):
    """A model that is measured in training mode: dropout drops, and batch norm learns from the test data."""

    id = "evaluating-in-train-mode"

    def __init__(self, tell: Any):
        super().__init__(tell)
        self.steps = 0

    def after_step(self, optimizer: Any) -> None:
        self.steps += 1

    def called(self, model: Module, inputs: tuple[Any, ...]) -> None:
        if self.steps and not is_grad_enabled() and model.training and (layers := moody(model)):
            self.say(f"the model is called under no_grad() in training mode, with the layers {listed(layers)}",
                     "Call model.eval() before measuring, and model.train() afterwards.")
