"""Tensors without axes: what ops along an axis make of a number, and its gradient."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import ops
from tensorgrad.errors import RangeError


@pytest.mark.parametrize("function, value, slope", [
    (lambda x: ops.transpose(x, 0, -1), -2.0, 1.0), (lambda x: ops.cumprod(x, 0), -2.0, 1.0),
    (lambda x: ops.cumsum(x, 0), -2.0, 1.0), (lambda x: ops.cummax(x, 0).values, -2.0, 1.0),
    (lambda x: ops.cummin(x, -1).values, -2.0, 1.0), (lambda x: tg.linalg.vector_norm(x, 3), 2.0, -1.0),
    (lambda x: tg.linalg.vector_norm(x, 2), 2.0, -1.0), (lambda x: tg.linalg.vector_norm(x, float("inf")), 2.0, -1.0),
    (lambda x: tg.linalg.vector_norm(x, 0), 1.0, 0.0), (lambda x: ops.prelu(x, tg.tensor([0.5])), -1.0, 0.5),
    (lambda x: ops.prelu(x, tg.tensor(0.5)), -1.0, 0.5), (lambda x: ops.mean(x), -2.0, 1.0),
    (lambda x: ops.nansum(x), -2.0, 1.0), (lambda x: x.H, -2.0, 1.0),
], ids=str)
def test_a_number_is_an_axis_of_one(function: Callable[..., Any], value: float, slope: float) -> None:
    x = tg.tensor(-2.0, requires_grad=True)
    y = function(x)
    assert y.shape == () and y.dtype == np.float32 and y.item() == value
    y.backward()
    assert x.grad is not None and x.grad.shape == () and x.grad.item() == slope


def test_positions_and_counts_of_a_number_are_zero() -> None:
    x = tg.tensor(4.0)
    assert ops.cummax(x, 0).indices.item() == 0 and ops.cummin(x, 0).indices.shape == ()
    assert ops.cumprod(tg.tensor(3, dtype="int32"), 0).dtype == np.int64


@pytest.mark.parametrize("function", [lambda x: ops.transpose(x, 0, 1), lambda x: ops.transpose(x, -2, 0),
                                      lambda x: ops.cumprod(x, 1), lambda x: ops.cummax(x, 1), lambda x: x.sum(1)],
                         ids=["transpose", "transpose-first", "cumprod", "cummax", "sum"])
def test_a_number_has_no_second_axis(function: Callable[..., Any]) -> None:
    with pytest.raises(RangeError, match="axis|dim"):
        function(tg.tensor(2.0))
