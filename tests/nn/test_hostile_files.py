"""Weight files that were cut off, changed, or made to do harm: refused with a reason, model and old file untouched."""

from __future__ import annotations

import json
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest

import nn
from nn.serialization import load, load_metadata, save
from nn.training.checkpoint import load_checkpoint
from tensorgrad.errors import ArgumentError, DataError

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
    with pytest.raises(DataError, match="cannot read a"):
        load(f"a\0b{suffix}")
    loop = tmp_path / f"loop{suffix}"
    loop.symlink_to(loop)
    with pytest.raises(DataError):
        load(loop)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / f"pipe{suffix}")
        with pytest.raises(DataError, match=f"^load: .*pipe{suffix} is a device or a pipe, not a file.\n  Check the path.$"):
            load(tmp_path / f"pipe{suffix}")


@formats
def test_a_link_is_followed_and_kept(tmp_path, suffix):
    real, link = tmp_path / f"real{suffix}", tmp_path / f"link{suffix}"
    save(STATE, real)
    link.symlink_to(real)
    save({"w": np.zeros(2)}, link)
    assert link.is_symlink() and list(load(real)) == ["w"] == list(load(link))


ODD = {"nan": np.array([0x7FC00123, 0x7F800001, 0xFFC00000, 0x80000000], np.uint32).view(np.float32), "π/..\\☃": np.ones(2),
       "../up": np.zeros((0, 3)), "": np.ones(1), "a": np.ones(1), "a.npy": np.zeros(2), "big": np.arange(3, dtype=">f4"),
       "half": np.ones(2, np.float16), "spaced": np.arange(12.0).reshape(3, 4).T[::2], "number": np.float32(3),
       "empty": np.zeros((3, 0, 2), bool), "file": np.ones(1), "fortran": np.asfortranarray(np.arange(6).reshape(2, 3))}


@formats
def test_odd_names_and_arrays_come_back_bit_by_bit(tmp_path, suffix):
    """Payloads of NaN, signs of zeros, other byte orders and layouts, no entries, names that look like paths."""
    path = tmp_path / f"é ☃{suffix}"
    save(ODD, path, {"ö/\n": "\0"})
    found = load(path)
    assert set(found) == set(ODD) and load_metadata(path) == {"ö/\n": "\0"}
    for name, value in ODD.items():
        wanted = np.asarray(value).astype(np.asarray(value).dtype.newbyteorder("="))
        array = found[name].numpy()
        assert array.dtype == wanted.dtype and array.shape == wanted.shape and array.tobytes() == wanted.tobytes(), name
    assert os.listdir(tmp_path) == [path.name]


@formats
@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 70_000, "__metadata__", 3])
def test_names_that_a_file_cannot_hold(tmp_path, suffix, name):
    """A null character would cut the name off in an archive, and two tensors could become one."""
    with pytest.raises(ArgumentError, match="cannot be the name of a tensor"):
        save({"a": np.zeros(1), name: np.ones(1)}, tmp_path / f"a{suffix}")
    assert not os.listdir(tmp_path)


@formats
@pytest.mark.parametrize("metadata", [{"tensorgrad.sha256": "1"}, {"tensorgrad.sealed": "1"}, {"\ud800": "a"},
                                      {"a": "\udfff"}])
def test_metadata_that_a_file_cannot_hold(tmp_path, suffix, metadata):
    with pytest.raises(ArgumentError, match="save: (the )?metadata"):
        save(STATE, tmp_path / f"a{suffix}", metadata)
    assert not os.listdir(tmp_path)


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
