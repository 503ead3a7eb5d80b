"""What ops make of integers and bools, and what they refuse."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import ops, tensor
from tensorgrad.errors import ArgumentError, DtypeError

MASK, WHOLE = tensor([True, False]), tensor([3, -4])


@pytest.mark.parametrize("function, value, dtype", [
    (lambda: ops.sign(MASK), [True, False], "bool"), (lambda: ops.sign(WHOLE), [1, -1], "int64"),
    (lambda: ops.abs(WHOLE), [3, 4], "int64"), (lambda: ops.nansum(WHOLE), -1, "int64"),
    (lambda: ops.nansum(MASK), 1, "int64"), (lambda: ops.clamp(WHOLE, -1, 2), [2, -1], "int64"),
    (lambda: ops.clamp(WHOLE, -1.5, 2.5), [2.5, -1.5], "float32"), (lambda: ops.clamp(WHOLE, max=0.5), [0.5, -4], "float32"),
    (lambda: ops.hardtanh(WHOLE, -2.5, 2.75), [2, -2], "int64"), (lambda: WHOLE * 1.5, [4.5, -6], "float32"),
    (lambda: 1.5 - WHOLE, [-1.5, 5.5], "float32"), (lambda: WHOLE**2, [9, 16], "int64"),
    (lambda: 2**WHOLE.abs(), [8, 16], "int64"),
    (lambda: ops.median(tensor([3, 1, 2, 1]), 0).values, 1, "int64"),
    (lambda: ops.median(tensor([3, 1, 2]), 0).indices, 2, "int64"),
    (lambda: ops.where(MASK, 1, 2), [1, 2], "int64"), (lambda: ops.where(MASK, WHOLE, 0.5), [3, 0.5], "float32"),
    (lambda: ops.isclose(MASK, ~MASK), [False, False], "bool"),
    (lambda: ops.isclose(MASK, ~MASK, atol=1), [True, True], "bool"),
    (lambda: ops.isclose(WHOLE, tensor([3, -5])), [True, False], "bool"),
    (lambda: ops.mean(WHOLE, dtype="float64"), -0.5, "float64"), (lambda: ops.mean(MASK, dtype="float32"), 0.5, "float32"),
    (lambda: ops.cumprod(WHOLE, 0, dtype="float64"), [3, -12], "float64"),
    (lambda: ops.scatter_reduce(MASK, 0, tensor([1]), tensor([True]), "amax"), [True, True], "bool"),
    (lambda: ops.scatter_reduce(MASK, 0, tensor([0, 0]), tensor([True, False]), "amin", include_self=False), [False, False],
     "bool"),
    (lambda: ops.scatter_reduce(~MASK, 0, tensor([0, 0]), tensor([False, True]), "amax", include_self=False), [True, True],
     "bool"),
    (lambda: ops.scatter_reduce(WHOLE, 0, tensor([0]), tensor([-9]), "amax", include_self=False), [-9, -4], "int64"),
    (lambda: ops.scatter(WHOLE, 0, tensor([0, 0]), 2, reduce="multiply"), [12, -4], "int64"),
    (lambda: ops.scatter(WHOLE, 0, tensor([1]), 2, reduce="add"), [3, -2], "int64"),
    (lambda: ops.adaptive_max_pool2d(tensor([[[5, 1], [2, 7]]]), 1), [[[7]]], "int64"),
])
def test_value_and_dtype(function: Callable[[], Any], value: Any, dtype: str) -> None:
    result = function()
    assert result.tolist() == value and result.dtype == np.dtype(dtype)


@pytest.mark.parametrize("call, error, text", [
    (lambda: MASK - MASK, DtypeError, "sub: bool tensors cannot be subtracted(.|\n)*logical_xor"),
    (lambda: MASK - True, DtypeError, "sub: bool tensors cannot be subtracted"),
    (lambda: ops.where(WHOLE, 1, 2), DtypeError, "where: the condition is not bool(.|\n)*condition != 0"),
    (lambda: ops.mean(WHOLE), DtypeError, "mean: the mean of int64 values is no int64(.|\n)*x.float"),
    (lambda: WHOLE**-1, DtypeError, r"integers to the power -1 are no integers(.|\n)*x.float\(\) \*\* -1"),
    (lambda: tensor([1.0]) & 1, DtypeError, "bitwise_and: only integer and bool tensors have bits"),
    (lambda: ~tensor([1.0]), DtypeError, "bitwise_not: only integer and bool tensors have bits"),
    (lambda: ops.div(WHOLE, 2, rounding_mode="up"), ArgumentError, "div: rounding_mode='up' is unknown"),
    (lambda: ops.clamp(WHOLE), ArgumentError, "clamp: neither min nor max is given"),
    (lambda: tg.linalg.vector_norm(tensor([1.0], dtype="float64"), dtype="float32"), DtypeError,
     "vector_norm: dtype=float32 is narrower(.|\n)*Use float64"),
    (lambda: tg.linalg.vector_norm(tensor([1.0]), dtype="int64"), DtypeError, "vector_norm: dtype=int64"),
    (lambda: ops.repeat_interleave(WHOLE, 2, output_size=5), ArgumentError,
     "output_size=5, the result has 4 entries(.|\n)*Use 4"),
])
def test_refusals(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_norms_in_a_wider_dtype() -> None:
    x = tensor([3.0, -4.0], requires_grad=True)
    norm = tg.linalg.vector_norm(x, dtype="float64")
    assert norm.item() == 5.0 and norm.dtype == np.float64
    norm.backward()
    assert x.grad is not None and x.grad.dtype == np.float32
    np.testing.assert_allclose(x.grad.numpy(), [0.6, -0.8], rtol=1e-6)
