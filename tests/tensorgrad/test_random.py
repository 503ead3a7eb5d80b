"""The process-wide generator."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import tensorgrad
from tensorgrad.errors import ArgumentError
from tensorgrad.random import default_generator, get_rng_state, manual_seed, set_rng_state


def test_the_same_seed_gives_the_same_numbers() -> None:
    draws = []
    for _ in range(2):
        assert manual_seed(7) is default_generator()
        draws.append([tensorgrad.rand(3).tolist(), tensorgrad.randn(2).tolist(), tensorgrad.randperm(5).tolist(),
                      tensorgrad.zeros(3).normal_().tolist()])
    assert draws[0] == draws[1]
    manual_seed(8)
    assert tensorgrad.rand(3).tolist() != draws[0][0]


def test_numpys_global_generator_is_left_alone() -> None:
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    tensorgrad.rand(3)
    manual_seed(1)
    assert np.array_equal(np.random.get_state()[1], before)


def test_state_is_json_and_continues() -> None:
    manual_seed(3)
    tensorgrad.randn(5)
    state = json.loads(json.dumps(get_rng_state()))
    first = tensorgrad.randn(4).tolist()
    tensorgrad.randn(10)
    set_rng_state(state)
    assert tensorgrad.randn(4).tolist() == first


@pytest.mark.parametrize("seed", [-1, 1.5, "a", True, None])
def test_what_is_no_seed(seed: object) -> None:
    with pytest.raises(ArgumentError, match="manual_seed: .* is no seed.*\n.*integer ≥ 0"):
        manual_seed(seed)


@pytest.mark.parametrize("state", [{}, {"bit_generator": "MT19937"}, 3])
def test_what_is_no_state(state: object) -> None:
    before = get_rng_state()
    with pytest.raises(ArgumentError, match="set_rng_state: this is no state of a generator"):
        set_rng_state(state)
    assert get_rng_state() == before


def test_a_generator_of_ones_own_leaves_the_default_alone() -> None:
    before = get_rng_state()
    rng = np.random.default_rng(0)
    tensorgrad.rand(3, generator=rng)
    tensorgrad.zeros(3).uniform_(generator=rng)
    tensorgrad.bernoulli(tensorgrad.full((3,), 0.5), generator=rng)
    assert get_rng_state() == before


FORK = """
import os, signal, threading, tensorgrad
taken, go_on = threading.Event(), threading.Event()

def drawing():
    with tensorgrad.random.default_generator().bit_generator.lock:
        taken.set()
        go_on.wait(60)

thread = threading.Thread(target=drawing)
thread.start()
assert taken.wait(60)
child = os.fork()
if not child:
    signal.alarm(30)
    os._exit(tensorgrad.rand(3).numel())
go_on.set()
thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_forked_while_another_thread_draws() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], capture_output=True, text=True, timeout=120)
    assert done.stdout == "3\n", done.stderr
