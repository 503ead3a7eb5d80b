"""Files that are either the old one or the whole new one, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Iterator

__all__ = ["atomic"]


@contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file to write, which takes the place of `path` in one step if the ``with`` block ends without an error.

    It lies in the folder of `path` (or of what a link there points to) under a name of its own, so that two processes do not
    meet; it is brought to the disk before it is renamed, and removed if the block fails.  The permissions of an older file
    become those of the new one.

    Raises
        OSError   the folder is missing, the disk is full, an older file may not be written to or is a pipe or a device, ...;
                  `path` is untouched then

    Example
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with atomic(Path(folder, "a.bin")) as file:
        ...         _ = file.write(b"whole")
        ...     Path(folder, "a.bin").read_bytes(), len(os.listdir(folder))
        (b'whole', 1)
    """
    target = Path(os.path.realpath(path))
    mode = mode_of(target)
    part = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "xb") as file:
            if mode is not None:
                os.chmod(part, mode)  # before anything is in it: an older file may be secret
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def mode_of(target: Path) -> int | None:
    """The permissions of the file that is there, which a new one may replace; None if there is none."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "It is a device or a pipe, not a file", str(target))
    if not os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    return stat.S_IMODE(mode)


def sync_folder(folder: Path) -> None:
    """Bring the folder's list of names to the disk, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
