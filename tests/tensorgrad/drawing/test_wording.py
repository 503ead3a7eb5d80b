"""Settings of ops as they read in a picture."""

from __future__ import annotations

import numpy as np
import pytest

from tensorgrad.drawing.measure import wrap
from tensorgrad.drawing.wording import option_texts


@pytest.mark.parametrize("option, text", [
    ({"p": np.float32(0.5)}, "p 0.5"),
    ({"dims": [2, 0, 1]}, "dims 2, 0, 1"),
    ({"dtype": np.dtype(np.float64)}, "dtype float64"),
    ({"mode": "same"}, "mode same"),
    ({"index": (slice(1, None), slice(None, 8, 2), Ellipsis)}, "index 1:, :8:2, …"),
    ({"function": np.sin}, "function sin"),
    ({"largest": True}, "largest"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_one_setting(option, text):
    assert option_texts(option) == [text]


@pytest.mark.parametrize("value", [None, False, (), ""])
def test_what_is_not_set_is_left_out(value):
    assert option_texts({"weight": value}) == []


@pytest.mark.parametrize("parts, lines", [
    ([], []), (["a", "b"], ["a  b"]), (["a" * 9, "b" * 9], ["a" * 9, "b" * 9]),
    (["a" * 9, "b" * 9, "c" * 9, "d"], ["a" * 9, "b" * 9, "c" * 9 + "  d"]),
    (["a" * 9, "b" * 9, "c" * 9, "d" * 9, "e"], ["a" * 9, "b" * 9, "c" * 9 + " …"]),
])
def test_lines_that_are_too_many_end_in_dots(parts, lines):
    assert wrap(parts, 10, 70) == lines
