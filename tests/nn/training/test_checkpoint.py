"""Checkpoints: what goes in comes out, bit for bit and in the same memory order; damage is noticed."""

import os

import numpy as np
import pytest

from nn.training import load_checkpoint, save_checkpoint
from tensorgrad import random, tensor
from tensorgrad.errors import DataError, DtypeError

rng = np.random.default_rng(0)

STATE = {
    "epoch": 3,
    "loss": 0.1 + 0.2,
    "infinite": float("-inf"),
    "none": None,
    "flag": True,
    "text": "Größe → 1",
    "betas": (0.9, 0.999),
    "nested": [{"a": [1, (2, [3])]}, {}],
    "by index": {0: {"step": 7}, 1: {"step": 8}},
    "big": 2 ** 127 + 1,
    "scalar": np.float32(1.5),
    "zero-d": np.array(2.0),
    "empty": np.zeros((0, 3), np.float32),
    "bools": np.array([True, False]),
    "ints": np.arange(5, dtype=np.uint8),
}


def same(a, b):
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return type(a) is type(b) and a == b


def test_everything_comes_back(tmp_path):
    path = save_checkpoint(tmp_path / "a.npz", STATE)
    assert same(load_checkpoint(path), STATE)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.int64, bool])
def test_every_bit(tmp_path, dtype):
    array = rng.integers(0, 256, (4, 24), dtype=np.uint8)
    array = (array > 127) if dtype is bool else array.view(dtype)
    found = load_checkpoint(save_checkpoint(tmp_path / "a.npz", {"array": array}))["array"]
    assert found.tobytes() == array.tobytes() and found.dtype == array.dtype


@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (0, 2, 3, 1), (3, 2, 1, 0), (1, 0, 3, 2)])
def test_memory_order_comes_back(tmp_path, axes):
    array = rng.normal(size=(2, 3, 4, 5)).transpose(axes)
    found = load_checkpoint(save_checkpoint(tmp_path / "a.npz", [array]))[0]
    np.testing.assert_array_equal(found, array)
    assert found.strides == array.strides


def test_tensors_come_back_as_arrays(tmp_path):
    found = load_checkpoint(save_checkpoint(tmp_path / "a.npz", {"weight": tensor([1.0, 2.0], requires_grad=True)}))
    assert same(found, {"weight": np.array([1, 2], np.float32)})


def test_random_state_comes_back(tmp_path):
    random.manual_seed(5)
    path = save_checkpoint(tmp_path / "a.npz", random.get_rng_state())
    expected = random.default_generator().random(3)
    random.set_rng_state(load_checkpoint(path))
    np.testing.assert_array_equal(random.default_generator().random(3), expected)


@pytest.mark.parametrize("value, text", [(object(), r"state\['x'\] is a object"), (np.array(["a"]), r"dtype <U1"),
                                         ({1, 2}, "is a set"), (np.array([None]), "dtype object")])
def test_what_it_cannot_hold(tmp_path, value, text):
    with pytest.raises(DtypeError, match=text):
        save_checkpoint(tmp_path / "a.npz", {"x": value})
    assert not list(tmp_path.iterdir())


def test_missing(tmp_path):
    with pytest.raises(DataError, match="there is no file .*a.npz"):
        load_checkpoint(tmp_path / "a.npz")


def test_a_changed_array_with_a_right_crc_is_noticed(tmp_path):
    path = save_checkpoint(tmp_path / "a.npz", {"w": np.arange(3.0)})
    with np.load(path) as file:
        entries = dict(file)
    entries["array0"] = entries["array0"] + 1
    np.savez(path, **entries)
    with pytest.raises(DataError, match="checksum does not match"):
        load_checkpoint(path)


def test_pickles_are_not_loaded(tmp_path):
    np.savez(tmp_path / "a.npz", tree=np.array([{"a": print}], object), digest=np.zeros(32, np.uint8))
    with pytest.raises(DataError, match="damaged or no checkpoint"):
        load_checkpoint(tmp_path / "a.npz")


def test_another_format_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("nn.training.checkpoint.FORMAT", "tensorgrad checkpoint 99")
    path = save_checkpoint(tmp_path / "a.npz", {})
    monkeypatch.undo()
    with pytest.raises(DataError, match="its format is 'tensorgrad checkpoint 99'"):
        load_checkpoint(path)


def test_a_failing_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = save_checkpoint(tmp_path / "a.npz", {"epoch": 1})
    monkeypatch.setattr(os, "fsync", lambda file: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_checkpoint(path, {"epoch": 2})
    monkeypatch.undo()
    assert load_checkpoint(path) == {"epoch": 1} and os.listdir(tmp_path) == ["a.npz"]
