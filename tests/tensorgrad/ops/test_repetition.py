"""repeat, tile, repeat_interleave: edges and every error text."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError

X = Tensor([[1, 2], [3, 4]])


def test_nothing_repeated():
    assert X.repeat(0, 2).shape == (0, 4)
    assert tg.repeat_interleave(X, 0, 1).shape == (2, 0)
    assert tg.repeat_interleave(X, Tensor([0, 0]), 0).shape == (0, 2)
    assert Tensor(5).repeat(3).tolist() == [5, 5, 5] and Tensor(5).tile(2, 1).shape == (2, 1)


def test_errors():
    with pytest.raises(ShapeError, match="repeat: 1 numbers for 2 axes(.|\n)*Give one per axis"):
        X.repeat(2)
    with pytest.raises(ArgumentError, match=r"repeat: cannot repeat \(2, -1\) times"):
        X.repeat(2, -1)
    with pytest.raises(ShapeError, match="repeat_interleave: 3 repeats for 2 entries of axis 0(.|\n)*Give 1 or 2."):
        tg.repeat_interleave(X, Tensor([1, 2, 3]), 0)
    with pytest.raises(ArgumentError, match="repeat_interleave: cannot repeat an entry -1 times"):
        tg.repeat_interleave(X, -1)
    with pytest.raises(DtypeError, match="repeat_interleave: the index is float64"):
        tg.repeat_interleave(X, np.array([0.5, 1.0]), 0)
