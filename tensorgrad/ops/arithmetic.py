"""Arithmetic entry by entry, with NumPy broadcasting.  The engine undoes the broadcasting of gradients, not the rules."""

from __future__ import annotations

import numpy as np

from tensorgrad import dtypes, kernels
from tensorgrad.errors import ArgumentError, DtypeError, message
from tensorgrad.op import Op
from tensorgrad.ops.elementwise import Binary, Unary
from tensorgrad.ops.promotion import Operand, align, as_float
from tensorgrad.tensor import Tensor

__all__ = ["add", "sub", "mul", "div", "floor_divide", "neg", "clone"]

LARGE = 1 << 16  # entries from which a sum is worth splitting over threads


class Add(Binary):
    """y = a + b"""

    __slots__ = ()

    def forward(self, a, b):
        if b.__class__ is np.ndarray and b.size > LARGE:
            return kernels.active().add(b, a)
        return a + b

    def backward(self, grad):
        return grad, grad


def add(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """`input` + `alpha` · `other`.

    Example
        >>> add(Tensor([1.0, 2.0]), 10)
        tensor([11., 12.])
    """
    return Add().apply(input, other if alpha == 1 else mul(other, alpha))


class Sub(Binary):
    """y = a - b"""

    __slots__ = ()

    def forward(self, a, b):
        return a - b

    def backward(self, grad):
        return grad, -grad


def sub(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """`input` - `alpha` · `other`.

    Raises
        DtypeError   for two bool tensors, as NumPy and PyTorch do

    Example
        >>> sub(Tensor([1.0, 2.0]), 1)
        tensor([0., 1.])
    """
    a, b = align("sub", input, other if alpha == 1 else mul(other, alpha))
    if getattr(a, "dtype", None) == dtypes.bool_ and getattr(b, "dtype", dtypes.bool_) == dtypes.bool_:
        raise DtypeError(message("sub", "bool tensors cannot be subtracted", {"input": a, "other": b},
                                 "Use logical_xor, or convert to an integer dtype."))
    return Sub().apply(a, b)


class Mul(Binary):
    """y = a · b"""

    __slots__ = ()
    keeps = (0, 1)

    def forward(self, a, b):
        return a * b

    def backward(self, grad):
        a, b = self.inputs
        source_a, source_b = self.sources
        return None if source_a is None else grad * b, None if source_b is None else grad * a


def mul(input: Operand, other: Operand) -> Tensor:
    """`input` · `other`, entry by entry.

    Example
        >>> mul(Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
        tensor([3., 8.])
    """
    return Mul().apply(input, other)


class Div(Binary):
    """y = a / b"""

    __slots__ = ()
    keeps = (0, 1)

    def forward(self, a, b):
        return a / b

    def backward(self, grad):
        a, b = self.inputs
        grad_a = grad / b
        return grad_a, -grad_a * a / b if self.needs(1) else None


def div(input: Operand, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
    """`input` / `other`; integers give the default float.

    `rounding_mode` "floor" or "trunc" rounds the quotient and has no gradient.

    Example
        >>> div(Tensor([1, 2]), 2)
        tensor([0.5, 1. ])
    """
    a, b = align("div", input, other)
    if rounding_mode is not None:
        return DivRounded(rounding_mode).apply(a, b)
    return Div().apply(as_float(a), as_float(b))


class DivRounded(Op):
    """y = a / b rounded down ("floor") or towards zero ("trunc")"""

    __slots__ = ("rounding_mode",)
    differentiable = False

    def __init__(self, rounding_mode: str):
        if rounding_mode not in ("floor", "trunc"):
            raise ArgumentError(f"div: rounding_mode={rounding_mode!r} is unknown.\n  Use None, 'floor' or 'trunc'.")
        self.rounding_mode = rounding_mode

    def forward(self, a, b):
        if self.rounding_mode == "floor":
            return a // b
        quotient = np.trunc(a / b)
        return quotient.astype(np.result_type(a, b), copy=False)


def floor_divide(input: Operand, other: Operand) -> Tensor:
    """`input` / `other` rounded down; no gradient.

    Example
        >>> floor_divide(Tensor([7, -7]), 2)
        tensor([ 3, -4])
    """
    return div(input, other, rounding_mode="floor")


class Neg(Unary):
    """y = -x"""

    __slots__ = ()

    def forward(self, x):
        return -x

    def backward(self, grad):
        return -grad


def neg(input: Operand) -> Tensor:
    """-`input`.

    Example
        >>> neg(Tensor([1.0, -2.0]))
        tensor([-1.,  2.])
    """
    return Neg().apply(input)


class Clone(Unary):
    """y = a copy of x"""

    __slots__ = ()

    def forward(self, x):
        return x.copy(order="K")

    def backward(self, grad):
        return grad


def clone(input: Operand) -> Tensor:
    """A copy of `input` in memory of its own, still in the graph.

    Example
        >>> x = Tensor([1.0], requires_grad=True)
        >>> y = clone(x); y.array is x.array, y.requires_grad
        (False, True)
    """
    return Clone().apply(input)
