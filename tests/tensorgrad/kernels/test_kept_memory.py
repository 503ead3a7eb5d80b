"""Memory that arrays have left is used again, unless the user says otherwise; page faults tell."""

import os
import subprocess
import sys

import pytest

from tensorgrad import release_memory
from tensorgrad.kernels import memory

# Steps like those of a small network: arrays of up to 8 MB, all dropped at the end of each.
STEPS = """
import resource
import numpy as np
import tensorgrad

def step():
    return [np.ones(n, np.float32) for n in (2000, 200_000, *6 * [2_000_000])]

for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
tensorgrad.release_memory()
print(int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize())
"""

pytestmark = pytest.mark.skipif(memory.glibc() is None, reason="the C library is not glibc")


def faults(**environment):
    """Page faults of twenty steps in a new process, and its memory in bytes after `release_memory`."""
    without = {name: value for name, value in os.environ.items() if name not in (*memory.OWN, "GLIBC_TUNABLES")}
    text = subprocess.run([sys.executable, "-c", STEPS], env={**without, **environment}, text=True, capture_output=True,
                          check=True).stdout
    return [int(line) for line in text.split()]


def test_a_step_finds_the_memory_of_the_step_before():
    kept, _ = faults()
    assert kept < 100
    given_back, _ = faults(TENSORGRAD_KEEP_MEMORY="0")
    assert given_back > 20 * kept + 1000


@pytest.mark.parametrize("setting", [{"MALLOC_TRIM_THRESHOLD_": "100000"},
                                     {"GLIBC_TUNABLES": "glibc.malloc.trim_threshold=100000"}])
def test_the_users_setting_of_glibc_stays(setting):
    assert faults(**setting)[0] > 1000


def test_released_memory_is_the_systems():
    assert release_memory() in (True, False)
    _, kept = faults()
    _, given_back = faults(TENSORGRAD_KEEP_MEMORY="0")
    assert kept < given_back + 8_000_000


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    assert memory.glibc() is None
    assert not memory.keep_memory() and not release_memory()
