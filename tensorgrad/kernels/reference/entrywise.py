"""Kernels that work entry by entry."""

from __future__ import annotations

import numpy as np

INTEGER = {2: np.int16, 4: np.int32, 8: np.int64}
FEW = 256  # entries up to which one call is cheaper than several
ZERO = {kind: np.zeros((), kind) for kind in "efd"}  # by the dtype's letter: NumPy is slow at making one of a Python number


def add(a, b):
    return a + b


def copy(x):
    return x.copy("K")


def multiply(a, b):
    return a * b


def relu(x):
    return np.maximum(x, ZERO.get(x.dtype.char, 0))


def relu_grad(grad, y, reuse=False):
    zero = ZERO[y.dtype.char]
    if y.size <= FEW and grad.shape == y.shape != ():  # without axes NumPy gives scalars, which cannot be written to
        x_grad = grad.copy("K")  # these two calls take less time than np.where
        x_grad[y == zero] = zero
        return x_grad
    return under(y != zero, grad)


def dropout(x, mask, scale):
    y = x * mask
    y *= scale
    return y


def under(mask: np.ndarray, x: np.ndarray) -> np.ndarray:
    """`x` where `mask` holds, else 0."""
    if x.size <= FEW or x.shape != mask.shape:
        return np.where(mask, x, ZERO[x.dtype.char])
    # Bits and bits, all 1 or all 0: a tenth of the time of np.where on a mask without pattern, and NaN and infinity
    # under a False become 0.
    integer = INTEGER[x.dtype.itemsize]
    return np.bitwise_and(np.negative(mask.view(np.int8)), x.view(integer)).view(x.dtype)


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
