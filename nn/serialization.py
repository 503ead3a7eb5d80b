"""Weights in files: `save` a state dict, `load` it again, as safetensors (which PyTorch reads too) or as NumPy's npz.

Nothing is ever unpickled: a pickle can run any code when it is read.  Every fault of a file is a `DataError` that names it.
A checksum over the whole file finds any change of it; readers that do not know of it read the file all the same.
"""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from nn import seal
from nn.atomic import atomic
from tensorgrad.dtypes import RANK
from tensorgrad.errors import ArgumentError, DataError, DtypeError
from tensorgrad.tensor import Tensor, from_array

__all__ = ["save", "load", "load_metadata"]

PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt")
METADATA = "__metadata__.json"  # the member of an npz that holds the metadata
LONGEST_NAME = 60_000  # bytes; in an npz 65,535 are the most
MOST_INFLATED = 200    # times its own size that an npz may unpack to,
MOST_FREE = 64 << 20   # besides this many bytes: zeros pack well
CONVERT = """Nothing is loaded from pickles, which can run any code.  Where PyTorch is installed, convert it once:
    python -c "import torch, safetensors.torch as s; w = torch.load('%s', map_location='cpu', weights_only=True); \
s.save_file({k: v.clone() for k, v in w.items()}, '%s')\""""


def save(state_dict: Mapping[str, Any], path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None) -> None:
    """Write named tensors to `path`, all or nothing; the suffix chooses the format.

    ======================  ==================================================
    ``.safetensors``        read by PyTorch and others; needs the extra [io]
    ``.npz``                read by ``numpy.load``; needs NumPy only
    ======================  ==================================================

    Parameters
        state_dict   {name: tensor or array}, such as `Module.state_dict()` returns
        metadata     {name: text} kept beside them; `load_metadata` reads it

    Raises
        ArgumentError   another suffix, a name or a metadata entry that is no text
        DtypeError      a value that is no array of bools, integers or floats
        DataError       the file cannot be written, and an older one is untouched then; safetensors is not installed

    Example
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save({"weight": Tensor([1.0, 2.0])}, Path(folder, "model.npz"), {"epoch": "3"})
        ...     load(Path(folder, "model.npz")), load_metadata(Path(folder, "model.npz"))
        ({'weight': tensor([1., 2.])}, {'epoch': '3'})
    """
    path = Path(path)
    pack = {".safetensors": pack_safetensors, ".npz": pack_npz}[suffix_of("save", path)]
    data = pack(checked_arrays(state_dict), checked_metadata(metadata or {}))
    try:
        with atomic(path) as file:
            file.write(data)
    except (OSError, ValueError) as error:  # a path with a null character is a ValueError
        raise DataError(f"save: cannot write {path}: {reason(error)}.\n"
                        "  Check the folder and the space on the disk.") from error


def load(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors in a file that `save`, safetensors or NumPy wrote, by name; each owns its memory.

    Entries that safetensors holds as bfloat16 come as float32.  A file without a checksum, which others than `save` wrote,
    loads with a UserWarning: damage to its numbers would go unnoticed.

    Raises
        ArgumentError   a suffix other than .safetensors and .npz
        DataError       the file is missing, truncated, damaged, or a pickle; safetensors is not installed
    """
    arrays, _, sealed = unpack("load", path)
    if not sealed:
        seal.warn_of_missing(path)
    return {name: from_array(array) for name, array in arrays.items()}


def load_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The metadata in a file that `save` or safetensors wrote; empty if it has none.

    Raises
        as `load`
    """
    return unpack("load_metadata", path)[1]


# -- checks -----------------------------------------------------------------------------------------------------------


def suffix_of(who: str, path: Path) -> str:
    """The suffix of `path`, which must name a format we read and write."""
    suffix = path.suffix.lower()
    if suffix in (".safetensors", ".npz"):
        return suffix
    if suffix in PICKLES:
        if who == "save":
            raise ArgumentError(f"save: {path} would be a pickle by its suffix, and none is ever written.\n"
                                f"  Write {path.with_suffix('.safetensors')}; PyTorch reads it with safetensors.torch.")
        raise DataError(f"{who}: {path} is a pickle by its suffix.\n  " + CONVERT % (path, path.with_suffix(".safetensors")))
    raise ArgumentError(f"{who}: {path} has the suffix {suffix!r}, which names no format for weights.\n"
                        "  Use .safetensors or .npz.")


def checked_arrays(state_dict: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of a state dict, in C order: safetensors writes garbage for any other."""
    if not isinstance(state_dict, Mapping):
        raise DtypeError(f"save: expects a dict of tensors by name, got a {type(state_dict).__name__}.\n"
                         "  Pass model.state_dict().")
    arrays = {}
    for name, value in state_dict.items():
        if not is_text(name) or name in ("__metadata__", METADATA) or "\0" in name or len(name.encode()) > LONGEST_NAME:
            raise ArgumentError(f"save: {name!r:.80} cannot be the name of a tensor.\n  Use a text such as 'conv1.weight'.")
        if isinstance(value, Tensor):
            value = value.array
        array = np.asarray(value, order="C") if hasattr(value, "dtype") or isinstance(value, (int, float)) else None
        if array is None or array.dtype.kind not in RANK or array.dtype.itemsize > 8:
            kind = type(value).__name__ if array is None else f"array of {array.dtype}"
            raise DtypeError(f"save: {name!r} is a {kind}, which a weight file cannot hold.\n"
                             "  Use tensors or arrays of bools, integers or floats, one level deep: {'weight': tensor}.")
        arrays[name] = array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    return arrays


def checked_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """`metadata` as a dict of texts."""
    for key, value in metadata.items():
        if not is_text(key) or not is_text(value):
            raise ArgumentError(f"save: metadata {key!r}: {value!r:.80} is no text.\n"
                                "  Pass texts: str(...) or json.dumps(...).")
        if key in seal.MARKS:
            raise ArgumentError(f"save: the metadata {key!r} is where the checksum stands.\n  Use another name.")
    return dict(metadata)


def is_text(value: Any) -> bool:
    """A string that a file can hold: half of a surrogate pair is none."""
    return isinstance(value, str) and not any(["\ud800" <= letter <= "\udfff" for letter in value])


# -- formats ----------------------------------------------------------------------------------------------------------


Contents = tuple[dict[str, np.ndarray], dict[str, str], bool]


def unpack(who: str, path: str | os.PathLike[str]) -> Contents:
    """Arrays and metadata of a weight file, and whether it has a checksum, which is right then."""
    path = Path(path)
    read = {".safetensors": unpack_safetensors, ".npz": unpack_npz}[suffix_of(who, path)]
    try:
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "a device or a pipe"
            raise DataError(f"{who}: {path} is {kind}, not a file.\n  Check the path.")
        data = path.read_bytes()
    except DataError:
        raise
    except (OSError, ValueError) as error:  # a path with a null character is a ValueError
        raise DataError(f"{who}: cannot read {path}: {reason(error)}.\n  Check the path.") from error
    if not data:
        raise DataError(f"{who}: {path} is empty.\n  Save it again, or use a copy.")
    if looks_pickled(data):
        raise DataError(f"{who}: {path} holds a pickle in spite of its suffix.\n  "
                        + CONVERT % (path, path.with_name(path.stem + "-converted.safetensors")))
    try:
        return read(data)
    except Damage as error:
        raise DataError(f"{who}: {path} is truncated, damaged or of another format: {error}.\n"
                        "  Save it again, or use a copy.") from error


class Damage(Exception):
    """What is wrong with the bytes of a file."""


def looks_pickled(data: bytes) -> bool:
    """True for both kinds of file that ``torch.save`` writes, and for other pickles of protocol 2 and above."""
    if data[:4] == b"PK\x03\x04":
        return b"/data.pkl" in data[:1024]
    # A header of 640 bytes makes a safetensors file begin like a pickle, but its ninth byte opens JSON.
    return data[:1] == b"\x80" and data[1:2] in (b"\2", b"\3", b"\4", b"\5") and data[8:9] != b"{"


def safetensors_module() -> Any:
    """The package, or how to get it."""
    try:
        import safetensors.numpy
    except ImportError as error:
        raise DataError("weights: .safetensors files need the package safetensors, which is not installed.\n"
                        '  pip install "tensorgrad[io]", or use the suffix .npz.') from error
    return safetensors


def pack_safetensors(arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    """The bytes of a safetensors file."""
    marks = {**metadata, **seal.SEALS, seal.SEAL: seal.BLANK}
    return seal.seal(in_order(safetensors_module().numpy.save(arrays, metadata=marks)))


def in_order(data: bytes) -> bytes:
    """The same safetensors file with its metadata in alphabetical order; the package writes them in any."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + length:]


SAFETENSORS_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
                      "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1"}


def unpack_safetensors(data: bytes) -> Contents:
    """Arrays and metadata of a safetensors file, and whether it has a checksum."""
    library = safetensors_module()
    try:
        entries = library.deserialize(data)
    except library.SafetensorError as error:
        raise Damage(str(error)) from error
    (length,) = struct.unpack("<Q", data[:8])  # deserialize found the header sound, but does not hand out its metadata
    try:
        header = json.loads(data[8:8 + length], object_pairs_hook=without_doubles)
    except (ValueError, RecursionError) as error:
        raise Damage(str(error)) from error
    metadata = header.get("__metadata__") or {}
    if (fault := seal.damage(data, metadata)) is not None:
        raise Damage(fault)
    sealed = seal.SEAL in metadata
    for mark in seal.MARKS:
        metadata.pop(mark, None)
    arrays = {}
    for name, entry in entries:
        shape, dtype = tuple(entry["shape"]), entry["dtype"]
        if dtype == "BF16":  # the upper half of a float32
            array = (np.frombuffer(entry["data"], "<u2").astype(np.uint32) << 16).view(np.float32)
        elif dtype in SAFETENSORS_DTYPES:
            array = np.frombuffer(entry["data"], SAFETENSORS_DTYPES[dtype])
        else:
            raise Damage(f"{name!r} is of the dtype {dtype}, which a tensor cannot hold")
        arrays[name] = owned(array.reshape(shape))
    return arrays, metadata, sealed


def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names are all different."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def pack_npz(arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    """The bytes of an npz file: the same for the same contents, as no time is written."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            archive.writestr(marked(name + ".npy"), member.getbuffer())
        if metadata:
            archive.writestr(marked(METADATA), json.dumps(metadata))
        archive.comment = b"sha256:" + seal.BLANK.encode()
    return seal.seal_end(stream.getvalue())


def marked(name: str) -> zipfile.ZipInfo:
    """A member of a sealed archive."""
    member = zipfile.ZipInfo(name)
    member.comment = seal.MEMBER
    return member


def unpack_npz(data: bytes) -> Contents:
    """Arrays and metadata of an npz file, and whether it has a checksum."""
    arrays: dict[str, np.ndarray] = {}
    metadata: dict[str, str] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if (fault := seal.tail_damage(data, archive)) is not None:
                raise Damage(fault)
            members = archive.infolist()
            if len({member.filename for member in members}) != len(members):
                raise Damage("a name stands in it twice")
            if sum([member.file_size for member in members]) > MOST_INFLATED * len(data) + MOST_FREE:
                raise Damage("it would unpack to hundreds of times its size")
            for member in members:
                content = archive.read(member)
                if member.filename == METADATA:
                    metadata = texts(json.loads(content))
                else:
                    arrays[member.filename.removesuffix(".npy")] = npy(member.filename, content)
    except Damage:
        raise
    except Exception as error:  # a damaged file can fail anywhere in the readers of zip, its compressions, npy and JSON
        raise Damage(str(error) or type(error).__name__) from error
    return arrays, metadata, seal.has_tail(data)


def texts(metadata: Any) -> dict[str, str]:
    """`metadata`, which must be texts by name."""
    if not isinstance(metadata, dict) or not all([isinstance(value, str) for value in metadata.values()]):
        raise Damage(f"{METADATA} does not hold texts by name")
    return metadata


def npy(name: str, content: bytes) -> np.ndarray:
    """The array in the bytes of a .npy file."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise Damage(f"{name} is of the unknown npy version {version}")
    shape, fortran, dtype = readers[version](stream)
    if dtype.hasobject:
        raise Damage(f"{name} holds pickled objects, which are never loaded")
    if dtype.kind not in RANK or dtype.itemsize > 8:
        raise Damage(f"{name} is of the dtype {dtype}, which a tensor cannot hold")
    body = content[stream.tell():]
    size = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if len(body) != size:
        raise Damage(f"{name} has {len(body)} bytes where an array of shape {shape} has {size}")
    array = np.frombuffer(body, dtype)
    return owned(array.reshape(shape[::-1]).T if fortran else array.reshape(shape))


def owned(array: np.ndarray) -> np.ndarray:
    """A copy in C order and the machine's byte order that owns its memory."""
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C")


def reason(error: OSError | ValueError) -> str:
    """Why, in words: without the path, which the message has already."""
    return getattr(error, "strerror", None) or str(error)
