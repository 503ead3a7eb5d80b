"""`Variable`, the class that recorded operations before tensors did it themselves."""

from __future__ import annotations

from typing import Any

from tensorgrad.tensor import Tensor

__all__ = ["Variable"]


class VariableType(type):
    """The class of `Variable`, whose instances are the tensors."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)

    def __call__(cls, data: Tensor, requires_grad: bool = False) -> Tensor:
        return data.detach().requires_grad_(requires_grad)


class Variable(metaclass=VariableType):
    """A tensor outside any graph that shares the memory of another, as programs from PyTorch's first years make it.

    Raises
        DtypeError   `requires_grad` of integers or bools

    Example
        >>> Variable(Tensor([1.0, 2.0]), requires_grad=True)
        tensor([1., 2.], requires_grad=True)
        >>> isinstance(Tensor([1.0]), Variable)
        True
    """
