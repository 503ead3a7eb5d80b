"""Matrix products: BLAS with one thread, and large ones split over the threads of `threads`."""

from __future__ import annotations

import math

import numpy as np

from tensorgrad.kernels import threads
from tensorgrad.kernels.blas import SMALL, one_thread

__all__ = ["matmul"]

LARGE = 1 << 23  # multiplications from which two halves, which BLAS repacks each for itself, are faster than the whole


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``np.matmul(a, b)``.

    Example
        >>> matmul(np.ones((2, 3)), np.ones(3))
        array([3., 3.])
    """
    if a.ndim == 2 and b.ndim == 2:
        return matmul_2d(a, b)
    if a.ndim < 2 or b.ndim < 2 or a.dtype != b.dtype or a.dtype.kind != "f":
        return whole(a, b, a.size * b.size)
    many, work, n = math.prod(a.shape[:-2]), a.shape[-2] * a.shape[-1] * b.shape[-1], b.shape[-1]
    if a.shape[:-2] != b.shape[:-2] or work * many < LARGE:
        return whole(a, b, work)
    y = np.empty((*a.shape[:-1], n), a.dtype)
    threads.run(lambda i, j: np.matmul(a[i:j], b[i:j], out=y[i:j]), len(a), work * many, matmul=True)
    return y


def matmul_2d(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of two matrices."""
    (m, k), n = a.shape, b.shape[1]
    work = m * k * n
    if k == 1:
        return a * b  # a quarter of the time
    if work <= SMALL:
        return a.dot(b)  # half the time of np.matmul
    if work < LARGE or a.dtype != b.dtype or a.dtype.kind != "f":
        return whole(a, b, work)
    y = np.empty((m, n), a.dtype)
    if m >= n:
        threads.run(lambda i, j: np.matmul(a[i:j], b, out=y[i:j]), m, work, matmul=True)
    else:
        threads.run(lambda i, j: np.matmul(a, b[:, i:j], out=y[:, i:j]), n, work, matmul=True)
    return y


def whole(a: np.ndarray, b: np.ndarray, work: int) -> np.ndarray:
    """The product in this thread."""
    if work <= SMALL:
        return np.matmul(a, b)
    with one_thread:
        return np.matmul(a, b)
