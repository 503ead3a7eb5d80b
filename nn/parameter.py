"""Parameter and Buffer: the two kinds of tensors that belong to a module's state."""

from __future__ import annotations

from typing import Any

from tensorgrad.tensor import Tensor

__all__ = ["Parameter", "Buffer"]


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
