"""Tensor types of one dtype, as programs from PyTorch's first years name them: ``FloatTensor([1, 2])``, ``x.type()``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.creation import tensor
from tensorgrad.errors import DtypeError
from tensorgrad.ops.promotion import to
from tensorgrad.tensor import Tensor

__all__ = ["BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor", "LongTensor",
           "ShortTensor"]


class TensorType(type):
    """The class of these types: their instances are the tensors of that dtype, and a call makes one."""

    dtype: np.dtype

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype == cls.dtype

    def __call__(cls, *data: Any) -> Tensor:
        """Of numbers, a list or an array, a tensor that holds them; of sizes, one whose entries are not set."""
        sizes = all(isinstance(entry, (int, np.integer)) and not isinstance(entry, bool) for entry in data)
        if sizes and data or not data:
            return Tensor(np.empty(data or 0, cls.dtype))
        if len(data) > 1:
            raise DtypeError(f"{cls.__name__}: expects one list of numbers or sizes, got {len(data)} arguments.\n"
                             f"  Use tensor([...], dtype={cls.dtype.name!r}).")
        return tensor(data[0], dtype=cls.dtype)


def typed(name: str, dtype: np.dtype) -> TensorType:
    """The type of tensors of `dtype`."""
    return TensorType(name, (), {"dtype": dtype, "__doc__": f"Tensors of {dtype.name}.", "__module__": __name__})


FloatTensor, DoubleTensor, HalfTensor = (
    typed("FloatTensor", dtypes.float32), typed("DoubleTensor", dtypes.float64), typed("HalfTensor", dtypes.float16))
LongTensor, IntTensor, ShortTensor = (
    typed("LongTensor", dtypes.int64), typed("IntTensor", dtypes.int32), typed("ShortTensor", dtypes.int16))
CharTensor, ByteTensor, BoolTensor = (
    typed("CharTensor", dtypes.int8), typed("ByteTensor", dtypes.uint8), typed("BoolTensor", dtypes.bool_))
TYPES = (FloatTensor, DoubleTensor, HalfTensor, LongTensor, IntTensor, ShortTensor, CharTensor, ByteTensor, BoolTensor)


def type_of(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The tensor in `dtype`, also one of these types or its name; without it, the name of the type it has.

    Raises
        DtypeError   what is no dtype

    Example
        >>> Tensor([1, 2]).type(), Tensor([1, 2]).type("torch.FloatTensor")
        ('torch.LongTensor', tensor([1., 2.]))
    """
    if dtype is None:
        return next((f"torch.{kind.__name__}" for kind in TYPES if kind.dtype == self.dtype), str(self.dtype))
    for kind in TYPES:
        if dtype is kind or isinstance(dtype, str) and dtype.removeprefix("torch.") == kind.__name__:
            return to(self, kind.dtype)
    return to(self, dtype)
