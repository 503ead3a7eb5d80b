"""The exponential and its relatives, in instructions that LLVM turns into vectors where they stand in a loop.

    eˣ = 2ⁿ · eʳ        n = x / log 2 rounded, |r| ≤ log 2 / 2

eʳ is a polynomial.  Error: at most 1 unit in the last place, in float32 and in float64, and 3 for
the others here.  NaN gives NaN, results beyond the range are infinite, below it they become subnormal and then 0.
"""

from __future__ import annotations

import math

from llvmlite import ir

from tensorgrad.kernels.compiled.expressions import Number, clip, copysign, expression, fma, polynomial, where

__all__ = ["exp", "log", "limited", "exponential", "exponential_of_negative", "exponential_minus_1", "natural_logarithm",
           "logarithm_of_1_plus", "hyperbolic_tangent"]

# bytes: (bits of the mantissa, least and greatest x, log 2 in two parts)
FORMATS = {
    4: (23, -105.0, 89.0, 0.693145751953125, 1.4286068203094172e-06),
    8: (52, -750.0, 710.0, 0.6931471803691238, 1.9082149292705877e-10),
}
RAISED = 80  # by so much an exponent ≤ 0, -1091 at the least, is raised at first: 2ⁿ may be below the range
# Interpolated in the points of Chebyshev with 40 digits or more, by bytes: eʳ = 1 + r + Σ cₖ rᵏ,
POWERS = {
    4: (1.0, 1.0, 0.5, 0.1666657702559799, 0.041666554662050534, 0.008363173074513711, 0.001392617611993558),
    8: (1.0, 1.0, 0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326141, 0.0013888888888883752,
        0.00019841269874800493, 2.4801587325533363e-05, 2.7557255425746435e-06, 2.7557273661348637e-07,
        2.510520637395701e-08, 2.0914679376583935e-09),
}
# 2 artanh(s) / s = Σ cₖ s²ᵏ for 0 ≤ s ≤ ⅓
ARTANH = {
    4: (2.000000007681759, 0.6666632164137777, 0.40024595230703747, 0.27965157745197267, 0.2815777836310908),
    8: (2.0, 0.6666666666668257, 0.399999999952876, 0.2857142911165716, 0.22222190861346283, 0.1818285980047391,
        0.15363676248891633, 0.13591305485579894, 0.09880789048764786, 0.17780763826113302),
}
# (eʳ - 1) / r by its Taylor series
SERIES_MINUS_1 = {size: tuple([1 / math.factorial(k + 1) for k in range(count)]) for size, count in ((4, 8), (8, 14))}


def limited(x: Number) -> Number:
    """x within the range beyond which eˣ does not change."""
    _, least, greatest, _, _ = FORMATS[x.bytes]
    return clip(x, least, greatest)


def reduced(x: Number) -> tuple[ir.Value, Number]:
    """n as an integer, and r, of a `limited` number."""
    mantissa, _, _, high, low = FORMATS[x.bytes]
    # Added to 1.5 · 2^mantissa, a number is rounded to an integer, which stands in the lowest bits.
    rounder = x.number(1.5 * 2.0**mantissa)
    rounded = fma(x, 1 / math.log(2), rounder)
    n = x.b.sub(x.b.bitcast(rounded.value, x.integers), x.b.bitcast(rounder.value, x.integers))
    whole = rounded - rounder
    return n, fma(whole, -low, fma(whole, -high, x))


def power_of_two(n: ir.Value, like: Number) -> Number:
    """2ⁿ, for an n that the exponent of a normal number can hold."""
    b, mantissa = like.b, FORMATS[like.bytes][0]
    biased = b.add(n, like.constant(n.type, bias(like)))
    return Number(b, b.bitcast(b.shl(biased, like.constant(n.type, mantissa)), like.type))


def bias(like: Number) -> int:
    """What is added to the exponent of a float."""
    return 2 ** (8 * like.bytes - FORMATS[like.bytes][0] - 2) - 1


def exponential(x: Number) -> Number:
    n, r = reduced(limited(x))
    b = x.b
    half = b.ashr(n, x.constant(n.type, 1))  # 2ⁿ may be out of range where the result is not
    return polynomial(POWERS, r) * power_of_two(half, r) * power_of_two(b.sub(n, half), r)


def exponential_of_negative(x: Number) -> Number:
    """eˣ of a number ≤ 0 and ≥ -105 or -757, where it is 0."""
    n, r = reduced(x)
    raised = x.b.add(n, x.constant(n.type, RAISED))
    return polynomial(POWERS, r) * power_of_two(raised, r) * 2.0**-RAISED


def exponential_minus_1(x: Number) -> Number:
    """eˣ - 1, exact for small x too; finite beyond 88 or 709."""
    n, r = reduced(limited(x))
    b = x.b
    top = x.constant(n.type, bias(x))
    n = b.select(b.icmp_signed(">", n, top), top, n)
    bottom = x.constant(n.type, -64)  # from here on it is -1
    n = b.select(b.icmp_signed("<", n, bottom), bottom, n)
    scale = power_of_two(n, r)
    return fma(scale, polynomial(SERIES_MINUS_1, r) * r, scale - 1)


def natural_logarithm(x: Number) -> Number:
    """log x of a positive number that is not subnormal, of infinity or NaN."""
    b, (mantissa, _, _, high, low) = x.b, FORMATS[x.bytes]
    integers = x.integers
    bits = b.bitcast(x.value, integers)
    # x = 2ⁿ · m with √½ ≤ m < √2: n is counted from the bits of √½ on.
    root = x.constant(integers, {4: 0x3F3504F3, 8: 0x3FE6A09E667F3BCD}[x.bytes])
    n = b.ashr(b.sub(bits, root), x.constant(integers, mantissa))
    m = Number(b, b.bitcast(b.sub(bits, b.shl(n, x.constant(integers, mantissa))), x.type))
    n_float = Number(b, b.sitofp(n, x.type))
    s = (m - 1) / (m + 1)
    y = fma(n_float, high, fma(n_float, low, s * polynomial(ARTANH, s * s)))
    return where(x < math.inf, y, x)


def logarithm_of_1_plus(x: Number) -> Number:
    """log(1 + x) for 0 ≤ x ≤ 1."""
    s = x / (x + 2)
    return s * polynomial(ARTANH, s * s)


def hyperbolic_tangent(x: Number) -> Number:
    size = abs(x)
    limit = 10.0 if x.bytes == 4 else 20.0  # where it rounds to 1
    twice = exponential_minus_1(where(size > limit, limit, size) * 2)
    return copysign(twice / (twice + 2), x)


exp = expression(exponential)
log = expression(natural_logarithm)
