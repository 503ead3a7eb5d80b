"""CIFAR-10 in its binary version: records of one byte for the label and 3,072 for the pixels."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
from pathlib import Path
from typing import IO

import numpy as np

from nn.atomic import atomic
from nn.data.download import Remote, fetch
from nn.data.images import ImageDataset
from nn.data.places import cache_folder, find, folders, nowhere
from tensorgrad.errors import DataError

__all__ = ["CIFAR10"]

RECORD, RECORDS = 1 + 3 * 32 * 32, 10_000
INNER = "cifar-10-batches-bin"  # the folder in the archive
TRAIN, TEST = tuple(f"data_batch_{i}.bin" for i in range(1, 6)), ("test_batch.bin",)


class CIFAR10(ImageDataset):
    """60,000 colour pictures of animals and vehicles, 32 × 32 pixels: 50,000 to train with, 10,000 to test.

    Parameters and errors
        as `MNIST`.  A folder has data_batch_1.bin to data_batch_5.bin and test_batch.bin, or the archive
        cifar-10-binary.tar.gz; the archive is read without unpacking.  On a mirror it is ``cifar10/cifar-10-binary.tar.gz``

    Source
        Krizhevsky, "Learning multiple layers of features from tiny images", 2009
    """

    archive = Remote("cifar10", "cifar-10-binary.tar.gz", ("https://www.cs.toronto.edu/~kriz",),
                     "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd", most=200 << 20)
    class_names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

    def __init__(self, root: str | os.PathLike[str] | None = None, train: bool = True, *, download: bool | None = None,
                 mirror: str | None = None):
        places = folders("cifar10", root, (INNER,))
        places += [place / INNER for place in places if place.name != INNER]
        target = cache_folder() / "cifar10" if root is None else Path(root).expanduser()
        wanted = TRAIN if train else TEST
        paths = [find(places, [name]) for name in wanted]
        archive = find(places, [self.archive.name])
        if None in paths and archive is None:
            if not (root is None if download is None else download):
                missing = wanted[paths.index(None)]
                raise nowhere("cifar10", [missing, self.archive.name], places)
            archive = fetch("cifar10", self.archive, target, mirror)
            for name, content in members(archive, (*TRAIN, *TEST)).items():  # so that the next time is fast
                (target / INNER).mkdir(exist_ok=True)
                with atomic(target / INNER / name) as file:
                    file.write(content)
            paths = [target / INNER / name for name in wanted]
        if None in paths:
            parts = [(f"{archive}, member {name}", data) for name, data in members(archive, wanted).items()]
        else:
            parts = [(str(path), read(path)) for path in paths]
        records = np.concatenate([parse(data, where) for where, data in parts])
        super().__init__(f"cifar10, {'train' if train else 'test'}", records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0],
                         self.class_names, mean=(0.4914, 0.4822, 0.4465), std=(0.2470, 0.2435, 0.2616))


def parse(data: bytes, where: str) -> np.ndarray:
    """The records of one file, uint8 (10000, 3073)."""
    if len(data) != RECORDS * RECORD:
        state = "truncated" if len(data) < RECORDS * RECORD else "too long"
        raise DataError(f"cifar10: {where} is {state}: {len(data)} bytes, where {RECORDS} records of {RECORD} make "
                        f"{RECORDS * RECORD}.\n  Delete it, and get it again.")
    return np.frombuffer(data, np.uint8).reshape(RECORDS, RECORD)


def read(path: Path | None) -> bytes:
    """The bytes of a file."""
    try:
        return path.read_bytes()  # type: ignore[union-attr]
    except OSError as error:
        raise DataError(f"cifar10: cannot read {path}: {error.strerror or error}.\n  Check the file.") from error


class Bounded:
    """The unpacked archive as `tarfile` reads it, refusing to go beyond its size, whatever the headers say."""

    def __init__(self, file: IO[bytes]):
        self.file, self.tell = file, file.tell

    def read(self, size: int) -> bytes:
        self.allowed(self.tell() + size)
        return self.file.read(size)

    def seek(self, position: int) -> int:
        return self.file.seek(self.allowed(position))

    def allowed(self, position: int) -> int:
        """`position`, if it is not too far."""
        if position > most_unpacked():
            raise ValueError(f"it would unpack to more than {most_unpacked()} bytes, the most that it can have")
        return position


def unpacking(archive: Path | None) -> IO[bytes]:
    """The archive without its compression, whichever it begins like."""
    with open(archive, "rb") as file:  # type: ignore[arg-type]
        start = file.read(6)
    for magic, module in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ\0", lzma)):
        if start.startswith(magic):
            return module.open(archive)
    return open(archive, "rb")  # type: ignore[arg-type]


def most_unpacked() -> int:
    """Bytes of the unpacked archive: six files of records, and room for what is beside them."""
    return 6 * RECORDS * RECORD + (4 << 20)


def members(archive: Path | None, names: tuple[str, ...]) -> dict[str, bytes]:
    """The contents of these files of the archive, by name in that order; nothing is unpacked to the disk."""
    found: dict[str, bytes] = {}
    try:
        with unpacking(archive) as unpacked, tarfile.open(fileobj=Bounded(unpacked), mode="r:") as file:  # type: ignore
            for member in file:
                name = member.name.rpartition("/")[2]
                if name in names and member.isfile() and member.size <= RECORDS * RECORD:
                    stream = file.extractfile(member)
                    found[name] = stream.read() if stream is not None else b""
            while file.fileobj is not None and file.fileobj.read(1 << 20):  # to the end, where gzip has its checksum
                pass
    except Exception as error:  # the readers of tar and of each compression have errors of their own
        raise DataError(f"cifar10: {archive} is truncated or damaged: {error}.\n  Delete it, and get it again.") from error
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(f"cifar10: {archive} has no {missing[0]} of the right size.\n"
                        "  It is not the binary version, cifar-10-binary.tar.gz.")
    return {name: found[name] for name in names}
