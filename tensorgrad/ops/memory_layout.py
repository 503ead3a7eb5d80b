"""Where and how a tensor lies in memory, and PyTorch's ways to move it: methods, and few of them also functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.devices import device, is_device, on_cpu
from tensorgrad.errors import DtypeError, message
from tensorgrad.memory_formats import MemoryFormat, contiguous_format, preserve_format
from tensorgrad.ops.arithmetic import Contiguous, clone
from tensorgrad.ops.promotion import to
from tensorgrad.tensor import Tensor

__all__ = ["moved", "cpu", "device_of", "contiguous", "is_contiguous", "storage_offset", "data_ptr", "nelement",
           "ndimension", "stride", "element_size", "get_device", "real", "imag", "detach"]

CPU = device("cpu")


def moved(self: Tensor, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False,
          copy: bool = False, memory_format: MemoryFormat = preserve_format) -> Tensor:
    """The tensor in another dtype, or in that of another tensor; the tensor itself if it has it already, unless `copy`.

    ``to(dtype)``, ``to(device)``, ``to(device, dtype)`` and ``to(other)`` as in PyTorch; the one device is "cpu".

    Raises
        ArgumentError   another device
        DtypeError      what is no dtype

    Example
        >>> Tensor([1, 2]).to("cpu").to("float32")
        tensor([1., 2.])
    """
    flags = [value for value in args if isinstance(value, bool)]  # non_blocking, copy
    copy = copy or len(flags) > 1 and flags[1]
    for value in args:
        if isinstance(value, Tensor):
            dtype = value.dtype
        elif is_device(value):
            device = value
        elif value is not None and not isinstance(value, bool):
            dtype = value
    on_cpu("to", device)
    out = self if dtype is None else to(self, dtype)
    if copy and out is self:
        return clone(out, memory_format=memory_format)
    return contiguous(out, memory_format)


def cpu(self: Tensor, memory_format: MemoryFormat = preserve_format) -> Tensor:
    """The tensor itself, as there is no other device; in that order in memory."""
    return contiguous(self, memory_format)


def device_of(self: Tensor) -> device:
    """The CPU."""
    return CPU


def contiguous(self: Tensor, memory_format: MemoryFormat = contiguous_format) -> Tensor:
    """The tensor with its entries in that order in memory: itself if they are so already, else a copy in the graph.

    Raises
        ShapeError   ``channels_last`` of anything but 4 axes

    Example
        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).t().contiguous().is_contiguous()
        True
    """
    return self if memory_format.holds(self.array) else Contiguous(memory_format).apply(self)


def is_contiguous(self: Tensor, memory_format: MemoryFormat = contiguous_format) -> bool:
    """True if the entries lie in that order in memory: row by row, or with the channels last.

    Example
        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).t().is_contiguous()
        False
    """
    return memory_format.holds(self.array)


def storage_offset(self: Tensor) -> int:
    """How many entries after the start of its memory the tensor's first entry lies.

    Example
        >>> Tensor([1.0, 2.0, 3.0])[2:].storage_offset()
        2
    """
    start: Any = self.array
    while isinstance(start.base, np.ndarray):
        start = start.base
    return (self.array.ctypes.data - start.ctypes.data) // self.array.itemsize


def data_ptr(self: Tensor) -> int:
    """The address of the first entry: two tensors with the same one share memory."""
    return self.array.ctypes.data


def nelement(self: Tensor) -> int:
    """The number of entries; another name of `numel`."""
    return self.array.size


def ndimension(self: Tensor) -> int:
    """The number of axes; another name of `dim`."""
    return self.array.ndim


def stride(self: Tensor, dim: int | None = None) -> Any:
    """How many entries apart in memory neighbours along each axis are, or along axis `dim`.

    Example
        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).stride()
        (2, 1)
    """
    steps = tuple([n // self.array.itemsize for n in self.array.strides])
    return steps if dim is None else steps[dim]


def element_size(self: Tensor) -> int:
    """Bytes of one entry.

    Example
        >>> Tensor([1.0]).element_size()
        4
    """
    return self.array.itemsize


def get_device(input: Tensor) -> int:
    """The number of the device: -1, which is PyTorch's for the CPU."""
    return -1


def real(input: Tensor) -> Tensor:
    """The tensor itself: it holds no complex numbers."""
    return input


def imag(input: Tensor) -> Tensor:
    """Refused, as by PyTorch: a tensor holds no complex numbers.

    Raises
        DtypeError   always
    """
    raise DtypeError(message("imag", f"{input.dtype} numbers have no imaginary part", {"input": input},
                             "Use zeros_like(x) where zeros are meant."))


def detach(input: Tensor) -> Tensor:
    """A constant that shares the memory of `input`.

    Example
        >>> detach(Tensor([1.0], requires_grad=True)).requires_grad
        False
    """
    return input.detach()
