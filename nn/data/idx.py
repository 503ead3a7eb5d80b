"""The IDX format of MNIST and its relatives: a magic number, the lengths of the axes, the values."""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np

from tensorgrad.errors import DataError

__all__ = ["read_idx", "parse_idx", "unzipped"]

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_INFLATED = 100    # times its own size that a compressed file may unpack to,
MOST_FREE = 256 << 20  # besides this many bytes


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """The array in an IDX file, plain or compressed by gzip, in the machine's byte order.

    Raises
        DataError   the file is missing, truncated, too long, damaged, or no IDX file
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"idx: cannot read {path}: {error.strerror or error}.\n  Check the path.") from error
    return parse_idx(unzipped(data, str(path)), str(path))


def unzipped(data: bytes, where: str, known: int | None = None) -> bytes:
    """`data`, decompressed if it begins as gzip does, to no more than the `known` size; `where` names it in an error."""
    if data[:2] != b"\x1f\x8b":
        return data
    most = MOST_INFLATED * len(data) + MOST_FREE if known is None else known
    try:
        content = gzip.GzipFile(fileobj=io.BytesIO(data)).read(most + 1)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise DataError(f"idx: {where} is truncated or damaged: {error}.\n  Delete it, and get it again.") from error
    if len(content) > most:
        much = "hundreds of times its size" if known is None else f"more than {known} bytes, the most that it can have"
        raise DataError(f"idx: {where} would unpack to {much}.\n  Delete it, and get it again.")
    return content


def parse_idx(data: bytes, where: str = "the data") -> np.ndarray:
    """The array in the bytes of an IDX file; `where` names it in an error.

    Source
        LeCun, "The MNIST database": 0, 0, a code for the dtype, the number of axes, their lengths as big-endian 32-bit
        integers, then the values in C order

    Raises
        DataError   the bytes are not that, or not as many as the lengths say

    Example
        >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]))
        array([7, 8, 9], dtype=uint8)
    """
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in DTYPES or not data[3]:
        raise DataError(f"idx: {where} is no IDX file: it begins with {data[:4].hex(' ') or 'nothing'}.\n"
                        "  It should begin with 00 00 08 and the number of axes.")
    ndim, dtype = data[3], np.dtype(DTYPES[data[2]])
    start = 4 + 4 * ndim
    if len(data) < start:
        raise DataError(f"idx: {where} is truncated: {len(data)} bytes, where the header alone has {start}.\n"
                        "  Delete it, and get it again.")
    shape = struct.unpack(f">{ndim}I", data[4:start])
    expected = start + math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        state = "truncated" if len(data) < expected else "too long"
        raise DataError(f"idx: {where} is {state}: {len(data)} bytes, but {dtype.name} {shape} needs {expected}.\n"
                        "  Delete it, and get it again.")
    try:
        return np.frombuffer(data, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))
    except ValueError as error:  # more than 64 axes, or lengths whose product overflows but for a 0 among them
        raise DataError(f"idx: {where} cannot be an array: {error}.\n  Delete it, and get it again.") from error
