"""Functions of one number and their gradients, entry by entry: what each name of `contract.FORMULAS` does, in NumPy."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from tensorgrad.kernels.reference.entrywise import relu_grad, selected, under
from tensorgrad.kernels.reference.error_function import complement, error, in_slices

__all__ = ["FORMULAS", "SHORT", "gradients_of_few", "unary", "unary_grad", "deviation", "deviation_grad"]

Array = np.ndarray
ROOT_HALF, ROOT_2_BY_PI, TWO_BY_ROOT_PI = 0.7071067811865476, 0.7978845608028654, 1.1283791670955126

ONE = {kind: np.ones((), kind) for kind in "efd"}  # by the dtype's letter: NumPy is slow at making one of a Python number


def unary(x, formula, *numbers):
    return FORMULAS[formula][0](x, *numbers)


def unary_grad(grad, x, formula, *numbers):
    return FORMULAS[formula][1](grad, x, *numbers)


def deviation(x, target, formula, *numbers):
    return np.add.reduce(unary(x - target, formula, *numbers), axis=None)


def deviation_grad(x, target, factor, formula, *numbers):
    difference = x - target
    return unary_grad(difference.dtype.type(factor), difference, formula, *numbers)


# -- sigmoid and its relatives -----------------------------------------------------------------------------------------


def sigmoid(x: Array) -> Array:
    y = np.negative(x, out=np.empty_like(x))
    np.exp(y, out=y)
    y += 1
    return np.reciprocal(y, out=y)


def sigmoid_grad(grad: Array, y: Array) -> Array:
    return grad * (y * (1 - y))


def log_one_plus_exp(x: Array) -> Array:
    """log(1 + eˣ), without overflow."""
    y = np.abs(x, out=np.empty_like(x))
    np.negative(y, out=y)
    np.exp(y, out=y)
    np.log1p(y, out=y)
    y += np.maximum(x, 0)
    return y


def logsigmoid(x: Array) -> Array:
    return -log_one_plus_exp(-x)


def logsigmoid_grad(grad: Array, x: Array) -> Array:
    return grad * sigmoid(-x)


def softplus(x: Array, beta: float, threshold: float) -> Array:
    scaled = x * beta
    return selected(scaled > threshold, x, log_one_plus_exp(scaled) / beta)


def softplus_grad(grad: Array, x: Array, beta: float, threshold: float) -> Array:
    scaled = x * beta
    return selected(scaled > threshold, grad, grad * sigmoid(scaled))


def silu(x: Array) -> Array:
    return x * sigmoid(x)


def silu_grad(grad: Array, x: Array) -> Array:
    s = sigmoid(x)
    return grad * (s * (x * (1 - s) + 1))


def mish(x: Array) -> Array:
    return x * np.tanh(log_one_plus_exp(x))


def mish_grad(grad: Array, x: Array) -> Array:
    t = np.tanh(log_one_plus_exp(x))
    return grad * (t + x * sigmoid(x) * (1 - t * t))


# -- exponentials and the normal law -----------------------------------------------------------------------------------


def exp(x: Array) -> Array:
    return np.exp(x)


def exp_grad(grad: Array, y: Array) -> Array:
    return grad * y


def tanh(x: Array) -> Array:
    return np.tanh(x)


def tanh_grad(grad: Array, y: Array) -> Array:
    return grad * (ONE[y.dtype.char] - y * y)


def tanhshrink(x: Array) -> Array:
    return x - np.tanh(x)


def tanhshrink_grad(grad: Array, x: Array) -> Array:
    t = np.tanh(x)
    return grad * (t * t)


def erf(x: Array) -> Array:
    return in_slices(error, x)


def erf_grad(grad: Array, x: Array) -> Array:
    return grad * np.exp(-x * x) * TWO_BY_ROOT_PI


def erfc(x: Array) -> Array:
    return in_slices(complement, x)


def erfc_grad(grad: Array, x: Array) -> Array:
    return grad * np.exp(-x * x) * -TWO_BY_ROOT_PI


def gelu(x: Array) -> Array:
    return x * (in_slices(complement, x * -ROOT_HALF) * 0.5)


def gelu_grad(grad: Array, x: Array) -> Array:
    below = in_slices(complement, x * -ROOT_HALF) * 0.5
    return grad * (below + x * np.exp(x * x * -0.5) * (0.5 * ROOT_2_BY_PI))


def gelu_tanh(x: Array) -> Array:
    return x * sigmoid(x * (x * x * 0.044715 + 1) * (2 * ROOT_2_BY_PI))  # (1 + tanh u) / 2 is the sigmoid of 2u


def gelu_tanh_grad(grad: Array, x: Array) -> Array:
    square = x * x
    s = sigmoid(x * (square * 0.044715 + 1) * (2 * ROOT_2_BY_PI))
    slope = (square * (3 * 0.044715) + 1) * (2 * ROOT_2_BY_PI)
    return grad * (s + x * (s * (1 - s)) * slope)


def elu(x: Array, alpha: float, scale: float, input_scale: float) -> Array:
    y = np.expm1(np.minimum(x, 0) * input_scale)
    y *= scale * alpha
    y += np.maximum(x, 0) * scale
    return y


def elu_grad(grad: Array, x: Array, alpha: float, scale: float, input_scale: float) -> Array:
    slope = np.exp(np.minimum(x, 0) * input_scale) * (scale * alpha * input_scale)
    return selected(x <= 0, grad * slope, grad * scale)


# -- straight pieces ---------------------------------------------------------------------------------------------------


def leaky_relu(x: Array, slope: float) -> Array:
    if 0 <= slope <= 1:
        return np.maximum(x, x * slope)  # NaN stays
    return selected(x > 0, x, x * slope)


def leaky_relu_grad(grad: Array, x: Array, slope: float) -> Array:
    return selected(x > 0, grad, grad * slope)


def hardtanh(x: Array, low: float, high: float) -> Array:
    return np.clip(x, low, high)


def hardtanh_grad(grad: Array, x: Array, low: float, high: float) -> Array:
    return under(~((x <= low) | (x >= high)), grad)


def hardsigmoid(x: Array) -> Array:
    return np.clip(x + 3, 0, 6) / 6


def hardsigmoid_grad(grad: Array, x: Array) -> Array:
    return under((x > -3) & (x < 3), grad * (1 / 6))


def hardswish(x: Array) -> Array:
    return x * np.clip(x + 3, 0, 6) / 6


def hardswish_grad(grad: Array, x: Array) -> Array:
    return selected(x < 3, under(x > -3, grad * (x * (1 / 3) + 0.5)), grad)


def threshold(x: Array, threshold: float, value: float) -> Array:
    return selected(x <= threshold, np.asarray(value, x.dtype), x)


def threshold_grad(grad: Array, x: Array, threshold: float, value: float) -> Array:
    return under(~(x <= threshold), grad)


def hardshrink(x: Array, lambd: float) -> Array:
    return under(~(np.abs(x) <= lambd), x)


def hardshrink_grad(grad: Array, x: Array, lambd: float) -> Array:
    return under(~((x >= -lambd) & (x <= lambd)), grad)


def softshrink(x: Array, lambd: float) -> Array:
    return under(~(np.abs(x) <= lambd), x - np.copysign(x.dtype.type(lambd), x))


def softsign(x: Array) -> Array:
    return x / (np.abs(x) + 1)


def softsign_grad(grad: Array, x: Array) -> Array:
    below = np.abs(x) + 1
    return grad / (below * below)


def absolute(x: Array) -> Array:
    return np.abs(x)


def absolute_grad(grad: Array, x: Array) -> Array:
    return grad * np.sign(x)


def magnitude(x: Array) -> Array:
    return np.abs(x)


def magnitude_grad(grad: Array, x: Array) -> Array:
    return grad * np.subtract(x > 0, x < 0, dtype=x.dtype)


def square(x: Array) -> Array:
    return x * x


def square_grad(grad: Array, x: Array) -> Array:
    return grad * (x * 2)


def huber(x: Array, delta: float, scale: float) -> Array:
    size = np.abs(x)
    return selected(size < delta, x * x * 0.5, (size - 0.5 * delta) * delta) * scale


def huber_grad(grad: Array, x: Array, delta: float, scale: float) -> Array:
    return grad * (np.clip(x, -delta, delta) * scale)


PAIRS: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (sigmoid, sigmoid_grad), (logsigmoid, logsigmoid_grad), (softplus, softplus_grad), (silu, silu_grad),
    (mish, mish_grad), (exp, exp_grad), (tanh, tanh_grad), (tanhshrink, tanhshrink_grad), (erf, erf_grad),
    (erfc, erfc_grad), (gelu, gelu_grad), (gelu_tanh, gelu_tanh_grad), (elu, elu_grad), (leaky_relu, leaky_relu_grad),
    (hardtanh, hardtanh_grad), (hardsigmoid, hardsigmoid_grad), (hardswish, hardswish_grad),
    (threshold, threshold_grad), (hardshrink, hardshrink_grad), (softshrink, hardshrink_grad),
    (softsign, softsign_grad), (absolute, absolute_grad), (magnitude, magnitude_grad), (square, square_grad),
    (huber, huber_grad)]
FORMULAS = {pair[0].__name__: pair for pair in PAIRS}
gradients_of_few = {"relu": relu_grad, **{name: FORMULAS[name][1] for name in ("exp", "sigmoid", "square", "tanh")}}

# What takes NumPy a call or two, which for few entries are cheaper than a loop of our own.
SHORT = ("exp", "tanh", "hardtanh", "leaky_relu", "threshold")
