"""Checksums inside of weight files: a SHA-256 over the whole file, with zeros where it stands itself.

Two marks say that a file has one, so that damage to either cannot pass a file off as one without.
"""

from __future__ import annotations

import hashlib
import re
import warnings
import zipfile

__all__ = ["SEALS", "SEAL", "MARKS", "BLANK", "MEMBER", "seal", "damage",
           "seal_end", "has_tail", "tail_damage", "warn_of_missing"]

SEAL = "tensorgrad.sha256"        # metadata of safetensors: the checksum
SEALS = {"tensorgrad.sealed": "sha256"}  # and the other mark
MARKS = (SEAL, *SEALS)
BLANK = "0" * 64
MEMBER = b"sealed"                # npz: the comment of every member; the checksum is the comment of the archive
TAIL = re.compile(rb"sha256:[0-9a-f]{64}")
LENGTH = 71                       # of that comment


def digest(data: bytes, blank: int | None = None) -> str:
    """SHA-256 of the file, as if the 64 bytes at `blank` were zeros."""
    view, total = memoryview(data), hashlib.sha256()
    if blank is None:
        total.update(view)
    else:
        for part in (view[:blank], BLANK.encode(), view[blank + 64:]):
            total.update(part)
    return total.hexdigest()


def seal(data: bytes) -> bytes:
    """A safetensors file whose checksum is blank, with the checksum in its place."""
    at = data.index(f'"{SEAL}":"{BLANK}"'.encode()) + len(SEAL) + 4
    return data[:at] + digest(data, at).encode() + data[at + 64:]


def damage(data: bytes, metadata: dict[str, str]) -> str | None:
    """What is wrong with the seal of a safetensors file; None if it is right, or there is none."""
    found = metadata.get(SEAL)
    if found is None:
        return "its checksum is damaged" if any(mark in metadata for mark in SEALS) else None
    at = data.find(found.encode())
    if at < 0 or len(found) != 64 or digest(data, at) != found:
        return "its checksum does not match: something in it was changed"
    return None


def seal_end(data: bytes) -> bytes:
    """An npz file whose comment is a blank checksum, with the checksum in its place."""
    return data[:-64] + digest(data[:-LENGTH]).encode()


def has_tail(data: bytes) -> bool:
    return TAIL.fullmatch(data[-LENGTH:]) is not None


def tail_damage(data: bytes, archive: zipfile.ZipFile) -> str | None:
    """What is wrong with the seal of an npz file; None if it is right, or there is none."""
    if has_tail(data):
        right = data[-64:].decode() == digest(data[:-LENGTH])
        return None if right else "its checksum does not match: something in it was changed"
    sealed = any([member.comment == MEMBER for member in archive.infolist()])
    return "its checksum is damaged" if sealed else None


def warn_of_missing(path: object) -> None:
    """Say that a file has no checksum."""
    warnings.warn(f"load: {path} has no checksum, so that damage to its numbers would go unnoticed.\n"
                  "  Save it again with nn.save to give it one.", UserWarning, stacklevel=4)
