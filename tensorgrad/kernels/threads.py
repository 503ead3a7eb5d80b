"""A few threads that wait for work, and `run`, which hands slices of a batch to them.

The caller takes the first slice itself.  Whoever takes the lock of another slice first works on it: a waiting thread, or
the caller, once it is done with its own and finds that nobody has come.  So a busy machine costs no more than one thread
would, nothing is ever waited for but a slice somebody is at work on, and it does not matter if no other thread exists: in
a forked child, or when the interpreter ends.

NumPy and compiled kernels let go of the interpreter's lock while they work, so slices run side by side.
"""

from __future__ import annotations

import os
import sys
import threading
from queue import SimpleQueue
from typing import Any, Callable

from tensorgrad.errors import ArgumentError
from tensorgrad.kernels.blas import SMALL, one_thread
from tensorgrad.kernels.processors import threads_by_default

__all__ = ["set_num_threads", "get_num_threads", "run"]

LEAST_WORK = 1 << 20  # less arithmetic than this stays in one thread: a slice of 50 µs is handed over in vain


class Here(threading.local):
    """True in a thread that works on a slice: what it calls does not split again."""

    busy = False


here = Here()
_count = threads_by_default()


def get_num_threads() -> int:
    """How many threads kernels use, unless `set_num_threads` changed it: OMP_NUM_THREADS, or the number of processors."""
    return _count


def set_num_threads(n: int) -> None:
    """Let kernels, and matrix products if threadpoolctl is installed, use `n` threads.

    Raises
        ArgumentError   for anything but an integer ≥ 1
    """
    global _count, _pool
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ArgumentError(f"set_num_threads: {n!r} is no number of threads.\n  Use an integer ≥ 1.")
    if n != _count:
        old, _pool, _count = _pool, Pool(n - 1), n
        old.close()


def run(function: Callable[[int, int], Any], count: int, work: int, matmul: bool = False) -> list[Any]:
    """Call ``function(start, stop)`` on slices that cover ``range(count)``, side by side; their results, in order.

    The slices depend on `count` and the number of threads only.  An error in one arrives here when all have ended.

    Arguments
        work     about how many multiplications and moves all of it takes; little work stays in this thread
        matmul   True if the function multiplies matrices: NumPy's library then uses one thread per slice, and without
                 the means to say so (threadpoolctl) the slices are one, and the library splits each product
    """
    parts = min(_count, count)
    if matmul and work > SMALL and not here.busy:
        if not one_thread.can_be_set():
            return [function(0, count)]
        with one_thread:
            return run(function, count, work)
    if parts <= 1 or work < LEAST_WORK or here.busy:
        return [function(0, count)]
    slices = [Slice(function, count * i // parts, count * (i + 1) // parts) for i in range(parts)]
    try:
        _pool.hand_out(slices[1:])
        here.busy = True
        for slice in slices:
            slice.take()
    finally:  # also when Ctrl-C came in between
        here.busy = False
        wait(slices)
    for slice in slices:
        error, slice.error = slice.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback leads here: a cycle, which would keep the arrays
    return [slice.result for slice in slices]


def wait(slices: list[Slice]) -> None:
    """Return when nobody works on a slice; nobody will from then on.  Ctrl-C waits, too; a second one does not."""
    try:
        for slice in slices:
            slice.lock.acquire()
    except BaseException:
        for slice in slices:
            slice.lock.acquire()
        raise
    finally:
        for slice in slices:
            slice.function = None


class Slice:
    """A part of the work.  Its lock belongs to the thread that works on it, or that has seen it done."""

    __slots__ = ("function", "start", "stop", "lock", "result", "error")

    def __init__(self, function: Callable[[int, int], Any], start: int, stop: int):
        self.function: Callable[[int, int], Any] | None = function
        self.start, self.stop = start, stop
        self.lock = threading.RLock()  # the caller may take it twice
        self.result: Any = None
        self.error: BaseException | None = None

    def take(self) -> None:
        """Do it, unless another thread does; keep the lock."""
        if self.lock.acquire(False) and self.function is not None:
            self.work()

    def help(self) -> None:
        """Do it, unless another thread does or has done it; let go of the lock."""
        if self.lock.acquire(False):
            try:
                if self.function is not None:
                    self.work()
            finally:
                self.lock.release()

    def work(self) -> None:
        function, self.function = self.function, None
        try:
            self.result = function(self.start, self.stop)  # type: ignore[misc]
        except BaseException as error:  # noqa: B036  raised again by the caller
            self.error = error


class Pool:
    """At most `size` threads, started when there is work for them."""

    def __init__(self, size: int):
        self.size = size
        self.started = 0
        self.lock = threading.Lock()
        self.queue: SimpleQueue[Slice | None] = SimpleQueue()

    def hand_out(self, slices: list[Slice]) -> None:
        """Offer the slices to waiting threads."""
        if self.started < self.size and not sys.is_finalizing():  # a thread started then would be waited for in vain
            self.start()
        if self.queue.qsize() < 4 * self.size:  # else they get no processor
            for slice in slices:
                self.queue.put(slice)

    def start(self) -> None:
        with self.lock:
            try:
                while self.started < self.size:
                    threading.Thread(target=help, args=(self.queue,), name="tensorgrad", daemon=True).start()
                    self.started += 1
            except RuntimeError:  # the system has no more threads, or the interpreter is ending
                self.size = self.started

    def close(self) -> None:
        """Let the threads end."""
        with self.lock:
            self.size = 0
            for _ in range(self.started):
                self.queue.put(None)


def help(queue: SimpleQueue[Slice | None]) -> None:
    """What a thread of the pool does."""
    here.busy = True
    while (slice := queue.get()) is not None:
        slice.help()
        del slice  # and with it the arrays, before the next one comes


_pool = Pool(_count - 1)


def after_fork() -> None:
    """The pool's threads do not exist in a forked child."""
    global _pool
    _pool = Pool(_count - 1)
    here.busy = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)
