"""gather, scatter, scatter_add, take_along_dim: duplicates, dtypes, and every error text."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError, StaleTensorError


@pytest.fixture
def x() -> Tensor:
    return Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)


def test_gathered_twice_adds_up(x):
    x.gather(1, Tensor([[0, 0, 2, 0], [1, 1, 1, 1]])).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[3, 0, 1], [0, 4, 0]])


def test_many_added_to_one_place():
    rng = np.random.default_rng(0)
    index, values = rng.integers(0, 7, 10_000), rng.normal(size=10_000)
    summed = tg.scatter_add(Tensor(np.zeros(7)), 0, Tensor(index), Tensor(values))
    np.testing.assert_allclose(summed.numpy(), [values[index == k].sum() for k in range(7)], rtol=1e-12)


def test_last_of_several_writers_stays_and_all_have_the_gradient(x):
    src = Tensor(np.array([[10.0, 20.0, 30.0]]), requires_grad=True)
    y = x.scatter(1, Tensor([[1, 1, 0]]), src)
    np.testing.assert_array_equal(y.numpy(), [[30, 20, 2], [3, 4, 5]])
    y.sum().backward()
    np.testing.assert_array_equal(src.grad.numpy(), [[1, 1, 1]])
    np.testing.assert_array_equal(x.grad.numpy(), [[0, 0, 1], [1, 1, 1]])


def test_scatter_does_not_change_its_input(x):
    x.scatter(1, Tensor([[0]]), 9.0)
    np.testing.assert_array_equal(x.numpy()[0], [0, 1, 2])
    assert x.scatter(1, [[0]], value=9).tolist()[0] == [9, 1, 2]


def test_argmax_picks_its_entries():
    array = np.array([[1.0, 9.0], [8.0, 4.0]])
    picked = tg.take_along_dim(Tensor(array), array.argmax(1, keepdims=True), 1)
    np.testing.assert_array_equal(picked.numpy(), [[9], [8]])


def test_small_index_dtype_does_not_overflow():
    x = Tensor(np.arange(600.0).reshape(2, 300), requires_grad=True)
    x.gather(1, Tensor(np.array([[3], [200]], np.uint8))).sum().backward()
    assert x.grad.numpy()[1, 200] == 1 and x.grad.numpy().sum() == 2


def test_index_changed_after_use(x):
    index = Tensor([[0], [1]])
    y = x.gather(1, index).sum()
    index.data = np.array([[2], [2]])
    with pytest.raises(StaleTensorError, match="input 1 of gather"):
        y.backward()


@pytest.mark.parametrize("index, error, text", [
    ([[0, 3]], RangeError, r"gather: index 3 \(at \[0, 1\]\) is outside axis 1, which has 3 entries\n    input  \(2, 3\) "
                           r"float64\n    index  \(1, 2\) int64\n  Use 0 to 2."),
    ([[-1]], RangeError, r"gather: index -1 \(at \[0, 0\]\) is outside axis 1"),
    ([0], ShapeError, r"gather: the operands have 2, 1 axes(.|\n)*All need the 2 axes of the input"),
    ([[0]] * 3, ShapeError, "gather: the index is longer than input in axis 0: 3 > 2(.|\n)*at most 2 entries"),
    ([[0.0]], DtypeError, "gather: the index is float64, not an integer(.|\n)*Convert it: index.astype"),
])
def test_gather_errors(x, index, error, text):
    with pytest.raises(error, match=text):
        x.gather(1, Tensor(np.array(index)))


def test_scatter_errors(x):
    with pytest.raises(ShapeError, match="scatter_add: the index is longer than src in axis 1: 3 > 2"):
        x.scatter_add(1, Tensor([[0, 1, 2]]), Tensor([[1.0, 2.0]], dtype=x.dtype))
    with pytest.raises(ShapeError, match="scatter: the operands have 2, 2, 1 axes"):
        x.scatter(1, Tensor([[0]]), Tensor([1.0]))
    with pytest.raises(RangeError, match="scatter: index 3"):
        x.scatter(1, Tensor([[3]]), 1.0)
    with pytest.raises(DtypeError, match="scatter: src has another dtype than input(.|\n)*src.to"):
        x.scatter(1, Tensor([[0]]), Tensor([[1]]))
    with pytest.raises(ArgumentError, match="scatter: neither src nor value is given"):
        x.scatter(1, Tensor([[0]]))
    with pytest.raises(ArgumentError, match="scatter: reduce='max' is unknown(.|\n)*scatter_reduce has more"):
        x.scatter(1, Tensor([[0]]), 1.0, reduce="max")
    with pytest.raises(DtypeError, match="scatter_add: src has another dtype than input"):
        x.scatter_add(1, Tensor([[0]]), Tensor([[1]]))
    with pytest.raises(RangeError, match="gather: dim=1 is no axis of a tensor with 1 axes"):
        tg.gather(Tensor(1.0), 1, Tensor(0))


def test_a_tensor_without_axes_has_one_entry():
    assert tg.gather(Tensor(1.0), 0, Tensor(0)).shape == ()
    assert tg.gather(Tensor(1.0), 0, Tensor([0, 0])).tolist() == [1, 1]
    assert tg.scatter(Tensor(1.0), 0, Tensor(0), Tensor(5.0)).item() == 5
    assert tg.scatter_add(Tensor(1.0), 0, Tensor(0), Tensor(5.0)).item() == 6


def test_an_empty_index_picks_and_writes_nothing(x):
    nothing = Tensor(np.zeros((2, 0), int))
    assert x.gather(0, nothing).shape == (2, 0)
    assert x.scatter(1, nothing, 7.0).tolist() == x.tolist()


def test_take_along_dim_errors(x):
    with pytest.raises(RangeError, match="take_along_dim: index -4 is outside axis 1, which has 3(.|\n)*Use -3 to 2."):
        x.take_along_dim(Tensor([[-4]]), 1)
    with pytest.raises(ShapeError, match="take_along_dim: the shapes do not fit outside of axis 1"):
        x.take_along_dim(Tensor(np.zeros((3, 1), int)), 1)
    with pytest.raises(ShapeError, match="take_along_dim: the shapes do not fit"):
        x.take_along_dim(Tensor([0]), 1)
    with pytest.raises(DtypeError, match="take_along_dim: the index is float32"):
        x.take_along_dim(Tensor([[0.0]]), 1)
