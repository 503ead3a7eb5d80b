"""Blocks cover every entry once, whatever the shapes and strides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorgrad.kernels.reference import pieces as module
from tensorgrad.kernels.reference.pieces import blocks


@pytest.fixture(scope="module", autouse=True)
def small_blocks():
    """Blocks of seven entries, so that small arrays are cut."""
    before, module.BLOCK = module.BLOCK, 7
    yield
    module.BLOCK = before


@st.composite
def layouts(draw):
    """Two arrays of one shape, each with axes in an order of its own and gaps in between."""
    shape = draw(st.lists(st.integers(1, 6), min_size=0, max_size=4))
    out = []
    for _ in range(3):
        axes = draw(st.permutations(range(len(shape))))
        steps = draw(st.lists(st.sampled_from([1, 2, -1]), min_size=len(shape), max_size=len(shape)))
        base = np.zeros([shape[a] * abs(s) for a, s in zip(axes, steps)])
        out.append(base[(..., *(slice(None, None, s) for s in steps))].transpose(np.argsort(axes)))
    return out


@settings(max_examples=150, deadline=None)
@given(layouts())
def test_every_entry_once(arrays):
    p, grad, buffer = arrays
    shape = p.shape
    grad[...] = np.arange(p.size).reshape(shape)
    for a, g, b, nothing in blocks(p, grad, buffer, None):
        assert a.ndim and a.shape == g.shape == b.shape and nothing is None
        assert a.size <= 7
        a += 1
        b += g
    np.testing.assert_array_equal(p, np.ones(shape))
    np.testing.assert_array_equal(buffer, grad)


def test_arrays_without_entries():
    assert all(a.size == 0 for a, _ in blocks(np.zeros((0, 3)), np.zeros((0, 3))))
