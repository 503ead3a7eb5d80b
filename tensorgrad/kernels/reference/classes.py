"""Softmax, its logarithm, and the cross entropy of a class."""

from __future__ import annotations

import numpy as np


def cross_entropy(x, classes):
    kept, rows = classes >= 0, np.arange(len(x))
    tops = x.max(axis=1, initial=-np.inf).astype(x.dtype)
    shifted = x - tops[:, None]
    logarithms = np.log(np.exp(shifted).sum(axis=1))
    losses = logarithms - shifted[rows, np.where(kept, classes, 0)] if shifted.size else logarithms
    return np.where(kept, losses, x.dtype.type(0)), np.stack([tops, logarithms], 1)


def cross_entropy_grad(factors, x, classes, norms):
    kept = classes >= 0
    d_x = np.exp(x - norms[:, :1] - norms[:, 1:])
    d_x[np.flatnonzero(kept), classes[kept]] -= 1
    d_x *= factors[:, None]
    d_x[~kept] = 0
    return d_x


def softmax(x, dim):
    y = np.subtract(x, x.max(axis=dim, keepdims=True, initial=-np.inf), out=np.empty_like(x))
    np.exp(y, out=y)
    y /= y.sum(axis=dim, keepdims=True)
    return y


def log_softmax(x, dim):
    y = np.subtract(x, x.max(axis=dim, keepdims=True, initial=-np.inf), out=np.empty_like(x))
    y -= np.log(np.exp(y).sum(axis=dim, keepdims=True))
    return y


def softmax_grad(grad, y, dim):
    weighted = grad * y
    weighted -= y * weighted.sum(axis=dim, keepdims=True)
    return weighted


def log_softmax_grad(grad, y, dim):
    return grad - np.exp(y) * grad.sum(axis=dim, keepdims=True)
