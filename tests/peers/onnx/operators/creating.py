"""Tensors out of nothing, and what is known about one."""

from __future__ import annotations

from typing import Any

import numpy as np

import tensorgrad as tg
from tensorgrad import Tensor
from tests.peers.onnx.operators.arguments import dtype_of, numbers

__all__ = ["OPERATORS"]


def constant(value: Any = None, value_float: Any = None, value_floats: Any = None, value_int: Any = None,
             value_ints: Any = None) -> Tensor:
    floats, ints = [value_float, value_floats], [value_int, value_ints]
    for values, dtype in [([value], None), (floats, tg.float32), (ints, tg.int64)]:
        for given in values:
            if given is not None:
                return tg.tensor(np.asarray(given), dtype=dtype)
    raise TypeError("Constant has no value of numbers")


def constant_of_shape(shape: Tensor, value: np.ndarray | None = None) -> Tensor:
    value = np.zeros(1, np.float32) if value is None else value
    return tg.full(numbers(shape), value.item(), dtype=value.dtype)


def diagonal(shape: tuple[int, ...], dtype: Any, k: int) -> Tensor:
    """Ones on the k-th diagonal."""
    ones = tg.ones(*shape, dtype=dtype)
    return tg.tril(tg.triu(ones, k), k)


OPERATORS = {
    "Constant": constant, "ConstantOfShape": constant_of_shape,
    "EyeLike": lambda x, dtype=None, k=0: diagonal(x.shape, x.dtype if dtype is None else dtype_of(dtype), k),
    "Range": lambda start, limit, delta: tg.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype),
    "Shape": lambda x, start=0, end=None: tg.tensor(np.array(x.shape[start:end], np.int64)),
    "Size": lambda x: tg.tensor(np.int64(x.numel())),
}
