"""Places written over: in place, bools, and every error text."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, RangeError, ShapeError

x = Tensor(np.zeros((2, 3), np.float32))
two = Tensor([1.0, 2.0])


def test_in_place():
    y = Tensor([0.0, 0.0, 0.0])
    y.index_copy_(0, Tensor([1]), Tensor([5.0])).index_fill_(0, Tensor([2]), 7).index_put_((Tensor([0]),), Tensor(3.0))
    y.masked_scatter_(y > 4, two).scatter_reduce_(0, Tensor([0]), Tensor([4.0]), "amax")
    assert y.tolist() == [4, 1, 2]
    with pytest.raises(GraphError, match="index_fill_"):
        Tensor([1.0], requires_grad=True).index_fill_(0, Tensor([0]), 1)


def test_scatter_reduce_of_integers():
    reduced = tg.scatter_reduce(Tensor([5, 0]), 0, Tensor([0, 0]), Tensor([2, 1]), "mean")
    assert reduced.dtype == tg.int64 and reduced.tolist() == [2, 0]
    least = tg.scatter_reduce(Tensor([5, 0]), 0, Tensor([0, 0]), Tensor([9, 8]), "amin", include_self=False)
    assert least.tolist() == [8, 0]


@pytest.mark.parametrize("call, error, text", [
    (lambda: x.index_copy(1, Tensor([3]), x[:, :1]), RangeError, "index_copy: index 3 .* is outside axis 1, which has 3"),
    (lambda: x.index_copy(1, Tensor([0]), x), ShapeError, r"index_copy: the source does not fit(.|\n)*\(2, 1\)"),
    (lambda: x.index_copy(1, Tensor([0]), x[:, :1].double()), DtypeError, "index_copy: src has another dtype than input"),
    (lambda: x.index_fill(0, Tensor([0]), two), ShapeError, "index_fill: the value has axes"),
    (lambda: x.long().index_fill(0, Tensor([0]), 0.5), DtypeError, "index_fill: int64 values cannot hold 0.5"),
    (lambda: x.index_put((Tensor([2]),), two[0]), RangeError, "index_put: index 2 is out of bounds"),
    (lambda: x.index_put((Tensor([0]),), two), ShapeError, r"index_put: the values do not fit into shape \(1, 3\)"),
    (lambda: x.put(Tensor([0]), two), ShapeError, "put: 2 entries for 1 positions"),
    (lambda: x.masked_scatter(x == 0, two), ShapeError, "masked_scatter: the mask holds 6 times, the source has 2 entries"),
    (lambda: x.select_scatter(two, 0, 0), ShapeError, r"select_scatter: src does not have the shape \(3,\)"),
    (lambda: x.slice_scatter(x, step=0), ArgumentError, "slice_scatter: step=0 is below 1"),
    (lambda: Tensor(1.0).slice_scatter(x), RangeError, "slice_scatter: a tensor without axes"),
    (lambda: x.diagonal_scatter(x), ShapeError, "diagonal_scatter: src does not have the shape"),
    (lambda: x.scatter_reduce(0, Tensor([[0]]), x, "max"), ArgumentError, "scatter_reduce: reduce='max' is unknown"),
    (lambda: x.take(Tensor([6])), RangeError, "index 6 is outside axis 0, which has 6 entries"),
    (lambda: x[Tensor(np.zeros(2, np.uint8))], DtypeError, "an index is uint8, which PyTorch takes for a mask"),
    (lambda: x.index_add(0, Tensor([0]), x[:1].double()), DtypeError, "index_add: the source has another dtype"),
    (lambda: Tensor(1.0).index_select(0, Tensor([0, 0])), ShapeError, "index_select: 2 indices for a tensor without axes"),
])
def test_error_texts(call, error, text):
    with pytest.raises(error, match=text):
        call()
