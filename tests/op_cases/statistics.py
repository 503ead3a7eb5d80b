"""Rows for variance, standard deviation and norms."""

import numpy as np

from tests.op_cases.case import Case, away_from_zero, distinct, fixed, normal

CASES = [
    Case("var", lambda lib, x: lib.var(x), (normal(2, 3, 4),), lambda x: np.var(x, ddof=1)),
    Case("var-dim", lambda lib, x: lib.var(x, 1), (normal(2, 3, 4),), lambda x: np.var(x, 1, ddof=1)),
    Case("var-dims-keepdim-correction", lambda lib, x: lib.var(x, dim=(0, -1), keepdim=True, correction=2),
         (normal(2, 3, 4),), lambda x: np.var(x, (0, 2), ddof=2, keepdims=True)),
    Case("var-biased", lambda lib, x: lib.var(x, False), (normal(2, 3),), np.var),
    Case("var-biased-dim", lambda lib, x: lib.var(x, 1, False), (normal(2, 3),), lambda x: np.var(x, 1)),
    Case("var-offset", lambda lib, x: lib.var(x + 1e3, 0), (normal(20, 3),), lambda x: np.var(x, 0, ddof=1), rtol=1e-9,
         float32=False),
    Case("std", lambda lib, x: lib.std(x), (normal(2, 3, 4),), lambda x: np.std(x, ddof=1)),
    Case("std-dim", lambda lib, x: lib.std(x, 1, keepdim=True, correction=0), (normal(2, 3, 4),),
         lambda x: np.std(x, 1, keepdims=True)),
    Case("std-constant", lambda lib, x: lib.std(x, 1), (fixed([[2.0, 2.0], [4.0, 4.0]]),), lambda x: np.zeros(2), orders=0),
    Case("var-mean", lambda lib, x: lib.var_mean(x, 1), (normal(2, 3, 4),), lambda x: (np.var(x, 1, ddof=1), x.mean(1))),
    Case("std-mean", lambda lib, x: lib.std_mean(x, (0, 1), keepdim=True), (normal(2, 3, 4),),
         lambda x: (np.std(x, (0, 1), ddof=1, keepdims=True), x.mean((0, 1), keepdims=True))),
    Case("norm", lambda lib, x: lib.norm(x), (normal(2, 3),), np.linalg.norm, ops=("euclidean_norm",)),
    Case("norm-dim", lambda lib, x: x.norm(dim=1, keepdim=True), (normal(2, 3),),
         lambda x: np.linalg.norm(x, axis=1, keepdims=True), ops=("euclidean_norm",)),
    Case("norm-1", lambda lib, x: lib.norm(x, 1, dim=1), (away_from_zero(2, 3),), lambda x: abs(x).sum(1),
         ops=("abs", "sum")),
    Case("norm-3", lambda lib, x: lib.norm(x, 3, dim=(0, 1)), (away_from_zero(2, 3),), lambda x: (abs(x)**3).sum()**(1 / 3),
         ops=("power_norm",)),
    Case("norm-inf", lambda lib, x: lib.norm(x, float("inf"), dim=0), (distinct(2, 3),), lambda x: abs(x).max(0),
         ops=("amax",)),
    Case("norm-minus-inf", lambda lib, x: lib.norm(x, -float("inf"), dim=0), (distinct(2, 3),), lambda x: abs(x).min(0),
         ops=("amin",)),
    Case("norm-0", lambda lib, x: lib.norm(x, 0), (fixed([1.0, 0.0, 2.0]),), lambda x: np.float64(2), orders=0),
]
