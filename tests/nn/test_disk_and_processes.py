"""Files of weights and checkpoints on a full disk, without permission, and while others write, read or are killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator

import numpy as np
import pytest

from nn.atomic import atomic
from nn.serialization import load, save
from nn.training.checkpoint import load_checkpoint, save_checkpoint
from tensorgrad.errors import DataError

try:
    import safetensors  # noqa: F401
except ImportError:
    STORES = ["weights.npz", "checkpoint.npz"]
else:
    STORES = ["weights.npz", "weights.safetensors", "checkpoint.npz"]

stores = pytest.mark.parametrize("name", STORES)
ENTRIES = 200_000


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    if path.name.startswith("weights"):
        save(arrays, path)
    else:
        save_checkpoint(path, arrays)


def read(path: Path) -> dict[str, np.ndarray]:
    if path.name.startswith("weights"):
        return {name: tensor.numpy() for name, tensor in load(path).items()}
    return dict(load_checkpoint(path))


def marked(mark: int) -> dict[str, np.ndarray]:
    """Arrays that are whole if all of their entries are the same."""
    return {"w": np.full(ENTRIES, mark, np.float32), "n": np.array(mark, np.float32)}


def mark_of(path: Path) -> float:
    arrays = read(path)
    assert set(arrays) == {"w", "n"} and len(arrays["w"]) == ENTRIES and (arrays["w"] == arrays["n"]).all()
    return float(arrays["n"])


# -- the disk ----------------------------------------------------------------------------------------------------------


@contextmanager
def little_space(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: the system's own refusal, in the middle of a file."""
    resource = pytest.importorskip("resource", reason="limits of another kind")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@stores
def test_a_disk_that_is_full_in_the_middle(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write(path, marked(1))
    with little_space(100_000), pytest.raises(DataError, match=f"cannot write .*{name}: File too large") as caught:
        write(path, marked(2))
    assert caught.value.__cause__ is not None
    assert mark_of(path) == 1 and os.listdir(tmp_path) == [name]


@stores
@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
def test_a_refusal_of_the_system(tmp_path: Path, name: str, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    write(path, marked(1))

    def full(*args: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(DataError, match=f"{name}: No space left on device.\n  Check the folder"):
            write(path, marked(2))
    assert mark_of(path) == 1 and os.listdir(tmp_path) == [name]


@stores
def test_pipes_and_devices_are_not_replaced(tmp_path: Path, name: str) -> None:
    """A rename would put a file in the place of the pipe, or of /dev/null."""
    pipe, link = tmp_path / name, tmp_path / f"{name.split('.')[0]}-link.{name.split('.')[1]}"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(DataError, match="It is a device or a pipe, not a file"):
            write(path, marked(1))
    assert pipe.is_fifo() and link.is_symlink() and len(os.listdir(tmp_path)) == 2


# -- permissions -------------------------------------------------------------------------------------------------------


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Root may do anything: become a user who may only do what the modes say."""
    user = os.geteuid()
    for parent in [*folder.parents][:3] if user == 0 else ():
        parent.chmod(0o755)
    try:
        if user == 0:
            os.seteuid(65534)
        yield
    finally:
        if user == 0:
            os.seteuid(0)


needs_users = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of another kind")


@needs_users
@stores
def test_a_secret_file_and_a_closed_folder(tmp_path: Path, name: str) -> None:
    secret = tmp_path / name
    write(secret, marked(1))
    secret.chmod(0)
    tmp_path.chmod(0o555)
    try:
        with as_nobody(tmp_path):
            with pytest.raises(DataError, match=f"cannot read .*{name}: Permission denied.\n  Check"):
                read(secret)
            with pytest.raises(DataError, match="cannot write .*: Permission denied"):
                write(tmp_path / name.replace(".", "-new."), marked(2))
    finally:
        tmp_path.chmod(0o755)
    assert os.listdir(tmp_path) == [name]


@needs_users
@stores
def test_a_file_that_may_not_be_written_to_stays(tmp_path: Path, name: str) -> None:
    """A rename needs the folder's permission alone, and would replace it."""
    path = tmp_path / name
    write(path, marked(1))
    path.chmod(0o444)
    tmp_path.chmod(0o777)
    with as_nobody(tmp_path), pytest.raises(DataError, match=f"cannot write .*{name}: Permission denied"):
        write(path, marked(2))
    assert mark_of(path) == 1 and os.listdir(tmp_path) == [name]


@stores
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_new_file_is_as_secret_as_the_old_one(tmp_path: Path, name: str, mode: int) -> None:
    path = tmp_path / name
    write(path, marked(1))
    path.chmod(mode)
    write(path, marked(2))
    assert stat.S_IMODE(path.stat().st_mode) == mode and mark_of(path) == 2


def test_it_is_secret_before_anything_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.touch(0o600)
    with atomic(path) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600


# -- other processes ---------------------------------------------------------------------------------------------------

WRITER = """
import signal
import sys
from pathlib import Path
from tests.nn.test_disk_and_processes import marked, write
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background has it ignored
try:
    print("ready", flush=True)
    i = 0
    while True:
        i += 1
        write(Path(sys.argv[1]), marked(i % 100))
except KeyboardInterrupt:
    pass
"""


@contextmanager
def writers(path: Path, number: int = 1) -> Iterator[list[Any]]:
    """Processes that write to `path` again and again; killed at the end, if they live."""
    started = [subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
               for _ in range(number)]
    try:
        for process in started:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


@stores
def test_killed_while_saving(tmp_path: Path, name: str, rng: np.random.Generator) -> None:
    path = tmp_path / name
    write(path, marked(0))
    seen = set()
    for _ in range(5):
        with writers(path) as (process,):
            time.sleep(float(rng.uniform(0.01, 0.2)))
            process.send_signal(signal.SIGKILL)
            process.wait()
        seen.add(mark_of(path))
    assert seen != {0}


@stores
def test_interrupted_while_saving(tmp_path: Path, name: str, rng: np.random.Generator) -> None:
    """Ctrl-C leaves a whole file, and no other."""
    path = tmp_path / name
    write(path, marked(0))
    with writers(path, 3) as processes:
        for process in processes:
            time.sleep(float(rng.uniform(0.05, 0.2)))
            process.send_signal(signal.SIGINT)
        for process in processes:
            assert process.wait(30) == 0
    mark_of(path)
    assert os.listdir(tmp_path) == [name]


@stores
def test_a_reader_beside_two_writers_sees_whole_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write(path, marked(0))
    with writers(path, 2):
        seen = set()
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            seen.add(mark_of(path))
    assert len(seen) > 2


@stores
def test_threads_that_write(tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    def write_often(mark: int) -> None:
        for _ in range(5):
            write(path, marked(mark))

    threads = [threading.Thread(target=write_often, args=(mark,)) for mark in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mark_of(path) in range(4) and os.listdir(tmp_path) == [name]


@stores
@pytest.mark.parametrize("change", [lambda data: data[:-1000], lambda data: data + b"\0" * 1000,
                                    lambda data: data[1:] + b"\0"], ids=["shrinks", "grows", "moves"])
def test_a_file_that_another_changes_in_place(tmp_path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Not by renaming, as every writer of ours does: what is read is refused, or what it was before or is after."""
    path = tmp_path / name
    write(path, marked(1))
    whole = path.read_bytes()
    stop = threading.Event()

    def spoil() -> None:
        while not stop.is_set():
            for data in (whole, change(whole)):
                with open(path, "r+b") as file:
                    file.write(data)
                    file.truncate()

    spoiler = threading.Thread(target=spoil)
    spoiler.start()
    try:
        for _ in range(40):
            try:
                assert mark_of(path) == 1
            except DataError as error:
                assert name in str(error)
    finally:
        stop.set()
        spoiler.join()
