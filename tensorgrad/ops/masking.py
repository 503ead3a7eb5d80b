"""What backward rules with a condition in them need: a gradient where a mask holds, and 0 elsewhere."""

from __future__ import annotations

from tensorgrad.kernels.reference.entrywise import under
from tensorgrad.op import Op
from tensorgrad.ops.promotion import Operand
from tensorgrad.tensor import Tensor

__all__ = ["masked"]


class Masked(Op):
    """y = x where a mask holds, else 0"""

    __slots__ = ()
    keeps = (1,)

    def forward(self, x, mask):
        return under(mask, x)

    def backward(self, grad):
        return masked(grad, self.inputs[0]), None


def masked(grad: Operand, mask: Operand) -> Tensor:
    """`grad` where the bool `mask` holds, else 0."""
    return Masked().apply(grad, mask)
