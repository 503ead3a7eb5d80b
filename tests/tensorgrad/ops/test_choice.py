"""where and clamp beyond the op table: plain numbers and arrays, dtypes, error texts."""

from __future__ import annotations

import numpy as np
import pytest

from tensorgrad import Tensor, clamp, tensor, where
from tensorgrad.errors import ArgumentError, DtypeError


def test_numbers_and_arrays_stay_numpy():
    mask = np.array([True, False])
    for a, b in ((1.0, 2.0), (np.float64(1), 2), (np.array([1.0, 1.0]), np.array([2.0, 2.0]))):
        found = where(mask, a, b)
        assert isinstance(found, np.ndarray)
        np.testing.assert_array_equal(found, [1, 2])
    assert where(mask, np.float32(1), 2.0).dtype == np.float32


def test_the_condition_has_to_be_bool():
    for condition in (tensor([1, 0]), np.array([1.0, 0.0])):
        with pytest.raises(DtypeError, match="the condition is not bool(.|\\n)*condition != 0"):
            where(condition, Tensor([1.0, 2.0]), 0.0)


def test_whole_numbers_between_limits_with_a_fraction():
    x = tensor([-2, 0, 2])
    found = clamp(x, -0.5, 1.5)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.array, np.array([-0.5, 0, 1.5], np.float32))
    whole = clamp(x, -1, 1)
    assert whole.dtype == x.dtype
    np.testing.assert_array_equal(whole.array, [-1, 0, 1])


def test_no_limit():
    with pytest.raises(ArgumentError, match="neither min nor max is given"):
        clamp(tensor([1.0]))
