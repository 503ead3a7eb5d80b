"""The steps of the optimizers, piece by piece of a parameter."""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.reference.pieces import blocks


def descent(p, grad, decay, maximize):
    """What to descend along: `grad`, negated under `maximize`, plus ``decay · p``; without either, `grad` itself."""
    if maximize:
        grad = -grad
    return grad + decay * p if decay else grad


def sgd_step(param, grad, velocity, lr, momentum, dampening, decay, nesterov, maximize, first):
    for p, g, v in blocks(param, grad, velocity):
        g = descent(p, g, decay, maximize)
        if v is not None:
            if first:
                v[...] = g
            else:
                v *= momentum
                v += g if dampening == 0 else (1 - dampening) * g
            g = g + momentum * v if nesterov else v
        p -= lr * g


def adagrad_step(param, grad, total, lr, eps, decay, maximize):
    for p, g, s in blocks(param, grad, total):
        g = descent(p, g, decay, maximize)
        step = g * g
        s += step
        np.sqrt(s, out=step)
        step += eps
        np.divide(g, step, out=step)
        step *= lr
        p -= step


def rmsprop_step(param, grad, square, mean, velocity, lr, alpha, eps, momentum, decay, maximize):
    for p, g, s, m, b in blocks(param, grad, square, mean, velocity):
        g = descent(p, g, decay, maximize)
        d = g * g
        d *= 1 - alpha
        s *= alpha
        s += d
        if m is not None:
            np.subtract(g, m, out=d)
            d *= 1 - alpha
            m += d
            np.multiply(m, m, out=d)
            np.subtract(s, d, out=d)
            np.sqrt(d, out=d)
        else:
            np.sqrt(s, out=d)
        d += eps
        step = np.divide(g, d, out=d)
        if b is not None:
            b *= momentum
            b += step
            np.multiply(b, lr, out=step)
        else:
            step *= lr
        p -= step


def adam_step(param, grad, mean, square, largest, step_size, root, beta1, beta2, eps, decay, shrink, maximize):
    for p, g, m, v, w in blocks(param, grad, mean, square, largest):
        if shrink != 1:
            p *= shrink
        g = descent(p, g, decay, maximize)
        step = g - m
        step *= 1 - beta1
        m += step
        np.multiply(g, g, out=step)
        step *= 1 - beta2
        v *= beta2
        v += step
        np.sqrt(v if w is None else np.maximum(w, v, out=w), out=step)
        step /= root
        step += eps
        np.divide(m, step, out=step)
        step *= step_size
        p -= step
