"""Files of any bytes: read as what they are, or refused with a DataError that names them; never another error, never other
numbers without a warning."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn.commands.images import Target, prepare, read_image
from nn.data import cifar10
from nn.data.idx import read_idx
from nn.serialization import load, load_metadata, save
from nn.training.checkpoint import load_checkpoint, save_checkpoint
from tensorgrad.errors import DataError
from tensorgrad.tensor import Tensor
from tests.fuzz.damage import damaged, files
from tests.fuzz.settings import examples

pytestmark = pytest.mark.fuzz

STATE = {"weight": np.arange(12, dtype=np.float32).reshape(3, 4), "bias": np.ones(3), "step": np.int64(4)}
MODEL = {"weight": np.arange(12, dtype=np.float32).reshape(3, 4), "bias": np.ones(3, np.float32)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


def read(reader, path, data):
    """What `reader` makes of the bytes: None if it refuses them, as it should; and whether it warned."""
    path.write_bytes(data)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            return reader(path), bool(said)
        except DataError as error:
            assert path.name in str(error) and len(str(error)) < 2000
            return None, bool(said)


def sealed(suffix, state=STATE, metadata=None):
    """The bytes of a weight file of ours."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, f"a{suffix}")
        save(state, path, metadata)
        return path.read_bytes()


def saved_by_numpy(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def same_as(found, expected):
    return set(found) == set(expected) and all(
        found[name].dtype == np.asarray(expected[name]).dtype and np.array_equal(found[name].numpy(), expected[name])
        for name in expected)


# -- weights -----------------------------------------------------------------------------------------------------------

SUFFIXES = [".npz"]
try:
    import safetensors.numpy
except ImportError:
    FOREIGN = {".npz": saved_by_numpy(**STATE)}
else:
    SUFFIXES.append(".safetensors")
    FOREIGN = {".npz": saved_by_numpy(**STATE), ".safetensors": safetensors.numpy.save({"weight": STATE["weight"]})}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damaged_weights(folder, suffix):
    """What loads without a warning is what was saved."""
    ours = [sealed(suffix), sealed(suffix, STATE, {"epoch": "3", "note": "é"})]

    @examples(400)
    @given(files([*ours, FOREIGN[suffix]]))
    def check(data):
        found, warned = read(load, folder / f"weights{suffix}", data)
        if found is not None:
            assert warned or same_as(found, STATE)
            assert all(isinstance(value, Tensor) and value.array.flags.owndata for value in found.values())
        metadata, _ = read(load_metadata, folder / f"weights{suffix}", data)
        if metadata is not None:
            assert all(isinstance(key, str) and isinstance(value, str) for key, value in metadata.items())

    check()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_model_is_loaded_whole_or_not_at_all(folder, suffix):
    data = sealed(suffix, MODEL)

    @examples(100)
    @given(damaged([data, saved_by_numpy(**MODEL)] if suffix == ".npz" else [data]))
    def check(data):
        model = nn.Linear(4, 3)
        before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
        found, warned = read(load, folder / f"model{suffix}", data)
        if found is None:
            return
        try:
            model.load_state_dict(found)
        except (RuntimeError, ValueError, TypeError):
            assert same_as(model.state_dict(), before)
        else:
            assert warned or same_as(model.state_dict(), MODEL)

    check()


SIZES = st.one_of(st.integers(-3, 5), st.sampled_from([1 << 31, 1 << 40, (1 << 63) - 1, 1 << 63, 1 << 64, -(1 << 63)]))
DESCRIPTIONS = st.one_of(
    st.sampled_from(["<f4", ">f4", "<f8", "<f2", "<i4", ">i8", "|u1", "|b1", "<c8", "|O", "<U3", "|S4", "<M8[s]", "<f16",
                     "<V0", "", "f", "x", "(2,)<f4"]),
    st.just([("a", "<f4")]), st.just([]), st.none(), st.integers())
SHAPES = st.one_of(st.lists(SIZES, max_size=4).map(tuple), st.just((1,) * 65), st.just((True,)), st.just([2]), st.just("ab"),
                   st.just((2.0,)), st.none())


@st.composite
def npy_files(draw):
    """A .npy file that says what it likes of itself."""
    header = {"descr": draw(DESCRIPTIONS), "fortran_order": draw(st.sampled_from([False, True, 1, None])),
              "shape": draw(SHAPES)}
    if draw(st.booleans()):
        header.pop(draw(st.sampled_from(sorted(header))))
    text = (repr(header) + draw(st.sampled_from(["", "\n", ")", "'", "\0", " + 1", "\n  x", "L" * 10, "("]))).encode()
    version = draw(st.sampled_from([b"\1\0", b"\1\0", b"\2\0", b"\3\0", b"\4\0"]))
    length = len(text) + draw(st.sampled_from([0, 0, 0, 1, -1, 60000]))
    lengths = struct.pack("<H" if version == b"\1\0" else "<I", length)
    return b"\x93NUMPY" + version + lengths + text + bytes(draw(st.sampled_from([0, 4, 16, 48])))


@examples(400)
@given(npy_files(), st.sampled_from(["a.npy", "a", "__metadata__.json", "../a.npy", "/a.npy", "digest.npy", "tree.npy"]),
       st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]), st.data())
def test_archives_that_lie(folder, content, name, compression, data):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        archive.writestr(name, content)
    whole = stream.getvalue()
    if data.draw(st.booleans()):
        whole = data.draw(damaged([whole]))
    for reader, path in ((load, folder / "a.npz"), (load_metadata, folder / "a.npz"), (load_checkpoint, folder / "run.npz")):
        found, _ = read(reader, path, whole)
        assert found is None or isinstance(found, dict)
    assert sorted(path.name for path in folder.parent.iterdir()) == sorted({folder.name, *IN_PARENT})


IN_PARENT: set[str] = set()  # nothing may be unpacked beside the folder


@pytest.fixture(scope="module", autouse=True)
def parent(folder):
    IN_PARENT.update(path.name for path in folder.parent.iterdir())


KEYS = st.sampled_from(["dtype", "shape", "data_offsets", "a"])
KINDS = st.sampled_from(["F32", "F64", "F4", "U8", "BF16", "BOOL", "F8_E4M3"])
JSON = st.recursive(st.one_of(st.none(), st.booleans(), SIZES, st.floats(), st.text(max_size=3), KEYS, KINDS),
                    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner)))
OFFSETS = st.lists(st.one_of(st.sampled_from([0, 4, 8, 16]), SIZES), min_size=2, max_size=2)
ENTRIES = st.fixed_dictionaries({"dtype": st.one_of(KINDS, JSON), "shape": st.one_of(st.lists(SIZES, max_size=3), JSON),
                                 "data_offsets": st.one_of(OFFSETS, JSON)})


@pytest.mark.skipif(".safetensors" not in SUFFIXES, reason="needs the extra [io]")
@examples(400)
@given(st.one_of(JSON, st.dictionaries(st.sampled_from(["a", "b", "__metadata__", "tensorgrad.sha256"]),
                                       st.one_of(ENTRIES, ENTRIES, JSON), max_size=3)),
       st.sampled_from([0, 0, 0, 1, -1, 1 << 40, 1 << 63]), st.sampled_from([0, 4, 8, 16, 32]))
def test_safetensors_that_lie(folder, header, longer, rest):
    text = json.dumps(header).encode()
    data = struct.pack("<Q", max(0, len(text) + longer)) + text + bytes(rest)
    for reader in (load, load_metadata):
        found, _ = read(reader, folder / "a.safetensors", data)
        assert found is None or isinstance(found, dict)


# -- checkpoints -------------------------------------------------------------------------------------------------------


@examples(300)
@given(st.data())
def test_damaged_checkpoints(folder, data):
    state = {"epoch": 3, "weight": np.arange(20.0), "rates": (0.1, None, "é", [True])}
    sound = save_checkpoint(folder / "sound.npz", state).read_bytes()
    found, _ = read(load_checkpoint, folder / "run.npz", data.draw(files([sound])))
    if found is not None:
        assert found["epoch"] == 3 and found["rates"] == state["rates"]
        np.testing.assert_array_equal(found["weight"], state["weight"])


# -- data sets ---------------------------------------------------------------------------------------------------------

IDX = [bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 3, 4) + bytes(range(24)),
       bytes([0, 0, 13, 1]) + struct.pack(">I", 2) + struct.pack(">2f", 1, 2),
       bytes([0, 0, 8, 0x46]) + struct.pack(">70I", *[1] * 70) + b"\1",
       bytes([0, 0, 8, 4]) + struct.pack(">4I", 0, *[0xFFFFFFFF] * 3)]


@examples(600)
@given(st.one_of(st.sampled_from([*IDX, *map(gzip.compress, IDX)]), files(IDX), files([*map(gzip.compress, IDX)]),
                 files(IDX).map(gzip.compress)))
def test_idx_files(folder, data):
    array, _ = read(read_idx, folder / "images-idx3-ubyte.gz", data)
    if array is not None:
        assert array.dtype.isnative and array.dtype.kind in "uif" and array.flags.writeable


def tar(compress, *names):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 40
            archive.addfile(member, io.BytesIO(bytes(range(40))))
    return compress(stream.getvalue())


ARCHIVES = [tar(compress, "x/data_batch_1.bin", "x/test_batch.bin", "../up.bin")
            for compress in (gzip.compress, bz2.compress, lzma.compress, bytes)]


@examples(300)
@given(st.one_of(files(ARCHIVES), files(ARCHIVES[-1:]).map(gzip.compress)))
def test_cifar_archives(folder, data):
    def members(path):
        return cifar10.members(path, ("test_batch.bin", "data_batch_1.bin"))

    found, _ = read(members, folder / "cifar-10-binary.tar.gz", data)
    assert found is None or list(found) == ["test_batch.bin", "data_batch_1.bin"]


# -- pictures ----------------------------------------------------------------------------------------------------------


def pictures():
    image = pytest.importorskip("PIL.Image")
    sound = []
    for kind in ("PNG", "GIF", "JPEG", "BMP", "TIFF", "PPM", "WEBP", "TGA"):
        stream = io.BytesIO()
        image.fromarray(np.arange(108, dtype=np.uint8).reshape(6, 6, 3)).save(stream, kind)
        sound.append(stream.getvalue())
    return sound


def checked_picture(array):
    if array is not None:
        assert array.dtype == np.float32 and array.ndim in (2, 3) and array.size
        assert np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1
        pixels, _ = prepare(array, Target(1, 8, 8, 0.1))
        assert pixels.shape == (1, 8, 8)


def test_damaged_pictures(folder):
    sound = pictures()

    @examples(800)
    @given(files(sound))
    def check(data):
        checked_picture(read(read_image, folder / "picture.png", data)[0])

    check()


@examples(400)
@given(st.one_of(npy_files(), files([saved_by_numpy(a=np.ones((3, 3)))]),
                 st.builds(lambda array: numpy_file(array), st.sampled_from([
                     np.ones((4, 4)), np.zeros((3, 5, 5), np.uint8), np.full((2, 2), np.nan), np.ones((2, 2, 2), bool)]))))
def test_array_pictures(folder, data):
    checked_picture(read(read_image, folder / "picture.npy", data)[0])


def numpy_file(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()
