"""Files of bytes: sound ones, changed here and there as wear, accident and malice would, and arbitrary ones."""

from __future__ import annotations

import struct
from typing import Any, Callable

from hypothesis import strategies as st

# Numbers that sizes, counts and offsets go wrong at, as files hold them.
NUMBERS = {"H": (0, 1, 0x7FFF, 0xFFFF), "I": (0, 1, 0x7FFFFFFF, 0xFFFFFFFF),
           "Q": (0, 1, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)}
EDGES = [struct.pack(f"{order}{kind}", value) for order in "<>" for kind, values in NUMBERS.items() for value in values]
LETTERS = [bytes([letter]) for letter in b"-09[]{}'\"(,: O"]


def changed(data: bytes, others: list[bytes], draw: Callable[[Any], Any]) -> bytes:
    """`data` after one change."""
    at = draw(st.integers(0, max(0, len(data) - 1)))
    end = draw(st.integers(at, min(len(data), at + 80)))
    kind = draw(st.sampled_from(["bit", "byte", "edge", "drop", "repeat", "insert", "cut", "swap", "splice", "letter"]))
    if kind == "bit" and data:
        return data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1:]
    if kind == "byte":
        return data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1:]
    if kind == "edge":
        edge = draw(st.sampled_from(EDGES))
        return data[:at] + edge + data[at + len(edge):]
    if kind == "drop":
        return data[:at] + data[end:]
    if kind == "repeat":
        return data[:end] + data[at:end] * draw(st.integers(1, 3)) + data[end:]
    if kind == "insert":
        return data[:at] + draw(st.binary(min_size=1, max_size=8)) + data[at:]
    if kind == "cut":
        return data[:at]
    if kind == "swap":
        middle = draw(st.integers(at, end))
        return data[:at] + data[middle:end] + data[at:middle] + data[end:]
    if kind == "letter":  # of a header in words: keeps it well-formed more often than any byte would
        return data[:at] + draw(st.sampled_from(LETTERS)) + data[at + 1:]
    other = draw(st.sampled_from(others))
    return data[:at] + other[draw(st.integers(0, len(other))):]


@st.composite
def damaged(draw: Any, sound: list[bytes]) -> bytes:
    """One of the sound files after one to four changes."""
    data = draw(st.sampled_from(sound))
    for _ in range(draw(st.integers(1, 4))):
        data = changed(data, sound, draw)
    return data


def files(sound: list[bytes]) -> st.SearchStrategy[bytes]:
    """Damaged files, and arbitrary bytes behind the beginning of a sound one or behind nothing."""
    starts = st.builds(lambda data, n, rest: data[:n] + rest, st.sampled_from(sound), st.integers(0, 64),
                       st.binary(max_size=200))
    return st.one_of(damaged(sound), damaged(sound), starts)
