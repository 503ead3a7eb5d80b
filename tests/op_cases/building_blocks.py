"""Rows for ops without a public function, which other ops and their rules are built from."""

import numpy as np

from tensorgrad.ops.extrema import Picked
from tensorgrad.ops.masking import Masked
from tensorgrad.ops.products import ProductOfOthers
from tests.op_cases.case import Case, away_from_zero, booleans, fixed, normal

# PyTorch has none of them.
CASES = [
    Case("masked", lambda lib, x, mask: Masked().apply(x, mask), (normal(4, 5), booleans(4, 5)), np.multiply, torch=False),
    Case("masked-broadcast", lambda lib, x, mask: Masked().apply(x, mask), (normal(4, 5), booleans(5)), np.multiply,
         torch=False),
    Case("masked-infinite", lambda lib, x, mask: Masked().apply(x, mask),
         (fixed([np.inf, np.nan, 1.0]), fixed([False, False, True])), lambda x, mask: np.array([0.0, 0, 1]), orders=0,
         torch=False),
    Case("picked", lambda lib, x, index: Picked(1, keepdim=False).apply(x, index), (normal(3, 4), fixed([[1], [0], [3]])),
         lambda x, index: np.take_along_axis(x, index, 1)[:, 0], torch=False),
    Case("product_of_others", lambda lib, x: ProductOfOthers().apply(x), (away_from_zero(3, 4),),
         lambda x: x.prod(1, keepdims=True) / x, torch=False),
    Case("product_of_others-zeros", lambda lib, x: ProductOfOthers().apply(x), (fixed([[0.0, 2.0, 3.0], [0.0, 0.0, 3.0]]),),
         lambda x: np.array([[6.0, 0, 0], [0, 0, 0]]), torch=False),
]
