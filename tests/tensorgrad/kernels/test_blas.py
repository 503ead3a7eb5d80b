"""NumPy's BLAS: one thread inside of the library, as found outside; products split over the pool."""

from __future__ import annotations

import _ctypes
import importlib.util
import threading

import numpy as np
import pytest

import tensorgrad
from tensorgrad import kernels
from tensorgrad.kernels import blas, products, threads
from tensorgrad.kernels.blas import one_thread
from tensorgrad.ops import einsum, linear

MUCH = 1 << 30
needs_threadpoolctl = pytest.mark.skipif(importlib.util.find_spec("threadpoolctl") is None,
                                         reason="threadpoolctl is not installed")


class Library:
    """Stands for a BLAS with four threads, whatever the machine has."""

    filepath = "numpy.libs/libblas.so"

    def __init__(self):
        self.threads, self.seen = 4, []

    def get_num_threads(self):
        return self.threads

    def set_num_threads(self, n):
        self.threads = n
        self.seen.append(n)


@pytest.fixture
def library(monkeypatch):
    found = Library()
    monkeypatch.setattr(one_thread, "libraries", [found])
    return found


@pytest.fixture
def two_threads():
    before = threads.get_num_threads()
    threads.set_num_threads(2)
    yield
    threads.set_num_threads(before)


@needs_threadpoolctl
def test_the_blas_of_numpy_is_found():
    assert one_thread.can_be_set()
    before = [found.get_num_threads() for found in one_thread.libraries]
    with one_thread:
        assert {found.get_num_threads() for found in one_thread.libraries} == {1}
    assert [found.get_num_threads() for found in one_thread.libraries] == before


def test_nested_and_overlapping_uses(library):
    inside, leave = threading.Event(), threading.Event()

    def other():
        with one_thread:
            inside.set()
            leave.wait(10)

    with one_thread:
        with one_thread:
            assert library.threads == 1
        assert library.threads == 1
        user = threading.Thread(target=other)
        user.start()
        inside.wait(10)
    assert library.threads == 1  # the other one is still inside
    leave.set()
    user.join()
    assert library.threads == 4 and one_thread.users == 0 and library.seen == [1, 4]


@needs_threadpoolctl
def test_who_came_first_may_leave_first():
    """Also of the real library, which threadpoolctl lets nobody set while the thread lives that set it first."""
    inside, leave, left, end = [threading.Event() for _ in range(4)]

    def other():
        with one_thread:
            inside.set()
            leave.wait(10)
        left.set()
        end.wait(10)

    assert one_thread.can_be_set()
    before = [found.get_num_threads() for found in one_thread.libraries]
    for found in one_thread.libraries:
        found.set_num_threads(2)
    first = threading.Thread(target=other)
    try:
        first.start()
        assert inside.wait(10)
        with one_thread:
            leave.set()
            assert left.wait(10)
            assert {found.get_num_threads() for found in one_thread.libraries} == {1}
        assert {found.get_num_threads() for found in one_thread.libraries} == {2}
        with one_thread:  # a thread that was not the first can also set one
            assert {found.get_num_threads() for found in one_thread.libraries} == {1}
    finally:
        end.set()
        first.join()
        for found, threads_before in zip(one_thread.libraries, before):
            found.set_num_threads(threads_before)


@needs_threadpoolctl
@pytest.mark.parametrize("api, layer, file", [("openblas", "openmp", "libopenblas.so"),
                                              ("mkl", "intel", "libmkl_rt.so"), ("blis", "pthreads", "libblis.so")])
def test_libraries_that_only_threadpoolctl_knows_are_left_to_it(monkeypatch, two_threads, api, layer, file):
    """Such as an OpenBLAS on OpenMP, whose number of threads is the calling thread's."""
    import threadpoolctl

    class Handle(Library):
        internal_api, threading_layer, filepath = api, layer, file

    class Controller:
        lib_controllers = [Handle()]

        def select(self, user_api):
            return self

    monkeypatch.setattr(threadpoolctl, "ThreadpoolController", Controller)
    assert blas.libraries() == Controller.lib_controllers
    monkeypatch.setattr(one_thread, "libraries", None)
    (handle,) = Controller.lib_controllers
    inside = threads.run(lambda start, stop: handle.threads, 4, MUCH, matmul=True)
    assert inside == [1, 1] and handle.seen == [1, 4]
    Handle.internal_api, Handle.threading_layer = "openblas", "pthreads"
    Handle.filepath = _ctypes.__file__  # which has none of OpenBLAS's functions
    assert blas.libraries() == Controller.lib_controllers


def test_an_error_inside(library):
    with pytest.raises(ZeroDivisionError), one_thread:
        raise ZeroDivisionError
    assert library.threads == 4


def test_what_the_user_sets_meanwhile_stays(library):
    with one_thread:
        library.threads = 3
    assert library.threads == 3


def test_one_thread_already(library):
    library.threads = 1
    with one_thread:
        pass
    assert library.seen == []


@pytest.mark.parametrize("rows, seen", [(8, []), (128, [1, 4])])
def test_small_products_do_not_touch_it(library, rows, seen):
    with kernels.use("reference"):
        linear(tensorgrad.ones(rows, 400), tensorgrad.ones(20, 400))
    assert library.seen == seen


def test_backward_and_einsum(library):
    with kernels.use("reference"):
        x = tensorgrad.ones(128, 200, requires_grad=True)
        y = x @ tensorgrad.ones(200, 200)
        library.seen.clear()
        y.sum().backward()
        assert library.seen == [1, 4]
        library.seen.clear()
        einsum("ij,kj->ik", x, x)
    assert library.threads == 4 and library.seen == [1, 4]


def test_slices_of_kernels_have_one_each(library, two_threads):
    inside = []
    threads.run(lambda start, stop: inside.append(library.threads), 4, MUCH, matmul=True)
    assert inside == [1, 1] and library.threads == 4


def test_one_thread_of_ours_means_one_of_blas(library):
    before = threads.get_num_threads()
    threads.set_num_threads(1)
    inside = threads.run(lambda start, stop: library.threads, 4, MUCH, matmul=True)
    threads.set_num_threads(before)
    assert inside == [1]


def test_without_threadpoolctl(monkeypatch, two_threads):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert blas.libraries() == []
    monkeypatch.setattr(one_thread, "libraries", None)
    assert threads.run(lambda start, stop: (start, stop), 4, MUCH, matmul=True) == [(0, 4)]  # BLAS splits by itself
    assert len(threads.run(lambda start, stop: (start, stop), 4, MUCH)) == 2
    a = np.ones((600, 200), np.float32)
    assert (products.matmul(a, a.T) == 200).all()


SHAPES = [((5,), (5,)), ((2, 5), (5,)), ((5,), (5, 2)), ((3, 5), (5, 4)), ((7, 3, 5), (5, 4)), ((3, 5), (7, 5, 4)),
          ((7, 3, 5), (7, 5, 4)), ((2, 1, 3, 5), (7, 5, 4)), ((0, 5), (5, 4)), ((3, 0), (0, 4)),
          ((6, 2, 3, 5), (6, 2, 5, 4)), ((3, 5), (5, 40))]


@pytest.mark.parametrize("dtypes", [("f", "f"), ("d", "d"), ("f", "d"), ("l", "l"), ("?", "?"), ("D", "D")])
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_products(monkeypatch, two_threads, shapes, dtypes, rng):
    """Each way a product may be split gives what NumPy gives."""
    monkeypatch.setattr(products, "LARGE", 0)
    monkeypatch.setattr(products, "SMALL", -1)
    monkeypatch.setattr(threads, "LEAST_WORK", 0)
    a, b = [rng.integers(-3, 4, shape).astype(char) for shape, char in zip(shapes, dtypes)]
    for x, y in ((a, b), (a[..., ::-1], b), (np.asfortranarray(a), np.asfortranarray(b))):
        expected = np.matmul(x, y)
        found = products.matmul(x, y)
        assert np.shape(found) == expected.shape and found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@needs_threadpoolctl
def test_large_products_are_split(monkeypatch, two_threads, rng):
    taken = []

    def run(function, count, work, matmul):
        taken.append((count, matmul))
        function(0, count)

    monkeypatch.setattr(threads, "run", run)
    a = rng.normal(size=(4, 300, 200)).astype(np.float32)
    np.testing.assert_allclose(products.matmul(a[0], a[1].T), a[0] @ a[1].T, rtol=0, atol=1e-3)
    products.matmul(a[0, :100], np.repeat(a[1].T, 2, 1))
    products.matmul(a, a.transpose(0, 2, 1))
    assert taken == [(300, True), (600, True), (4, True)]


@needs_threadpoolctl
@pytest.mark.parametrize("name", kernels.available())
def test_kernels_leave_blas_as_it_was(name):
    from tensorgrad.window import Window

    assert one_thread.can_be_set()
    before = [found.get_num_threads() for found in one_thread.libraries]
    x, w = np.ones((32, 16, 16, 16), np.float32), np.ones((16, 16, 3, 3), np.float32)
    kernels.load(name).conv(x, w, None, Window.parse("conv2d", 2, 3, 1, 1), 1)
    assert [found.get_num_threads() for found in one_thread.libraries] == before
