"""Kernels for the tests of the crew: they count, are slow, and fail."""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled.crew import shared
from tensorgrad.kernels.compiled.jit import jit


@jit
def count_up(first, last, slice, counts, ends):
    for i in range(first, last):
        counts[i] += 1
    ends[slice, 0], ends[slice, 1] = first, last


@jit
def with_scratch(first, last, slice, x, sums, pair, nothing):
    scratch = np.empty(last - first, x.dtype)
    for i in range(last - first):
        scratch[i] = x[first + i] * pair[0]
    total = x[0] * 0
    for i in range(last - first):
        total += scratch[i] + pair[1]
    sums[slice] = total


@jit
def fail(first, last, slice, at):
    if first <= at < last:
        raise ValueError("in a slice")


@jit
def take_long(first, last, slice, rounds, out):
    total = 0.0
    for i in range(rounds):
        total += (i * 0.5) ** 0.5
    out[slice] = total


counted, summed, failing, long = shared(count_up), shared(with_scratch), shared(fail), shared(take_long)
