"""The same numbers elsewhere in memory: axes in any order, backwards, spaced, at any offset."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
from hypothesis import strategies as st


def laid_out(array: np.ndarray, draw: Callable[[Any], Any]) -> np.ndarray:
    """An equal array of other strides, in the middle of other numbers; half of them read-only."""
    order = draw(st.permutations(range(array.ndim)))
    steps = [draw(st.sampled_from([1, 1, 2, -1, -2])) for _ in range(array.ndim)]
    offset = draw(st.integers(0, 3))
    room = np.full((offset + 1, *[array.shape[axis] * abs(steps[axis]) for axis in order]), 77, array.dtype)[offset, ...]
    view = np.transpose(room, np.argsort(order))[(..., *[slice(None, None, step) for step in steps])]
    view[...] = array
    view.flags.writeable = draw(st.booleans())
    return view
