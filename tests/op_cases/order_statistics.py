"""Rows for places in the order of entries, running extrema, bins and counts."""

import numpy as np

from tests.op_cases.case import Case, distinct, fixed, integers, normal, unit

HOLES = fixed([[1.0, np.nan, 3.0, 2.0], [np.nan, np.nan, 2.5, np.nan]])
REPEATED = fixed([[3.0, 1.0, 3.0, 1.0, 2.0], [2.0, 5.0, 5.0, 1.0, 2.0]])
RECORDS = fixed([[1.0, 3.0, 3.0, 2.0, 5.0], [4.0, 4.0, 1.0, 0.5, 2.0]])
EDGES = fixed([-0.5, 0.0, 0.75, 2.0])


def picked(x, index, axis=-1):
    """Entries and the index that picks them, without the axis."""
    return np.take_along_axis(x, np.expand_dims(index, axis), axis).squeeze(axis), index


CASES = [
    Case("kthvalue", lambda lib, x: lib.kthvalue(x, 2, 1), (distinct(3, 5),), lambda x: picked(x, np.argsort(x, 1)[:, 1])),
    Case("kthvalue-keepdim", lambda lib, x: x.kthvalue(4, dim=0, keepdim=True), (distinct(5, 2),),
         lambda x: (np.sort(x, 0)[3:4], np.argsort(x, 0)[3:4])),
    Case("mode", lambda lib, x: lib.mode(x), (distinct(3, 4),), lambda x: picked(x, np.argmin(x, 1))),
    Case("mode-repeated", lambda lib, x: x.mode(1), (REPEATED,), lambda x: picked(x, np.array([3, 4])), orders=0),
    Case("nanmedian", lambda lib, x: lib.nanmedian(x), (distinct(3, 4),), lambda x: np.sort(x.reshape(-1))[5],
         ops=("nanmedian_of_all",)),
    Case("nanmedian-dim", lambda lib, x: lib.nanmedian(x, 1), (distinct(3, 4),),
         lambda x: picked(x, np.argsort(x, 1)[:, 1])),
    Case("nanmedian-holes", lambda lib, x: x.nanmedian(1), (HOLES,), lambda x: picked(x, np.array([3, 2])), orders=0),
    Case("nanmedian-holes-all", lambda lib, x: lib.nanmedian(x), (HOLES,), lambda x: np.float64(2.0), orders=0),
    Case("quantile", lambda lib, x, q: lib.quantile(x, q, dim=1), (distinct(3, 5), unit(4)),
         lambda x, q: np.quantile(x, q, 1), ops=("sort", "gather", "lerp")),
    Case("quantile-number", lambda lib, x: x.quantile(0.3), (distinct(3, 5),), lambda x: np.quantile(x, 0.3),
         ops=("sort", "gather", "lerp")),
    Case("quantile-keepdim", lambda lib, x: lib.quantile(x, 0.7, 0, True, interpolation="midpoint"), (distinct(4, 3),),
         lambda x: np.quantile(x, 0.7, 0, keepdims=True, method="midpoint"), ops=("sort", "gather", "lerp")),
    Case("quantile-lower", lambda lib, x: lib.quantile(x, 0.6, -1, interpolation="lower"), (distinct(3, 5),),
         lambda x: np.quantile(x, 0.6, -1, method="lower"), ops=("sort", "gather")),
    Case("quantile-nearest", lambda lib, x: lib.quantile(x, 0.6, interpolation="nearest"), (distinct(3, 5),),
         lambda x: np.quantile(x, 0.6, method="nearest"), ops=("sort", "gather")),
    Case("quantile-higher-nan", lambda lib, x: lib.quantile(x, 0.6, 1, interpolation="higher"), (HOLES,),
         lambda x: np.full(2, np.nan), orders=0),
    Case("nanquantile", lambda lib, x: lib.nanquantile(x, 0.4, 1), (HOLES,), lambda x: np.nanquantile(x, 0.4, 1), orders=0),
    Case("nanquantile-finite", lambda lib, x: x.nanquantile(0.4), (distinct(3, 4),), lambda x: np.quantile(x, 0.4),
         ops=("sort", "gather", "lerp")),
    Case("cummax", lambda lib, x: lib.cummax(x, 1), (distinct(3, 5),),
         lambda x: (np.maximum.accumulate(x, 1), np.argmax(x[:, None, :] == np.maximum.accumulate(x, 1)[:, :, None], 2))),
    Case("cummax-ties", lambda lib, x: x.cummax(1), (RECORDS,),
         lambda x: (np.maximum.accumulate(x, 1), np.array([[0, 1, 2, 2, 4], [0, 1, 1, 1, 1]])), orders=0),
    Case("cummin", lambda lib, x: lib.cummin(x, 0), (distinct(5, 2),),
         lambda x: (np.minimum.accumulate(x, 0), np.argmax(x[None] == np.minimum.accumulate(x, 0)[:, None], 1))),
    Case("cummin-nan", lambda lib, x: x.cummin(0), (fixed([1.0, 3.0, 1.0, np.nan, 0.0, np.nan]),),
         lambda x: (np.minimum.accumulate(x), np.array([0, 0, 2, 3, 3, 5])), orders=0),
    Case("unique", lambda lib, x: lib.unique(x, return_inverse=True, return_counts=True), (integers(0, 4, 3, 4),),
         lambda x: (np.unique(x), np.searchsorted(np.unique(x), x), np.bincount(x.reshape(-1))[np.unique(x)]), orders=0,
         float32=False),
    Case("unique-dim", lambda lib, x: x.unique(dim=0), (fixed([[1, 2], [0, 5], [1, 2]]),),
         lambda x: np.array([[0, 5], [1, 2]]), orders=0, float32=False),
    Case("searchsorted", lambda lib, edges, x: lib.searchsorted(edges, x), (EDGES, normal(3, 4)), np.searchsorted, orders=0,
         float32=False),
    Case("searchsorted-rows", lambda lib, edges, x: lib.searchsorted(edges, x, right=True),
         (fixed([[1, 3, 5], [2, 4, 6]]), fixed([[3, 6], [4, 0]])), lambda edges, x: np.array([[2, 3], [2, 0]]), orders=0,
         float32=False),
    Case("searchsorted-sorter", lambda lib, edges, x, sorter: lib.searchsorted(edges, x, sorter=sorter, out_int32=True),
         (fixed([5, 1, 3]), fixed([3, 4]), fixed([1, 2, 0])), lambda edges, x, sorter: np.array([1, 2], np.int32), orders=0,
         float32=False),
    Case("bucketize", lambda lib, x, edges: lib.bucketize(x, edges, right=True), (normal(3, 4), EDGES),
         lambda x, edges: np.digitize(x, edges), orders=0, float32=False),
    Case("histc", lambda lib, x: lib.histc(x, bins=5, min=-1, max=1), (normal(40),),
         lambda x: np.histogram(x, 5, (-1, 1))[0].astype(float), orders=0),
    Case("histc-range", lambda lib, x: x.histc(4), (fixed([1.0, 2.0, 2.5, 5.0]),), lambda x: np.array([1.0, 2.0, 0.0, 1.0]),
         orders=0),
    Case("bincount", lambda lib, x: lib.bincount(x, minlength=8), (integers(0, 6, 9),),
         lambda x: np.bincount(x, minlength=8), orders=0, float32=False),
    Case("bincount-weights", lambda lib, x, w: x.bincount(w), (integers(0, 6, 9), normal(9)), np.bincount, orders=0,
         float32=False),
    Case("cumsum-dtype", lambda lib, x: lib.cumsum(x, 0, dtype=lib.uint8), (fixed([200, 100, 3]),),
         lambda x: np.array([200, 44, 47], np.uint8), orders=0, float32=False),
    Case("prod-dtype", lambda lib, x: lib.prod(x, dtype=lib.bool_ if hasattr(lib, "bool_") else lib.bool),
         (fixed([2, 0, 3]),), lambda x: np.False_, orders=0, float32=False),
    Case("topk-scalar", lambda lib, x: lib.topk(x, 1), (normal(),), lambda x: (x, np.int64(0))),
]
