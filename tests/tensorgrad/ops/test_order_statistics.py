"""Order statistics, bins and counts: NaN, ties, shapes, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError

NAN = math.nan


def test_extrema_with_nan_have_the_gradients_of_pytorch() -> None:
    def slope(function: Any, values: list[float]) -> list[float]:
        x = tensorgrad.tensor(values, requires_grad=True)
        function(x).backward()
        assert x.grad is not None
        return x.grad.tolist()

    holes = [1.0, NAN, NAN, 1.0]
    np.testing.assert_array_equal(slope(lambda x: x.amax(0), holes), [NAN] * 4)
    np.testing.assert_array_equal(slope(lambda x: x.amin(), holes), [NAN] * 4)
    assert slope(lambda x: x.max(), holes) == slope(lambda x: x.min(), holes) == [0.0, 0.5, 0.5, 0.0]
    assert slope(lambda x: x.max(0).values, holes) == [0.0, 1.0, 0.0, 0.0]
    assert slope(lambda x: x.median(), holes) == [0.0, 0.5, 0.5, 0.0]
    assert slope(lambda x: x.nanmedian(), [1.0, NAN, 2.0, 2.0]) == [0.0, 0.0, 0.5, 0.5]
    assert slope(lambda x: x.nanmedian(), [NAN, NAN]) == [0.5, 0.5]


def test_the_gradient_of_a_product_divides_by_the_entry() -> None:
    x = tensorgrad.tensor([math.inf, 2.0, 3.0], requires_grad=True)
    x.prod().backward()
    assert x.grad is not None and [str(slope) for slope in x.grad.tolist()] == ["nan", "inf", "inf"]


def test_nan_is_largest_for_kthvalue_and_most_frequent_only_alone() -> None:
    x = Tensor([3.0, NAN, 1.0])
    assert math.isnan(x.kthvalue(3).values.item()) and x.kthvalue(3).indices.item() == 1
    assert Tensor([NAN, NAN, 1.0, 1.0]).mode().values.item() == 1.0
    assert Tensor([NAN, 2.0, 1.0]).mode().values.item() == 1.0 and math.isnan(Tensor([NAN, NAN]).mode().values.item())
    assert math.isnan(Tensor(np.zeros(0)).median().item()) and math.isnan(Tensor(np.zeros((2, 0))).nanmedian().item())
    assert Tensor(3.0).kthvalue(1).indices.shape == Tensor(5.0).mode().values.shape == ()


def test_quantile_shapes() -> None:
    x, q = Tensor(np.zeros((2, 3, 4))), Tensor([0.1, 0.5], dtype="float64")
    assert tensorgrad.quantile(x, 0.5).shape == () and tensorgrad.quantile(x, q).shape == (2,)
    assert tensorgrad.quantile(x, 0.5, keepdim=True).shape == (1, 1, 1)
    assert tensorgrad.quantile(x, q, 1).shape == (2, 2, 4)
    assert tensorgrad.quantile(x, q, -1, keepdim=True).shape == (2, 2, 3, 1)
    assert tensorgrad.quantile(Tensor(2.0), 0.5, 0).item() == 2.0


@pytest.mark.parametrize("interpolation", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_one_nan_makes_a_quantile_nan_and_nanquantile_passes_over_it(interpolation: str) -> None:
    x = Tensor([[1.0, NAN, 3.0, 7.0], [1.0, 2.0, 3.0, 4.0], [NAN] * 4])
    found = x.quantile(0.4, 1, interpolation=interpolation).numpy()
    assert np.isnan(found[[0, 2]]).all() and not np.isnan(found[1])
    found = x.nanquantile(0.4, 1, interpolation=interpolation).numpy()
    assert found[0] == pytest.approx(np.quantile([1.0, 3.0, 7.0], 0.4, method=interpolation)) and np.isnan(found[2])


def test_unique_treats_every_nan_as_distinct_and_keeps_the_shape_of_the_inverse() -> None:
    values, inverse, counts = tensorgrad.unique(Tensor([[3.0, 1.0, NAN], [NAN, 1.0, 3.0]]), True, True, True)
    np.testing.assert_array_equal(values.numpy(), [1.0, 3.0, NAN, NAN])
    assert counts.tolist() == [2, 2, 1, 1]
    assert inverse.shape == (2, 3) and inverse.tolist()[0][:2] == [1, 0]
    assert tensorgrad.unique(Tensor(3)).tolist() == [3]


def test_searchsorted_of_a_number_is_a_tensor_without_axes() -> None:
    assert tensorgrad.searchsorted(Tensor([1, 3, 5]), 3).shape == ()
    assert tensorgrad.bucketize(3, Tensor([1, 3, 5]), right=True).item() == 2
    assert tensorgrad.searchsorted(Tensor([1.0, 3.0]), Tensor([NAN, math.inf]), side="right").tolist() == [2, 2]
    assert tensorgrad.searchsorted(Tensor(np.zeros((2, 0))), Tensor(np.zeros((2, 3)))).tolist() == [[0, 0, 0]] * 2


def test_histc_bounds() -> None:
    assert tensorgrad.histc(Tensor([1.0, 1.0]), 3).tolist() == [0.0, 2.0, 0.0]
    assert tensorgrad.histc(Tensor([1.0, NAN, -5.0, 2.0]), 2, 0, 2).tolist() == [0.0, 2.0]
    assert tensorgrad.histc(Tensor(np.zeros(0))).shape == (100,)


def test_bincount_dtypes() -> None:
    x = Tensor([1, 2, 2])
    assert tensorgrad.bincount(x).dtype == tensorgrad.int64
    assert tensorgrad.bincount(x, Tensor([1.0, 2.0, 3.0])).dtype == tensorgrad.float32
    assert tensorgrad.bincount(x, Tensor([1, 2, 3])).tolist() == [0.0, 1.0, 5.0]
    assert tensorgrad.bincount(Tensor(np.zeros(0, int)), minlength=3).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("call", "error", "text"), [
    (lambda x: x.kthvalue(4), RangeError, "kthvalue: there is no entry number 4 of 3"),
    (lambda x: x.kthvalue(0), RangeError, "kthvalue: there is no entry number 0 of 3"),
    (lambda x: tensorgrad.mode(x[:0]), ShapeError, "mode: the tensor is empty"),
    (lambda x: tensorgrad.nanmedian(x[:0].long()), ShapeError, "nanmedian: the tensor is empty"),
    (lambda x: x.quantile(1.5), ArgumentError, "quantile: q is not between 0 and 1"),
    (lambda x: x.quantile(0.5, interpolation="cubic"), ArgumentError, "quantile: interpolation='cubic' is unknown"),
    (lambda x: x.long().quantile(0.5), DtypeError, "quantile: is not defined for int64"),
    (lambda x: x.half().nanquantile(0.5), DtypeError, "nanquantile: is not defined for float16"),
    (lambda x: x.quantile(Tensor([0.5], dtype="float64")), DtypeError, "quantile: q has another dtype"),
    (lambda x: x.quantile(Tensor([[0.5]])), ShapeError, "quantile: q has 2 axes"),
    (lambda x: x[:0].quantile(0.5), ShapeError, "quantile: there are no entries"),
    (lambda x: x.cummax(1), RangeError, "cummax: dim=1 is no axis"),
    (lambda x: tensorgrad.searchsorted(x, x, side="middle"), ArgumentError, "searchsorted: side='middle' is unknown"),
    (lambda x: tensorgrad.searchsorted(x, x, side="left", right=True), ArgumentError, "contradict each other"),
    (lambda x: tensorgrad.searchsorted(x[None], x), ShapeError, "searchsorted: the axes before the last differ"),
    (lambda x: tensorgrad.searchsorted(x, x, sorter=Tensor([0])), ShapeError, "sorter has another shape"),
    (lambda x: tensorgrad.searchsorted(x, x, sorter=Tensor([0, 1, 3])), RangeError, "sorter has an index outside"),
    (lambda x: tensorgrad.bucketize(x, x[None]), ShapeError, "bucketize: the boundaries have 2 axes"),
    (lambda x: x.histc(0), ArgumentError, "histc: bins=0 gives no bin"),
    (lambda x: x.histc(3, 2, 1), ArgumentError, "histc: there is no range from 2.0 to 1.0"),
    (lambda x: (x / 0).histc(3), ArgumentError, "histc: there is no range from inf to inf|from nan"),
    (lambda x: x.bincount(), DtypeError, "bincount: only integers can be counted"),
    (lambda x: x.long()[None].bincount(), ShapeError, "bincount: expects tensors with one axis"),
    (lambda x: (-x.long()).bincount(), ArgumentError, "bincount: entry -3 is negative"),
    (lambda x: x.long().bincount(minlength=-1), ArgumentError, "bincount: minlength=-1 is negative"),
])
def test_error_texts(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call(Tensor([1.0, 2.0, 3.0]))
