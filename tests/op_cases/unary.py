"""Rows for logarithms, exponentials, trigonometric and hyperbolic functions, the error function."""

import math

import numpy as np

from tests.op_cases.case import Case, away_from_zero, fixed, normal, positive, unit

erf = np.vectorize(math.erf, otypes=[float])
erfc = np.vectorize(math.erfc, otypes=[float])

CASES = [
    Case("expm1", lambda lib, x: lib.expm1(x), (normal(2, 3),), np.expm1),
    Case("exp2", lambda lib, x: lib.exp2(x), (normal(2, 3),), np.exp2),
    Case("log1p", lambda lib, x: lib.log1p(x), (positive(2, 3),), np.log1p),
    Case("log2", lambda lib, x: lib.log2(x), (positive(2, 3),), np.log2, ops=("log_base",)),
    Case("log10", lambda lib, x: lib.log10(x), (positive(2, 3),), np.log10, ops=("log_base",)),
    Case("xlogy", lambda lib, a, b: lib.xlogy(a, b), (away_from_zero(2, 3), positive(3)), lambda a, b: a * np.log(b)),
    Case("xlogy-zero", lambda lib, a, b: lib.xlogy(a, b), (fixed([0.0, 1.0, 0.0]), positive(3)),
         lambda a, b: np.where(a == 0, 0.0, a * np.log(b))),
    Case("xlogy-number", lambda lib, a: lib.xlogy(a, 3.0), (normal(2, 3),), lambda a: a * np.log(3.0)),
    Case("sin", lambda lib, x: lib.sin(x), (normal(2, 3),), np.sin),
    Case("cos", lambda lib, x: lib.cos(x), (normal(2, 3),), np.cos),
    Case("tan", lambda lib, x: lib.tan(x), (unit(2, 3),), np.tan),
    Case("asin", lambda lib, x: lib.asin(x), (unit(2, 3),), np.arcsin),
    Case("acos", lambda lib, x: lib.acos(x), (unit(2, 3),), np.arccos),
    Case("atan", lambda lib, x: lib.atan(x), (normal(2, 3),), np.arctan),
    Case("atan2", lambda lib, a, b: lib.atan2(a, b), (away_from_zero(2, 3), away_from_zero(3)), np.arctan2),
    Case("sinh", lambda lib, x: lib.sinh(x), (normal(2, 3),), np.sinh),
    Case("cosh", lambda lib, x: lib.cosh(x), (normal(2, 3),), np.cosh),
    Case("tanh", lambda lib, x: lib.tanh(x), (normal(2, 3),), np.tanh),
    Case("tanh-scalar", lambda lib, x: lib.tanh(x), (normal(),), np.tanh),
    Case("asinh", lambda lib, x: lib.asinh(x), (normal(2, 3),), np.arcsinh),
    Case("acosh", lambda lib, x: lib.acosh(x + 1.5), (unit(2, 3),), lambda x: np.arccosh(x + 1.5)),
    Case("atanh", lambda lib, x: lib.atanh(x), (unit(2, 3),), np.arctanh),
    Case("erf", lambda lib, x: lib.erf(x), (normal(3, 4, 5, scale=2.0),), erf),
    Case("erf-scalar", lambda lib, x: lib.erf(x), (normal(),), erf),
    Case("erfc", lambda lib, x: lib.erfc(x), (normal(3, 4, 5, scale=2.0),), erfc),
]
