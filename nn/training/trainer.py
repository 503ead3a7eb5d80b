"""The training loop as an object: epochs of steps, evaluation, callbacks, and a state that can be saved and gone on from."""

from __future__ import annotations

import copy
import math
import time
from contextlib import nullcontext
from typing import Any, Callable, Iterable, Literal, Mapping, Sequence

import numpy as np

from nn.coach import coach as looking_on
from nn.optim.clipping import clip_grad_norm_, clip_grad_value_
from nn.optim.lr_scheduler import ReduceLROnPlateau
from nn.training.callbacks import Callback
from nn.training.history import History, Record
from nn.training.metrics import Accuracy, MeanLoss, Metric
from tensorgrad.errors import ArgumentError, DivergenceError, StateError, TensorgradError
from tensorgrad.random import get_rng_state, set_rng_state
from tensorgrad.recording import no_grad
from tensorgrad.tensor import Tensor, as_tensor

__all__ = ["Trainer"]


class Trainer:
    """Fits `model` to batches of (input, target) and measures it.

    Arguments
        model           a Module
        loss            ``loss(output, target)``: the mean over the batch, one number
        optimizer       over the model's parameters
        scheduler       of the learning rate; stepped after every epoch, or every batch with ``schedule="batch"``
        metrics         what to measure beside the loss: objects of `nn.training.metrics`
        callbacks       objects of `nn.training.callbacks`, called in this order
        clip_grad_norm  scale the gradient of each step down to at most this norm
        clip_grad_value cut each entry of the gradient to at most this magnitude
        coach           let the coach (`nn.coach`) look on in the first epoch of each `fit`, and say what it thinks a mistake

    Attributes
        epoch           complete epochs, over all calls of `fit` and restarts
        last_epoch      the epoch at which the current call of `fit` ends
        batch, num_batches    batches done in this epoch, and how many it has
        history         one record per epoch
        stop            set it to True to end `fit` after this epoch

    Example
        trainer = Trainer(model, nn.CrossEntropyLoss(), nn.optim.SGD(model.parameters(), lr=0.1))
        history = trainer.fit(train_loader, test_loader, epochs=5)
        history["test_accuracy"]
    """

    def __init__(self, model: Any, loss: Callable[[Tensor, Tensor], Tensor], optimizer: Any, scheduler: Any = None, *,
                 metrics: Sequence[Metric] | None = None, callbacks: Iterable[Callback] = (),
                 schedule: Literal["epoch", "batch"] = "epoch", clip_grad_norm: float | None = None,
                 clip_grad_value: float | None = None, coach: bool = False):
        if schedule not in ("epoch", "batch"):
            raise ArgumentError(f"Trainer: schedule is {schedule!r}.\n  Use 'epoch' or 'batch'.")
        for name, limit in (("clip_grad_norm", clip_grad_norm), ("clip_grad_value", clip_grad_value)):
            if limit is not None and not limit > 0:
                raise ArgumentError(f"Trainer: {name} is {limit}.\n  Use a number > 0, or None for no clipping.")
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.scheduler, self.schedule = scheduler, schedule
        self.metrics: list[Metric] = [Accuracy()] if metrics is None else list(metrics)
        self.callbacks = list(callbacks)
        self.clip_grad_norm, self.clip_grad_value, self.coach = clip_grad_norm, clip_grad_value, coach
        self.mean_loss = MeanLoss()
        self.epoch = self.last_epoch = self.batch = self.num_batches = 0
        self.history = History()
        self.stop = False
        self.train_loader: Any = None
        self.loader_state: dict[str, Any] | None = None  # of a loader that is not there yet

    # -- training -----------------------------------------------------------------------------------------------------

    def fit(self, train_loader: Any, test_loader: Any = None, epochs: int = 1) -> History:
        """Train for `epochs` more epochs, evaluating on `test_loader` after each, and return the history.

        Training accuracy and loss are means over the epoch's batches as they were trained on: with the weights of that
        moment, dropout and augmentation included.

        Raises
            ArgumentError     epochs < 0; a loader without batches
            DivergenceError   the loss became infinite or NaN; the weights are those before that step
        """
        if epochs < 0:
            raise ArgumentError(f"fit: epochs is {epochs}.\n  Use epochs ≥ 0.")
        was_training = self.model.training
        self.last_epoch = self.epoch + epochs
        self.stop = False
        self.train_loader = train_loader
        if self.loader_state is not None and hasattr(train_loader, "load_state_dict"):
            train_loader.load_state_dict(self.loader_state)
        self.loader_state = None
        try:
            self.call("on_fit_begin")
            with looking_on() if self.coach else nullcontext():
                if self.epoch < self.last_epoch:
                    self.fit_epoch(train_loader, test_loader)
            while self.epoch < self.last_epoch and not self.stop:
                self.fit_epoch(train_loader, test_loader)
        finally:
            self.model.train(was_training)
            self.call("on_fit_end")
        return self.history

    def fit_epoch(self, train_loader: Any, test_loader: Any) -> None:
        """One epoch: train on every batch, evaluate, take the schedule's step, and tell the callbacks."""
        started = time.perf_counter()
        if hasattr(train_loader, "set_epoch"):
            train_loader.set_epoch(self.epoch)
        self.batch, self.num_batches = 0, number_of_batches(train_loader)
        self.mean_loss.reset()
        for metric in self.metrics:
            metric.reset()
        self.model.train()
        self.call("on_epoch_begin")
        for input, target in train_loader:
            self.train_batch(as_tensor(input), as_tensor(target))
        if not self.batch:
            raise ArgumentError("fit: the training loader gave no batches.\n"
                                "  It has fewer samples than one batch and drop_last=True, or its data set is empty.")
        record: Record = {"epoch": self.epoch + 1, **{f"train_{name}": value for name, value in self.running().items()}}
        if test_loader is not None:
            record |= {f"test_{name}": value for name, value in self.evaluate(test_loader).items()}
        record["seconds"] = round(time.perf_counter() - started, 3)
        if self.scheduler is not None and self.schedule == "epoch":
            step_scheduler(self.scheduler, record)
        self.epoch += 1
        self.history.append(record)
        self.call("on_epoch_end", self.history[-1])

    def train_batch(self, input: Tensor, target: Tensor) -> None:
        """One step on one batch, counted in the running means."""
        output, loss = self.step(input, target)
        self.batch += 1
        self.mean_loss.update(loss, len(input))
        for metric in self.metrics:
            metric.update(output, target)
        if self.scheduler is not None and self.schedule == "batch":
            self.scheduler.step()
        self.call("on_batch_end")

    def step(self, input: Tensor, target: Tensor) -> tuple[Tensor, float]:
        """One update of the weights; returns the model's output and the loss before it."""
        self.optimizer.zero_grad()
        output = self.model(input)
        loss = self.loss(output, target)
        value = self.finite(loss.item(), input)
        loss.backward()
        self.clip_gradients()
        self.optimizer.step()
        return output.detach(), value

    def clip_gradients(self) -> None:
        """Bound the gradient, if that was asked for."""
        if self.clip_grad_value is not None:
            clip_grad_value_(self.model.parameters(), self.clip_grad_value)
        if self.clip_grad_norm is not None:
            clip_grad_norm_(self.model.parameters(), self.clip_grad_norm)

    def finite(self, loss: float, input: Tensor) -> float:
        """`loss`, if it is a number that can be trained on."""
        if math.isfinite(loss):
            return loss
        cause = ("The weights grew out of range: use a smaller learning rate, a warm-up, or clip_grad_norm."
                 if np.isfinite(input.array).all() else
                 "The input holds NaN or infinite values: check the data set with np.isfinite.")
        raise DivergenceError(f"fit: the loss is {loss} in batch {self.batch + 1} of epoch {self.epoch + 1}, at learning "
                              f"rate {self.learning_rate:g}.\n  {cause}")

    # -- measuring ----------------------------------------------------------------------------------------------------

    def running(self) -> dict[str, Any]:
        """Loss and metrics over the batches of the current epoch so far."""
        return measured(self.mean_loss, self.metrics)

    def evaluate(self, loader: Any) -> dict[str, Any]:
        """``{"loss": ..., "accuracy": ...}`` over all batches of `loader`, in eval mode, recording nothing.

        Raises
            ArgumentError   a loader without batches
        """
        mean_loss, metrics = MeanLoss(), copy.deepcopy(self.metrics)
        for metric in metrics:
            metric.reset()
        for input, target, output in self.outputs(loader):
            mean_loss.update(self.loss(output, target), len(input))
            for metric in metrics:
                metric.update(output, target)
        if not mean_loss.count:
            raise ArgumentError("evaluate: the loader gave no batches.\n"
                                "  Its data set is empty, or smaller than one batch.")
        return measured(mean_loss, metrics)

    def predict(self, input: Any, batch_size: int = 256) -> np.ndarray:
        """The model's outputs in eval mode, for a loader, or for an array or tensor of samples cut into batches.

        Raises
            ArgumentError   nothing to predict
        """
        if isinstance(input, (np.ndarray, Tensor)):
            array = np.asarray(input)
            input = [(array[start:start + batch_size],) for start in range(0, len(array), batch_size)]
        outputs = [output.array for _, _, output in self.outputs(input)]
        if not outputs:
            raise ArgumentError("predict: there are no samples.\n  Pass at least one.")
        return np.concatenate(outputs)

    def outputs(self, loader: Iterable[Any]) -> Iterable[tuple[Tensor, Any, Tensor]]:
        """Per batch: input, target (None if the loader gives none) and what the model makes of it, in eval mode."""
        was_training = self.model.training
        self.model.eval()
        try:
            for batch in loader:
                input, *rest = batch if isinstance(batch, (tuple, list)) else (batch,)
                input, target = as_tensor(input), as_tensor(rest[0]) if rest else None
                with no_grad():
                    output = self.model(input)
                yield input, target, output
        finally:
            self.model.train(was_training)

    # -- state --------------------------------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> float:
        """Of the first parameter group."""
        return float(self.optimizer.param_groups[0]["lr"])

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on after the last complete epoch, including the state of the random numbers."""
        return {
            "epoch": self.epoch,
            "model": dict(self.model.state_dict()),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
            "random": get_rng_state(),
            "loader": self.train_loader.state_dict() if hasattr(self.train_loader, "state_dict") else self.loader_state,
            "history": self.history.records,
            "callbacks": [[type(callback).__name__, callback.state_dict()] for callback in self.callbacks],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state`: the model, optimizer, schedule, random numbers and history of that moment.

        Raises
            StateError   `state` is no trainer's, was made with or without a scheduler where this one is without or with, or
                         does not fit the model or another part; nothing is changed then
        """
        if not isinstance(state, Mapping):
            raise StateError(f"Trainer.load_state_dict: expects a dict, got a {type(state).__name__}.\n"
                             "  Pass what Trainer.state_dict() returned.")
        missing = set(self.state_dict()) - set(state)
        if missing:
            raise StateError(f"Trainer.load_state_dict: the state has no {', '.join(sorted(missing))}.\n"
                             "  Pass what Trainer.state_dict() returned.")
        if (state["scheduler"] is None) != (self.scheduler is None):
            raise StateError("Trainer.load_state_dict: the state was made "
                             f"{'without' if state['scheduler'] is None else 'with'} a scheduler.\n"
                             "  Construct the Trainer as it was then.")
        before = copy.deepcopy({**self.state_dict(), "loader": self.loader_state})
        try:
            self.restore(state)
        except BaseException as error:
            self.restore(before)
            if isinstance(error, Exception) and not isinstance(error, TensorgradError):
                raise StateError(f"Trainer.load_state_dict: the state does not fit: {error!r}.\n"
                                 "  Pass what Trainer.state_dict() returned.") from error
            raise

    def restore(self, state: Mapping[str, Any]) -> None:
        """Set every part to its state, one after the other."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        set_rng_state(state["random"])
        self.loader_state = state["loader"]
        self.history = History(state["history"])
        self.epoch = state["epoch"]
        saved = list(state["callbacks"])
        for callback in self.callbacks:
            for i, (name, callback_state) in enumerate(saved):
                if name == type(callback).__name__:
                    callback.load_state_dict(callback_state)
                    del saved[i]
                    break

    def call(self, event: str, *args: Any) -> None:
        """Tell every callback that `event` happened."""
        for callback in self.callbacks:
            getattr(callback, event)(self, *args)


def number_of_batches(loader: Any) -> int:
    """How many batches `loader` has; 0 if it cannot tell."""
    try:
        return len(loader)
    except TypeError:
        return 0


def step_scheduler(scheduler: Any, record: Record) -> None:
    """The schedule's step after an epoch; one that watches a number gets the test loss, or the training loss without it."""
    if isinstance(scheduler, ReduceLROnPlateau):
        scheduler.step(record.get("test_loss", record["train_loss"]))
    else:
        scheduler.step()


def measured(loss: MeanLoss, metrics: Sequence[Metric]) -> dict[str, Any]:
    """The mean loss and the metrics by name."""
    return {loss.name: plain(loss.compute()), **{metric.name: plain(metric.compute()) for metric in metrics}}


def plain(value: Any) -> Any:
    """`value` as JSON can hold it."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
