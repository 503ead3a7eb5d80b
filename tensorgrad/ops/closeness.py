"""Whether two tensors are equal, or equal up to rounding.  No gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, DtypeError, message
from tensorgrad.op import Op
from tensorgrad.ops.promotion import Operand, array_of, check_broadcast, only_tensors
from tensorgrad.tensor import Tensor

__all__ = ["isclose", "allclose", "equal"]


class Isclose(Op):
    """y = |a - b| ≤ atol + rtol · |b|"""

    __slots__ = ("rtol", "atol", "equal_nan")
    differentiable = False

    def __init__(self, rtol: float, atol: float, equal_nan: bool):
        self.rtol, self.atol, self.equal_nan = rtol, atol, equal_nan

    def forward(self, a, b):
        close = a == b
        if self.rtol or self.atol:
            if a.dtype.kind == "b":
                a, b = a.astype(np.int8), b.astype(np.int8)
            with np.errstate(invalid="ignore", over="ignore"):
                distance = np.maximum(a, b) - np.minimum(a, b)  # unsigned integers have no negative difference
                near = distance <= self.atol + np.abs(self.rtol * b)
                close = close | (near & np.isfinite(distance))
        return close | (np.isnan(a) & np.isnan(b)) if self.equal_nan else close


def isclose(input: Operand, other: Operand, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """True where |`input` - `other`| ≤ `atol` + `rtol` · |`other`|, and where both are the same infinity.

    Raises
        ArgumentError   a negative tolerance
        DtypeError      tensors of different dtypes

    Example
        >>> isclose(Tensor([1.0, 2.0]), Tensor([1.000001, 2.1]))
        tensor([ True, False])
    """
    operands = {"input": input, "other": other}
    only_tensors("isclose", **operands)
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if tolerance < 0:
            raise ArgumentError(message("isclose", f"{name}={tolerance} is negative", operands, f"Use {name} ≥ 0."))
    if input.dtype != other.dtype:
        raise DtypeError(message("isclose", "the tensors have different dtypes", operands, "Convert one with .to()."))
    check_broadcast("isclose", **operands)
    return Isclose(rtol, atol, equal_nan).apply(input, other)


def allclose(input: Operand, other: Operand, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """True if `isclose` holds everywhere.

    Raises
        as isclose

    Example
        >>> allclose(Tensor([1.0, 2.0]), Tensor([1.000001, 2.0]))
        True
    """
    return bool(np.all(array_of(isclose(input, other, rtol, atol, equal_nan))))


def equal(input: Operand, other: Any) -> bool:
    """True if both have the same shape and the same numbers; NaN is equal to nothing.

    Example
        >>> equal(Tensor([1.0, 2.0]), Tensor([1.0, 2.0])), equal(Tensor([1.0]), Tensor([1.0, 1.0]))
        (True, False)
    """
    return bool(np.array_equal(array_of(input), array_of(other)))
