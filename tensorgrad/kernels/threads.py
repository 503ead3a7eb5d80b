"""One pool of threads, which runs a function over slices of a batch.

The caller takes the first slice itself and the pool the others.  NumPy and compiled kernels let go of the interpreter's
lock while they work, so slices run side by side.  A process made by `os.fork` starts with a pool of its own.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from typing import TYPE_CHECKING, Any, Callable

from tensorgrad.errors import ArgumentError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

__all__ = ["set_num_threads", "get_num_threads", "run"]

LEAST_WORK = 1 << 18  # handing a slice over costs about 50 µs: less arithmetic than this stays in one thread


def threads_by_default() -> int:
    """OMP_NUM_THREADS if it is a number ≥ 1, else the processors this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Here(threading.local):
    """True in a thread that works on a slice: what it calls does not split again."""

    busy = False


here = Here()
_count = threads_by_default()
_pool: ThreadPoolExecutor | None = None
_lock = threading.Lock()


def get_num_threads() -> int:
    """How many threads kernels use: OMP_NUM_THREADS, or the number of processors, unless `set_num_threads` changed it."""
    return _count


def set_num_threads(n: int) -> None:
    """Let kernels use `n` threads; NumPy's matrix products too, if threadpoolctl is installed.

    Raises
        ArgumentError   for anything but an integer ≥ 1
    """
    global _count, _pool
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ArgumentError(f"set_num_threads: {n!r} is no number of threads.\n  Use an integer ≥ 1.")
    with _lock:
        old, _pool, _count = _pool, None, n
    if old is not None:
        old.shutdown(wait=False)
    blas.set(n)


def run(function: Callable[[int, int], Any], count: int, work: int, matmul: bool = False) -> list[Any]:
    """Call ``function(start, stop)`` on slices that cover ``range(count)``, side by side; their results, in order.

    Arguments
        work     about how many multiplications and moves all of it takes; little work stays in this thread
        matmul   True if the function multiplies matrices: NumPy's library then uses one thread per slice, and without
                 the means to say so (threadpoolctl) the slices are one, and the library splits each product
    """
    parts = min(_count, count)
    if parts <= 1 or work < LEAST_WORK or here.busy or (matmul and not blas.can_be_set()):
        return [function(0, count)]
    bounds = [count * i // parts for i in range(parts + 1)]
    slices = list(zip(bounds[1:-1], bounds[2:]))
    with blas if matmul else nothing:
        others = [submit(function, start, stop) for start, stop in slices]
        try:
            first = in_slice(function, bounds[0], bounds[1])
        finally:
            failed = [future.exception() for future in others if future is not None]  # waits: nobody works on after an error
        for error in failed:
            if error is not None:
                raise error
        rest = [in_slice(function, *ends) if future is None else future.result() for future, ends in zip(others, slices)]
    return [first, *rest]


def submit(function: Callable[[int, int], Any], start: int, stop: int) -> Any:
    """The future of a slice; None if the pool takes no more work: its size was just changed, or the process is ending."""
    try:
        return executor().submit(in_slice, function, start, stop)
    except RuntimeError:
        return None


def in_slice(function: Callable[[int, int], Any], start: int, stop: int) -> Any:
    here.busy = True
    try:
        return function(start, stop)
    finally:
        here.busy = False


def executor() -> ThreadPoolExecutor:
    """The pool, made when it is first needed."""
    global _pool
    with _lock:
        if _pool is None:
            from concurrent.futures import ThreadPoolExecutor
            _pool = ThreadPoolExecutor(max(_count - 1, 1), thread_name_prefix="tensorgrad")
        return _pool


class Nothing:
    """A context that does nothing."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass


class Blas:
    """While at least one kernel is inside: NumPy's matrix products use one thread.  Afterwards as before.

    Counted, because kernels of several threads come and go in any order.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.controller: Any = None
        self.limit: Any = None

    def can_be_set(self) -> bool:
        if self.controller is None:
            self.controller = False
            if importlib.util.find_spec("threadpoolctl") is not None:
                from threadpoolctl import ThreadpoolController
                found = ThreadpoolController().select(user_api="blas")
                self.controller = found if len(found) else False
        return self.controller is not False

    def set(self, threads: int) -> None:
        with self.lock:
            if self.can_be_set() and not self.users:
                self.controller.limit(limits=threads)

    def __enter__(self) -> None:
        with self.lock:
            self.users += 1
            if self.users == 1:
                self.limit = self.controller.limit(limits=1)

    def __exit__(self, *exc: object) -> None:
        with self.lock:
            self.users -= 1
            if not self.users:
                self.restore()

    def restore(self) -> None:
        self.users = 0
        if self.limit is not None:
            self.limit.restore_original_limits()
            self.limit = None


nothing, blas = Nothing(), Blas()


def after_fork() -> None:
    """The pool's threads do not exist in a forked child, and its locks may be held by nobody."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()
    here.busy = False
    blas.lock = threading.Lock()
    blas.restore()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)
