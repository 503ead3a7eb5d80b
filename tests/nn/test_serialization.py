"""Weight files: round trips, every kind of damage, and that nothing is ever unpickled."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import nn
from nn import serialization
from nn.serialization import load, load_metadata, save
from tensorgrad.errors import ArgumentError, DataError, DtypeError
from tensorgrad.tensor import Tensor

try:
    import safetensors  # noqa: F401
except ImportError:
    SUFFIXES = [".npz"]
else:
    SUFFIXES = [".npz", ".safetensors"]

formats = pytest.mark.parametrize("suffix", SUFFIXES)
needs_safetensors = pytest.mark.skipif(".safetensors" not in SUFFIXES, reason="needs the extra [io]")

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]


def state(rng):
    return {"conv1.weight": Tensor(rng.normal(size=(4, 3, 2, 2)).astype(np.float32)), "bias": rng.normal(size=4),
            "steps": np.int64(7), "scalar": Tensor(2.5), "empty": np.zeros((0, 3), np.float16),
            "mask": np.array([True, False])}


def same(loaded, wanted):
    assert list(sorted(loaded)) == list(sorted(wanted))
    for name, tensor in loaded.items():
        array = np.asarray(wanted[name])
        assert isinstance(tensor, Tensor)
        assert tensor.dtype == array.dtype.newbyteorder("=") and tensor.shape == array.shape
        np.testing.assert_array_equal(tensor.array, array)
        assert tensor.array.flags.owndata and tensor.array.flags.writeable and tensor.array.flags.c_contiguous


# -- round trips ------------------------------------------------------------------------------------------------------


@formats
def test_round_trip(tmp_path, rng, suffix):
    path = tmp_path / f"model{suffix}"
    nn.save(state(rng), path, {"epoch": "3", "name": "π"})
    same(nn.load(path), state(np.random.default_rng(20_240_607)))
    assert nn.load_metadata(str(path)) == {"epoch": "3", "name": "π"}
    assert os.listdir(tmp_path) == [path.name]


@formats
def test_without_tensors_and_metadata(tmp_path, suffix):
    save({}, tmp_path / f"a{suffix}")
    assert load(tmp_path / f"a{suffix}") == {} and load_metadata(tmp_path / f"a{suffix}") == {}


@formats
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_array_in_any_memory_order(tmp_path, suffix, data):
    array = data.draw(npst.arrays(data.draw(st.sampled_from(DTYPES)), npst.array_shapes(min_dims=0, max_dims=4, max_side=4)))
    array = np.asarray(array)
    view = array.transpose(data.draw(st.permutations(range(array.ndim))))[..., ::data.draw(st.sampled_from([1, -1, 2]))] \
        if array.ndim else array
    name = data.draw(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=20))
    path = tmp_path / f"a{suffix}"
    save({name: view, "second": Tensor(view)}, path)
    same(load(path), {name: view, "second": view})


@formats
def test_the_bytes_depend_on_the_contents_alone(tmp_path, rng, suffix):
    weights = state(rng)
    for name in ("a", "b"):
        save(weights, tmp_path / f"{name}{suffix}", {"x": "y"})
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_other_byte_orders(tmp_path):
    for suffix in SUFFIXES:
        save({"a": np.arange(5, dtype=">f4")}, tmp_path / f"a{suffix}")
        same(load(tmp_path / f"a{suffix}"), {"a": np.arange(5, dtype=np.float32)})


@pytest.mark.filterwarnings("ignore:.*has no checksum")
def test_numpy_reads_and_writes_the_same_files(tmp_path, rng):
    weights = {"a.weight": rng.normal(size=(2, 3)), "b": np.asfortranarray(rng.normal(size=(3, 2))), "c": np.array(3)}
    for writer in (np.savez, np.savez_compressed):
        writer(tmp_path / "theirs.npz", **weights)
        same(load(tmp_path / "theirs.npz"), weights)
    save(weights, tmp_path / "ours.npz", {"k": "v"})
    with np.load(tmp_path / "ours.npz", allow_pickle=False) as file:
        for name, array in weights.items():
            np.testing.assert_array_equal(file[name], array)


@needs_safetensors
@pytest.mark.filterwarnings("ignore:.*has no checksum")
def test_safetensors_reads_and_writes_the_same_files(tmp_path, rng):
    from safetensors.numpy import load_file, save_file

    weights = {"a": rng.normal(size=(2, 3)), "b": np.array(2.0)}
    save_file(weights, tmp_path / "theirs.safetensors", {"k": "v"})
    same(load(tmp_path / "theirs.safetensors"), weights)
    assert load_metadata(tmp_path / "theirs.safetensors") == {"k": "v"}
    save({"t": weights["a"].T}, tmp_path / "ours.safetensors")
    np.testing.assert_array_equal(load_file(tmp_path / "ours.safetensors")["t"], weights["a"].T)


@needs_safetensors
@pytest.mark.filterwarnings("ignore:.*has no checksum")
def test_bfloat16_comes_as_float32(tmp_path):
    values = np.array([1.0, -2.5, np.inf, 1e-30], np.float32)
    body = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    write_safetensors(tmp_path / "a.safetensors", {"w": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}}, body)
    loaded = load(tmp_path / "a.safetensors")["w"]
    assert loaded.dtype == np.float32
    np.testing.assert_allclose(loaded.array, values, rtol=1e-2)


@needs_safetensors
@pytest.mark.filterwarnings("ignore:.*has no checksum")
def test_a_dtype_that_no_tensor_has(tmp_path):
    header = {"w": {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}}
    write_safetensors(tmp_path / "a.safetensors", header, b"1234")
    with pytest.raises(DataError, match="'w' is of the dtype F8_E4M3, which a tensor cannot hold"):
        load(tmp_path / "a.safetensors")


def write_safetensors(path, header, body):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


@pytest.mark.torch
@needs_safetensors
@pytest.mark.filterwarnings("ignore:.*has no checksum")
def test_pytorch_reads_and_writes_the_same_files(tmp_path, rng):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    weights = {"conv.weight": rng.normal(size=(4, 3, 3, 3)).astype(np.float32).transpose(0, 2, 3, 1), "n": np.array(3),
               "half": rng.normal(size=3).astype(np.float16), "mask": np.array([True, False])}
    save(weights, tmp_path / "ours.safetensors")
    theirs = load_file(tmp_path / "ours.safetensors")
    for name, array in weights.items():
        np.testing.assert_array_equal(theirs[name].numpy(), array)
        assert theirs[name].numpy().dtype == array.dtype
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    save_file(model.state_dict(), tmp_path / "theirs.safetensors")
    same(load(tmp_path / "theirs.safetensors"), {k: v.numpy() for k, v in model.state_dict().items()})
    save_file({"w": torch.tensor([1.5, -3.0], dtype=torch.bfloat16)}, tmp_path / "bf16.safetensors")
    assert load(tmp_path / "bf16.safetensors")["w"].tolist() == [1.5, -3.0]


@pytest.mark.torch
@needs_safetensors
@pytest.mark.filterwarnings("ignore:.*has no checksum")
def test_the_advice_for_pytorch_files_works(tmp_path):
    torch = pytest.importorskip("torch")
    import subprocess

    weights = torch.nn.Linear(3, 2).state_dict()
    torch.save(weights, tmp_path / "model.pt")
    with pytest.raises(DataError) as caught:
        load(tmp_path / "model.pt")
    command = str(caught.value).partition("python -c ")[2].strip()
    subprocess.run(f"{sys.executable} -c {command}", shell=True, check=True, cwd=tmp_path)
    same(load(tmp_path / "model.safetensors"), {name: value.numpy() for name, value in weights.items()})


# -- refusals when saving ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights, error, text", [
    ([1, 2], DtypeError, "a dict of tensors by name, got a list"),
    ({3: np.ones(2)}, ArgumentError, "3 cannot be the name of a tensor"),
    ({"__metadata__": np.ones(2)}, ArgumentError, "cannot be the name"),
    ({"layer": {"weight": np.ones(2)}}, DtypeError, "'layer' is a dict(.|\n)*one level deep"),
    ({"a": "text"}, DtypeError, "'a' is a str"),
    ({"a": np.array([object()])}, DtypeError, "'a' is a array of object"),
    ({"a": np.ones(2, complex)}, DtypeError, "array of complex128"),
])
def test_what_cannot_be_saved(tmp_path, weights, error, text):
    with pytest.raises(error, match=text):
        save(weights, tmp_path / "a.npz")
    assert not os.listdir(tmp_path)


def test_metadata_is_text(tmp_path):
    with pytest.raises(ArgumentError, match="metadata 'epoch': 3 is no text"):
        save({}, tmp_path / "a.npz", {"epoch": 3})


@pytest.mark.parametrize("name", ["a.txt", "a", "weights.h5"])
def test_unknown_suffixes(tmp_path, name):
    with pytest.raises(ArgumentError, match="names no format for weights(.|\n)*safetensors or .npz"):
        save({}, tmp_path / name)
    with pytest.raises(ArgumentError, match="names no format"):
        load(tmp_path / name)


def test_a_suffix_of_pickles_is_not_written(tmp_path):
    with pytest.raises(ArgumentError, match="would be a pickle(.|\n)*a.safetensors"):
        save({}, tmp_path / "a.pt")


@formats
def test_a_failed_write_leaves_the_old_file(tmp_path, rng, monkeypatch, suffix):
    path = tmp_path / f"a{suffix}"
    save({"a": np.ones(3)}, path)
    before = path.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DataError, match="cannot write .*: No space left on device"):
            save({"a": np.zeros(30)}, path)
    with pytest.raises(DtypeError):
        save({"a": np.zeros(3), "b": "x"}, path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name]


def test_a_missing_folder(tmp_path):
    with pytest.raises(DataError, match="cannot write .*none.*: No such file or directory"):
        save({}, tmp_path / "none" / "a.npz")


def test_safetensors_that_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    (tmp_path / "b.safetensors").write_bytes(b"x" * 20)
    for call in (lambda: save({}, tmp_path / "a.safetensors"), lambda: load(tmp_path / "b.safetensors")):
        with pytest.raises(DataError, match='not installed(.|\n)*pip install "tensorgrad\\[io\\]"'):
            call()
    assert os.listdir(tmp_path) == ["b.safetensors"]


# -- damaged files ----------------------------------------------------------------------------------------------------


@formats
def test_missing_empty_and_folders(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    with pytest.raises(DataError, match=f"cannot read .*a{suffix}: No such file"):
        load(path)
    path.touch()
    with pytest.raises(DataError, match=f"a{suffix} is empty"):
        load(path)
    (tmp_path / f"b{suffix}").mkdir()
    with pytest.raises(DataError, match=f"b{suffix} is a folder, not a file"):
        load_metadata(tmp_path / f"b{suffix}")


@formats
def test_truncation_anywhere(tmp_path, rng, suffix):
    path = tmp_path / f"a{suffix}"
    save(state(rng), path, {"k": "v"})
    whole = path.read_bytes()
    for length in sorted({*range(1, 60), *range(60, len(whole), 37), len(whole) - 1, len(whole) - 22}):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=f"load: .*a{suffix} is truncated, damaged or of another format"):
            load(path)


@formats
def test_flipped_bits_give_an_error_or_numbers(tmp_path, rng, suffix):
    path = tmp_path / f"a{suffix}"
    save(state(rng), path, {"k": "v"})
    whole = bytearray(path.read_bytes())
    refused = 0
    for _ in range(400):
        damaged = bytearray(whole)
        for place in rng.integers(len(whole), size=rng.integers(1, 4)):
            damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            assert all(isinstance(tensor, Tensor) for tensor in load(path).values())
        except DataError as error:
            assert str(path) in str(error)
            refused += 1
    assert refused > 100


@formats
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.binary(min_size=1, max_size=200))
def test_garbage(tmp_path, suffix, garbage):
    path = tmp_path / f"a{suffix}"
    for data in (garbage, b"PK\3\4" + garbage, struct.pack("<Q", len(garbage)) + garbage, b"\x93NUMPY\1\0" + garbage):
        path.write_bytes(data)
        with pytest.raises(DataError):
            load(path)


@formats
def test_a_damaged_array_in_an_npz_is_found(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    if suffix == ".npz":
        save({"a": np.arange(1000)}, path)
        data = bytearray(path.read_bytes())
        data[3000] ^= 1
        path.write_bytes(data)
        with pytest.raises(DataError, match="its checksum does not match"):
            load(path)
    else:
        write_safetensors(path, {"w": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 8]}}, b"x" * 8)
        with pytest.raises(DataError, match="damaged"):
            load(path)


def npz(path, **members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name + ".npy", content)


def header(descr, *shape):
    return {"descr": descr, "fortran_order": False, "shape": shape}


def npy(header, body, version=b"\1\0"):
    text = (repr(header) if not isinstance(header, str) else header).encode()
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + body


@pytest.mark.parametrize("content, text", [
    (npy(header("<f4", 3), b"1234"), r"4 bytes where an array of shape \(3,\) has 12"),
    (npy(header("<f4", 2**40, 2**40), b"1234"), "has 4835703278458516698824704"),
    (npy(header("<f4", -1), b"1234"), "4 bytes where"),
    (npy(header("<c8", 1), b"12345678"), "dtype complex64"),
    (npy(header("|O", 1), pickle.dumps([1])), "pickled objects, which are never loaded"),
    (npy(header([("a", "<f4")], 1), b"1234"), "dtype"),
    (npy("__import__('os').system('true')", b""), "Cannot parse header|malformed|not a dictionary"),
    (npy(header("<f4", 1), b"1234", b"\7\7"), "npy version"),
    (b"no npy", "magic|EOF"),
], ids=["short", "huge", "negative", "complex", "objects", "records", "code", "version", "text"])
def test_members_of_an_npz(tmp_path, content, text):
    npz(tmp_path / "a.npz", w=content)
    with pytest.raises(DataError, match=text):
        load(tmp_path / "a.npz")


# -- pickles ----------------------------------------------------------------------------------------------------------


class Bomb:
    """Unpickling one would raise SystemExit."""

    def __reduce__(self):
        return sys.exit, (1,)


def pickled(kind):
    if kind == "torch zip":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as file:
            file.writestr("archive/data.pkl", pickle.dumps(Bomb()))
            file.writestr("archive/version", "3\n")
        return stream.getvalue()
    return pickle.dumps(Bomb(), protocol=kind)


@pytest.mark.parametrize("kind", ["torch zip", 0, 2, 3, 4, 5])
@pytest.mark.parametrize("name", ["a.pt", "a.pth", "a.pkl", "a.bin", *[f"a{suffix}" for suffix in SUFFIXES]])
def test_pickles_are_refused(tmp_path, kind, name):
    path = tmp_path / name
    path.write_bytes(pickled(kind))
    with pytest.raises(DataError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    if kind != 0 or name in ("a.pt", "a.pth"):
        assert "Nothing is loaded from pickles" in str(caught.value) and "weights_only=True" in str(caught.value)


@needs_safetensors
@pytest.mark.filterwarnings("ignore:.*has no checksum")
def test_a_header_of_640_bytes_is_no_pickle(tmp_path):
    """Its length makes the file begin with the bytes 80 02, as pickles do."""
    path = tmp_path / "a.safetensors"
    header = {"__metadata__": {"k": ""}, "w": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]}}
    header["__metadata__"]["k"] = "x" * (640 - len(json.dumps(header)))
    write_safetensors(path, header, np.ones(2).tobytes())
    assert path.read_bytes()[:2] == b"\x80\x02"
    same(load(path), {"w": np.ones(2)})


def test_nothing_unpickles():
    source = Path(serialization.__file__).read_text()
    assert "import pickle" not in source and "allow_pickle=True" not in source and "np.load" not in source
