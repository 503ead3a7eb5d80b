"""The exponential, in instructions that LLVM turns into vectors where it stands in a loop.

    eˣ = 2ⁿ · eʳ        n = x / log 2 rounded, |r| ≤ log 2 / 2

eʳ is its Taylor series as far as it counts.  Error: at most 1 unit in the last place in float32, and 1 in float64.  NaN
gives NaN, results beyond the range are infinite, below it they become subnormal and then 0.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

# dtype: (bits, of which in the mantissa, terms of the series, least and greatest x, log 2 in two parts)
FORMATS: dict[Any, tuple[int, int, int, float, float, float, float]] = {
    types.float32: (32, 23, 7, -105.0, 89.0, 0.693145751953125, 1.4286068203094172e-06),
    types.float64: (64, 52, 13, -750.0, 710.0, 0.6931471803691238, 1.9082149292705877e-10),
}


@intrinsic
def exp(typing, x):
    """eˣ of a float32 or float64 number."""
    if x not in FORMATS:
        return None

    def codegen(context, b, signature, args):
        bits, mantissa, terms, least, greatest, high, low = FORMATS[x]
        (value,) = args
        real, integer = value.type, ir.IntType(bits)

        def number(v: float) -> ir.Constant:
            return ir.Constant(real, v)

        def fma(p: Any, q: Any, s: Any) -> Any:
            return b.fma(p, q, s)

        def power_of_two(n: Any) -> Any:
            shifted = b.shl(b.add(n, ir.Constant(integer, 2 ** (bits - mantissa - 2) - 1)), ir.Constant(integer, mantissa))
            return b.bitcast(shifted, real)

        # Comparisons that are false for NaN, which so goes through.
        value = b.select(b.fcmp_ordered(">", value, number(greatest)), number(greatest), value)
        value = b.select(b.fcmp_ordered("<", value, number(least)), number(least), value)
        # Added to 1.5 · 2^mantissa, a number is rounded to an integer, which stands in the lowest bits.
        rounder = number(1.5 * 2.0**mantissa)
        rounded = fma(value, number(1 / math.log(2)), rounder)
        n = b.sub(b.bitcast(rounded, integer), b.bitcast(rounder, integer))
        whole = b.fsub(rounded, rounder)
        r = fma(whole, number(-low), fma(whole, number(-high), value))
        y = number(1 / math.factorial(terms))
        for k in range(terms - 1, -1, -1):
            y = fma(y, r, number(1 / math.factorial(k)))
        half = b.ashr(n, ir.Constant(integer, 1))  # 2ⁿ may be out of range where the result is not
        return b.fmul(b.fmul(y, power_of_two(half)), power_of_two(b.sub(n, half)))

    return x(x), codegen
