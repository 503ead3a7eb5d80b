"""Where the files of data sets are looked for, and the error that names every place when they are nowhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Sequence

from tensorgrad.errors import DataError

__all__ = ["SYSTEM", "cache_folder", "folders", "find", "nowhere"]

SYSTEM = Path("/usr/share/datasets")  # where Linux distributions put their data set packages


def cache_folder() -> Path:
    """The folder of downloads: $TENSORGRAD_DATA, else "tensorgrad" in $XDG_CACHE_HOME or ~/.cache."""
    own = os.environ.get("TENSORGRAD_DATA")
    if own:
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tensorgrad"


def folders(name: str, root: str | os.PathLike[str] | None, inner: Sequence[str] = ()) -> list[Path]:
    """The folders to look in, in order: `root` and folders in it if given, else the system's and the user's.

    `inner` names folders that others put the files in, such as "MNIST/raw".
    """
    if root is not None:
        base = Path(root).expanduser()
        return [base, *(base / part for part in (name, *inner))]
    return [SYSTEM / name, cache_folder() / name]


def find(places: Sequence[Path], names: Sequence[str]) -> Path | None:
    """The first file under one of `names` in one of the places, or None."""
    for place in places:
        for name in names:
            if (place / name).is_file():
                return place / name
    return None


def nowhere(who: str, names: Sequence[str], places: Sequence[Path], more: str = "") -> DataError:
    """The error for a file that is in none of the places."""
    looked = "\n".join(f"    {place}" for place in places)
    return DataError(f"{who}: {' or '.join(names)} is in none of these folders:\n{looked}\n  " + (more or (
        "Put the file into one of them, or pass the folder that has it as root, or download=True.")))
