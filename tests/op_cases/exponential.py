"""Rows for `tensorgrad.ops.exponential`."""

import numpy as np

from tests.op_cases.case import Case, away_from_zero, fixed, integers, normal, positive

CASES = [
    Case("exp", lambda lib, x: lib.exp(x), (normal(2, 3),), np.exp),
    Case("exp-scalar", lambda lib, x: lib.exp(x), (normal(),), np.exp),
    Case("exp-integers", lambda lib, x: lib.exp(x), (integers(-3, 3, 4),), np.exp, orders=0),
    Case("log", lambda lib, x: lib.log(x), (positive(2, 3),), np.log),
    Case("sqrt", lambda lib, x: lib.sqrt(x), (positive(2, 3),), np.sqrt),
    Case("rsqrt", lambda lib, x: lib.rsqrt(x), (positive(2, 3),), lambda x: 1 / np.sqrt(x)),
    Case("square", lambda lib, x: lib.square(x), (normal(2, 3),), np.square, ops=("pow_number",)),
    Case("reciprocal", lambda lib, x: lib.reciprocal(x), (away_from_zero(2, 3),), np.reciprocal, ops=("div",)),
    Case("pow", lambda lib, a, b: lib.pow(a, b), (positive(2, 3), normal(2, 3)), np.power),
    Case("pow-broadcast", lambda lib, a, b: a ** b, (positive(2, 1), normal(3)), np.power),
    Case("pow-exponent_zero", lambda lib, a, b: a ** b, (away_from_zero(2, 3), fixed([0.0, 2.0, 1.0])), np.power,
         constant=(1,)),
    Case("pow-base_zero", lambda lib, a, b: a ** b, (fixed([0.0, 0.0, 2.0]), fixed([2.5, 3.0, 2.0])), np.power, orders=1,
         constant=(0,)),
    Case("pow-number", lambda lib, a: a ** 3, (normal(2, 3),), lambda a: a ** 3, ops=("pow_number",)),
    Case("pow-number-half", lambda lib, a: a ** 0.5, (positive(2, 3),), np.sqrt, ops=("pow_number",)),
    Case("pow-number-negative", lambda lib, a: a ** -2, (away_from_zero(2, 3),), lambda a: a ** -2.0, ops=("pow_number",)),
    Case("pow-number-one", lambda lib, a: a ** 1, (normal(2, 3),), lambda a: a, ops=("pow_number",)),
    Case("pow-number-zero", lambda lib, a: a ** 0, (away_from_zero(2, 3),), lambda a: a ** 0.0, ops=("pow_number",)),
    Case("pow-reflected", lambda lib, b: 2.0 ** b, (normal(2, 3),), lambda b: 2.0 ** b),
]
