"""Weight files that were cut off, changed, or made to do harm: refused with a reason, model and old file untouched."""

from __future__ import annotations

import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
import time
import zipfile

import numpy as np
import pytest

import nn
from nn.serialization import load, load_metadata, save
from nn.training.checkpoint import load_checkpoint, save_checkpoint
from tensorgrad.errors import DataError

try:
    import safetensors.numpy
except ImportError:
    SUFFIXES = [".npz"]
else:
    SUFFIXES = [".npz", ".safetensors"]

formats = pytest.mark.parametrize("suffix", SUFFIXES)
needs_safetensors = pytest.mark.skipif(".safetensors" not in SUFFIXES, reason="needs the extra [io]")
STATE = {"conv.weight": np.arange(12, dtype=np.float32).reshape(2, 6), "conv.bias": np.ones(3), "step": np.int64(4)}


def written(tmp_path, suffix, state=STATE, metadata=None):
    path = tmp_path / f"model{suffix}"
    save(state, path, metadata or {"epoch": "3"})
    return path, path.read_bytes()


@formats
def test_cut_off_at_every_byte(tmp_path, suffix):
    path, data = written(tmp_path, suffix)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(DataError, match=path.name):
            load(path)


@formats
def test_no_flipped_bit_goes_unnoticed(tmp_path, suffix, rng):
    path, data = written(tmp_path, suffix)
    bits = rng.choice(8 * len(data), 1000, replace=8 * len(data) < 1000)
    for bit in bits:
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        with pytest.raises(DataError, match=path.name):
            load(path)


def test_no_flipped_bit_of_a_checkpoint_changes_what_is_loaded(tmp_path, rng):
    path = save_checkpoint(tmp_path / "run.npz", {"weight": np.arange(20.0), "epoch": 3})
    data = path.read_bytes()
    refused = 0
    for bit in rng.choice(8 * len(data), 500, replace=False):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        try:
            state = load_checkpoint(path)
        except DataError as error:
            refused += 1
            assert path.name in str(error)
        else:  # a bit that says nothing, such as a date in the archive
            assert state["epoch"] == 3
            np.testing.assert_array_equal(state["weight"], np.arange(20.0))
    assert refused > 250


@formats
def test_more_bytes_at_the_end(tmp_path, suffix):
    path, data = written(tmp_path, suffix)
    path.write_bytes(data + b"\0" * 8)
    with pytest.raises(DataError):
        load(path)


@pytest.mark.parametrize("data", [b"", b"\0" * 64, b"hello world, this is no file of weights", b"\x93NUMPY",
                                  b"PK\5\6" + b"\0" * 18])
@formats
def test_another_beginning(tmp_path, suffix, data):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(data)
    if data.startswith(b"PK\5\6") and suffix == ".npz":  # an empty archive
        with pytest.warns(UserWarning, match="no checksum"):
            assert load(path) == {}
        return
    with pytest.raises(DataError, match=path.name):
        load(path)


@needs_safetensors
@pytest.mark.parametrize("header", [
    {"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}},
    {"a": {"dtype": "F32", "shape": [1 << 62, 4], "data_offsets": [0, 16]}},
    {name: {"dtype": "F32", "shape": [4], "data_offsets": [at, at + 16]} for name, at in (("a", 0), ("b", 8))},
    {"a": {"dtype": "F32", "shape": [4], "data_offsets": [16, 0]}},
    {"a": {"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]}},
    {"a": {"dtype": "C64", "shape": [2], "data_offsets": [0, 16]}},
    {"a": 3}, [], "text", {"__metadata__": {"a": 3}},
])
def test_headers_that_lie(tmp_path, header):
    text = json.dumps(header).encode()
    path = tmp_path / "model.safetensors"
    for length in (len(text), 1 << 62, len(text) + 10_000):
        path.write_bytes(struct.pack("<Q", length) + text + b"\0" * 24)
        with pytest.raises(DataError, match="model.safetensors"):
            load(path)


@needs_safetensors
def test_a_name_twice_in_safetensors(tmp_path):
    one = '{"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}'
    text = f'{{"a": {one}, "a": {one}}}'.encode()
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"\0" * 4)
    with pytest.raises(DataError):
        load(tmp_path / "a.safetensors")


def npy(array):
    from io import BytesIO

    stream = BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_in_an_archive(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", npy(np.ones(2)))
        archive.writestr("a.npy", npy(np.zeros(2)))
    with pytest.raises(DataError, match="a name stands in it twice"):
        load(path)


def test_an_archive_that_unpacks_to_much_more(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy(np.zeros(20 << 20)))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(DataError, match="hundreds of times its size"):
        load(path)


def test_a_checkpoint_that_unpacks_to_much_more(tmp_path):
    path = tmp_path / "run.npz"
    np.savez_compressed(path, tree=np.zeros(20 << 20, np.uint8), digest=np.zeros(32, np.uint8))
    with pytest.raises(DataError, match="run.npz is damaged or no checkpoint: it is compressed"):
        load_checkpoint(path)


@pytest.mark.parametrize("text", ["[]", '"a"', '{"a": 3}', '{"a"', "[" * 100_000])
def test_metadata_that_are_no_texts(tmp_path, text):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("__metadata__.json", text)
    with pytest.raises(DataError, match="a.npz is truncated, damaged or of another format"):
        load_metadata(tmp_path / "a.npz")


def test_errors_of_readers_below(tmp_path):
    """A header that Python's tokenizer refuses, and a stream that the reader of LZMA does: neither is a ValueError."""
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,"
    content = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(DataError, match="a.npz"):
        load(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "b.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.npy", npy(np.arange(100.0)))
    data = bytearray((tmp_path / "b.npz").read_bytes())
    data[60:90] = bytes(range(30))
    (tmp_path / "b.npz").write_bytes(data)
    with pytest.raises(DataError, match="b.npz"):
        load(tmp_path / "b.npz")


def test_an_array_that_says_it_is_larger(tmp_path):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }"
    content = b"\x93NUMPY\1\0" + struct.pack("<H", len(header) + 1) + header + b"\n" + b"\0" * 16
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(DataError, match="4398046511104"):
        load(tmp_path / "a.npz")


class Harm:
    """Unpickled, it would leave a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("name", ["model.npz", "model.safetensors", "model.pt", "model.ckpt"])
@pytest.mark.parametrize("kind", ["pickle", "object array", "old pickle"])
def test_nothing_is_executed(tmp_path, name, kind):
    mark, path = tmp_path / "harmed", tmp_path / name
    if kind == "object array":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.npy", npy(np.array([Harm(mark)], object)))
    else:
        path.write_bytes(pickle.dumps({"w": Harm(mark)}, protocol=0 if kind == "old pickle" else 4))
    for read in (load, load_metadata, load_checkpoint):
        with pytest.raises(DataError):
            read(path)
    assert not mark.exists()


@formats
def test_no_file_at_all(tmp_path, suffix):
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    with pytest.raises(DataError, match="is a folder, not a file"):
        load(folder)
    with pytest.raises(DataError):
        save(STATE, folder)
    (tmp_path / f"dangling{suffix}").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataError, match="No such file"):
        load(tmp_path / f"dangling{suffix}")
    loop = tmp_path / f"loop{suffix}"
    loop.symlink_to(loop)
    with pytest.raises(DataError):
        load(loop)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / f"pipe{suffix}")
        with pytest.raises(DataError, match="a device or a pipe"):
            load(tmp_path / f"pipe{suffix}")


@formats
def test_a_link_is_followed_and_kept(tmp_path, suffix):
    real, link = tmp_path / f"real{suffix}", tmp_path / f"link{suffix}"
    save(STATE, real)
    link.symlink_to(real)
    save({"w": np.zeros(2)}, link)
    assert link.is_symlink() and list(load(real)) == ["w"] == list(load(link))


@formats
def test_files_of_others_load_with_a_warning(tmp_path, suffix):
    path = tmp_path / f"theirs{suffix}"
    if suffix == ".npz":
        np.savez(path, w=np.ones(2))
    else:
        safetensors.numpy.save_file({"w": np.ones(2)}, path)
    with pytest.warns(UserWarning, match="has no checksum"):
        np.testing.assert_array_equal(load(path)["w"].numpy(), np.ones(2))


@formats
def test_ours_are_read_by_others(tmp_path, suffix):
    path, _ = written(tmp_path, suffix)
    if suffix == ".npz":
        with np.load(path) as file:
            theirs = {name: file[name] for name in file.files if not name.startswith("__")}
    else:
        theirs = safetensors.numpy.load_file(path)
    assert set(theirs) == set(STATE)
    np.testing.assert_array_equal(theirs["conv.weight"], STATE["conv.weight"])
    assert load_metadata(path) == {"epoch": "3"}


@formats
def test_metadata_may_hold_what_looks_like_a_checksum(tmp_path, suffix):
    path, _ = written(tmp_path, suffix, metadata={"a": "0" * 64, "b": "sha256:" + "0" * 64})
    assert load_metadata(path)["a"] == "0" * 64 and set(load(path)) == set(STATE)


@formats
def test_a_refused_file_leaves_the_model_untouched(tmp_path, suffix):
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    path, data = written(tmp_path, suffix, {name: value * 2 for name, value in before.items()})
    path.write_bytes(data[:-90] + bytes([data[-90] ^ 1]) + data[-89:])
    with pytest.raises(DataError):
        model.load_state_dict(load(path))
    partly = {**before, "1.bias": np.zeros(5)}
    save({name: value + 1 for name, value in partly.items()}, path)
    with pytest.raises(RuntimeError):
        model.load_state_dict(load(path))
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name])


# -- the disk and other processes --------------------------------------------------------------------------------------


@formats
def test_a_full_disk_leaves_the_old_file(tmp_path, suffix, monkeypatch):
    path, data = written(tmp_path, suffix)

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="No space left"):
        save({"w": np.zeros(1000)}, path)
    assert path.read_bytes() == data and os.listdir(tmp_path) == [path.name]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_device_that_is_full(tmp_path):
    with pytest.raises(DataError):
        save({"w": np.zeros(1000)}, "/dev/full/model.npz")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of another kind")
@formats
def test_no_permission(tmp_path, suffix):
    secret = tmp_path / f"secret{suffix}"
    save(STATE, secret)
    secret.chmod(0)
    tmp_path.chmod(0o555)
    user = os.geteuid()
    for parent in [*tmp_path.parents][:3] if user == 0 else ():
        parent.chmod(0o755)
    try:
        if user == 0:
            os.seteuid(65534)  # root may do anything
        with pytest.raises(DataError, match=f"secret{suffix}: Permission denied"):
            load(secret)
        with pytest.raises(DataError, match="Permission denied"):
            save(STATE, tmp_path / f"new{suffix}")
    finally:
        if user == 0:
            os.seteuid(0)
        tmp_path.chmod(0o755)
    assert os.listdir(tmp_path) == [secret.name]


WRITER = """
import sys
import numpy as np
from nn.serialization import save
print("ready", flush=True)
i = 0
while True:
    i += 1
    save({"w": np.full(200_000, i % 100, np.float32), "n": np.float32(i % 100)}, sys.argv[1])
"""


def writer(path):
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


@formats
def test_killed_while_saving(tmp_path, suffix, rng):
    path = tmp_path / f"model{suffix}"
    save({"w": np.zeros(200_000, np.float32), "n": np.float32(0)}, path)
    for _ in range(4):
        process = writer(path)
        time.sleep(float(rng.uniform(0.01, 0.2)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        weights = load(path)
        assert (weights["w"].numpy() == weights["n"].item()).all()


@formats
def test_a_reader_beside_a_writer_sees_whole_files(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    save({"w": np.zeros(200_000, np.float32), "n": np.float32(0)}, path)
    process = writer(path)
    try:
        seen = set()
        end = time.monotonic() + 2
        while time.monotonic() < end:
            weights = load(path)
            seen.add(weights["n"].item())
            assert (weights["w"].numpy() == weights["n"].item()).all()
        assert len(seen) > 2
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@formats
def test_several_writers(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"

    def write(i):
        for _ in range(10):
            save({"w": np.full(1000, i)}, path)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(load(path)["w"].numpy())) == 1 and os.listdir(tmp_path) == [path.name]
