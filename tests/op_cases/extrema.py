"""Rows for largest and smallest entries, order, and truth over axes."""

import numpy as np

from tests.op_cases.case import Case, booleans, distinct, fixed, integers, normal

TIES = fixed([[2.0, 2.0, 1.0], [0.5, 3.0, 3.0], [2.0, 2.0, 2.0]])


def sorted_with_indices(x, axis):
    order = np.argsort(x, axis, kind="stable")
    return np.take_along_axis(x, order, axis), order


CASES = [
    Case("max", lambda lib, x: lib.max(x), (distinct(2, 3),), np.max, ops=("max_of_all",)),
    Case("max-dim", lambda lib, x: x.max(1), (distinct(2, 3, 4),), lambda x: (x.max(1), x.argmax(1))),
    Case("max-dim-keepdim", lambda lib, x: lib.max(x, dim=-1, keepdim=True), (distinct(2, 3),),
         lambda x: (x.max(1, keepdims=True), x.argmax(1, keepdims=True))),
    Case("max-other", lambda lib, x, y: lib.max(x, y), (distinct(2, 3), normal(3)), np.maximum, ops=("maximum",)),
    Case("max-integer", lambda lib, x: lib.max(x, 0), (integers(0, 100, 4, 2),), lambda x: (x.max(0), x.argmax(0)), orders=0,
         float32=False),
    Case("min", lambda lib, x: x.min(), (distinct(2, 3),), np.min, ops=("min_of_all",)),
    Case("min-dim", lambda lib, x: lib.min(x, 0), (distinct(2, 3),), lambda x: (x.min(0), x.argmin(0))),
    Case("min-other", lambda lib, x, y: lib.min(x, y), (distinct(2, 3), normal(3)), np.minimum, ops=("minimum",)),
    Case("amax", lambda lib, x: lib.amax(x), (distinct(2, 3),), np.max),
    Case("amax-dims", lambda lib, x: x.amax((0, 2)), (distinct(2, 3, 4),), lambda x: x.max((0, 2))),
    Case("amax-scalar", lambda lib, x: lib.amax(x), (normal(),), np.max),
    Case("amin-keepdim", lambda lib, x: lib.amin(x, 1, keepdim=True), (distinct(2, 3, 4),),
         lambda x: x.min(1, keepdims=True)),
    Case("aminmax", lambda lib, x: lib.aminmax(x, dim=1), (distinct(2, 3),), lambda x: (x.min(1), x.max(1)),
         ops=("amin", "amax")),
    Case("argmax", lambda lib, x: lib.argmax(x), (distinct(2, 3),), np.argmax, orders=0, float32=False),
    Case("argmax-dim", lambda lib, x: x.argmax(1), (TIES,), lambda x: x.argmax(1), orders=0, float32=False),
    Case("argmax-keepdim", lambda lib, x: lib.argmax(x, dim=0, keepdim=True), (distinct(2, 3),),
         lambda x: x.argmax(0, keepdims=True), orders=0, float32=False),
    Case("argmin-dim", lambda lib, x: lib.argmin(x, -1), (TIES,), lambda x: x.argmin(1), orders=0, float32=False),
    Case("sort", lambda lib, x: lib.sort(x), (distinct(2, 5),), lambda x: sorted_with_indices(x, 1)),
    Case("sort-dim", lambda lib, x: lib.sort(x, 0), (distinct(4, 3),), lambda x: sorted_with_indices(x, 0)),
    Case("sort-descending", lambda lib, x: lib.sort(x, dim=0, descending=True, stable=True), (TIES,),
         lambda x: (np.sort(x, 0)[::-1], np.argsort(-x, 0, kind="stable")), orders=0),
    Case("argsort", lambda lib, x: lib.argsort(x, dim=1, stable=True), (TIES,), lambda x: np.argsort(x, 1, kind="stable"),
         orders=0, float32=False),
    Case("topk", lambda lib, x: lib.topk(x, 2, dim=1), (distinct(3, 5),),
         lambda x: (np.sort(x, 1)[:, :-3:-1], np.argsort(-x, 1)[:, :2])),
    Case("topk-smallest", lambda lib, x: lib.topk(x, 2, dim=0, largest=False), (distinct(5, 2),),
         lambda x: (np.sort(x, 0)[:2], np.argsort(x, 0)[:2])),
    Case("median", lambda lib, x: lib.median(x), (distinct(3, 4),), lambda x: np.sort(x.reshape(-1))[5],
         ops=("median_of_all",)),
    Case("median-dim", lambda lib, x: lib.median(x, 1), (distinct(3, 4),),
         lambda x: (np.sort(x, 1)[:, 1], np.argsort(x, 1)[:, 1])),
    Case("any", lambda lib, x: lib.any(x), (booleans(2, 3),), np.any, orders=0, float32=False),
    Case("any-dim", lambda lib, x: x.any(1), (fixed([[0.0, 2.0], [0.0, 0.0]]),), lambda x: x.any(1), orders=0,
         float32=False),
    Case("all", lambda lib, x: x.all(), (booleans(2, 3),), np.all, orders=0, float32=False),
    Case("all-dim", lambda lib, x: lib.all(x, dim=0, keepdim=True), (booleans(2, 3),), lambda x: x.all(0, keepdims=True),
         orders=0, float32=False),
    Case("count_nonzero", lambda lib, x: lib.count_nonzero(x, dim=1), (fixed([[0.0, 2.0], [3.0, 1.0]]),),
         lambda x: np.count_nonzero(x, 1), orders=0, float32=False),
]
