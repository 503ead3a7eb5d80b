"""Downloads: whole and as expected, or not at all."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Sequence

from nn.atomic import atomic
from tensorgrad.errors import DataError

__all__ = ["Remote", "fetch", "sha256_of"]

CHUNK = 1 << 20
TIMEOUT = 30  # seconds without a byte


@dataclass(frozen=True)
class Remote:
    """A file to be had from the net.

    Attributes
        folder   of the data set: in the cache, and on a mirror
        name     of the file, and at the end of each address
        bases    addresses of the folders that have it, tried in order
        sha256   of its contents, after decompression if `gunzip`: so a mirror may compress in its own way
        most     bytes that its contents can have, where that digest is of
    """

    folder: str
    name: str
    bases: tuple[str, ...]
    sha256: str
    most: int
    gunzip: bool = False

    @property
    def most_sent(self) -> int:
        """Bytes that are taken from a server: what does not shrink grows a little when it is compressed."""
        return self.most + self.most // 100 + 1024 if self.gunzip else self.most


def fetch(who: str, remote: Remote, folder: str | os.PathLike[str], mirror: str | None = None) -> Path:
    """Download a file into `folder`, check it against its SHA-256, and return its path; a progress bar shows on a terminal.

    Parameters
        mirror   address that has it as ``<folder>/<name>`` and is used instead; None for $TENSORGRAD_MIRROR, if set

    Raises
        DataError   no address gave the file as it should be; nothing is left in the folder then
    """
    mirror = mirror or os.environ.get("TENSORGRAD_MIRROR")
    bases: Sequence[str] = (f"{mirror.rstrip('/')}/{remote.folder}",) if mirror else remote.bases
    target, failures = Path(folder) / remote.name, []
    for base in bases:
        address = f"{base.rstrip('/')}/{remote.name}"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with atomic(target) as file:
                receive(address, remote, file)
                file.flush()
                verify(remote, Path(file.name))
            return target
        except Failure as error:
            failures.append(f"    {address}: {error}")
        except OSError as error:
            raise DataError(f"{who}: cannot write {target}: {error.strerror or error}.\n"
                            "  Set TENSORGRAD_DATA to a folder with space that can be written to.") from error
    tried = "\n".join(failures)
    raise DataError(f"{who}: {remote.name} could not be downloaded:\n{tried}\n"
                    f"  Without a connection, put the file into {target.parent} yourself;\n"
                    f"  or set TENSORGRAD_MIRROR to an address that has {remote.folder}/{remote.name}.")


class Failure(Exception):
    """Why an address did not give the file."""


def receive(address: str, remote: Remote, file: IO[bytes]) -> None:
    """Copy what is at `address`, which should be `remote`, into `file`."""
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    if not address.startswith(("http://", "https://")):
        raise Failure("not an address of the web")
    try:
        response = urlopen(Request(address, headers={"User-Agent": "tensorgrad"}), timeout=TIMEOUT)
    except HTTPError as error:
        raise Failure(f"the server answers {error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        cause = error.reason if isinstance(error, URLError) else error
        raise Failure(f"no connection: {getattr(cause, 'strerror', None) or cause}") from error
    with response:
        length = response.headers.get("Content-Length") or ""
        copy(response, file, remote, int(length) if length.isdigit() else None)


def copy(response: IO[bytes], file: IO[bytes], remote: Remote, length: int | None) -> None:
    """Copy a response of `length` bytes (None if it does not say), with a progress bar."""
    from http.client import HTTPException

    from tqdm import tqdm

    if length is not None and length > remote.most_sent:
        raise Failure(f"the server has {length} bytes, where {remote.most_sent} are the most that it can be")
    received = 0
    bar = tqdm(total=length, desc=remote.name, unit="B", unit_scale=True, unit_divisor=1024, disable=None, leave=False)
    with bar:
        while True:
            try:
                chunk = response.read(CHUNK)
            except (OSError, HTTPException) as error:
                raise Failure(f"the connection was cut after {received} bytes: {error}") from error
            if not chunk:
                break
            received += len(chunk)
            if received > remote.most_sent:
                raise Failure(f"the server sends more than {remote.most_sent} bytes, the most that it can be")
            file.write(chunk)
            bar.update(len(chunk))
    if length is not None and received != length:
        raise Failure(f"the connection was cut after {received} of {length} bytes")


def verify(remote: Remote, path: Path) -> None:
    """Raise Failure unless the contents are the expected ones."""
    try:
        found = sha256_of(path, remote.gunzip, remote.most)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Failure(f"what arrived is no gzip file: {error}") from error
    if found != remote.sha256:
        raise Failure(f"what arrived is another file: its SHA-256 is {found}, expected {remote.sha256}")


def sha256_of(path: str | os.PathLike[str], gunzip: bool = False, most: int | None = None) -> str:
    """The SHA-256 of a file's contents, after decompression if `gunzip`; Failure if they have more than `most` bytes."""
    digest, seen = hashlib.sha256(), 0
    with (gzip.open if gunzip else open)(path, "rb") as file:
        while chunk := file.read(CHUNK):
            seen += len(chunk)
            if most is not None and seen > most:
                raise Failure(f"what arrived is another file: it has more than {most} bytes")
            digest.update(chunk)
    return digest.hexdigest()
