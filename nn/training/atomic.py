"""Files that are either the old one or the whole new one, whatever happens while they are written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable

__all__ = ["replace_file", "write_bytes", "write_text"]


def replace_file(path: str | os.PathLike[str], write: Callable[[Path], object]) -> Path:
    """Let `write` fill a file beside `path`, bring it to the disk, and then put it in the place of `path` in one step.

    The file beside it is named like `path` with ``.part-`` before the name, so that its suffix still says what it holds; it is
    overwritten by the next attempt if the process dies, and removed if `write` fails.

    Example
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     replace_file(Path(folder, "a.txt"), lambda part: part.write_text("whole")).read_text()
        'whole'
    """
    path = Path(path)
    part = path.with_name(f".part-{path.name}")
    try:
        write(part)
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return path


def write_bytes(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write `data` to `path`, all or nothing."""
    return replace_file(path, lambda part: part.write_bytes(data))


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write `text` to `path` in UTF-8, all or nothing."""
    return write_bytes(path, text.encode())


def sync_folder(folder: Path) -> None:
    """Bring the folder's list of names to the disk, where the system can (Windows cannot, and need not)."""
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
