"""New tensors in the dtype of another: the methods ``x.new_zeros(size)`` and so on."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.creation import as_size, tensor
from tensorgrad.devices import on_cpu
from tensorgrad.tensor import Tensor

__all__ = ["new_zeros", "new_ones", "new_full", "new_empty", "new_tensor"]


def new_zeros(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of shape `size` in the tensor's dtype.

    Example
        >>> Tensor([1.0], dtype="float64").new_zeros(2)
        tensor([0., 0.], dtype=float64)
    """
    on_cpu("new_zeros", device)
    return Tensor(np.zeros(as_size("new_zeros", size), dtype or self.dtype), requires_grad)


def new_ones(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of shape `size` in the tensor's dtype.

    Example
        >>> Tensor([1]).new_ones((2,))
        tensor([1, 1])
    """
    on_cpu("new_ones", device)
    return Tensor(np.ones(as_size("new_ones", size), dtype or self.dtype), requires_grad)


def new_empty(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of shape `size` in the tensor's dtype whose entries are whatever the memory held.

    Example
        >>> Tensor([1.0]).new_empty(2, 3).shape
        (2, 3)
    """
    on_cpu("new_empty", device)
    return Tensor(np.empty(as_size("new_empty", size), dtype or self.dtype), requires_grad)


def new_full(self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:
    """`fill_value` in shape `size` and the tensor's dtype.

    Example
        >>> Tensor([1.0]).new_full((2,), 7)
        tensor([7., 7.])
    """
    on_cpu("new_full", device)
    value = getattr(fill_value, "array", fill_value)
    return Tensor(np.full(as_size("new_full", (size,)), value, dtype or self.dtype), requires_grad)


def new_tensor(self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A copy of `data` in the tensor's dtype.

    Example
        >>> Tensor([1.0]).new_tensor([1, 2])
        tensor([1., 2.])
    """
    on_cpu("new_tensor", device)
    return tensor(data, dtype=dtype or self.dtype, requires_grad=requires_grad)
