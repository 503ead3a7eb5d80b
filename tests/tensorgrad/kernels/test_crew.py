"""The crew hands every slice to exactly one thread and never hangs: stress, and all that may happen to a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tensorgrad.errors import KernelError
from tensorgrad.kernels import threads

pytest.importorskip("numba")

from tensorgrad.kernels.compiled import crew  # noqa: E402
from tensorgrad.kernels.compiled.crew import slices  # noqa: E402
from tests.tensorgrad.kernels.crew_kernels import counted, failing, long, summed  # noqa: E402

ROOT = Path(__file__).parents[3]
MUCH = 1 << 40
MILLION = 1_000_000


@pytest.fixture(params=[2, 4])
def several(request):
    before = threads.get_num_threads()
    threads.set_num_threads(request.param)
    yield request.param
    threads.set_num_threads(before)


def count(launches: int, size: int = 7) -> None:
    """So many launches, of which each must do every entry once."""
    counts, ends = np.zeros(size, np.int64), np.zeros((16, 2), np.int64)
    for _ in range(launches):
        counted(slices(size, MUCH), size, counts, ends)
    assert (counts == launches).all()


def python(code: str, *, code_of_exit: int = 0, timeout: float = 120) -> str:
    """What a process of its own prints that runs `code` with four threads."""
    start = ("import os, signal, sys, threading, time, numpy as np, tensorgrad\n"
             "from tests.tensorgrad.kernels.test_crew import count, counted\n"
             "tensorgrad.set_num_threads(4)\n")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", start + code], cwd=ROOT, capture_output=True, text=True,
                          timeout=timeout)
    assert done.returncode == code_of_exit, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 17])
def test_slices_are_those_of_the_pool(several, n):
    counts, ends = np.zeros(n, np.int64), np.full((8, 2), -1, np.int64)
    counted(slices(n, MUCH), n, counts, ends)
    expected = threads.run(lambda start, stop: (start, stop), n, MUCH)
    assert (counts == 1).all()
    assert [tuple(pair) for pair in ends if pair[0] >= 0] == expected


def test_arguments_of_all_kinds(several):
    for dtype in (np.float32, np.float64):
        x, sums = np.arange(1000, dtype=dtype)[::2], np.zeros(8, dtype)
        summed(slices(len(x), MUCH), len(x), x, sums, (3, 0.5), None)
        assert sums.sum() == 3 * x.sum() + 250


def test_little_work_is_one_slice(several, monkeypatch):
    assert slices(10, MUCH) == several and slices(1, MUCH) == slices(0, MUCH) == slices(10, 10) == 1
    assert threads.run(lambda start, stop: slices(10, MUCH), 2, MUCH) == [1, 1]
    monkeypatch.setattr(crew, "crew_of", None)  # nobody is called
    ends = np.zeros((8, 2), np.int64)
    counted(1, 10, np.zeros(10, np.int64), ends)
    assert ends[0].tolist() == [0, 10]


def test_an_error_in_a_slice(several):
    for at in (0, 9):
        with pytest.raises(KernelError, match=f"fail: an error in one of {several} slices.\n  Run with set_num_threads"):
            failing(several, 10, at)
    failing(several, 10, 100)
    count(100)
    with pytest.raises(ValueError, match="in a slice"):
        failing(1, 1, 0)


def test_other_threads_help(several):
    """A helper that got a processor took a slice, in one of many launches."""
    out = np.zeros(8)
    crew_now = crew.crew_of(several - 1)
    used = [thread.native_id for thread in crew_now.threads]
    before = [ticks(thread) for thread in used]
    deadline = time.monotonic() + 60
    while [ticks(thread) for thread in used] == before:
        long(several, several, 200_000, out)
        assert time.monotonic() < deadline


def ticks(thread: int) -> int:
    """Processor time of a thread, in clock ticks."""
    path = Path(f"/proc/self/task/{thread}/stat")
    if not path.exists():
        pytest.skip("this system does not tell the time of a thread")
    return int(path.read_text().rpartition(")")[2].split()[11])


def test_many_launches(several):
    count(20_000)


def test_idle_gaps(several):
    """Around the time after which helpers go to sleep, and long after it."""
    rng = np.random.default_rng(0)
    counts, ends, out = np.zeros(7, np.int64), np.zeros((8, 2), np.int64), np.zeros(8)
    for i in range(1000):
        counted(several, 7, counts, ends)
        pause = rng.uniform(0, 3 * crew.SPIN)
        start = time.perf_counter()
        while time.perf_counter() - start < pause:
            pass
        if i % 100 == 0:
            time.sleep(0.002)
    long(several, 4, 10, out)
    assert (counts == 1000).all()


def test_callers_at_once(several):
    errors = []

    def caller() -> None:
        try:
            count(2000)
        except Exception as error:
            errors.append(error)

    callers = [threading.Thread(target=caller) for _ in range(5)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join(100)
    assert not errors and not any(thread.is_alive() for thread in callers)


def test_the_number_of_threads_changes_all_the_time(several):
    stop = threading.Event()
    user = threading.Thread(target=lambda: [count(10) for _ in iter(stop.is_set, True)])
    user.start()
    for n in (2, 3, 1, 5, 2, 9, 4):
        threads.set_num_threads(n)
        count(200)
    stop.set()
    user.join(60)
    threads.set_num_threads(several)
    assert not user.is_alive()


def test_many_more_threads_than_processors():
    before = threads.get_num_threads()
    threads.set_num_threads(16)
    count(300, size=64)
    threads.set_num_threads(before)
    count(10)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_one_processor():
    python("os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\ncount(3000)\ntime.sleep(0.01)\ncount(3000)")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forks():
    """While helpers work, spin and sleep, and while another thread launches."""
    print(python("""
count(100)
other = threading.Thread(target=count, args=(10_000,))
other.start()
for i in range(10):
    count(100)
    time.sleep(0.0002 * (i % 3))
    child = os.fork()
    if not child:
        count(100)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
other.join()
count(100)
"""))


@pytest.mark.parametrize("end", [
    "",                                                                    # while helpers spin
    "threading.Thread(target=count, args=(10**9,), daemon=True).start(); time.sleep(0.05)",   # a thread launches
    "time.sleep(0.05)\nclass Late:\n    def __del__(self):\n        count(100)\nlate = Late()",  # after the crew has gone
])
def test_the_interpreter_ends(end):
    python("count(1000)\n" + end)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system has other signals")
def test_interrupts():
    """Ctrl-C again and again: launches stay whole, the crew as good as new."""
    python("""
main, stop, hits, armed = threading.main_thread().ident, threading.Event(), 0, [False]

def press():
    while not stop.is_set():
        time.sleep(0.003)
        signal.pthread_kill(main, signal.SIGINT)

def handler(*_):
    if armed[0]:
        armed[0] = False
        raise KeyboardInterrupt

counts, ends = np.zeros(7, np.int64), np.zeros((8, 2), np.int64)
count(10)  # compiled: numba itself does not like to be interrupted
signal.signal(signal.SIGINT, handler)
thread = threading.Thread(target=press)
thread.start()
while hits < 100:
    try:
        armed[0] = True
        while True:
            counted(4, 7, counts, ends)
    except KeyboardInterrupt:
        hits += 1
stop.set()
thread.join()
assert (counts == counts[0]).all(), counts
count(1000)
""")


@pytest.mark.slow
@pytest.mark.parametrize("number", [2, 3, 8])
def test_ten_million_launches(number):
    before = threads.get_num_threads()
    threads.set_num_threads(number)
    for _ in range(10):
        count(MILLION)
        time.sleep(0.01)
    threads.set_num_threads(before)
