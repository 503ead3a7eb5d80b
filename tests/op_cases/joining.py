"""Rows for `tensorgrad.ops.joining`."""

import numpy as np

from tests.op_cases.case import Case, normal

CASES = [
    Case("cat", lambda lib, a, b: lib.cat([a, b]), (normal(2, 3), normal(1, 3)), lambda a, b: np.concatenate([a, b])),
    Case("cat-dim", lambda lib, a, b, c: lib.cat([a, b, c], dim=1), (normal(2, 3, 2), normal(2, 1, 2), normal(2, 4, 2)),
         lambda a, b, c: np.concatenate([a, b, c], axis=1)),
    Case("cat-negative_dim", lambda lib, a, b: lib.cat((a, b), -1), (normal(2, 3), normal(2, 2)),
         lambda a, b: np.concatenate([a, b], axis=1)),
    Case("cat-itself", lambda lib, a: lib.cat([a, a * 2, a], 1), (normal(2, 3),),
         lambda a: np.concatenate([a, 2 * a, a], axis=1)),
    Case("cat-without_entries", lambda lib, a, b: lib.cat([a[:0], b]), (normal(2, 3), normal(2, 3)), lambda a, b: b),
    Case("stack", lambda lib, a, b: lib.stack([a, b]), (normal(2, 3), normal(2, 3)), lambda a, b: np.stack([a, b])),
    Case("stack-dim", lambda lib, a, b, c: lib.stack([a, b, c], dim=1), (normal(2, 3), normal(2, 3), normal(2, 3)),
         lambda a, b, c: np.stack([a, b, c], axis=1)),
    Case("stack-negative_dim", lambda lib, a, b: lib.stack((a, b), -1), (normal(2, 3), normal(2, 3)),
         lambda a, b: np.stack([a, b], axis=2)),
    Case("stack-numbers", lambda lib, a, b: lib.stack([a, b, a]), (normal(), normal()), lambda a, b: np.array([a, b, a])),
    Case("split", lambda lib, x: lib.split(x, 2), (normal(5, 3),), lambda x: (x[:2], x[2:4], x[4:]), ops=("getitem",)),
    Case("split-sizes", lambda lib, x: lib.split(x, [1, 0, 3], dim=1), (normal(2, 4, 2),),
         lambda x: (x[:, :1], x[:, 1:1], x[:, 1:]), ops=("getitem",)),
    Case("split-one_part_used", lambda lib, x: lib.split(x, 2, -1)[1], (normal(2, 6),), lambda x: x[:, 2:4],
         ops=("getitem",)),
    Case("chunk", lambda lib, x: lib.chunk(x, 4, 1), (normal(2, 5),), lambda x: (x[:, :2], x[:, 2:4], x[:, 4:]),
         ops=("getitem",)),
    Case("unbind", lambda lib, x: lib.unbind(x), (normal(3, 2),), lambda x: (x[0], x[1], x[2]), ops=("getitem",)),
    Case("unbind-dim", lambda lib, x: lib.unbind(x, -1), (normal(3, 2),), lambda x: (x[:, 0], x[:, 1]), ops=("getitem",)),
]
