"""Parameter and Buffer, the two kinds of tensors that belong to a module's state; and those that wait for a shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import UninitializedError
from tensorgrad.tensor import Tensor

__all__ = ["Parameter", "Buffer", "UninitializedParameter", "UninitializedBuffer", "Uninitialized"]


class Parameter(Tensor):
    """A leaf tensor that a module learns: as an attribute of a `Module` it is listed by `parameters()`.

    Parameters
        data            anything `numpy.asarray` takes; the array of a tensor is shared, not copied
        requires_grad   False freezes it: still part of the state dict, but without a gradient
        name            shown in drawings and messages; a module fills it in with the dotted path

    Raises
        DtypeError   `requires_grad` with integer or bool data

    Example
        >>> Parameter([1.0, 2.0])
        Parameter containing:
        tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    kind = "parameter"

    def __init__(self, data: Any, requires_grad: bool = True, *, dtype: Any = None, name: str | None = None):
        super().__init__(data, requires_grad, dtype=dtype, name=name)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    def __reduce__(self) -> Any:
        return rebuild_parameter, (type(self), self.array, self.wants_grad, self.name)


class Buffer(Tensor):
    """A tensor that belongs to a module's state but is not learned, such as a running mean.

    Assigned to an attribute of a `Module` it is listed by `buffers()`, and saved unless `persistent` is False.

    Example
        >>> Buffer([0.0]).requires_grad
        False
    """

    __slots__ = ("persistent",)

    kind = "buffer"

    def __init__(self, data: Any, *, persistent: bool = True, dtype: Any = None, name: str | None = None):
        super().__init__(data, dtype=dtype, name=name)
        self.persistent = persistent

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        out = Buffer(self.array.copy(), persistent=self.persistent, name=self.name)
        memo[id(self)] = out
        return out

    def __reduce__(self) -> Any:
        return rebuild_buffer, (self.array, self.persistent, self.name)


def rebuild_parameter(kind: type[Parameter], array: Any, requires_grad: bool, name: str | None) -> Parameter:
    """What unpickling a parameter calls."""
    return kind(array, requires_grad, name=name)


def rebuild_buffer(array: Any, persistent: bool, name: str | None) -> Buffer:
    """What unpickling a buffer calls."""
    return Buffer(array, persistent=persistent, name=name)


# -- without a shape ---------------------------------------------------------------------------------------------------


class Uninitialized:
    """What parameters and buffers of lazy layers are until the first call: a dtype and a name, but no shape and no values.

    Everything that would look at the values raises an UninitializedError.
    """

    __slots__ = ()

    becomes: type
    name: str | None
    wants_grad: bool

    @property
    def array(self) -> np.ndarray:
        raise UninitializedError(f"{self.name or 'a tensor'} has no shape yet: its layer takes it from the first input.\n"
                                 "  Call the model once with an example, before its parameters are counted, initialised, "
                                 "saved, or given to an optimizer.")

    @array.setter
    def array(self, value: np.ndarray) -> None:
        Tensor.array.__set__(self, value)  # type: ignore[attr-defined]

    @property
    def dtype(self) -> np.dtype:
        """The dtype that the values will have."""
        return Tensor.array.__get__(self).dtype  # type: ignore[attr-defined]

    def convert(self, dtype: np.dtype) -> None:
        """Choose another dtype for the values."""
        self.array = np.empty(0, dtype)

    def materialize(self, shape: tuple[int, ...]) -> None:
        """Become an ordinary parameter or buffer of that shape, whose values are arbitrary, and stay the same object."""
        dtype = self.dtype
        self.__class__ = self.becomes
        self.array = np.empty(shape, dtype)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(dtype={self.dtype.name})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        rebuild, arguments = self.__reduce__()
        memo[id(self)] = out = rebuild(*arguments)
        return out

    def __reduce__(self) -> Any:
        options = {"requires_grad": self.wants_grad} if isinstance(self, Parameter) else {
            "persistent": self.persistent}  # type: ignore[attr-defined]
        return rebuild_uninitialized, (type(self), self.dtype, self.name, options)


class UninitializedParameter(Uninitialized, Parameter):
    """A parameter of a lazy layer before its first call.

    Example
        >>> import nn
        >>> nn.Linear(None, 3).weight
        UninitializedParameter(dtype=float32)
    """

    __slots__ = ()

    becomes = Parameter

    def __init__(self, requires_grad: bool = True, *, dtype: Any = None, name: str | None = None):
        kind = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
        Parameter.__init__(self, np.empty(0, kind), requires_grad, name=name)


class UninitializedBuffer(Uninitialized, Buffer):
    """A buffer of a lazy layer before its first call."""

    __slots__ = ()

    becomes = Buffer

    def __init__(self, *, persistent: bool = True, dtype: Any = None, name: str | None = None):
        kind = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
        Buffer.__init__(self, np.empty(0, kind), persistent=persistent, name=name)


def rebuild_uninitialized(kind: type, dtype: np.dtype, name: str | None, options: dict[str, Any]) -> Any:
    """What copying and unpickling an uninitialised parameter or buffer calls."""
    return kind(dtype=dtype, name=name, **options)
