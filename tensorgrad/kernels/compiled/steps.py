"""The steps of the optimizers, each in one pass over the parameter, its gradient and its buffers.

They round as the reference does, operation by operation, so that results are the same to the bit, whatever the number
of threads.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Callable

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.entrywise import dense, same_order
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.reference import steps as reference

FEW = 128     # entries up to which NumPy's calls are the cheaper ones
BLOCK = 2048  # entries that go through several loops in the first-level cache
COST = 4      # moves that an entry takes as long as


def sgd_step(param, grad, velocity, lr, momentum, dampening, decay, nesterov, maximize, first):
    if velocity is None:
        done = split(descend, (param, grad), (lr, decay), (maximize,))
    else:
        done = split(descend_with_momentum, (param, grad, velocity), (lr, momentum, 1 - dampening, decay),
                     (nesterov, maximize, first))
    if not done:
        reference.sgd_step(param, grad, velocity, lr, momentum, dampening, decay, nesterov, maximize, first)


def adagrad_step(param, grad, total, lr, eps, decay, maximize):
    if not split(adagrad, (param, grad, total), (lr, eps, decay), (maximize,)):
        reference.adagrad_step(param, grad, total, lr, eps, decay, maximize)


def rmsprop_step(param, grad, square, mean, velocity, lr, alpha, eps, momentum, decay, maximize):
    arrays = (param, grad, square, square if mean is None else mean, square if velocity is None else velocity)
    if not split(rmsprop, arrays, (lr, alpha, 1 - alpha, eps, momentum, decay),
                 (mean is not None, velocity is not None, maximize)):
        reference.rmsprop_step(param, grad, square, mean, velocity, lr, alpha, eps, momentum, decay, maximize)


def adam_step(param, grad, mean, square, largest, step_size, root, beta1, beta2, eps, decay, shrink, maximize):
    arrays = (param, grad, mean, square, square if largest is None else largest)
    if not split(adam, arrays, (step_size, root, 1 - beta1, beta2, 1 - beta2, eps, decay, shrink),
                 (largest is not None, maximize)):
        reference.adam_step(param, grad, mean, square, largest, step_size, root, beta1, beta2, eps, decay, shrink, maximize)


def split(kernel: Callable[..., None], arrays: tuple[np.ndarray, ...], numbers: tuple[float, ...],
          flags: tuple[bool, ...]) -> bool:
    """``kernel(parts, size, *arrays, *numbers, *flags)``, the arrays as rows; False if that cannot be or does not pay.

    A gradient that lies in another order than its parameter is copied into that order.
    """
    param, grad, *buffers = arrays
    size = param.size
    if size <= FEW or not all([a.flags.writeable for a in (param, *buffers)]):
        return False
    if all([a.flags.c_contiguous for a in arrays]):
        rows = [a.reshape(-1) for a in arrays]
    elif dense(param) and all([same_order(b, param) for b in buffers]):
        if not (same_order(grad, param) and dense(grad)):
            ordered = np.empty_like(param)
            ordered[...] = grad
            grad = ordered
        rows = [a.ravel("K") for a in (param, grad, *buffers)]
    else:
        return False
    kernel(slices(size, COST * size), size, *rows, *rounded(numbers, param.dtype), *flags)
    return True


@lru_cache(maxsize=4)
def rounded(numbers: tuple[float, ...], dtype: np.dtype) -> list[Any]:
    """The numbers in that dtype: the same ones for every parameter of a group, and often for every step."""
    return [dtype.type(n) for n in numbers]


@jit
def descent(p, g, decay, maximize):
    g = -g if maximize else g
    return g + decay * p if decay != 0 else g


@shared
@jit
def descend(start, stop, slice, param, grad, lr, decay, maximize):
    param, grad = param[start:stop], grad[start:stop]
    for i in range(param.size):
        p = param[i]
        param[i] = p - lr * descent(p, grad[i], decay, maximize)


@shared
@jit
def descend_with_momentum(start, stop, slice, param, grad, velocity, lr, momentum, share, decay, nesterov, maximize, first):
    param, grad, velocity = param[start:stop], grad[start:stop], velocity[start:stop]
    for i in range(param.size):
        p = param[i]
        g = descent(p, grad[i], decay, maximize)
        v = g if first else velocity[i] * momentum + share * g
        velocity[i] = v
        param[i] = p - lr * (g + momentum * v if nesterov else v)


@shared
@jit
def adagrad(start, stop, slice, param, grad, total, lr, eps, decay, maximize):
    param, grad, total = param[start:stop], grad[start:stop], total[start:stop]
    for i in range(param.size):
        p = param[i]
        g = descent(p, grad[i], decay, maximize)
        s = total[i] + g * g
        total[i] = s
        param[i] = p - g / (np.sqrt(s) + eps) * lr


@shared
@jit
def rmsprop(start, stop, slice, param, grad, square, mean, velocity, lr, alpha, rest, eps, momentum, decay, centered, moving,
            maximize):
    param, grad = param[start:stop], grad[start:stop]
    square, mean, velocity = square[start:stop], mean[start:stop], velocity[start:stop]
    gradients, divisors = np.empty(BLOCK, param.dtype), np.empty(BLOCK, param.dtype)
    for first in range(0, param.size, BLOCK):
        p, s = param[first:first + BLOCK], square[first:first + BLOCK]
        m, b, d_p = mean[first:first + BLOCK], velocity[first:first + BLOCK], grad[first:first + BLOCK]
        for i in range(p.size):
            g = descent(p[i], d_p[i], decay, maximize)
            gradients[i] = g
            s[i] = s[i] * alpha + g * g * rest
        if centered:
            for i in range(p.size):
                average = m[i] + (gradients[i] - m[i]) * rest
                m[i] = average
                divisors[i] = np.sqrt(s[i] - average * average) + eps
        else:
            for i in range(p.size):
                divisors[i] = np.sqrt(s[i]) + eps
        if moving:
            for i in range(p.size):
                step = b[i] * momentum + gradients[i] / divisors[i]
                b[i] = step
                p[i] -= step * lr
        else:
            for i in range(p.size):
                p[i] -= gradients[i] / divisors[i] * lr


@shared
@jit
def adam(start, stop, slice, param, grad, mean, square, largest, step_size, root, rest1, beta2, rest2, eps, decay, shrink,
         amsgrad, maximize):
    param, grad = param[start:stop], grad[start:stop]
    mean, square, largest = mean[start:stop], square[start:stop], largest[start:stop]
    if not amsgrad:
        for i in range(param.size):
            p = param[i] * shrink
            g = descent(p, grad[i], decay, maximize)
            m = mean[i] + (g - mean[i]) * rest1
            v = square[i] * beta2 + g * g * rest2
            mean[i] = m
            square[i] = v
            param[i] = p - m / (np.sqrt(v) / root + eps) * step_size
    else:
        for i in range(param.size):
            p = param[i] * shrink
            g = descent(p, grad[i], decay, maximize)
            m = mean[i] + (g - mean[i]) * rest1
            v = square[i] * beta2 + g * g * rest2
            w = largest[i]
            w = w if w > v or w != w else v
            mean[i] = m
            square[i] = v
            largest[i] = w
            param[i] = p - m / (np.sqrt(w) / root + eps) * step_size
