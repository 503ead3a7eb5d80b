"""Arithmetic of three operands, entry by entry: between two values, and a multiple of a product or quotient added."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import DtypeError, message
from tensorgrad.op import Op
from tensorgrad.ops.arithmetic import add, div, mul
from tensorgrad.ops.promotion import Operand, check_broadcast, only_floats, to
from tensorgrad.tensor import Tensor

__all__ = ["lerp", "addcmul", "addcdiv"]


class Lerp(Op):
    """y = a + w · (b - a)"""

    __slots__ = ()
    keeps = (0, 1, 2)

    def forward(self, a, b, w):
        # From the nearer end, so that w = 0 gives a and w = 1 gives b exactly.
        difference = b - a
        return np.where(np.abs(w) < 0.5, a + w * difference, b - difference * (1 - w))

    def backward(self, grad):
        a, b, w = self.inputs
        return grad * (1 - w), grad * w, grad * (b - a) if self.needs(2) else None


def lerp(input: Operand, end: Operand, weight: Operand) -> Tensor:
    """`input` + `weight` · (`end` - `input`): at weight 0 `input`, at 1 `end`, exactly.

    Raises
        DtypeError   integer or bool tensors; operands of different dtypes

    Example
        >>> lerp(Tensor([0.0, 10.0]), Tensor([10.0, 20.0]), 0.25)
        tensor([ 2.5, 12.5])
    """
    operands = {"input": input, "end": end, "weight": weight}
    only_floats("lerp", **operands)
    if isinstance(weight, Tensor) and isinstance(input, Tensor) and not weight.ndim:
        weight = to(weight, input.dtype)
    dtypes = {o.dtype for o in (input, end, weight) if hasattr(o, "dtype")}
    if len(dtypes) > 1:
        raise DtypeError(message("lerp", "the operands have different dtypes", operands, "Convert them to one with .to()."))
    if not isinstance(weight, (Tensor, np.ndarray)):
        weight = np.asarray(weight, input.dtype)
    check_broadcast("lerp", **operands)
    return Lerp().apply(input, end, weight)


def addcmul(input: Operand, tensor1: Operand, tensor2: Operand, *, value: float = 1) -> Tensor:
    """`input` + `value` · `tensor1` · `tensor2`.

    Raises
        DtypeError   bool tensors; a float `value` for integer tensors, which PyTorch cuts to an integer

    Example
        >>> addcmul(Tensor([1.0]), Tensor([2.0]), Tensor([3.0]), value=10)
        tensor([61.])
    """
    operands = check_three("addcmul", input, tensor1, tensor2)
    if isinstance(value, float) and not any(kind_of(o) == "f" for o in operands.values()):
        raise DtypeError(message("addcmul", f"value={value} for integer tensors", operands,
                                 "Use an integer, or convert a tensor with .float()."))
    product = mul(tensor1, tensor2)
    return add(input, product if value == 1 else product * value)


def addcdiv(input: Operand, tensor1: Operand, tensor2: Operand, *, value: float = 1) -> Tensor:
    """`input` + `value` · `tensor1` / `tensor2`.

    Raises
        DtypeError   bool tensors; two integer tensors to divide, as in PyTorch

    Example
        >>> addcdiv(Tensor([1.0]), Tensor([3.0]), Tensor([2.0]), value=2)
        tensor([4.])
    """
    operands = check_three("addcdiv", input, tensor1, tensor2)
    if kind_of(tensor1) != "f" and kind_of(tensor2) != "f":
        raise DtypeError(message("addcdiv", "integer tensors cannot be divided here", operands,
                                 "Convert one with .float(), or use div(..., rounding_mode='trunc') and add."))
    return add(input, div(tensor1 if value == 1 else mul(tensor1, value), tensor2))


def kind_of(x: Any) -> str:
    """The letter of NumPy for what kind of numbers `x` holds."""
    return np.asarray(x).dtype.kind if not hasattr(x, "dtype") else x.dtype.kind


def check_three(who: str, input: Operand, tensor1: Operand, tensor2: Operand) -> dict[str, Operand]:
    """The operands by name, after a check that they are not all bool and that their shapes broadcast."""
    operands = {"input": input, "tensor1": tensor1, "tensor2": tensor2}
    if all(kind_of(o) == "b" for o in operands.values()):
        raise DtypeError(message(who, "is not defined for bool tensors", operands, "Use logical_and and logical_or."))
    check_broadcast(who, **operands)
    return operands
