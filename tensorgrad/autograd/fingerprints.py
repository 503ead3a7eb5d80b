"""Checksums of what ops keep for backward: how anomaly mode finds writes that went past the library.

``t.numpy()[0] = 1`` changes a tensor's memory without a word to the graph.  While the mode is on, each recorded op notes the
checksums of what it kept and compares them when its rule runs; and the lines that hand arrays out are noted, as the ones to
look at.
"""

from __future__ import annotations

import functools
import threading
import weakref
import zlib
from typing import Any, Callable, Iterator

import numpy as np

from tensorgrad.callers import Line, calling_line, recorded
from tensorgrad.errors import StaleTensorError, message
from tensorgrad.op import Op
from tensorgrad.tensor import Tensor
from tensorgrad.watching import replace

__all__ = ["start", "stop", "compare"]

_sums: weakref.WeakKeyDictionary[Op, list[int]] = weakref.WeakKeyDictionary()
_given: dict[int, tuple[weakref.ref[np.ndarray], Line]] = {}  # by the identity of the array that owns the memory
_undo: list[Callable[[], None]] = []
_lock = threading.Lock()
_users = 0


# -- checksums ---------------------------------------------------------------------------------------------------------


def kept_by(op: Op) -> Iterator[tuple[str, Any]]:
    """What backward is going to read, with its name in a message."""
    inputs = getattr(op, "inputs", None) or op.kept  # unpacked, or as recorded
    for position, kept in zip(op.keeps, inputs or ()):
        yield f"input {position}", kept
    if op.keeps_output and op.output is not None:
        yield "the result", op.output
    for i, saved in enumerate(getattr(op, "saved", None) or ()):  # of a Function
        yield f"saved tensor {i}", saved


def checksum(kept: Any) -> int:
    array = getattr(kept, "array", kept)
    return zlib.crc32(np.ascontiguousarray(array).data) if isinstance(array, np.ndarray) else 0


def noting_op(record: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """`Op.record`, which also notes the checksums of what the op keeps, and who called it."""
    @functools.wraps(record)
    def noted(op: Op, *args: Any) -> Tensor:
        out = record(op, *args)
        _sums[op] = [checksum(kept) for _, kept in kept_by(op)]
        if (line := calling_line()) is not None:
            recorded[op] = line
        return out

    return noted


def compare(op: Op) -> None:
    """Raise a StaleTensorError if what the op kept, now unpacked for its rule, has other numbers than when it was kept."""
    for before, (name, kept) in zip(_sums.get(op, ()), kept_by(op)):
        if checksum(kept) != before:
            array = getattr(kept, "array", kept)
            known = (("Given out as an array at", handed_out(array)), ("Used at", recorded.get(op)))
            lines = [f"{what} {line}" for what, line in known if line is not None]
            lines.append("Change a copy (t.clone()), or run backward before changing it.")
            raise StaleTensorError(message(
                "backward", f"{name} of {op.where} was changed after it was used, through a NumPy array over its memory",
                {name: named(op, kept)}, "\n  ".join(lines)))


def named(op: Op, kept: Any) -> Any:
    """The tensor that an array belongs to, whose name the message shows; the array where there is none."""
    for tensor in (*op.watched, *op.sources):
        if isinstance(tensor, Tensor) and tensor.array is kept:
            return tensor
    return getattr(kept, "shown", kept)  # of a Function


# -- arrays that leave the library -------------------------------------------------------------------------------------


def owner(array: np.ndarray) -> np.ndarray:
    """The array to which the memory belongs."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def handed_out(array: np.ndarray) -> Line | None:
    """The last line that got hold of this memory as an array."""
    found = _given.get(id(owner(array)))
    return found[1] if found is not None and found[0]() is owner(array) else None


def note(tensor: Tensor) -> None:
    line = calling_line()
    if line is not None:
        array = owner(tensor.array)
        key = id(array)
        _given[key] = weakref.ref(array, lambda _: _given.pop(key, None)), line


def noting(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def noted(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        note(self)
        return method(self, *args, **kwargs)

    return noted


def start() -> None:
    """Note what ops keep, and who gets arrays, from here on."""
    global _users
    with _lock:
        _users += 1
        if _users == 1:
            replace(Op, "record", noting_op(Op.record), _undo)
            replace(Tensor, "numpy", noting(Tensor.numpy), _undo)
            replace(Tensor, "__array__", noting(Tensor.__array__), _undo)


def stop() -> None:
    """No more, when the last user has stopped."""
    global _users
    with _lock:
        _users -= 1
        if not _users:
            while _undo:
                _undo.pop()()
            _given.clear()
