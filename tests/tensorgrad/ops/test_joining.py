"""cat, stack, split, chunk, unbind: dtypes, views, edges, and every error text."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError

SHORT, LONG = Tensor(np.zeros((2, 3))), Tensor(np.zeros((2, 5)))


def test_common_dtype():
    single, double, whole = Tensor([1.0], dtype="float32"), Tensor([1.0], dtype="float64"), Tensor([1])
    assert tg.cat([single, whole]).dtype == np.float32
    assert tg.cat([single, double]).dtype == np.float64
    assert tg.stack([whole, Tensor([True])]).dtype == np.int64
    # an array is a constant: it does not widen the tensors
    assert tg.cat([single, np.zeros(2)]).dtype == np.float32
    assert tg.cat([np.zeros(2), whole]).dtype == np.float32
    assert tg.cat([np.zeros(2, np.float32), np.zeros(1)]).dtype == np.float64


def test_gradients_come_back_in_each_dtype():
    single, double = Tensor([1.0], True, dtype="float32"), Tensor([1.0], True, dtype="float64")
    tg.cat([single, double]).sum().backward()
    assert single.grad.dtype == np.float32 and double.grad.dtype == np.float64


def test_a_result_can_grow_from_an_empty_tensor():
    assert tg.cat([Tensor([]), LONG], 1).shape == (2, 5)
    assert tg.cat([Tensor([]), Tensor([])]).shape == (0,)


def test_gradients_do_not_share_memory():
    a, b = Tensor([1.0, 2.0], True), Tensor([3.0], True)
    tg.cat([a, b]).backward([1.0, 1.0, 1.0])
    a.grad.array[:] = 7
    np.testing.assert_array_equal(b.grad.numpy(), [1])


def test_parts_are_views():
    x = Tensor(np.arange(6.0).reshape(2, 3))
    for part in (*tg.split(x, 2, 1), *tg.chunk(x, 2), *tg.unbind(x, 1)):
        assert np.may_share_memory(part.array, x.array)


def test_number_of_parts():
    x = Tensor(np.zeros(5))
    assert [len(part) for part in x.split(2)] == [2, 2, 1]
    assert [len(part) for part in x.split(9)] == [5]
    assert [len(part) for part in x.chunk(4)] == [2, 2, 1]
    empty = Tensor(np.zeros(0))
    assert [len(part) for part in empty.split(2)] == [0]
    assert [len(part) for part in empty.split(0)] == [0]
    assert [len(part) for part in empty.chunk(2)] == [0, 0]
    assert empty.unbind() == ()


@pytest.mark.parametrize("join", [tg.cat, tg.stack])
def test_what_is_joined(join):
    name = join.__name__
    with pytest.raises(ArgumentError, match=f"{name}: the list of tensors is empty\n  Give at least one."):
        join([])
    with pytest.raises(DtypeError, match=f"{name}: expects a list of tensors, not a Tensor(.|\n)*Write {name}"):
        join(SHORT)
    with pytest.raises(DtypeError, match=f"{name}: entry 1 is a list, not a tensor(.|\n)*tensor"):
        join([SHORT, [1.0]])


def test_cat_errors():
    with pytest.raises(ShapeError, match=r"cat: entry 2 does not fit entry 0: they may differ in axis 0 only\n"
                                         r"    entry 0  \(2, 3\) float64\n    entry 2  \(2, 5\) float64\n"
                                         r"  Axis 1 has 3 and 5 entries; make them equal."):
        tg.cat([SHORT, SHORT, LONG])
    with pytest.raises(ShapeError, match="cat: entry 1 does not fit(.|\n)*One has 2 axes, the other 3; reshape"):
        tg.cat([SHORT, Tensor(np.zeros((1, 2, 3)))])
    with pytest.raises(ShapeError, match="cat: entry 0 has no axes to join along(.|\n)*Use stack"):
        tg.cat([Tensor(1.0), Tensor(2.0)])
    with pytest.raises(RangeError, match="cat: dim=2 is no axis of a tensor with 2 axes(.|\n)*Use -2 to 1."):
        tg.cat([SHORT, SHORT], 2)


def test_stack_errors():
    with pytest.raises(ShapeError, match=r"stack: entry 1 has another shape than entry 0\n    entry 0  \(2, 3\) float64\n"
                                         r"    entry 1  \(2, 5\) float64\n  Axis 1 has 3 and 5 entries"):
        tg.stack([SHORT, LONG])
    with pytest.raises(ShapeError, match="stack: entry 1 has another shape(.|\n)*One has 2 axes, the other 0"):
        tg.stack([SHORT, Tensor(1.0)])
    with pytest.raises(RangeError, match="stack: dim=3 is no place for a new axis(.|\n)*Use -3 to 2."):
        tg.stack([SHORT, SHORT], 3)


def test_split_errors():
    with pytest.raises(ShapeError, match=r"split: the lengths \[1, 1\] add up to 2, axis 1 has 3 entries(.|\n)*add up to 3"):
        SHORT.split([1, 1], 1)
    with pytest.raises(ArgumentError, match=r"split: the lengths \[4, -1\] include a negative one"):
        SHORT.split([4, -1], 1)
    with pytest.raises(ArgumentError, match="split: cannot split axis 0 into parts of 0(.|\n)*Use a length of 1 to 2"):
        SHORT.split(0)
    with pytest.raises(ArgumentError, match="chunk: cannot make 0 chunks"):
        SHORT.chunk(0)
    for part in (tg.split, tg.chunk):
        with pytest.raises(RangeError, match=f"{part.__name__}: dim=4 is no axis"):
            part(SHORT, 1, 4)
    with pytest.raises(RangeError, match="unbind: a tensor without axes"):
        tg.unbind(Tensor(1.0))
