"""Functions of one number and their gradients: what each name of `contract.FORMULAS` does, as formulas to be compiled.

The exponential is taken of numbers ≤ 0, or of bounded ones, where infinity would come out of a finite result.
"""

from __future__ import annotations

from typing import Callable

from tensorgrad.kernels.compiled.exponential import (exponential, exponential_minus_1, exponential_of_negative,
                                                     hyperbolic_tangent, limited, logarithm_of_1_plus)
from tensorgrad.kernels.compiled.expressions import Number, clip, copysign, fma, polynomial, where
from tensorgrad.kernels.reference.error_function import Q, R
from tensorgrad.kernels.reference.formulas import ROOT_2_BY_PI, ROOT_HALF, TWO_BY_ROOT_PI

__all__ = ["FORMULAS"]

# -- sigmoid and its relatives -----------------------------------------------------------------------------------------


def sigmoid(x: Number) -> Number:
    return 1 / (exponential(-x) + 1)


def sigmoid_grad(grad: Number, y: Number) -> Number:
    return grad * (y * (1 - y))


def log_one_plus_exp(x: Number) -> Number:
    return where(x > 0, x, 0) + logarithm_of_1_plus(exponential_of_negative(limited(-abs(x))))


def logsigmoid(x: Number) -> Number:
    return -log_one_plus_exp(-x)


def logsigmoid_grad(grad: Number, x: Number) -> Number:
    return grad * sigmoid(-x)


def softplus(x: Number, beta: Number, threshold: Number) -> Number:
    scaled = x * beta
    return where(scaled > threshold, x, log_one_plus_exp(scaled) / beta)


def softplus_grad(grad: Number, x: Number, beta: Number, threshold: Number) -> Number:
    scaled = x * beta
    return where(scaled > threshold, grad, grad * sigmoid(scaled))


def silu(x: Number) -> Number:
    return x / (exponential(-x) + 1)


def silu_grad(grad: Number, x: Number) -> Number:
    s = sigmoid(x)
    return grad * (s * (x * (1 - s) + 1))


def powers(x: Number) -> tuple[Number, Number]:
    """w = eˣ and n = w² + 2w, of which tanh(log(1 + w)) = n / (n + 2); x bounded, where that rounds to 1."""
    w = exponential(where(x > 20, 20, x))
    return w, w * (w + 2)


def mish(x: Number) -> Number:
    _, n = powers(x)
    return x * (n / (n + 2))


def mish_grad(grad: Number, x: Number) -> Number:
    # 1 - tanh² = 4 · (1 + w)² / (n + 2)², and the sigmoid is w / (1 + w).
    w, n = powers(x)
    share = 1 / (n + 2)
    return grad * (n * share + x * (w * (w + 1) * 4 * share * share))


# -- exponentials and the normal law -----------------------------------------------------------------------------------


def exp(x: Number) -> Number:
    return exponential(x)


def exp_grad(grad: Number, y: Number) -> Number:
    return grad * y


def tanh(x: Number) -> Number:
    return hyperbolic_tangent(x)


def tanh_grad(grad: Number, y: Number) -> Number:
    return grad * (1 - y * y)


def tanhshrink(x: Number) -> Number:
    return x - hyperbolic_tangent(x)


def tanhshrink_grad(grad: Number, x: Number) -> Number:
    t = hyperbolic_tangent(x)
    return grad * (t * t)


def bell(x: Number) -> Number:
    """exp(-x²); what rounding the square leaves is not lost."""
    limit = {4: 10.25, 8: 27.5}[x.bytes]  # where it is 0
    size = where(abs(x) > limit, limit, abs(x))
    square = size * size
    rest = fma(size, size, -square)
    y = exponential_of_negative(-square)
    return fma(y, -rest, y)


def tail(x: Number, height: Number, factor: float = 1.0) -> Number:
    """factor · erfc(x), given exp(-x²)."""
    inverse = 1 / (abs(x) + 3)  # t = 3 · inverse
    coefficients = {size: tuple([3 * factor * c for c in q]) for size, q in Q.items()}
    y = polynomial(coefficients, fma(inverse, 6, -1)) * inverse * height
    return where(x < 0, 2 * factor - y, y)


def erf(x: Number) -> Number:
    near = clip(x, -1, 1)
    return where(abs(x) > 1, 1 - tail(x, bell(x)), polynomial(R, near * near * 2 - 1) * near)


def erf_grad(grad: Number, x: Number) -> Number:
    return grad * bell(x) * TWO_BY_ROOT_PI


def erfc(x: Number) -> Number:
    return tail(x, bell(x))


def erfc_grad(grad: Number, x: Number) -> Number:
    return grad * bell(x) * -TWO_BY_ROOT_PI


def gelu(x: Number) -> Number:
    z = x * -ROOT_HALF
    return x * tail(z, bell(z), 0.5)


def gelu_grad(grad: Number, x: Number) -> Number:
    z = x * -ROOT_HALF
    height = bell(z)
    return grad * (tail(z, height, 0.5) + x * height * (0.5 * ROOT_2_BY_PI))


def gelu_tanh(x: Number) -> Number:
    # (1 + tanh u) / 2 is the sigmoid of 2u.
    return x * sigmoid(x * (x * x * 0.044715 + 1) * (2 * ROOT_2_BY_PI))


def gelu_tanh_grad(grad: Number, x: Number) -> Number:
    square = x * x
    s = sigmoid(x * (square * 0.044715 + 1) * (2 * ROOT_2_BY_PI))
    slope = (square * (3 * 0.044715) + 1) * (2 * ROOT_2_BY_PI)
    return grad * (s + x * (s * (1 - s)) * slope)


def elu(x: Number, alpha: Number, scale: Number, input_scale: Number) -> Number:
    return where(x > 0, x * scale, exponential_minus_1(x * input_scale) * (scale * alpha))


def elu_grad(grad: Number, x: Number, alpha: Number, scale: Number, input_scale: Number) -> Number:
    return where(x <= 0, grad * (exponential(x * input_scale) * (scale * alpha * input_scale)), grad * scale)


# -- straight pieces ---------------------------------------------------------------------------------------------------


def leaky_relu(x: Number, slope: Number) -> Number:
    return where(x > 0, x, x * slope)


def leaky_relu_grad(grad: Number, x: Number, slope: Number) -> Number:
    return where(x > 0, grad, grad * slope)


def hardtanh(x: Number, low: Number, high: Number) -> Number:
    return clip(x, low, high)


def hardtanh_grad(grad: Number, x: Number, low: Number, high: Number) -> Number:
    return where((x <= low) | (x >= high), 0, grad)


def hardsigmoid(x: Number) -> Number:
    return clip(x + 3, 0, 6) / 6


def hardsigmoid_grad(grad: Number, x: Number) -> Number:
    return where((x > -3) & (x < 3), grad * (1 / 6), 0)


def hardswish(x: Number) -> Number:
    return x * clip(x + 3, 0, 6) / 6


def hardswish_grad(grad: Number, x: Number) -> Number:
    return where(x < 3, where(x > -3, grad * (x * (1 / 3) + 0.5), 0), grad)


def threshold(x: Number, threshold: Number, value: Number) -> Number:
    return where(x <= threshold, value, x)


def threshold_grad(grad: Number, x: Number, threshold: Number, value: Number) -> Number:
    return where(x <= threshold, 0, grad)


def hardshrink(x: Number, lambd: Number) -> Number:
    return where(abs(x) <= lambd, 0, x)


def hardshrink_grad(grad: Number, x: Number, lambd: Number) -> Number:
    return where((x >= -lambd) & (x <= lambd), 0, grad)


def softshrink(x: Number, lambd: Number) -> Number:
    return where(abs(x) <= lambd, 0, x - copysign(lambd, x))


def softshrink_grad(grad: Number, x: Number, lambd: Number) -> Number:
    return hardshrink_grad(grad, x, lambd)


def softsign(x: Number) -> Number:
    return x / (abs(x) + 1)


def softsign_grad(grad: Number, x: Number) -> Number:
    below = abs(x) + 1
    return grad / (below * below)


def absolute(x: Number) -> Number:
    return abs(x)


def absolute_grad(grad: Number, x: Number) -> Number:
    return grad * where(x > 0, 1, where(x < 0, -1, x))  # of NaN it is NaN


def magnitude(x: Number) -> Number:
    return abs(x)


def magnitude_grad(grad: Number, x: Number) -> Number:
    return grad * where(x > 0, 1, where(x < 0, x.number(-1), 0))


def square(x: Number) -> Number:
    return x * x


def square_grad(grad: Number, x: Number) -> Number:
    return grad * (x * 2)


def huber(x: Number, delta: Number, scale: Number) -> Number:
    size = abs(x)
    return where(size < delta, x * x * 0.5, (size - delta * 0.5) * delta) * scale


def huber_grad(grad: Number, x: Number, delta: Number, scale: Number) -> Number:
    return grad * (clip(x, -delta, delta) * scale)


PAIRS: list[tuple[Callable[..., Number], Callable[..., Number]]] = [
    (sigmoid, sigmoid_grad), (logsigmoid, logsigmoid_grad), (softplus, softplus_grad), (silu, silu_grad),
    (mish, mish_grad), (exp, exp_grad), (tanh, tanh_grad), (tanhshrink, tanhshrink_grad), (erf, erf_grad),
    (erfc, erfc_grad), (gelu, gelu_grad), (gelu_tanh, gelu_tanh_grad), (elu, elu_grad), (leaky_relu, leaky_relu_grad),
    (hardtanh, hardtanh_grad), (hardsigmoid, hardsigmoid_grad), (hardswish, hardswish_grad),
    (threshold, threshold_grad), (hardshrink, hardshrink_grad), (softshrink, softshrink_grad),
    (softsign, softsign_grad), (absolute, absolute_grad), (magnitude, magnitude_grad),
    (square, square_grad), (huber, huber_grad)]
FORMULAS = {pair[0].__name__: pair for pair in PAIRS}
