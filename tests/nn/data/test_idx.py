"""The IDX format."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from nn.data.idx import DTYPES, parse_idx, read_idx
from tensorgrad.errors import DataError

CODES = {np.dtype(name).newbyteorder("="): code for code, name in DTYPES.items()}


def idx(array):
    """The bytes of an IDX file."""
    big = array.astype(array.dtype.newbyteorder(">"))
    return bytes([0, 0, CODES[array.dtype], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + big.tobytes()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_round_trip(data):
    array = data.draw(npst.arrays(data.draw(st.sampled_from(list(CODES))), npst.array_shapes(max_dims=4, max_side=5)))
    got = parse_idx(idx(array))
    np.testing.assert_array_equal(got, array)
    assert got.dtype == array.dtype and got.flags.writeable


@pytest.mark.parametrize("compress", [lambda b: b, gzip.compress], ids=["plain", "gz"])
def test_files(tmp_path, compress):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "a").write_bytes(compress(idx(array)))
    np.testing.assert_array_equal(read_idx(tmp_path / "a"), array)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="cannot read .*/none: No such file"):
        read_idx(tmp_path / "none")


@pytest.mark.parametrize("data, text", [
    (b"", "no IDX file: it begins with nothing"), (b"\0\0", "no IDX file: it begins with 00 00"),
    (b"PK\3\4abcd", "begins with 50 4b 03 04"), (b"\0\0\7\1\0\0\0\1x", "no IDX file"), (b"\0\0\x08\0", "no IDX file"),
    (b"\0\0\x08\2\0\0\0\1", "truncated: 8 bytes, where the header alone has 12"),
    (b"\0\0\x08\1\0\0\0\5abc", r"truncated: 11 bytes, but uint8 \(5,\) needs 13"),
    (b"\0\0\x08\1\0\0\0\2abc", "too long: 11 bytes"),
    (b"\0\0\x0d\3" + b"\xff" * 12 + b"abc", "truncated: 19 bytes"),
    (b"\0\0\x08\x46" + b"\0\0\0\1" * 70 + b"a", "cannot be an array: .*dimension"),
    (b"\0\0\x08\4" + b"\0" * 4 + b"\xff" * 12, "cannot be an array"),
])
def test_what_is_wrong(data, text):
    with pytest.raises(DataError, match=text) as caught:
        parse_idx(data, "some file")
    assert "some file" in str(caught.value)


def test_truncation_anywhere(tmp_path):
    data = gzip.compress(idx(np.random.default_rng(0).integers(0, 255, (5, 6, 7)).astype(np.uint8)))
    for length in range(len(data)):
        (tmp_path / "a.gz").write_bytes(data[:length])
        with pytest.raises(DataError, match="a.gz"):
            read_idx(tmp_path / "a.gz")
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 1
    (tmp_path / "a.gz").write_bytes(damaged)
    with pytest.raises(DataError, match="truncated or damaged"):
        read_idx(tmp_path / "a.gz")


def test_a_file_that_unpacks_to_much_more(tmp_path, monkeypatch):
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(1 << 20)))
    monkeypatch.setattr("nn.data.idx.MOST_FREE", 1 << 16)
    with pytest.raises(DataError, match="a.gz would unpack to hundreds of times its size"):
        read_idx(tmp_path / "a.gz")
