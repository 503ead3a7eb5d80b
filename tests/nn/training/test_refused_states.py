"""A state that does not fit leaves every part of a trainer as it was, whichever part refuses it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import nn
from nn.training import EarlyStopping, Trainer, load_checkpoint, save_checkpoint
from tensorgrad.errors import StateError, TensorgradError
from tensorgrad.random import manual_seed

FIRST = [(np.full((4, 3), 0.5, np.float32), np.array([0, 1, 1, 0]))] * 2


def trained(seed: int, epochs: int) -> Trainer:
    """A trainer with something in every part of its state."""
    manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Linear(5, 2))
    optimizer = nn.optim.Adam(model.parameters(), lr=0.1 / seed)
    schedule = nn.optim.lr_scheduler.StepLR(optimizer, 1)
    stopping = EarlyStopping("train_loss", restore_best=True)
    trainer = Trainer(model, nn.CrossEntropyLoss(), optimizer, schedule, callbacks=[stopping])
    trainer.fit(FIRST, epochs=epochs)
    return trainer


def flat(value: Any) -> Any:
    """Tensors and arrays as their bytes, to compare."""
    if isinstance(value, dict):
        return {key: flat(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [flat(entry) for entry in value]
    return (str(value.dtype), np.asarray(value).tobytes()) if hasattr(value, "dtype") else value


def at(state: Any, *path: Any) -> Any:
    for key in path:
        state = state[key]
    return state


BAD = {
    "a weight of another shape": lambda s: s["model"].update({"2.bias": np.zeros(7, np.float32)}),
    "a weight too few": lambda s: s["model"].pop("2.bias"),
    "a moment of another shape": lambda s: at(s, "optimizer", "state", 3).update(exp_avg=np.zeros(7)),
    "a count of steps that is none": lambda s: at(s, "optimizer", "state", 3).update(step="many"),
    "moments that are none": lambda s: at(s, "optimizer", "state").update({3: None}),
    "another optimizer": lambda s: at(s, "optimizer", "param_groups", 0).pop("betas"),
    "no optimizer": lambda s: s.update(optimizer=None),
    "an impossible rate": lambda s: at(s, "optimizer", "param_groups", 0).update(lr=-1.0),
    "another schedule": lambda s: s["scheduler"].pop("step_size"),
    "a schedule that is none": lambda s: s.update(scheduler=3),
    "another generator": lambda s: s["random"].update(bit_generator="MT19937"),
    "no generator": lambda s: s.update(random=None),
    "a history that is none": lambda s: s.update(history=3),
    "callbacks that are none": lambda s: s.update(callbacks=3),
    "a callback without its state": lambda s: s.update(callbacks=[["EarlyStopping", {}]]),
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_nothing_is_changed(change: Any, tmp_path: Any) -> None:
    other = load_checkpoint(save_checkpoint(tmp_path / "a.npz", trained(2, 2).state_dict()))
    trainer = trained(1, 3)
    before = flat(copy.deepcopy(trainer.state_dict()))
    change(other)
    with pytest.raises(TensorgradError):
        trainer.load_state_dict(other)
    assert flat(trainer.state_dict()) == before
    trainer.fit(FIRST, epochs=1)
    assert trainer.epoch == 4


def test_a_state_that_fits_changes_all_of_it(tmp_path: Any) -> None:
    one = trained(1, 3)
    before = flat(copy.deepcopy(one.state_dict()))
    other = trained(2, 2)
    one.load_state_dict(load_checkpoint(save_checkpoint(tmp_path / "a.npz", other.state_dict())))
    after = flat(one.state_dict())
    assert after == flat(other.state_dict()) and all(after[part] != before[part] for part in after if part != "loader")


@pytest.mark.parametrize("state", [None, 3, [1]])
def test_what_is_no_state(state: Any) -> None:
    with pytest.raises(StateError, match="Trainer.load_state_dict: expects a dict"):
        trained(1, 1).load_state_dict(state)
