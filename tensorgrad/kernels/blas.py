"""How many threads NumPy's matrix products use while the library multiplies: one.

OpenBLAS's threads wait for each other without sleeping: on a machine that does something else as well, a product of 50 µs
may take 100 ms, and for as long afterwards they keep processors from our own threads.  The number is the process's: it is
put back after each use, and the user's own NumPy code finds it as it was.

This needs threadpoolctl (the extra [fast]); without it BLAS is left alone.
"""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import os
import threading
from typing import Any

__all__ = ["one_thread", "SMALL"]

SMALL = 1 << 18  # multiplications up to which OpenBLAS uses one thread anyway


class OneThread:
    """A context: while anybody is inside, NumPy's matrix products use one thread; afterwards as many as before."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.libraries: list[Any] | None = None
        self.before: list[tuple[Any, int]] = []  # which of them had more than one thread, and how many

    def can_be_set(self) -> bool:
        """True if there is a way to tell NumPy's BLAS how many threads to use; the first call looks for it."""
        if self.libraries is None:
            self.libraries = libraries()
        return bool(self.libraries)

    def __enter__(self) -> None:
        with self.lock:
            self.users += 1
            if self.users == 1 and self.can_be_set():
                for library in self.libraries or ():
                    threads = library.get_num_threads()
                    if threads > 1:
                        library.set_num_threads(1)
                        self.before.append((library, threads))

    def __exit__(self, *exc: object) -> None:
        with self.lock:
            self.users -= 1
            if not self.users:
                self.restore()

    def restore(self) -> None:
        """Give the libraries their threads back, unless somebody has set another number meanwhile."""
        while self.before:
            library, threads = self.before.pop()
            if library.get_num_threads() == 1:
                library.set_num_threads(threads)


def libraries() -> list[Any]:
    """threadpoolctl's handles of the BLAS that NumPy uses."""
    if importlib.util.find_spec("threadpoolctl") is None:
        return []
    from threadpoolctl import ThreadpoolController

    found = ThreadpoolController().select(user_api="blas").lib_controllers
    used = [library for library in found if "numpy" in library.filepath] or found
    return [OpenBLAS.of(library) or library for library in used]


class OpenBLAS:
    """An OpenBLAS with threads of its own, whose number is the process's, asked directly.

    threadpoolctl's handle does nothing in any other Python thread than the one that set a number first, while that lives.
    Ours take turns, under a lock: whoever leaves last gives the threads back.
    """

    def __init__(self, get: Any, set: Any):
        self.get_num_threads, self.set_num_threads = get, set

    @classmethod
    def of(cls, library: Any) -> OpenBLAS | None:
        """The library behind threadpoolctl's handle; None if it is another one, or its functions have unknown names."""
        if library.internal_api != "openblas" or library.threading_layer != "pthreads":
            return None
        loaded = ctypes.CDLL(library.filepath)
        for start, end in itertools.product(("openblas", "scipy_openblas"), ("", "64_", "_64")):  # 64: long indices
            get, set = [getattr(loaded, f"{start}_{verb}_num_threads{end}", None) for verb in ("get", "set")]
            if get and set:
                set.restype = None
                return cls(get, set)
        return None


one_thread = OneThread()


def after_fork() -> None:
    """Those who were inside, and hold the lock, are not in a forked child."""
    one_thread.lock, one_thread.users = threading.Lock(), 0
    one_thread.restore()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)
