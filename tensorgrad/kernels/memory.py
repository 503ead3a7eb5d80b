"""Memory that arrays have left stays with the process, for the next arrays.

A training step makes and drops the same arrays over and over.  Left to itself, glibc gives the memory of large ones back to
the system at once, which then hands out the same pages again, one by one and filled with zeros: that took a third of the
time of a training step of a small network.  So the library asks glibc, once and for the whole process, to keep up to `KEPT`
bytes, and to put arrays of up to `LARGEST` bytes among them.  The peak of the memory in use stays what it was.

Nothing is asked where the C library is another one, where the user has set one of glibc's own variables, or where
TENSORGRAD_KEEP_MEMORY is 0.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

__all__ = ["release_memory"]

KEPT = 1 << 29
LARGEST = 1 << 25  # the most that glibc takes
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # parameters of mallopt
OWN = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_MAX_")


def glibc() -> Any:
    """The C library of this process if it is glibc, else None."""
    if os.name != "posix":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None


def left_to_the_user() -> bool:
    """True if the environment says how memory is to be handled."""
    return (os.environ.get("TENSORGRAD_KEEP_MEMORY", "") == "0" or any([name in os.environ for name in OWN])
            or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""))


def keep_memory() -> bool:
    """Ask glibc; True if it agreed."""
    library = None if left_to_the_user() else glibc()
    return library is not None and bool(library.mallopt(TRIM_THRESHOLD, KEPT) and library.mallopt(MMAP_THRESHOLD, LARGEST))


def release_memory() -> bool:
    """Give memory that no array uses any more back to the system; True if there was some that could be.

    It is kept otherwise, up to 512 MB, because the next training step will want it.  A process that has trained and goes on
    to something else may call this.  With another C library than glibc there is nothing to release: False.

    Example
        >>> release_memory() in (True, False)
        True
    """
    library = glibc()
    return library is not None and bool(library.malloc_trim(0))


keep_memory()
