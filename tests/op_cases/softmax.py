"""Rows for softmax, its logarithm, and logsumexp."""

import numpy as np

from tests.op_cases.case import Case, fixed, integers, normal

LARGE = fixed([[1000.0, 999.0, -1000.0], [-500.0, 0.0, 0.5]])


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def logsumexp(x, axis, keepdims=False):
    top = x.max(axis, keepdims=True)
    y = np.log(np.exp(x - top).sum(axis, keepdims=True)) + top
    return y if keepdims else y.squeeze(axis)


CASES = [
    Case("softmax", lambda lib, x: lib.softmax(x, 1), (normal(2, 3),), lambda x: softmax(x, 1)),
    Case("softmax-image", lambda lib, x: lib.F.softmax(x, dim=1), (normal(2, 3, 2, 2),), lambda x: softmax(x, 1)),
    Case("softmax-last", lambda lib, x: lib.softmax(x, -1), (normal(2, 3, 4),), lambda x: softmax(x, -1)),
    Case("softmax-large", lambda lib, x: lib.softmax(x, 1), (LARGE,), lambda x: softmax(x, 1)),
    Case("softmax-dtype", lambda lib, x: lib.softmax(x, 0, dtype=lib.float64), (integers(-3, 3, 4),),
         lambda x: softmax(x, 0),
         orders=0, float32=False),
    Case("softmin", lambda lib, x: lib.F.softmin(x, dim=0), (normal(2, 3),), lambda x: softmax(-x, 0),
         ops=("softmax", "neg")),
    Case("log_softmax", lambda lib, x: lib.log_softmax(x, 1), (normal(2, 3),), lambda x: np.log(softmax(x, 1))),
    Case("log_softmax-image", lambda lib, x: lib.F.log_softmax(x, dim=1), (normal(2, 3, 2, 2),),
         lambda x: np.log(softmax(x, 1))),
    Case("log_softmax-large", lambda lib, x: lib.log_softmax(x, 1), (LARGE,), lambda x: x - logsumexp(x, 1, True)),
    Case("logsumexp", lambda lib, x: lib.logsumexp(x, 1), (normal(2, 3),), lambda x: logsumexp(x, 1)),
    Case("logsumexp-dims", lambda lib, x: lib.logsumexp(x, (0, 2), keepdim=True), (normal(2, 3, 4),),
         lambda x: np.log(np.exp(x).sum((0, 2), keepdims=True))),
    Case("logsumexp-large", lambda lib, x: lib.logsumexp(x, -1), (LARGE,), lambda x: logsumexp(x, -1)),
]
