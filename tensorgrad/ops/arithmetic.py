"""Arithmetic entry by entry, with NumPy broadcasting.  The engine undoes the broadcasting of gradients, not the rules."""

from __future__ import annotations

import numpy as np

from tensorgrad import dtypes, kernels
from tensorgrad.errors import ArgumentError, DtypeError, message
from tensorgrad.memory_formats import MemoryFormat, contiguous_format, preserve_format
from tensorgrad.ops.elementwise import Binary, Unary
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand, align, align_floats, array_of
from tensorgrad.tensor import Tensor

__all__ = ["add", "sub", "rsub", "mul", "div", "floor_divide", "neg", "clone",
           "subtract", "multiply", "divide", "true_divide", "negative"]

LARGE = 1 << 16  # entries from which a sum or a product is worth splitting over threads


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
    return Add().apply(input, other if alpha == 1 else scaled("add", input, other, alpha))


def scaled(who: str, input: Operand, other: Operand, alpha: float) -> Operand:
    """`alpha` · `other`; a factor of a higher category than both operands raises a DtypeError, as in PyTorch."""
    kinds = [o.dtype.kind if hasattr(o, "dtype") else np.asarray(o).dtype.kind for o in (input, other)]
    if dtypes.RANK[np.asarray(alpha).dtype.kind] > max(dtypes.RANK[kind] for kind in kinds if kind in dtypes.RANK):
        raise DtypeError(message(who, f"alpha={alpha} for {' and '.join(dict.fromkeys(kinds))} operands", {
            "input": input, "other": other}, "Use an alpha of the operands' kind, or convert one with .float()."))
    return mul(other, alpha)


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
    a, b = align("sub", input, other if alpha == 1 else scaled("sub", input, other, alpha))
    if getattr(a, "dtype", None) == dtypes.bool_ and getattr(b, "dtype", dtypes.bool_) == dtypes.bool_:
        raise DtypeError(message("sub", "bool tensors cannot be subtracted", {"input": a, "other": b},
                                 "Use logical_xor, or convert to an integer dtype."))
    return Sub().apply(a, b)


subtract = sub


def rsub(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """`other` - `alpha` · `input`.

    Raises
        DtypeError   as sub

    Example
        >>> rsub(Tensor([1.0, 2.0]), 3)
        tensor([2., 1.])
    """
    return sub(other, input, alpha=alpha)


class Mul(Binary):
    """y = a · b"""

    __slots__ = ()
    keeps = (0, 1)

    def forward(self, a, b):
        if a.__class__ is np.ndarray and a.size > LARGE:
            return kernels.active().multiply(a, b)
        return a * b

    def backward(self, grad):
        a, b = self.inputs
        source_a, source_b = self.sources
        if grad.__class__ is np.ndarray and grad.size > LARGE:
            return None if source_a is None else times(grad, b, a), None if source_b is None else times(grad, a, b)
        return None if source_a is None else grad * b, None if source_b is None else grad * a


def times(grad: np.ndarray, other: np.ndarray, operand: np.ndarray) -> np.ndarray:
    """`grad` · `other`, summed to the shape of the operand whose gradient it is."""
    if grad.shape != operand.shape and grad.shape == other.shape:
        return kernels.active().sum_of_products(grad, other, operand.shape)
    return kernels.active().multiply(grad, other)


def mul(input: Operand, other: Operand) -> Tensor:
    """`input` · `other`, entry by entry.

    Example
        >>> mul(Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
        tensor([3., 8.])
    """
    return Mul().apply(input, other)


multiply = mul


class Div(Binary):
    """y = a / b"""

    __slots__ = ()
    keeps = (0, 1)

    def forward(self, a, b):
        return a / b

    def backward(self, grad):
        a, b = self.inputs
        grad_a = grad / b
        return grad_a, None if self.sources[1] is None else -grad_a * a / b

    def aligned(self, a, b):
        return align_floats(self.name, a, b)


def div(input: Operand, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
    """`input` / `other`; integers give the default float.

    `rounding_mode` "floor" or "trunc" rounds the quotient, keeps integers integer, and has the gradient 0.

    Raises
        ArgumentError   an integer divided by 0 and rounded; another `rounding_mode`
        DtypeError      bool operands and a `rounding_mode`

    Example
        >>> div(Tensor([1, 2]), 2)
        tensor([0.5, 1. ])
    """
    if rounding_mode is not None:
        a, b = align("div", input, other)
        refuse_zero("div", a, b)
        return DivRounded(rounding_mode).apply(a, b)
    if not isinstance(input, Tensor) or input.array.dtype.kind != "f":
        input, other = align_floats("div", input, other)
    return Div().apply(input, other)


divide = true_divide = div


def refuse_zero(who: str, a: Operand, b: Operand) -> None:
    """Raise for integers divided by 0, which have no result, and for bools, which have no quotient."""
    kinds = {o.dtype.kind if hasattr(o, "dtype") else np.asarray(o).dtype.kind for o in (a, b)}
    if kinds == {"b"}:
        raise DtypeError(message(who, "is not defined for bool tensors", {"input": a, "other": b}, "Convert with .long()."))
    if "f" not in kinds and np.any(array_of(b) == 0):
        raise ArgumentError(message(who, "an integer is divided by 0", {"input": a, "other": b},
                                    "Convert with .float(), where the result is infinite or NaN, or mask the zeros."))


class DivRounded(Binary):
    """y = a / b rounded down ("floor") or towards zero ("trunc"); its gradient is 0"""

    __slots__ = ("rounding_mode",)

    def __init__(self, rounding_mode: str):
        if rounding_mode not in ("floor", "trunc"):
            raise ArgumentError(f"div: rounding_mode={rounding_mode!r} is unknown.\n  Use None, 'floor' or 'trunc'.")
        self.rounding_mode = rounding_mode

    def forward(self, a, b):
        if self.rounding_mode == "floor":
            return a // b
        if np.result_type(a, b).kind == "f":
            return np.trunc(a / b)
        down = a // b
        return down + ((down < 0) & (down * b != a))  # exact, where a / b would be rounded to 53 bits

    def backward(self, grad):
        nowhere = np.zeros(grad.shape, bool)
        return masked(grad, nowhere), masked(grad, nowhere)


def floor_divide(input: Operand, other: Operand) -> Tensor:
    """`input` / `other` rounded down; its gradient is 0.

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

    Raises
        DtypeError   for a bool tensor, as NumPy and PyTorch do

    Example
        >>> neg(Tensor([1.0, -2.0]))
        tensor([-1.,  2.])
    """
    if getattr(input, "dtype", None) == dtypes.bool_:
        raise DtypeError(message("neg", "a bool tensor has no sign", {"input": input},
                                 "Use ~mask, or convert with .long()."))
    return Neg().apply(input)


negative = neg


class Clone(Unary):
    """y = a copy of x"""

    __slots__ = ()

    def forward(self, x):
        return x.copy(order="K") if x.size <= LARGE else kernels.active().copy(x)

    def backward(self, grad):
        return grad


class Contiguous(Clone):
    """y = a copy of x in the given order in memory"""

    __slots__ = ("memory_format",)

    def __init__(self, memory_format: MemoryFormat = contiguous_format):
        self.memory_format = memory_format

    def forward(self, x):
        return self.memory_format.laid_out(x)


def clone(input: Operand, *, memory_format: MemoryFormat = preserve_format) -> Tensor:
    """A copy of `input` in memory of its own, in that order, still in the graph.

    Example
        >>> x = Tensor([1.0], requires_grad=True)
        >>> y = clone(x); y.array is x.array, y.requires_grad
        (False, True)
    """
    return (Clone() if memory_format is preserve_format else Contiguous(memory_format)).apply(input)


def no_view(result: Operand, input: Operand) -> Operand:
    """`result`, copied if it lies in the memory of `input`: of what is no view in PyTorch."""
    if isinstance(result, Tensor) and result.memory is not None and result.memory is input.memory:
        return clone(result)
    return result
