"""Steps of optimizers: every set gives the reference's numbers to the bit, whatever the layout and the threads."""

from __future__ import annotations

import itertools
from typing import Any, Iterator

import numpy as np
import pytest

from tensorgrad import kernels
from tests.tensorgrad.kernels.test_parity import ids, layouts


def options() -> Iterator[tuple[str, tuple[bool, ...], tuple[Any, ...]]]:
    """(kernel, which buffers there are, the arguments after the buffers)."""
    for decay, maximize in itertools.product((0.0, 0.1), (False, True)):
        yield "sgd_step", (False,), (0.1, 0.0, 0.0, decay, False, maximize, False)
        for nesterov, first in itertools.product((False, True), repeat=2):
            yield "sgd_step", (True,), (0.1, 0.9, 0.0 if nesterov else 0.3, decay, nesterov, maximize, first)
        yield "adagrad_step", (True,), (0.1, 1e-10, decay, maximize)
        for centered, moving in itertools.product((False, True), repeat=2):
            yield "rmsprop_step", (True, centered, moving), (0.1, 0.99, 1e-8, 0.9, decay, maximize)
        for amsgrad in (False, True):
            yield "adam_step", (True, True, amsgrad), (0.01, 0.3, 0.9, 0.999, 1e-8, decay, 1 - decay, maximize)


def run(kernel_set: Any, name: str, arrays: list[np.ndarray], grad: np.ndarray, used: tuple[bool, ...],
        numbers: tuple[Any, ...]) -> None:
    param, *buffers = arrays
    getattr(kernel_set, name)(param, grad, *[b if u else None for b, u in zip(buffers, used)], *numbers)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (0, 3), (5, 7), (60, 7, 3, 3)], ids=ids)
def test_the_same_bits_as_the_reference(kernel_set, shape, dtype, rng):
    reference = kernels.load("reference")
    start = [rng.normal(size=shape).astype(dtype), *[rng.random(shape).astype(dtype) for _ in range(3)]]
    grad = np.asarray(rng.normal(size=shape), dtype)
    for name, used, numbers in options():
        expected = [a.copy() for a in start]
        run(reference, name, expected, grad, used, numbers)
        placed = list(zip(*[layouts(a) for a in (*start, grad)])) if len(shape) > 1 else [(*start, grad)]
        for alike in [*placed, (*(placed[0][:-1]), placed[-1][-1]), (*placed[-1][:2], *placed[0][2:])]:
            arrays = [a.copy("K") if a.flags.c_contiguous or np.moveaxis(a, 1, -1).flags.c_contiguous else a
                      for a in alike[:-1]]
            before = [a.copy() for a in arrays]
            run(kernel_set, name, arrays, alike[-1], used, numbers)
            for found, wanted in zip(arrays, expected):
                np.testing.assert_array_equal(found, wanted, f"{name} {used} {numbers}")
            for array, old in zip(arrays, before):
                array[...] = old


def test_special_values_go_through(kernel_set, rng):
    reference = kernels.load("reference")
    special = np.resize(np.array([np.nan, np.inf, -np.inf, 0, 1, 1e38], np.float32), 4000)
    with np.errstate(all="ignore"):
        for name, used, numbers in options():
            ours, theirs = ([rng.permutation(special) for _ in range(4)] for rng in (np.random.default_rng(1),) * 2)
            theirs = [a.copy() for a in ours]
            run(kernel_set, name, ours, special, used, numbers)
            run(reference, name, theirs, special, used, numbers)
            for found, wanted in zip(ours, theirs):
                np.testing.assert_array_equal(found, wanted, f"{name} {used} {numbers}")


def test_threads_do_not_change_bits(kernel_set, rng):
    size, before = 400_003, kernels.get_num_threads()
    start = [rng.random(size).astype(np.float32) for _ in range(5)]
    for name, used, numbers in options():
        results = []
        try:
            for threads in (1, 3):
                kernels.set_num_threads(threads)
                arrays = [a.copy() for a in start[:4]]
                run(kernel_set, name, arrays, start[4], used, numbers)
                results.append(arrays)
        finally:
            kernels.set_num_threads(before)
        for one, three in zip(*results):
            np.testing.assert_array_equal(one, three)


def test_the_gradient_is_not_written_into(kernel_set, rng):
    grad = rng.normal(size=3000).astype(np.float32)
    grad.flags.writeable = False
    for name, used, numbers in options():
        run(kernel_set, name, [np.ones(3000, np.float32) for _ in range(4)], grad, used, numbers)
