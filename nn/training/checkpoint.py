"""One file that holds everything a run needs to go on: nested dicts and lists of numbers, texts and arrays.

The file is a NumPy ``.npz``: one ``.npy`` per array, the nesting around them as JSON, and a SHA-256 over all of it.  Nothing
in it is ever unpickled.  Arrays come back with their bits *and* the order of their axes in memory: a sum over an array adds
in memory order, so a run that went on from a re-ordered copy would drift away from the uninterrupted one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from nn.atomic import atomic
from nn.serialization import reason
from tensorgrad.errors import DataError, DtypeError
from tensorgrad.tensor import Tensor

__all__ = ["save_checkpoint", "load_checkpoint"]

FORMAT = "tensorgrad checkpoint 1"


def save_checkpoint(path: str | os.PathLike[str], state: Any) -> Path:
    """Write `state` to `path`, all or nothing; an older file stays whole until the new one is.

    `state` may nest dicts, lists and tuples around None, bools, ints, floats, strings, arrays and tensors.

    Raises
        DtypeError   something else is in it, or a container that holds itself
        DataError    the file cannot be written; an older one is untouched then

    Example
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = save_checkpoint(Path(folder, "a.npz"), {"epoch": 3, "weight": np.ones(2), "betas": (0.9, 0.999)})
        ...     load_checkpoint(path)
        {'epoch': 3, 'weight': array([1., 1.]), 'betas': (0.9, 0.999)}
    """
    arrays: list[np.ndarray] = []
    try:
        tree = json.dumps({"format": FORMAT, "state": flatten(state, arrays, "state")}).encode()
    except RecursionError:
        raise DtypeError("save_checkpoint: the state is nested hundreds of levels deep, or holds itself.\n"
                         "  Use flat dicts and lists.") from None
    entries: dict[str, Any] = {f"array{i}": array for i, array in enumerate(arrays)}
    content = io.BytesIO()
    np.savez(content, tree=np.frombuffer(tree, np.uint8), digest=digest(tree, arrays), **entries)
    try:
        with atomic(path) as file:
            file.write(content.getbuffer())
    except (OSError, ValueError) as error:  # a path with a null character is a ValueError
        raise DataError(f"save_checkpoint: cannot write {path}: {reason(error)}.\n"
                        "  Check the folder and the space on the disk.") from error
    return Path(path)


def load_checkpoint(path: str | os.PathLike[str]) -> Any:
    """The state that `save_checkpoint` wrote to `path`.

    Raises
        DataError   the file is missing, may not be read, is truncated, damaged, or no checkpoint
    """
    path = Path(path)
    if not path.is_file():
        found = "it is a folder, a device or a pipe" if path.exists() else "there is nothing at that path"
        raise DataError(f"load_checkpoint: there is no file {path}: {found}.\n  Check the path.")
    try:
        raw = open(path, "rb")
    except OSError as error:
        raise DataError(f"load_checkpoint: cannot read {path}: {reason(error)}.\n  Check its permissions.") from error
    try:
        with raw, np.load(raw, allow_pickle=False) as file:
            if any([member.compress_type != zipfile.ZIP_STORED for member in file.zip.infolist()]):
                raise ValueError("it is compressed, which no checkpoint is")  # and could unpack to any size
            tree, expected = file["tree"].tobytes(), file["digest"]
            arrays = [file[f"array{i}"] for i in range(len(file.files) - 2)]
        if not np.array_equal(digest(tree, arrays), expected):
            raise ValueError("its checksum does not match")
        header = json.loads(tree)
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']!r}, this version reads {FORMAT!r}")
        return unflatten(header["state"], arrays)
    except Exception as error:  # a damaged file can fail anywhere in the zip, array and JSON readers
        raise DataError(f"load_checkpoint: {path} is damaged or no checkpoint: {error}.\n"
                        "  Delete it and start the run again, or use a copy.") from error


def flatten(value: Any, arrays: list[np.ndarray], where: str) -> Any:
    """`value` as JSON can hold it; its arrays go to the end of `arrays` and leave their index and axis order."""
    if isinstance(value, Tensor):
        value = value.array
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        if value.dtype.kind not in "biuf":
            raise DtypeError(f"save_checkpoint: {where} is an array of dtype {value.dtype}.\n  Use numbers or bools.")
        axes = memory_order(np.asarray(value))
        arrays.append(np.asarray(np.transpose(value, axes), order="C"))
        return {"array": len(arrays) - 1, "axes": axes, "scalar": isinstance(value, np.generic)}
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, tuple)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [flatten(entry, arrays, f"{where}[{i}]") for i, entry in enumerate(value)]}
    if isinstance(value, dict):
        return {"dict": [[flatten(key, arrays, f"a key of {where}"), flatten(entry, arrays, f"{where}[{key!r}]")]
                         for key, entry in value.items()]}
    raise DtypeError(f"save_checkpoint: {where} is a {type(value).__name__}.\n"
                     "  Use dicts, lists and tuples of numbers, strings, arrays and tensors.")


def unflatten(value: Any, arrays: list[np.ndarray]) -> Any:
    """The inverse of `flatten`."""
    if not isinstance(value, dict):
        return value
    if "array" in value:
        array = np.transpose(arrays[value["array"]], np.argsort(value["axes"]))
        return array[()] if value["scalar"] else array
    if "dict" in value:
        return {unflatten(key, arrays): unflatten(entry, arrays) for key, entry in value["dict"]}
    if "tuple" in value:
        return tuple(unflatten(entry, arrays) for entry in value["tuple"])
    return [unflatten(entry, arrays) for entry in value["list"]]


def memory_order(array: np.ndarray) -> list[int]:
    """The axes from the one with the longest stride to the one with the shortest."""
    return sorted(range(array.ndim), key=lambda axis: (-abs(array.strides[axis]), axis))


def digest(tree: bytes, arrays: list[np.ndarray]) -> np.ndarray:
    """SHA-256 of the nesting and of every array's dtype, shape and bytes."""
    total = hashlib.sha256(tree)
    for array in arrays:
        total.update(f"{array.dtype.str} {array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return np.frombuffer(total.digest(), np.uint8)
