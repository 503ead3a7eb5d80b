"""Rows for absolute value, sign, rounding and remainders; away from where they jump."""

import numpy as np

from tests.op_cases.case import Case, away_from_zero, distinct, fixed, integers, unit

OFF_STEP = fixed([[-1.75, -0.3, 0.3], [0.7, 1.3, 2.6]])
HALVES = fixed([-1.5, -0.5, 0.5, 1.5, 2.5])

CASES = [
    Case("abs", lambda lib, x: lib.abs(x), (away_from_zero(2, 3),), np.abs),
    Case("abs-zero", lambda lib, x: abs(x), (fixed([-1.0, 0.0, 2.0]),), np.abs, orders=0),
    Case("abs-integer", lambda lib, x: x.abs(), (integers(-5, 5, 4),), np.abs, orders=0, float32=False),
    Case("sign", lambda lib, x: lib.sign(x), (away_from_zero(2, 3),), np.sign),
    Case("floor", lambda lib, x: lib.floor(x), (OFF_STEP,), np.floor),
    Case("floor-integer", lambda lib, x: lib.floor(x), (integers(-5, 5, 4),), np.floor, orders=0, float32=False),
    Case("ceil", lambda lib, x: lib.ceil(x), (OFF_STEP,), np.ceil),
    Case("trunc", lambda lib, x: lib.trunc(x), (OFF_STEP,), np.trunc),
    Case("round", lambda lib, x: lib.round(x), (OFF_STEP,), np.round),
    Case("round-decimals", lambda lib, x: lib.round(x, decimals=1), (distinct(5),), lambda x: np.round(x, 1)),
    Case("round-halves", lambda lib, x: lib.round(x), (HALVES,), np.round, orders=0),
    Case("frac", lambda lib, x: lib.frac(x), (OFF_STEP,), lambda x: x - np.trunc(x), ops=("trunc",)),
    Case("remainder", lambda lib, a, b: lib.remainder(a, b), (OFF_STEP, unit(3)), np.mod),
    Case("remainder-number", lambda lib, a: a % 2, (OFF_STEP,), lambda a: a % 2),
    Case("fmod", lambda lib, a, b: lib.fmod(a, b), (OFF_STEP, unit(3)), np.fmod, ops=("remainder",)),
]
