"""Checkpoints that were cut off, changed or made to do harm: what they held, or a refusal that names the file."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.training import Trainer, load_checkpoint, save_checkpoint
from tensorgrad.errors import DataError, DtypeError

STATE = {"epoch": 3, "weight": np.arange(20.0), "rates": (0.1, None, "é", [True]), "bias": np.ones(3, np.float32)}


def saved(path: Path) -> bytes:
    return save_checkpoint(path, STATE).read_bytes()


def is_what_was_saved(path: Path) -> bool:
    """False if the file is refused as it should be; anything but what was saved fails."""
    try:
        found = load_checkpoint(path)
    except DataError as error:
        assert path.name in str(error)
        return False
    assert list(found) == list(STATE) and found["epoch"] == 3 and found["rates"] == STATE["rates"]
    for name in ("weight", "bias"):
        assert found[name].dtype == STATE[name].dtype and found[name].tobytes() == STATE[name].tobytes()
    return True


def test_cut_off_at_every_byte(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    data = saved(path)
    assert is_what_was_saved(path)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert not is_what_was_saved(path), length


def test_a_thousand_flipped_bits(tmp_path: Path, rng: np.random.Generator) -> None:
    """Some bits say nothing, such as the dates in the archive; no other may be overlooked."""
    path = tmp_path / "run.npz"
    data = saved(path)
    refused = 0
    for bit in rng.choice(8 * len(data), 1000, replace=False):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        refused += not is_what_was_saved(path)
    assert refused > 500


@pytest.mark.parametrize("size", [1 << 20, 1 << 34, 1 << 40, 1 << 62, (1 << 63) - 1, 1 << 64, -5])
def test_arrays_that_say_they_are_larger(tmp_path: Path, size: int) -> None:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({size},), }}\n".encode()
    content = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + b"\0" * 16
    with zipfile.ZipFile(tmp_path / "run.npz", "w") as archive:
        archive.writestr("tree.npy", content)
        archive.writestr("digest.npy", content)
    with pytest.raises(DataError, match="run.npz is damaged or no checkpoint"):
        load_checkpoint(tmp_path / "run.npz")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_arrays_that_stand_in_it_twice(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    saved(path)
    with np.load(path) as file:
        entries = dict(file)
    with zipfile.ZipFile(path, "a") as archive:
        stream = io.BytesIO()
        np.save(stream, entries["array0"] * 2)
        archive.writestr("array0.npy", stream.getvalue())
    assert not is_what_was_saved(path)


def test_members_that_lie_over_each_other(tmp_path: Path) -> None:
    """A second entry of the archive's list points to the bytes of another array of the same form."""
    path = tmp_path / "run.npz"
    save_checkpoint(path, [np.zeros(4), np.ones(4)])
    data = bytearray(path.read_bytes())
    ends = [at for at in range(len(data)) if data[at:at + 4] == b"PK\1\2"]
    first, second = [next(at for at in ends if data[at + 46:at + 56] == name) for name in (b"array0.npy", b"array1.npy")]
    for field in (slice(16, 20), slice(42, 46)):  # the CRC and the place of the member
        data[second + field.start:second + field.stop] = data[first + field.start:first + field.stop]
    path.write_bytes(data)
    with pytest.raises(DataError, match="run.npz is damaged"):
        load_checkpoint(path)


def test_no_file(tmp_path: Path) -> None:
    link, folder, pipe = tmp_path / "link.npz", tmp_path / "folder.npz", tmp_path / "pipe.npz"
    link.symlink_to(tmp_path / "nowhere")
    folder.mkdir()
    os.mkfifo(pipe)  # a reader would wait for a writer
    for path, what in ((link, "link.npz: there is nothing"), (folder, "folder.npz: it is a folder, a device or a pipe"),
                       (pipe, "pipe.npz: it is a folder, a device or a pipe"), ("a\0b", "there is nothing at that path")):
        with pytest.raises(DataError, match=f"load_checkpoint: there is no file .*{what}"):
            load_checkpoint(path)
    (tmp_path / "empty.npz").write_bytes(b"")
    with pytest.raises(DataError, match="empty.npz is damaged"):
        load_checkpoint(tmp_path / "empty.npz")


def test_what_cannot_be_written(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none" / "a.npz", "No such file"), (tmp_path, "directory"), ("a\0b", "null")):
        with pytest.raises(DataError, match=f"(?s)save_checkpoint: cannot write .*{why}.*Check the folder"):
            save_checkpoint(path, STATE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("levels", [5000, None])
def test_states_without_end(tmp_path: Path, levels: int | None) -> None:
    state: list[Any] = []
    if levels is None:
        state.append(state)
    for _ in range(levels or 0):
        state = [state]
    with pytest.raises(DtypeError, match="nested hundreds of levels deep, or holds itself"):
        save_checkpoint(tmp_path / "a.npz", state)
    assert not list(tmp_path.iterdir())


def test_a_refused_checkpoint_leaves_the_trainer_untouched(tmp_path: Path) -> None:
    def trainer() -> Trainer:
        model = nn.Linear(3, 2)
        made = Trainer(model, nn.CrossEntropyLoss(), nn.optim.Adam(model.parameters()))
        made.fit([(np.ones((4, 3), np.float32), np.zeros(4, int))])
        return made

    run = trainer()
    path = save_checkpoint(tmp_path / "run.npz", trainer().state_dict())
    before = save_checkpoint(tmp_path / "before.npz", run.state_dict()).read_bytes()
    data = path.read_bytes()
    path.write_bytes(data[:400] + bytes([data[400] ^ 1]) + data[401:])
    with pytest.raises(DataError, match="run.npz"):
        run.load_state_dict(load_checkpoint(path))
    after = save_checkpoint(tmp_path / "after.npz", run.state_dict()).read_bytes()
    assert contents(after) == contents(before)


def contents(data: bytes) -> dict[str, bytes]:
    with np.load(io.BytesIO(data)) as file:
        return {name: file[name].tobytes() for name in file.files}
