"""Where and how a tensor lies in memory, and PyTorch's ways to move it: methods, but for `detach`."""

from __future__ import annotations

from typing import Any

from tensorgrad.devices import device, is_device, on_cpu
from tensorgrad.errors import ShapeError, message
from tensorgrad.ops.arithmetic import Clone, clone
from tensorgrad.ops.promotion import to
from tensorgrad.ops.shape import transpose
from tensorgrad.tensor import Tensor

__all__ = ["moved", "cpu", "device_of", "contiguous", "is_contiguous", "stride", "element_size", "hermitian", "real",
           "detach"]

CPU = device("cpu")


def moved(self: Tensor, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False,
          copy: bool = False) -> Tensor:
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
    return clone(out) if copy and out is self else out


def cpu(self: Tensor) -> Tensor:
    """The tensor itself: there is no other device."""
    return self


def device_of(self: Tensor) -> device:
    """The CPU."""
    return CPU


class Contiguous(Clone):
    """y = a copy of x in row-major order"""

    __slots__ = ()

    def forward(self, x):
        return x.copy()


def contiguous(self: Tensor) -> Tensor:
    """The tensor with its entries in row-major order in memory: itself if they are so already, else a copy in the graph.

    Example
        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).t().contiguous().is_contiguous()
        True
    """
    if self.array.flags.c_contiguous:
        return self
    return Contiguous().apply(self)


def is_contiguous(self: Tensor) -> bool:
    """True if the entries lie in row-major order in memory.

    Example
        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).t().is_contiguous()
        False
    """
    return self.array.flags.c_contiguous


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


def hermitian(self: Tensor) -> Tensor:
    """The conjugate transpose of a matrix, which is the transpose for real numbers.

    Raises
        ShapeError   for anything but a matrix
    """
    if self.ndim not in (0, 2):
        raise ShapeError(message("H", f"a tensor with {self.ndim} axes is no matrix", {"tensor": self},
                                 "Use .mT for the last two axes."))
    return transpose(self, 0, 1) if self.ndim else self


def real(self: Tensor) -> Tensor:
    """The tensor itself: it holds no complex numbers."""
    return self


def detach(input: Tensor) -> Tensor:
    """A constant that shares the memory of `input`.

    Example
        >>> detach(Tensor([1.0], requires_grad=True)).requires_grad
        False
    """
    return input.detach()
