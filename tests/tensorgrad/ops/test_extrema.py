"""Extrema, order, variance and norms where entries tie, are NaN, or are missing; error texts."""

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError

NAN = float("nan")


def gradient(function, values):
    x = Tensor(np.array(values), requires_grad=True)
    function(x).sum().backward()
    return x.grad.tolist()


def test_a_value_alone_shares_the_gradient_among_ties():
    for function in (tensorgrad.max, tensorgrad.amax, lambda x: x.amax(0)):
        assert gradient(function, [2.0, 1.0, 2.0]) == [0.5, 0, 0.5]
    assert gradient(tensorgrad.min, [2.0, 1.0, 1.0, 1.0]) == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3])
    assert gradient(tensorgrad.median, [1.0, 1.0, 1.0, 7.0]) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])


def test_an_index_gets_the_whole_gradient():
    assert gradient(lambda x: x.max(0).values, [2.0, 1.0, 2.0]) == [1, 0, 0]
    assert gradient(lambda x: x.min(0)[0], [1.0, 1.0, 2.0]) == [1, 0, 0]
    assert gradient(lambda x: x.topk(2).values, [2.0, 1.0, 2.0]) == [1, 0, 1]
    assert gradient(lambda x: x.sort().values[0], [2.0, 1.0, 1.0]) == [0, 1, 0]


def test_nan_wins():
    x = Tensor([1.0, NAN, 3.0])
    assert np.isnan([x.max().item(), x.min().item(), x.amax().item(), x.median().item()]).all()
    assert x.max(0).indices.item() == x.min(0).indices.item() == x.argmax().item() == 1
    assert x.sort().indices.tolist() == [0, 2, 1]
    assert x.sort(descending=True).indices.tolist() == [1, 2, 0]


def test_equal_entries_keep_their_order_in_both_directions():
    x = Tensor([1, 2, 1, 2])
    assert x.argsort().tolist() == [0, 2, 1, 3]
    assert x.argsort(descending=True).tolist() == [1, 3, 0, 2]


def test_named_results_and_the_forms_of_max():
    x = Tensor([[1.0, 4.0], [3.0, 2.0]])
    values, indices = x.max(1)
    assert values.tolist() == [4, 3] and indices.tolist() == [1, 0] and indices.dtype == tensorgrad.int64
    assert x.max(dim=0, keepdim=True).values.tolist() == [[3, 4]]
    assert tensorgrad.max(x, Tensor(2.5)).tolist() == [[2.5, 4], [3, 2.5]]
    assert tensorgrad.aminmax(x).min.item() == 1


def test_tensors_without_axes():
    x = Tensor(3.0, requires_grad=True)
    for values, indices in (x.max(0), x.min(-1), x.sort(), x.topk(1), x.median(0)):
        assert values.item() == 3 and indices.item() == 0
    assert x.argmax().item() == x.argmax(0).item() == 0
    x.max(0).values.backward()
    assert x.grad.item() == 1


def test_topk_of_none():
    assert tensorgrad.topk(Tensor([3.0, 1.0]), 0).values.shape == (0,)


def test_variance_does_not_cancel_in_float32():
    noise = np.random.default_rng(0).normal(size=1000)
    x = Tensor((noise + 4096).astype(np.float32))
    assert x.var().item() == pytest.approx(np.var(x.numpy().astype(float), ddof=1), rel=1e-5)


def test_variance_of_too_few():
    assert np.isnan(Tensor([3.0]).var().item()) and np.isnan(Tensor(np.zeros(0)).var().item())
    assert Tensor([1.0, 2.0]).var(correction=2).item() == float("inf")


def test_gradient_of_a_deviation_or_norm_of_zero_is_zero():
    assert gradient(tensorgrad.std, [2.0, 2.0]) == [0, 0]
    assert gradient(tensorgrad.norm, [0.0, 0.0]) == [0, 0]
    assert gradient(lambda x: tensorgrad.norm(x, 1), [0.0, -2.0]) == [0, -1]


def test_products_with_zeros():
    assert gradient(tensorgrad.prod, [2.0, 0.0, 3.0]) == [0, 6, 0]
    assert gradient(tensorgrad.prod, [0.0, 0.0, 3.0]) == [0, 0, 0]
    assert gradient(lambda x: x.cumprod(0), [2.0, 0.0, 3.0]) == [1, 8, 0]


@pytest.mark.parametrize("values, expected", [
    ([np.inf, 0.0, 2.0], [NAN, np.inf, 0]), ([0.0, np.inf, 0.0, 3.0], [NAN, 0, 0, 0]),
    ([1.0, NAN, 0.0, 2.0], [NAN, NAN, NAN, 0]), ([0.0, 2.0, NAN, 1.0], [NAN, 0, 0, 0])])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_running_products_where_a_zero_meets_inf_or_nan(values, expected):
    """Before the 0 the sum is divided by the entry, behind it all is 0."""
    np.testing.assert_array_equal(gradient(lambda x: x.cumprod(0), values), expected)


def test_sum_of_channels_last_images_is_exact():
    """Sums by products of a row of ones: as near to the float64 sum as pairwise addition."""
    images = np.random.default_rng(0).normal(1.0, 1.0, size=(40, 33, 31, 6)).astype(np.float32).transpose(0, 3, 1, 2)
    exact = images.astype(float).sum(axis=(0, 2, 3))
    np.testing.assert_allclose(Tensor(images).sum((0, 2, 3)).numpy(), exact, rtol=1e-6)
    assert Tensor(images).sum((0, 2, 3)).dtype == np.float32


def test_quantifiers_of_nothing():
    empty = Tensor(np.zeros((0, 2)))
    assert not empty.any() and empty.all() and empty.count_nonzero().item() == 0
    assert empty.any(0).tolist() == [False, False]


def zeros(*shape):
    return Tensor(np.zeros(shape))


@pytest.mark.parametrize("call, error, text", [
    (lambda: zeros(0).max(), ShapeError, r"max: the tensor is empty: no entry can be chosen"),
    (lambda: zeros(2, 0).min(1), ShapeError, r"min: axis 1 of the tensor is empty(.|\n)*\.numel\(\) == 0"),
    (lambda: zeros(2, 0).amax(1), ShapeError, "amax: axis 1 of the tensor is empty"),
    (lambda: zeros(0).argmax(), ShapeError, "argmax: the tensor is empty"),
    (lambda: zeros(0).long().median(), ShapeError, "median: the tensor is empty"),
    (lambda: zeros(2, 3).max((0, 1)), DtypeError, r"max: dim=\(0, 1\) is not one axis.\n(.)*amax"),
    (lambda: zeros(2, 3).max(2), RangeError, r"max: dim=2 is no axis of a tensor with 2 axes(.|\n)*Use -2 to 1"),
    (lambda: zeros(3).topk(5), RangeError, r"topk: cannot take 5 of 3 entries along dim=-1(.|\n)*Use k from 0 to 3"),
    (lambda: Tensor([1, 2]).var(), DtypeError, r"var: is not defined for int64 values(.|\n)*x\.float\(\)\.var\(\)"),
    (lambda: Tensor([1, 2]).std(), DtypeError, "std: is not defined for int64 values"),
    (lambda: zeros(3).norm("spectral"), ArgumentError, "norm: p='spectral' is unknown"),
])
def test_error_texts(call, error, text):
    with pytest.raises(error, match=text):
        call()
