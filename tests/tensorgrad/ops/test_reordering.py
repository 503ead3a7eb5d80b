"""flip and roll: copies, calls, and every error text."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, RangeError, ShapeError

X = Tensor([[1, 2], [3, 4]])


def test_flip_is_a_copy_and_takes_axes_either_way():
    assert not np.may_share_memory(X.flip(0).array, X.array)
    assert X.flip(0, 1).tolist() == X.flip((0, 1)).tolist() == X.flip([-1, 0]).tolist() == [[4, 3], [2, 1]]
    assert X.flip(()).tolist() == X.tolist()


def test_shifts_along_one_axis_add_up():
    assert tg.roll(X, (1, 1), (0, 0)).tolist() == X.tolist()


def test_errors():
    with pytest.raises(RangeError, match="flip: dim=2 is no axis"):
        X.flip(2)
    with pytest.raises(ShapeError, match=r"flip: dim=\(0, -2\) names an axis twice"):
        X.flip(0, -2)
    with pytest.raises(RangeError, match="roll: dim=5 is no axis"):
        X.roll(1, 5)
    with pytest.raises(ArgumentError, match="roll: 2 shifts for 1 axes(.|\n)*Give one shift per axis."):
        X.roll((1, 2), 0)
    with pytest.raises(ArgumentError, match="roll: 2 shifts for 0 axes"):
        X.roll((1, 2))
