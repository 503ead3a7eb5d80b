"""Layers whose input size may be left open: they take it from their first input.

``Linear(None, 10)`` and ``LazyLinear(10)`` are the same.  Such a layer is an instance of a lazy subclass, whose parameters
have no shape; its first call gives them one, and turns it into an instance of the plain class.  So an ordinary layer pays
nothing for it.
"""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np

from nn.module import Module
from nn.parameter import Parameter, Uninitialized, UninitializedBuffer, UninitializedParameter
from tensorgrad.tensor import Tensor

__all__ = ["Sized", "Lazy", "lazy_class"]

Shape = tuple[int, ...]


class Sized(Module):
    """A layer whose parameters' shapes follow from a size of its input.

    inferred   the name of the option that holds this size
    """

    inferred: str

    def shapes(self, size: int) -> dict[str, Shape]:
        """The shapes of parameters and buffers for that size.

        Raises
            ArgumentError   a size that does not go with the other options
        """
        raise NotImplementedError

    def size_of(self, input: Tensor) -> int:
        """The size of this input.

        Raises
            ShapeError   an input of other axes than the layer takes
        """
        raise NotImplementedError

    def size_from(self, shapes: Mapping[str, Shape]) -> int | None:
        """The size for which a layer has parameters of these shapes; None if they do not tell."""
        raise NotImplementedError

    def allocate(self, size: int | None, dtype: np.dtype, **kinds: type | None) -> None:
        """Make the tensors of the layer, each a Parameter, a Buffer or None, with arbitrary values; without a shape if the
        size is open."""
        setattr(self, self.inferred, size)
        shapes = {} if size is None else self.shapes(size)
        for name, kind in kinds.items():
            if kind is None:
                setattr(self, name, None)
            elif size is None:
                setattr(self, name, UninitializedParameter(dtype=dtype) if kind is Parameter else
                        UninitializedBuffer(dtype=dtype))
            else:
                setattr(self, name, kind(np.empty(shapes[name], dtype)))

    def start(self) -> None:
        """Draw the initial values; with an open size, become lazy instead."""
        if getattr(self, self.inferred) is None:
            self.__class__ = lazy_class(type(self))
        else:
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        raise NotImplementedError


class Lazy(Sized):
    """A layer before its first call.

    becomes   the class of which it is an instance afterwards
    """

    becomes: type[Sized]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        LAZY[cls.becomes] = cls

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        self.initialize_parameters(*args, **kwargs)
        return self.forward(*args, **kwargs)  # of the plain class, which this now is

    def has_uninitialized_params(self) -> bool:
        """True: a layer that has all its parameters is no longer lazy."""
        return True

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Take the size from the first argument, as a call does, without computing anything.

        Raises
            ShapeError, ArgumentError   an input that the layer cannot take; it stays lazy
        """
        self.settle(self.size_of(args[0] if args else next(iter(kwargs.values()))))

    def settle(self, size: int) -> None:
        """Become an ordinary layer for inputs of that size, with initial values."""
        shapes = self.shapes(size)
        for name, shape in shapes.items():
            tensor = getattr(self, name)
            if isinstance(tensor, Uninitialized):
                tensor.materialize(shape)
        setattr(self, self.inferred, size)
        self.__class__ = self.becomes  # type: ignore[assignment]
        self.reset_parameters()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return reopened, (self.becomes,), self.__dict__


LAZY: dict[type[Sized], type[Lazy]] = {}  # class of layers: its lazy subclass


def lazy_class(cls: type[Sized]) -> type[Lazy]:
    """The lazy subclass of a class of layers, made up for classes of a user's own."""
    if issubclass(cls, Lazy):
        return cls
    if cls not in LAZY:
        type(f"Lazy{cls.__name__}", (Lazy, cls), {"becomes": cls, "__module__": cls.__module__})
    return LAZY[cls]


def reopened(cls: type[Sized]) -> Lazy:
    """What copying and unpickling a lazy layer calls: one without attributes, which are filled in then."""
    lazy = lazy_class(cls)
    return lazy.__new__(lazy)
