"""Rows for sums, means and products over axes, and running ones."""

import numpy as np

from tests.op_cases.case import Case, away_from_zero, booleans, fixed, integers, normal

ONE_ZERO = fixed([[1.5, 0.0, -2.0], [0.5, 3.0, 1.0]])
TWO_ZEROS = fixed([[1.5, 0.0, 0.0, 2.0], [0.0, 0.0, 0.0, 1.0]])

CASES = [
    Case("sum", lambda lib, x: lib.sum(x), (normal(2, 3),), np.sum),
    Case("sum-dim", lambda lib, x: x.sum(1), (normal(2, 3, 4),), lambda x: x.sum(1)),
    Case("sum-dims-keepdim", lambda lib, x: lib.sum(x, dim=(0, -1), keepdim=True), (normal(2, 3, 4),),
         lambda x: x.sum((0, 2), keepdims=True)),
    Case("sum-channels", lambda lib, x: x.sum((0, 2, 3)), (normal(3, 4, 24, 25),), lambda x: x.sum((0, 2, 3))),
    Case("sum-channels-keepdim", lambda lib, x: x.sum((0, 2, 3), keepdim=True), (normal(2, 3, 32, 32),),
         lambda x: x.sum((0, 2, 3), keepdims=True)),
    Case("sum-scalar", lambda lib, x: x.sum(), (normal(),), np.sum),
    Case("sum-bool", lambda lib, x: x.sum(), (booleans(2, 3),), np.sum, orders=0, float32=False),
    Case("sum-integer-dtype", lambda lib, x: lib.sum(x, 0, dtype=lib.float64), (integers(0, 9, 2, 3),),
         lambda x: x.sum(0, dtype=float), orders=0, float32=False),
    Case("mean", lambda lib, x: lib.mean(x), (normal(2, 3),), np.mean),
    Case("mean-dim", lambda lib, x: x.mean(0), (normal(2, 3, 4),), lambda x: x.mean(0)),
    Case("mean-channels", lambda lib, x: x.mean((0, 2, 3), keepdim=True), (normal(2, 3, 32, 32),),
         lambda x: x.mean((0, 2, 3), keepdims=True)),
    Case("prod", lambda lib, x: lib.prod(x), (away_from_zero(2, 3),), np.prod),
    Case("prod-dim", lambda lib, x: x.prod(1), (away_from_zero(2, 3, 2),), lambda x: x.prod(1)),
    Case("prod-keepdim", lambda lib, x: lib.prod(x, 0, keepdim=True), (away_from_zero(4, 3),),
         lambda x: x.prod(0, keepdims=True)),
    Case("prod-zero", lambda lib, x: lib.prod(x, 1), (ONE_ZERO,), lambda x: x.prod(1)),
    Case("prod-zeros", lambda lib, x: lib.prod(x, 1), (TWO_ZEROS,), lambda x: x.prod(1)),
    Case("prod-integer", lambda lib, x: x.prod(), (integers(1, 5, 4),), np.prod, orders=0, float32=False),
    Case("cumsum", lambda lib, x: lib.cumsum(x, 0), (normal(4, 3),), lambda x: x.cumsum(0)),
    Case("cumsum-last", lambda lib, x: x.cumsum(-1), (normal(2, 3, 4),), lambda x: x.cumsum(-1)),
    Case("cumsum-bool", lambda lib, x: x.cumsum(0), (booleans(5),), lambda x: x.cumsum(0), orders=0, float32=False),
    Case("cumprod", lambda lib, x: lib.cumprod(x, 0), (away_from_zero(4, 3),), lambda x: x.cumprod(0)),
    Case("cumprod-zero", lambda lib, x: x.cumprod(-1), (ONE_ZERO,), lambda x: x.cumprod(-1)),
    Case("cumprod-zeros", lambda lib, x: x.cumprod(1), (TWO_ZEROS,), lambda x: x.cumprod(1)),
]
