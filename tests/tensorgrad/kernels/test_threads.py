"""The pool: slices cover the range, errors arrive, nested calls and forked children work, BLAS is put back."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tensorgrad import kernels
from tensorgrad.errors import ArgumentError
from tensorgrad.kernels import threads
from tensorgrad.window import Window

MUCH = 1 << 30  # work that is worth splitting
WINDOW = Window.parse("conv2d", 2, 3, 1, 1)


@pytest.fixture
def four_threads():
    before = threads.get_num_threads()
    threads.set_num_threads(4)
    yield
    threads.set_num_threads(before)


def large_conv() -> np.ndarray:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(16, 8, 16, 16)), rng.normal(size=(8, 8, 3, 3))
    return kernels.load("reference").conv(x, w, None, WINDOW, 1)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 17])
def test_slices_cover_the_range_in_order(four_threads, count):
    found = threads.run(lambda start, stop: list(range(start, stop)), count, MUCH)
    assert sum(found, []) == list(range(count))
    assert len(found) == max(1, min(4, count))


def test_little_work_stays_in_this_thread(four_threads):
    assert threads.run(lambda start, stop: threading.current_thread(), 8, 10) == [threading.current_thread()]


def test_much_work_goes_to_other_threads(four_threads):
    barrier = threading.Barrier(4)  # passes only if all four slices run at the same time
    assert len(set(threads.run(lambda start, stop: barrier.wait(10) >= 0 and threading.get_ident(), 4, MUCH))) == 4


def test_a_slice_does_not_split_again(four_threads):
    def outer(start, stop):
        return len(threads.run(lambda a, b: None, 8, MUCH))

    assert threads.run(outer, 4, MUCH) == [1, 1, 1, 1]


@pytest.mark.parametrize("where", [0, 3])
def test_an_error_in_a_slice_arrives_when_all_have_ended(four_threads, where):
    ended = []

    def part(start, stop):
        if start == where:
            raise ZeroDivisionError("in a slice")
        ended.append(start)

    with pytest.raises(ZeroDivisionError, match="in a slice"):
        threads.run(part, 4, MUCH)
    assert sorted(ended) == [i for i in range(4) if i != where]
    assert threads.run(lambda a, b: a, 4, MUCH) == [0, 1, 2, 3]


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "2"])
def test_set_num_threads_refuses(n):
    with pytest.raises(ArgumentError, match=f"set_num_threads: {n!r} is no number of threads.\n  Use an integer ≥ 1."):
        threads.set_num_threads(n)


def test_results_do_not_depend_on_the_number_of_threads(four_threads):
    four = large_conv()
    threads.set_num_threads(1)
    np.testing.assert_allclose(large_conv(), four, rtol=0, atol=1e-12)


def test_several_threads_of_the_user_at_once(four_threads):
    expected, found = large_conv(), [None] * 8

    def work(i):
        found[i] = large_conv()

    users = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for user in users:
        user.start()
    for user in users:
        user.join(60)
    for result in found:
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12)


FORK = """
import multiprocessing, numpy as np, tensorgrad
from tensorgrad import kernels
from tensorgrad.window import Window
tensorgrad.set_num_threads(4)

def work(seed=0):
    x = np.random.default_rng(seed).normal(size=(16, 8, 32, 32)).astype(np.float32)
    y = kernels.active().max_pool(x, Window.parse("max_pool2d", 2, 2))[0]
    return float(kernels.active().conv(y, np.ones((8, 8, 3, 3), np.float32), None, Window.parse("conv2d", 2, 3), 1).sum())

before = work()
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map_async(work, [0, 0, 0, 0]).get(60) == [before] * 4
assert work() == before
print("done")
"""


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system has no fork")
@pytest.mark.parametrize("name", kernels.available())
def test_forked_children_have_a_pool_of_their_own(name):
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "TENSORGRAD_KERNELS": name})
    assert done.stdout.strip() == "done", done.stderr


def test_a_slice_is_done_once():
    calls = []
    slice = threads.Slice(lambda start, stop: calls.append((start, stop)), 2, 5)
    slice.take()
    slice.help()  # of the same thread, which may take the lock again
    assert calls == [(2, 5)]


class Interrupted:
    """A slice's lock, during the first wait for which Ctrl-C comes."""

    def __init__(self):
        self.waits = 0

    def acquire(self):
        self.waits += 1
        if self.waits == 1:
            raise KeyboardInterrupt


def test_ctrl_c_while_waiting_waits_for_all():
    slices = [threads.Slice(lambda start, stop: None, i, i + 1) for i in range(3)]
    slices[1].lock = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        threads.wait(slices)
    assert slices[1].lock.waits == 2 and all(slice.function is None for slice in slices)
    for slice in (slices[0], slices[2]):
        with ThreadPoolExecutor(1) as pool:  # the locks are this thread's, and stay so
            assert pool.submit(slice.lock.acquire, False).result() is False


def test_without_more_threads_the_caller_does_it_all(four_threads, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "_pool", threads.Pool(3))
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert threads.run(lambda start, stop: threading.current_thread(), 4, MUCH) == [threading.current_thread()] * 4
    assert threads._pool.size == 0
