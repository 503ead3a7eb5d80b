"""tril, triu, diagonals: dtypes, views, and every error text."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import RangeError, ShapeError


def test_dtype_stays_and_nothing_hides_a_nan():
    assert tg.tril(Tensor([[1, 2], [3, 4]])).dtype == np.int64
    assert tg.triu(Tensor([[True, True], [True, True]])).tolist() == [[True, True], [False, True]]
    assert tg.tril(Tensor([[1.0, np.nan], [np.inf, 1.0]])).tolist() == [[1.0, 0.0], [np.inf, 1.0]]


def test_diagonal_is_a_view_and_undoes_diag_embed():
    x = Tensor(np.arange(6.0).reshape(2, 3))
    assert np.may_share_memory(tg.diagonal(x).array, x.array)
    for offset in (-2, 0, 1):
        np.testing.assert_array_equal(tg.diagonal(tg.diag_embed(x, offset), offset, -2, -1).numpy(), x.numpy())


def test_errors():
    line = Tensor([1.0, 2.0])
    for triangle in (tg.tril, tg.triu):
        with pytest.raises(ShapeError, match=f"{triangle.__name__}: a tensor with 1 axes has no triangles"):
            triangle(line)
    with pytest.raises(ShapeError, match="diagonal: a tensor with 1 axes has no diagonal"):
        tg.diagonal(line)
    with pytest.raises(ShapeError, match="diagonal: dim1 and dim2 are both axis 0"):
        tg.diagonal(Tensor(np.zeros((2, 2))), 0, 0, -2)
    with pytest.raises(RangeError, match="diagonal: dim=2 is no axis"):
        tg.diagonal(Tensor(np.zeros((2, 2))), 0, 0, 2)
    with pytest.raises(ShapeError, match="diag_embed: dim1 and dim2 are both axis 1"):
        tg.diag_embed(line, 0, 1, -1)
    with pytest.raises(ShapeError, match="diag: the input has 3 axes(.|\n)*diagonal and diag_embed"):
        tg.diag(Tensor(np.zeros((1, 1, 1))))
