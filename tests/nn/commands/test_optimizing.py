"""Every optimizer and schedule that the command line offers learns, and goes on from a checkpoint as if never stopped."""

from __future__ import annotations

import argparse
import math

import numpy as np
import pytest

import nn
from nn.commands import parser
from nn.commands.optimizing import OPTIMIZERS, SCHEDULERS, make_optimizer, make_scheduler
from nn.commands.settings import Settings
from nn.data import DataLoader, TensorDataset
from nn.optim import lr_scheduler
from nn.training import Trainer, load_checkpoint, save_checkpoint
from tensorgrad import random
from tensorgrad.errors import ArgumentError

EPOCHS, BATCHES = 6, 4
RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(BATCHES * 8, 5)).astype(np.float32)
TARGETS = (INPUTS @ RNG.normal(size=(5, 3))).argmax(1)


def settings(**options):
    """Those of a run with these options given."""
    given = {"data": None, "epochs": EPOCHS, **options}
    return Settings.from_arguments(argparse.Namespace(**given))


def trainer_of(chosen):
    """A small problem, trained as the settings say."""
    random.manual_seed(3)
    model = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 3))
    optimizer = make_optimizer(chosen, model.parameters())
    scheduler, by = make_scheduler(chosen, optimizer, BATCHES)
    return Trainer(model, nn.CrossEntropyLoss(), optimizer, scheduler, schedule=by)


def loaders():
    """The same examples to learn from and to measure."""
    data = TensorDataset(INPUTS, TARGETS)
    return DataLoader(data, 8, shuffle=True, seed=1), DataLoader(data, 8)


def weights(trainer):
    return [p.array.tobytes() for p in trainer.model.parameters()]


def resumed(chosen, path):
    """A run that was stopped after every two epochs, and went on from its checkpoint in new objects."""
    for _ in range(EPOCHS // 2):
        trainer = trainer_of(chosen)
        if path.exists():
            trainer.load_state_dict(load_checkpoint(path))
        trainer.fit(*loaders(), 2)
        save_checkpoint(path, trainer.state_dict())
    return trainer


PAIRS = [*[(name, "cosine") for name in OPTIMIZERS], *[("sgd", name) for name in SCHEDULERS], ("rprop", "onecycle"),
         ("adagrad", "onecycle"), ("adam", "onecycle")]


@pytest.mark.parametrize("optimizer, scheduler", PAIRS)
def test_a_resumed_run_ends_with_the_same_bits(optimizer, scheduler, tmp_path):
    chosen = settings(optimizer=optimizer, scheduler=scheduler)
    whole = trainer_of(chosen)
    whole.fit(*loaders(), EPOCHS)
    parts = resumed(chosen, tmp_path / "checkpoint.npz")
    assert weights(parts) == weights(whole)
    losses = whole.history["train_loss"]
    assert parts.history["train_loss"] == losses and parts.history["test_loss"] == whole.history["test_loss"]
    assert all(map(math.isfinite, losses)) and losses[-1] < losses[0]


def test_every_optimizer_of_nn_is_offered():
    assert {rule.kind.__name__ for rule in OPTIMIZERS.values()} == {
        name for name in nn.optim.__all__ if isinstance(getattr(nn.optim, name), type)} - {"Optimizer"}


def test_every_schedule_that_is_a_shape_is_offered():
    optimizer = nn.optim.SGD(nn.Linear(1, 1).parameters(), 0.1)
    offered = {type(schedule.make(optimizer, 10, 2)).__name__ for schedule in SCHEDULERS.values()}
    # StepLR is a MultiStepLR; the others take functions, or schedules.
    assert offered == set(lr_scheduler.__all__) - {"LRScheduler", "StepLR", "LambdaLR", "MultiplicativeLR", "SequentialLR",
                                                   "ChainedScheduler"}


def rates(scheduler, **options):
    """The learning rate of each batch, as a part of the highest."""
    chosen = settings(optimizer="sgd", scheduler=scheduler, lr=1.0, **options)
    optimizer = make_optimizer(chosen, nn.Linear(1, 1).parameters())
    schedule, _ = make_scheduler(chosen, optimizer, 10)
    found = []
    for _ in range(chosen.epochs * 10):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return np.array(found), optimizer.param_groups[0]["lr"]


@pytest.mark.parametrize("scheduler, end", [("cosine", 0), ("linear", 0), ("polynomial", 0), ("exponential", 0.01),
                                            ("step", 0.01), ("none", 1)])
@pytest.mark.parametrize("warmup", [0, 1])
def test_shapes_that_fall(scheduler, end, warmup):
    found, last = rates(scheduler, warmup=warmup)
    np.testing.assert_allclose(last, end, atol=1e-6)
    assert found.max() == pytest.approx(1) and found.argmax() == 10 * warmup
    assert (np.diff(found[10 * warmup:]) <= 1e-12).all() and found[0] == pytest.approx(0.1 if warmup else 1)


def test_shapes_that_rise_again():
    found, _ = rates("restarts", warmup=0, epochs=7)
    assert [i for i in range(1, 70) if found[i] > found[i - 1]] == [10, 30] and (found[[0, 10, 30]] == 1).all()
    found, _ = rates("cyclic")
    np.testing.assert_allclose([found[0], found[10], found[20], found[30], found[50]], [0.1, 1, 0.1, 0.55, 0.325])
    found, last = rates("onecycle", warmup=1)
    assert found.argmax() == 9 or found.argmax() == 10
    assert last < 1e-4


def test_a_plateau_lowers_the_rate():
    chosen = settings(optimizer="sgd", scheduler="plateau", lr=1.0)
    optimizer = make_optimizer(chosen, nn.Linear(1, 1).parameters())
    schedule, by = make_scheduler(chosen, optimizer, 10)
    assert by == "epoch"
    for loss in (1.0, 0.5, 0.5, 0.5):
        schedule.step(loss)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.3)


# -- settings ----------------------------------------------------------------------------------------------------------


def test_defaults_follow_the_optimizer():
    own = settings()
    assert (own.optimizer, own.lr, own.weight_decay) == ("adamw", 3e-3, 1e-2)  # the data set's
    other = settings(optimizer="lion")
    assert (other.lr, other.weight_decay, other.warmup) == (1e-3, 0.1, own.warmup)
    assert settings(optimizer="lion", lr=0.5).lr == 0.5
    assert settings(optimizer="rprop").weight_decay == 0 and settings(scheduler="cyclic").warmup == 0


@pytest.mark.parametrize("options, text", [
    ({"optimizer": "rprop", "weight_decay": 0.1}, "rprop has no weight decay"),
    ({"scheduler": "plateau", "warmup": 2.0}, "the schedule plateau begins without a warm-up"),
])
def test_options_that_would_be_passed_over(options, text):
    with pytest.raises(ArgumentError, match=text):
        settings(**options)


def test_the_help_explains_each(capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["train", "--help"])
    out = capsys.readouterr().out
    for name in [*OPTIMIZERS, *SCHEDULERS]:
        assert any(line.startswith(f"  {name} ") for line in out.splitlines()), name
