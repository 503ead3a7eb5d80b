"""Slices of compiled kernels on several threads, handed over in a microsecond: the other threads never need the
interpreter's lock.

`threads.run` hands over Python functions: the slice of a kernel that takes 50 µs waits as long for the interpreter's lock,
on its way in and out.  Here a call is a word in memory, the board's state.  A helper takes a slice by counting the word up,
as the caller does, until none is left; then the caller waits for the slices the others took.

Nothing can hang: a helper that comes late, or never, finds nothing to do, since the caller takes every slice nobody has
taken; and a slice that was taken is worked on without waiting for anything.  A helper that finds no work for a while sleeps;
should it miss being woken, the caller does the work alone.  A second caller at the same time works alone, too.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
import time
from typing import Any, Callable

import numpy as np
from numba import int64

from tensorgrad.errors import KernelError
from tensorgrad.kernels import threads
from tensorgrad.kernels.compiled.atomics import (acquire, acquire_within, add, bundle, call_slice, load, pause, release,
                                                 store, swap_if)
from tensorgrad.kernels.compiled.jit import jit

__all__ = ["shared", "slices", "complete"]

LEAST_WORK = 1 << 19  # multiplications, some 25 µs of them: less stays in one thread, for waking a helper may take as long
SPIN = 100e-6         # seconds a helper, or a caller that is done, waits without sleeping
NAP = 50              # µs; a caller waiting longer sleeps so long before it looks again

# The board: words in lines of the cache of their own, by their distance in bytes.  The state is a ticket, the number of
# slices, and the number of those taken, from the highest bits to the lowest.
STATE, FUNCTION, FRAME, COUNT, FINISHED, FAILED, OWNED, CLOSED, NEVER, HELPERS = 0, 64, 72, 80, 128, 136, 192, 256, 264, 320
LINE = 64             # per helper: whether it sleeps, and the lock it sleeps on
TAKEN = (1 << 16) - 1


@jit
def slices_left(state):
    return state & TAKEN < state >> 16 & TAKEN


@jit
def work(board, state):
    """Try to take the next slice of `state`; if that works, do it."""
    if swap_if(board + STATE, state, state + 1):
        i, parts, count = state & TAKEN, state >> 16 & TAKEN, load(board + COUNT)
        failed = call_slice(load(board + FUNCTION), load(board + FRAME), count * i // parts, count * (i + 1) // parts, i)
        if failed:
            store(board + FAILED, 1)
        add(board + FINISHED, 1)


@jit
def serve(board, number, spins):
    """What a helper does until the board is closed."""
    asleep = board + HELPERS + number * LINE
    lock = load(asleep + 8)
    idle = 0
    while not load(board + CLOSED):
        state = load(board + STATE)
        if slices_left(state):
            work(board, state)
            idle = 0
        elif idle < spins:
            idle += 1
            pause()
        else:
            store(asleep, 1)  # whoever makes it 0 again decides: we, then we go on, or a caller, then it opens the lock
            if not ((slices_left(load(board + STATE)) or load(board + CLOSED)) and swap_if(asleep, 1, 0)):
                acquire(lock, 1)
            idle = 0


@jit
def wake(board, helpers):
    for i in range(helpers):
        asleep = board + HELPERS + i * LINE
        if load(asleep) and swap_if(asleep, 1, 0):
            release(load(asleep + 8))


@jit
def run(board, helpers, spins, function, frame, count, parts):
    """Call the function on all slices of ``range(count)``; not 0 if the kernel raised an error."""
    if not swap_if(board + OWNED, 0, 1):
        failed = 0
        for i in range(parts):
            failed |= call_slice(function, frame, count * i // parts, count * (i + 1) // parts, i)
        return failed
    store(board + FUNCTION, function)
    store(board + FRAME, frame)
    store(board + COUNT, count)
    store(board + FINISHED, 0)
    store(board + FAILED, 0)
    ticket = (load(board + STATE) >> 32) + 1 & 0x3FFFFFFF
    store(board + STATE, ticket << 32 | parts << 16)
    wake(board, min(helpers, parts - 1))
    while True:
        state = load(board + STATE)
        if not slices_left(state):
            break
        work(board, state)
    waited = 0
    while load(board + FINISHED) < parts:
        if waited < spins:
            waited += 1
            pause()
        else:
            acquire_within(load(board + NEVER), NAP, 0)
    failed = load(board + FAILED)
    store(board + OWNED, 0)
    return failed


@jit
def look(board, times):
    """Look at the board as an idle helper does."""
    found = 0
    for _ in range(times):
        if slices_left(load(board + STATE)) or load(board + CLOSED):
            found += 1
        pause()
    return found


class Crew:
    """A board and its helpers."""

    def __init__(self, helpers: int):
        self.helpers = helpers
        self.memory = np.zeros((HELPERS + LINE * helpers + LINE) // 8, np.int64)
        self.board = -(-self.memory.ctypes.data // LINE) * LINE
        self.locks = [held_lock() for _ in range(helpers + 1)]
        self.set(NEVER, self.locks[helpers])
        for i in range(helpers):
            self.set(HELPERS + LINE * i + 8, self.locks[i])
        self.set(CLOSED, 1)
        serve(self.board, 0, 0)  # compiled here: a fork must not meet a thread that compiles
        self.set(CLOSED, 0)
        look(self.board, 1)
        start = time.perf_counter()
        look(self.board, 1000)
        self.spins = int(1000 * SPIN / (time.perf_counter() - start)) + 1
        self.threads: list[threading.Thread] = []
        try:
            for i in range(helpers):
                thread = threading.Thread(target=help, args=(self, i), name="tensorgrad", daemon=True)
                thread.start()
                self.threads.append(thread)
        except RuntimeError:  # the system has no more threads: the caller does their work
            pass

    def set(self, place: int, value: int) -> None:
        """Write a word of the board, before there are helpers."""
        ctypes.c_int64.from_address(self.board + place).value = value

    def close(self) -> None:
        """Let the helpers end, and wait for them.  Whoever still calls works alone."""
        shut(self.board, self.helpers)
        for thread in self.threads:
            thread.join()


def help(crew: Crew, number: int) -> None:
    """The thread of a helper, which keeps the memory of the board alive."""
    serve(crew.board, number, crew.spins)


@jit
def shut(board, helpers):
    store(board + CLOSED, 1)
    wake(board, helpers)


def held_lock() -> int:
    """A new lock of the interpreter's, taken, which is never freed: a helper may sleep on it to the end."""
    allocate = ctypes.pythonapi.PyThread_allocate_lock
    allocate.restype = ctypes.c_void_p
    lock = allocate()
    ctypes.pythonapi.PyThread_acquire_lock(ctypes.c_void_p(lock), 1)
    return lock


_shared: list[tuple[Any, Any]] = []  # kernels, and what hands out their slices
_crew: Crew | None = None
_lock = threading.Lock()
_ended = False


def crew_of(helpers: int) -> Crew:
    """The crew with so many helpers; a crew of another size is sent home.  None come when the interpreter is ending."""
    global _crew
    crew = _crew
    if crew is not None and crew.helpers == helpers:
        return crew
    with _lock:
        crew = _crew
        if crew is None or crew.helpers != helpers:
            old, crew = crew, Crew(0 if _ended else helpers)
            _crew = crew
            if old is not None:
                old.close()
        return crew


def slices(count: int, work: int) -> int:
    """Into how many slices to cut ``range(count)``, if all of it takes about `work` multiplications: 1 if that is little, or
    if this is a slice already."""
    if work < LEAST_WORK or threads.here.busy:
        return 1
    return max(1, min(threads.get_num_threads(), count, TAKEN))


def shared(kernel: Any) -> Callable[..., None]:
    """A function ``launch(parts, count, *args)``, which calls ``kernel(first, last, slice, *args)`` on each slice of
    ``range(count)``, side by side.

    `kernel` is compiled and returns nothing.  Slice i of `parts` is count · i // parts to count · (i + 1) // parts, as in
    `threads.run`; `slices` says how many parts are worth it.  What a slice needs for itself the kernel allocates, or finds
    in row `slice` of an array.

    Raises
        KernelError   when the kernel raised an error in one of several slices
    """
    function = kernel.py_func
    args = "".join([f"arg{i}, " for i in range(3, function.__code__.co_argcount)])
    source = (f"def {function.__name__}_shared(board, helpers, spins, count, parts, {args}):\n"
              f"    function, frame = bundle(kernel, ({args}))\n"
              f"    return run(board, helpers, spins, function, frame, count, parts)\n")
    space = {"bundle": bundle, "kernel": kernel, "run": run, "__name__": function.__module__}
    exec(compile(source, function.__code__.co_filename, "exec"), space)
    spread = jit(space[f"{function.__name__}_shared"])

    def launch(parts: int, count: int, *args: Any) -> None:
        if parts == 1:
            kernel(0, count, 0, *args)
            return
        crew = crew_of(threads.get_num_threads() - 1)
        if spread(crew.board, crew.helpers, crew.spins, count, parts, *args):
            raise KernelError(f"{function.__name__}: an error in one of {parts} slices.\n"
                              "  Run with set_num_threads(1) to see it.")

    _shared.append((kernel, spread))
    return launch


def complete() -> None:
    """Compile each kernel for one thread and for several, for the types for which it has been compiled for either."""
    for kernel, spread in _shared:
        for signature in [*kernel.overloads]:
            spread.compile((int64,) * 5 + signature[3:])
        for signature in [*spread.overloads]:
            kernel.compile((int64,) * 3 + signature[5:])
    Crew(0).close()


def after_fork() -> None:
    """The helpers do not exist in a forked child."""
    global _crew, _lock
    _crew, _lock = None, threading.Lock()


def at_exit() -> None:
    """Helpers must not run code that the interpreter frees when it ends."""
    global _crew, _ended
    with _lock:
        crew, _crew, _ended = _crew, None, True
    if crew is not None:
        crew.close()


atexit.register(at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)
