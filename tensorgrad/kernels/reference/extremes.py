"""Largest and smallest entries over axes, where they are, and who shares their gradient."""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.reference.sums import add_up


def extreme(x, axes, keepdims, smallest):
    return x.min(axis=axes, keepdims=keepdims) if smallest else x.max(axis=axes, keepdims=keepdims)


def extreme_index(x, axis, smallest):
    return np.argmin(x, axis, keepdims=True) if smallest else np.argmax(x, axis, keepdims=True)


def extreme_grad(grad, x, y, among_nan):
    wins = x == y
    if among_nan:
        wins |= np.isnan(x) & np.isnan(y)
    number = add_up(wins.astype(x.dtype), reduced_axes(x, y), True)
    return grad / number * wins


def reduced_axes(x: np.ndarray, y: np.ndarray) -> tuple[int, ...]:
    """The axes over which y, of as many axes, is a reduction of x."""
    return tuple([i for i, (n, m) in enumerate(zip(x.shape, y.shape)) if n != m])
