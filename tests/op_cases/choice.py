"""Rows for `tensorgrad.ops.choice`, `comparison` and `promotion`."""

import numpy as np

from tensorgrad.ops.reduction import sum_to
from tests.op_cases.case import Case, booleans, distinct, fixed, integers, normal

CASES = [
    Case("where", lambda lib, c, a, b: lib.where(c, a, b), (booleans(2, 3), normal(2, 3), normal(2, 3)), np.where),
    Case("where-broadcast", lambda lib, c, a, b: lib.where(c, a, b), (booleans(2, 1), normal(3), normal(4, 1, 1)), np.where),
    Case("where-number", lambda lib, c, a: lib.where(c, a, 0.0), (booleans(2, 3), normal(2, 3)),
         lambda c, a: np.where(c, a, 0.0)),
    Case("maximum", lambda lib, a, b: lib.maximum(a, b), (distinct(2, 3), normal(2, 3)), np.maximum),
    Case("maximum-broadcast", lambda lib, a, b: lib.maximum(a, b), (distinct(2, 1, 3), normal(4, 1)), np.maximum),
    Case("minimum", lambda lib, a, b: lib.minimum(a, b), (distinct(2, 3), normal(3)), np.minimum),
    Case("clamp", lambda lib, x: lib.clamp(x, -0.21, 0.12), (distinct(3, 4),), lambda x: np.clip(x, -0.21, 0.12)),
    Case("clamp-min", lambda lib, x: x.clamp(min=0.01), (distinct(3, 4),), lambda x: np.maximum(x, 0.01)),
    Case("clamp-max", lambda lib, x: x.clamp(max=0.01), (distinct(3, 4),), lambda x: np.minimum(x, 0.01)),
    Case("clamp-tensors", lambda lib, x, low, high: lib.clamp(x, low, high),
         (distinct(3, 4), fixed([-0.33, -0.21, -0.11, 0.01]), fixed([0.11, 0.22, 0.33, 0.44])), np.clip,
         ops=("clamp_between",)),
    Case("clamp-low", lambda lib, x, low: lib.clamp(x, min=low), (distinct(3, 4), fixed([-0.33, -0.21, -0.11, 0.01])),
         np.maximum, ops=("clamp_between",)),
    Case("clamp-high", lambda lib, x, high: x.clamp(max=high), (distinct(3, 4), fixed([0.11, 0.22, 0.33, 0.44])),
         np.minimum, ops=("clamp_between",)),
    Case("eq", lambda lib, a, b: lib.eq(a, b), (integers(0, 3, 2, 3), integers(0, 3, 3)), np.equal, orders=0),
    Case("ne", lambda lib, a, b: a != b, (integers(0, 3, 2, 3), integers(0, 3, 3)), np.not_equal, orders=0),
    Case("lt", lambda lib, a, b: a < b, (normal(2, 3), normal(3)), np.less, orders=0),
    Case("le", lambda lib, a, b: a <= b, (integers(0, 3, 2, 3), integers(0, 3, 3)), np.less_equal, orders=0),
    Case("gt", lambda lib, a: a > 0.5, (normal(2, 3),), lambda a: a > 0.5, orders=0),
    Case("ge", lambda lib, a: lib.ge(a, 1), (integers(0, 3, 2, 3),), lambda a: a >= 1, orders=0),
    Case("isnan", lambda lib, x: lib.isnan(x), (fixed([0.0, np.nan, np.inf]),), np.isnan, orders=0),
    Case("isinf", lambda lib, x: lib.isinf(x), (fixed([0.0, np.nan, -np.inf]),), np.isinf, orders=0),
    Case("isfinite", lambda lib, x: lib.isfinite(x), (fixed([0.0, np.nan, np.inf]),), np.isfinite, orders=0),
    Case("logical_not", lambda lib, x: lib.logical_not(x), (integers(0, 2, 4),), np.logical_not, orders=0),
    Case("logical_and", lambda lib, a, b: lib.logical_and(a, b), (integers(0, 2, 4), booleans(4)), np.logical_and, orders=0),
    Case("logical_or", lambda lib, a, b: lib.logical_or(a, b), (booleans(4), booleans(3, 1)), np.logical_or, orders=0),
    Case("logical_xor", lambda lib, a, b: lib.logical_xor(a, b), (booleans(4), booleans(4)), np.logical_xor, orders=0),
    Case("bitwise_and", lambda lib, a, b: a & b, (integers(0, 9, 4), integers(0, 9, 4)), np.bitwise_and, orders=0),
    Case("bitwise_or", lambda lib, a, b: a | b, (booleans(4), booleans(4)), np.bitwise_or, orders=0),
    Case("bitwise_xor", lambda lib, a, b: a ^ b, (integers(0, 9, 4), integers(0, 9, 4)), np.bitwise_xor, orders=0),
    Case("bitwise_not", lambda lib, a: ~a, (booleans(4),), np.invert, orders=0),
    # A dtype and back, so that float64 and float32 runs both end in the dtype they began with.
    Case("to", lambda lib, x: x.to(lib.float16).to(x.dtype), (fixed([0.5, -2.0, 3.0]),), lambda x: x, orders=0),
    # PyTorch has it only as a method, sum_to_size.
    Case("sum_to", lambda lib, x: sum_to(x, (3, 1)), (normal(2, 3, 4),), lambda x: x.sum((0, 2)).reshape(3, 1), torch=False),
]
