"""index_select, index_add, embedding, one_hot: duplicates, padding rows, and every error text."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.autograd import grad
from tensorgrad.errors import DtypeError, RangeError, ShapeError, StaleTensorError


def test_rows_named_several_times_add_up():
    table = Tensor(np.zeros((4, 2)), requires_grad=True)
    out = tg.embedding(Tensor([[1, 1], [3, 1]]), table)
    out.backward(np.arange(8.0).reshape(2, 2, 2))
    np.testing.assert_array_equal(table.grad.numpy(), [[0, 0], [8, 11], [0, 0], [4, 5]])


@pytest.mark.parametrize("padding_idx", [1, -3])
def test_padding_row_has_a_value_and_no_gradient(padding_idx):
    table = Tensor(np.arange(8.0).reshape(4, 2), requires_grad=True)
    out = tg.embedding(Tensor([1, 0, 1]), table, padding_idx=padding_idx)
    np.testing.assert_array_equal(out.numpy()[0], [2, 3])
    (first,) = grad((out * out).sum(), table, create_graph=True)
    np.testing.assert_array_equal(first.numpy(), [[0, 2], [0, 0], [0, 0], [0, 0]])
    (second,) = grad(first.sum(), table)
    np.testing.assert_array_equal(second.numpy(), [[2, 2], [0, 0], [0, 0], [0, 0]])


def test_an_index_without_axes_is_one_place():
    assert tg.index_select(Tensor([[1.0, 2.0]]), 1, Tensor(1)).tolist() == [[2.0]]
    assert tg.index_add(Tensor([0.0, 0.0]), 0, 1, Tensor([5.0])).tolist() == [0.0, 5.0]
    assert tg.embedding(Tensor(2), Tensor(np.eye(3))).tolist() == [0.0, 0.0, 1.0]


def test_no_index_at_all():
    table = Tensor(np.ones((3, 2)), requires_grad=True)
    out = tg.embedding(Tensor(np.zeros((0, 4), int)), table)
    assert out.shape == (0, 4, 2)
    out.sum().backward()
    np.testing.assert_array_equal(table.grad.numpy(), np.zeros((3, 2)))


def test_one_hot():
    encoded = tg.one_hot(Tensor([[1], [0]]), 3)
    assert encoded.tolist() == [[[0, 1, 0]], [[1, 0, 0]]] and encoded.dtype == np.int64
    assert tg.one_hot(Tensor(np.zeros(0, int)), 3).shape == (0, 3)


def test_index_select_and_add_errors():
    x = Tensor(np.zeros((2, 3)))
    with pytest.raises(RangeError, match=r"index_select: index 3 \(at \[1\]\) is outside axis 1, which has 3 entries"):
        x.index_select(1, Tensor([0, 3]))
    with pytest.raises(RangeError, match="There is nothing to pick"):
        tg.index_select(Tensor(np.zeros(0)), 0, Tensor([0]))
    with pytest.raises(ShapeError, match=r"index_select: the index has 2 axes(.|\n)*index.flatten\(\)"):
        x.index_select(1, Tensor([[0]]))
    with pytest.raises(DtypeError, match="index_select: the index is bool, not an integer"):
        x.index_select(1, Tensor([True]))
    with pytest.raises(ShapeError, match=r"index_add: the source does not fit(.|\n)*Give it the shape \(2, 1\)."):
        x.index_add(1, Tensor([0]), Tensor(np.zeros((2, 2))))
    with pytest.raises(RangeError, match="index_add: index -1"):
        x.index_add(1, Tensor([-1]), Tensor(np.zeros((2, 1))))


def test_embedding_errors():
    table = Tensor(np.zeros((3, 2)))
    with pytest.raises(RangeError, match=r"embedding: index 9 \(at \[0, 1\]\) is outside the table, which has 3 entries\n"
                                         r"    input   \(1, 2\) int64\n    weight  \(3, 2\) float64\n  Use 0 to 2."):
        tg.embedding(Tensor([[0, 9]]), table)
    with pytest.raises(DtypeError, match="embedding: the index is float32"):
        tg.embedding(Tensor([1.0]), table)
    with pytest.raises(ShapeError, match=r"embedding: the weight has 1 axes(.|\n)*Use \(rows, features\)."):
        tg.embedding(Tensor([0]), Tensor(np.zeros(3)))
    with pytest.raises(RangeError, match="embedding: padding_idx=3 is outside the table of 3 rows(.|\n)*Use -3 to 2."):
        tg.embedding(Tensor([0]), table, padding_idx=3)


def test_one_hot_errors():
    with pytest.raises(RangeError, match=r"one_hot: index 3 \(at \[1\]\) is outside num_classes, which has 3 entries"):
        tg.one_hot(Tensor([0, 3]), 3)
    with pytest.raises(RangeError, match="one_hot: index -1"):
        tg.one_hot(Tensor([-1, 0]))
    with pytest.raises(RangeError, match="one_hot: an empty tensor does not tell(.|\n)*Give num_classes."):
        tg.one_hot(Tensor(np.zeros(0, int)))
    with pytest.raises(DtypeError, match="one_hot: the index is float32"):
        tg.one_hot(Tensor([1.0]))


def test_rows_that_are_short_enough_are_not_written_to():
    table = Tensor([[3.0, 4.0], [0.3, 0.4]], requires_grad=True)
    y = (table * table).sum()
    assert tg.embedding(Tensor([1]), table, max_norm=1.0).tolist() == [[np.float32(0.3), np.float32(0.4)]]
    y.backward()  # it would be stale
    assert table.tolist()[0] == [3.0, 4.0]
    y = (table * table).sum()
    tg.embedding(Tensor([0]), table, max_norm=1.0)
    with pytest.raises(StaleTensorError):
        y.backward()
    plain = np.array([[3.0, 4.0]], np.float32)
    np.testing.assert_allclose(tg.embedding(Tensor([0]), plain, max_norm=1.0).numpy(), [[0.6, 0.8]], rtol=1e-6)
