"""NumPy's names of arguments, which PyTorch takes too, and the tensor functions that take them."""

from __future__ import annotations

import inspect
import pickle

import pytest

import tensorgrad
from tensorgrad import Tensor, ops
from tensorgrad.errors import RangeError

X = Tensor([[3.0, 1.0, 2.0], [4.0, 6.0, 5.0]])


def test_axis_and_keepdims_say_dim_and_keepdim() -> None:
    assert X.sum(axis=0, keepdims=True).tolist() == [[7.0, 7.0, 7.0]]
    assert tensorgrad.sum(X, axis=(0, 1)).item() == 21
    assert tensorgrad.mean(X, -1, keepdims=True).shape == (2, 1)
    assert X.max(axis=1).indices.tolist() == [0, 1]
    assert tensorgrad.cat([X, X], axis=1).shape == (2, 6)


def test_methods_in_place_take_them_too() -> None:
    assert X.clone().cumsum_(axis=0).tolist() == [[3.0, 1.0, 2.0], [7.0, 7.0, 7.0]]
    assert X.clone().unsqueeze_(axis=0).shape == (1, 2, 3)


def test_the_function_and_the_method_are_one_object_that_reads_and_pickles_like_the_op() -> None:
    assert tensorgrad.sum is Tensor.sum
    assert inspect.signature(tensorgrad.sum) == inspect.signature(ops.sum)
    assert tensorgrad.sum.__doc__ == ops.sum.__doc__
    assert pickle.loads(pickle.dumps(tensorgrad.sum)) is tensorgrad.sum


def test_functions_without_such_an_argument_stay_as_they_are() -> None:
    assert tensorgrad.exp is ops.exp and Tensor.reshape is ops.reshape


def test_both_names_of_one_argument_are_refused() -> None:
    with pytest.raises(TypeError, match="sum: axis and dim name the same argument.\n  Leave axis out"):
        X.sum(axis=0, dim=0)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="multiple values for argument 'dim'"):
        X.sum(0, axis=0)  # type: ignore[misc]
    with pytest.raises(TypeError, match="axes"):
        X.sum(axes=0)  # type: ignore[call-arg]
    with pytest.raises(RangeError, match="dim=2"):
        X.sum(axis=2)  # type: ignore[call-arg]
