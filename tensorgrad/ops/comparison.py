"""Comparisons and logic, entry by entry.  Results are bool tensors and carry no gradient."""

from __future__ import annotations

import numpy as np

from tensorgrad.errors import DtypeError, message
from tensorgrad.op import Op
from tensorgrad.ops.promotion import Operand, align
from tensorgrad.tensor import Tensor

__all__ = ["eq", "ne", "lt", "le", "gt", "ge", "not_equal", "less", "less_equal", "greater", "greater_equal",
           "isnan", "isinf", "isfinite",
           "logical_not", "logical_and", "logical_or", "logical_xor",
           "bitwise_not", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"]


class Compare(Op):
    """y = a ⋈ b for one of NumPy's comparing or testing functions"""

    __slots__ = ("function",)
    differentiable = False

    def __init__(self, function: np.ufunc):
        self.function = function

    def forward(self, *operands):
        return self.function(*operands)


def eq(input: Operand, other: Operand) -> Tensor:
    """True where the operands are equal.

    Example
        >>> eq(Tensor([1, 2]), 2)
        tensor([False,  True])
    """
    return Compare(np.equal).apply(*align("eq", input, other))


def ne(input: Operand, other: Operand) -> Tensor:
    """True where the operands differ."""
    return Compare(np.not_equal).apply(*align("ne", input, other))


def lt(input: Operand, other: Operand) -> Tensor:
    """True where `input` < `other`."""
    return Compare(np.less).apply(*align("lt", input, other))


def le(input: Operand, other: Operand) -> Tensor:
    """True where `input` ≤ `other`."""
    return Compare(np.less_equal).apply(*align("le", input, other))


def gt(input: Operand, other: Operand) -> Tensor:
    """True where `input` > `other`."""
    return Compare(np.greater).apply(*align("gt", input, other))


def ge(input: Operand, other: Operand) -> Tensor:
    """True where `input` ≥ `other`."""
    return Compare(np.greater_equal).apply(*align("ge", input, other))


not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge


def isnan(input: Operand) -> Tensor:
    """True where `input` is not a number."""
    return Compare(np.isnan).apply(input)


def isinf(input: Operand) -> Tensor:
    """True where `input` is infinite."""
    return Compare(np.isinf).apply(input)


def isfinite(input: Operand) -> Tensor:
    """True where `input` is neither infinite nor NaN."""
    return Compare(np.isfinite).apply(input)


def logical_not(input: Operand) -> Tensor:
    """True where `input` is 0 or False."""
    return Compare(np.logical_not).apply(input)


def logical_and(input: Operand, other: Operand) -> Tensor:
    """True where both operands are true."""
    return Compare(np.logical_and).apply(input, other)


def logical_or(input: Operand, other: Operand) -> Tensor:
    """True where at least one operand is true."""
    return Compare(np.logical_or).apply(input, other)


def logical_xor(input: Operand, other: Operand) -> Tensor:
    """True where exactly one operand is true."""
    return Compare(np.logical_xor).apply(input, other)


# -- bits --------------------------------------------------------------------------------------------------------------


def bitwise(who: str, function: np.ufunc, *operands: Operand) -> Tensor:
    """`function` of the bits of integer or bool operands.

    Raises
        DtypeError   for float operands, which have no bits to speak of
    """
    if any(getattr(o, "dtype", np.asarray(o).dtype).kind == "f" for o in operands):
        raise DtypeError(message(who, "only integer and bool tensors have bits", dict(zip(("input", "other"), operands)),
                                 "Compare first (x > 0), or convert with .long()."))
    return Compare(function).apply(*operands)


def bitwise_not(input: Operand) -> Tensor:
    """Every bit inverted; of bools their negation: ``~mask``.

    Example
        >>> bitwise_not(Tensor([True, False]))
        tensor([False,  True])
    """
    return bitwise("bitwise_not", np.invert, input)


def bitwise_and(input: Operand, other: Operand) -> Tensor:
    """Bit by bit `input` and `other`: ``mask & mask``.

    Example
        >>> bitwise_and(Tensor([6, 3]), 2)
        tensor([2, 2])
    """
    return bitwise("bitwise_and", np.bitwise_and, *align("bitwise_and", input, other))


def bitwise_or(input: Operand, other: Operand) -> Tensor:
    """Bit by bit `input` or `other`: ``mask | mask``."""
    return bitwise("bitwise_or", np.bitwise_or, *align("bitwise_or", input, other))


def bitwise_xor(input: Operand, other: Operand) -> Tensor:
    """Bit by bit either `input` or `other`: ``mask ^ mask``."""
    return bitwise("bitwise_xor", np.bitwise_xor, *align("bitwise_xor", input, other))


def bitwise_left_shift(input: Operand, other: Operand) -> Tensor:
    """The bits of `input` moved `other` places up, ``input << other``: times 2 to the power of `other`, without the bits
    that leave; 0 for places below 0 or beyond the integer's size.

    Raises
        DtypeError   for float and bool operands

    Example
        >>> bitwise_left_shift(Tensor([1, 3]), 2)
        tensor([ 4, 12])
    """
    return shifted("bitwise_left_shift", np.left_shift, input, other)


def bitwise_right_shift(input: Operand, other: Operand) -> Tensor:
    """The bits of `input` moved `other` places down, ``input >> other``: divided by 2 to the power of `other`, rounded down.

    Raises
        DtypeError   for float and bool operands

    Example
        >>> bitwise_right_shift(Tensor([4, -3]), 1)
        tensor([ 2, -2])
    """
    return shifted("bitwise_right_shift", np.right_shift, input, other)


def shifted(who: str, function: np.ufunc, input: Operand, other: Operand) -> Tensor:
    """`function` of integers that are aligned."""
    operands = align(who, input, other)
    if any(getattr(operand, "dtype", None) == bool for operand in operands):
        raise DtypeError(message(who, "bool operands have no places to move to", {"input": input, "other": other},
                                 "Convert with .long()."))
    return bitwise(who, function, *operands)
