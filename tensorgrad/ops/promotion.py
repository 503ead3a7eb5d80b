"""Operands of different dtypes brought together, and conversion between dtypes.  The rules are those of `dtypes`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import DtypeError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.broadcast_advice import how_to_broadcast
from tensorgrad.tensor import Tensor

__all__ = ["to"]

Operand = Any  # Tensor | ndarray | Python number


def align(who: str, a: Operand, b: Operand) -> tuple[Operand, Operand]:
    """`a` and `b` in one dtype, by the rules of `dtypes`; shapes that cannot broadcast raise a ShapeError here.

    Operands without a Tensor among them (inside a backward rule) are returned as they are.
    """
    if isinstance(a, Tensor):
        x = a.array
        if isinstance(b, Tensor):
            y = b.array
            if x.dtype is not y.dtype:
                a, b = common(a, b)
        elif b.__class__ is float and x.dtype.kind == "f":
            return a, b
        else:
            y = b = dtypes.constant(b, x.dtype)
            if isinstance(y, np.ndarray):
                a = to(a, dtypes.promote(x.dtype, y.dtype))
            elif y.__class__ is float:
                a = to(a, dtypes.get_default_dtype())
    elif isinstance(b, Tensor):
        y = b.array
        x = a = dtypes.constant(a, y.dtype)
        if isinstance(x, np.ndarray):
            b = to(b, dtypes.promote(x.dtype, y.dtype))
    else:
        return a, b
    if isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and x.shape != y.shape:
        check_broadcast(who, input=a, other=b)
    return a, b


def common(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Two tensors of different dtypes in the promoted one; a tensor without axes does not widen one with axes."""
    dtype = common_dtype((a.ndim > 0, a.dtype), (b.ndim > 0, b.dtype))
    return to(a, dtype), to(b, dtype)


def common_dtype(a: tuple[int, np.dtype], b: tuple[int, np.dtype]) -> np.dtype:
    """The promoted dtype of two operands, each given by its weight and dtype: of two dtypes of one category the weightier
    operand's."""
    (weight_a, x), (weight_b, y) = a, b
    if weight_a != weight_b and dtypes.RANK[x.kind] == dtypes.RANK[y.kind]:
        return x if weight_a > weight_b else y
    return dtypes.promote(x, y)


def check_broadcast(who: str, **operands: Operand) -> None:
    """Raise a ShapeError that shows the operands unless their shapes broadcast."""
    shapes = {name: np.shape(o.array if isinstance(o, Tensor) else o) for name, o in operands.items()}
    try:
        np.broadcast_shapes(*shapes.values())
    except ValueError:
        raise ShapeError(message(who, "the shapes cannot be broadcast together", operands,
                                 how_to_broadcast(operands, shapes))) from None


def broadcasts_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """True if an array of `shape` can be repeated to the shape `target`.

    Example
        >>> broadcasts_to((3,), (2, 3)), broadcasts_to((2, 3), (3,)), broadcasts_to((2,), (3,))
        (True, False, False)
    """
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False


def array_of(x: Operand) -> np.ndarray:
    """The array of a tensor, or the array itself."""
    return x.array if isinstance(x, Tensor) else x


def as_float(x: Operand) -> Operand:
    """An integer or bool operand in the default float dtype; floats as they are."""
    if isinstance(x, Tensor):
        return x if x.array.dtype.kind == "f" else to(x, dtypes.get_default_dtype())
    if isinstance(x, np.ndarray) and x.dtype.kind != "f":
        return x.astype(dtypes.get_default_dtype())
    return x


def align_floats(who: str, a: Operand, b: Operand) -> tuple[Operand, Operand]:
    """`align`, with integer and bool operands in the default float dtype."""
    a, b = align(who, a, b)
    return as_float(a), as_float(b)


def only_floats(who: str, **operands: Operand) -> None:
    """Raise a DtypeError unless every tensor among the operands is of a float dtype, as PyTorch does."""
    for name, x in operands.items():
        dtype = getattr(x, "dtype", None)
        if dtype is not None and dtype.kind != "f":
            raise DtypeError(message(who, f"is not defined for {dtype} values", operands,
                                     f"Convert {name} first: .float(), or .to(tensorgrad.float64)."))


def some_float(who: str, **operands: Operand) -> None:
    """Raise a DtypeError unless one tensor among the operands is of a float dtype, which the result then is."""
    if not any(x.dtype.kind == "f" for x in operands.values() if hasattr(x, "dtype")):
        only_floats(who, **operands)


def only_tensors(who: str, **operands: Operand) -> None:
    """Raise a DtypeError for a Python number among the operands."""
    for name, x in operands.items():
        if not isinstance(x, (Tensor, np.ndarray)):
            raise DtypeError(message(who, f"{name} is no tensor", operands, f"Use tensor({x!r})."))


class To(Op):
    """y = x in another dtype"""

    __slots__ = ("to_dtype", "from_dtype", "differentiable")

    def __init__(self, to_dtype: np.dtype, from_dtype: np.dtype):
        self.to_dtype, self.from_dtype = to_dtype, from_dtype
        self.differentiable = to_dtype.kind == "f"

    def forward(self, x):
        return x.astype(self.to_dtype)

    def backward(self, grad):
        return To(self.from_dtype, self.to_dtype).apply(grad)


def to(input: Operand, dtype: Any) -> Operand:
    """`input` in another dtype; the same tensor if it has it already.

    Gradient
        flows back in the input's dtype; none through integer dtypes

    Example
        >>> to(Tensor([1, 2]), "float32")
        tensor([1., 2.])
    """
    dtype = dtypes.as_dtype(dtype)
    if input.dtype == dtype:
        return input
    return To(dtype, input.dtype).apply(input)
