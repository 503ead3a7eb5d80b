"""Rows for `tensorgrad.ops.overwriting`, `scatter_reduction`, `gathering.take`, and for rotations and traces."""

import numpy as np

from tests.op_cases.case import Case, booleans, distinct, fixed, integers, normal

PLACES = fixed([[0, 2, 0], [1, 1, 1]])
OVERWRITE = ("overwrite",)


def reduced(x, index, src, function, include_self=True):
    """scatter_reduce along axis 1 of matrices, place by place."""
    out = x.copy()
    for i, j in np.ndindex(x.shape):
        sent = [src[i, k] for k in range(index.shape[1]) if index[i, k] == j]
        if sent:
            out[i, j] = function(([x[i, j]] if include_self else []) + sent)
    return out


def reduction(name, function, include_self=True, inputs=distinct, ops=()):
    """A row for ``scatter_reduce(..., name)``."""
    return Case(f"scatter_reduce-{name}{'' if include_self else '-without_self'}",
                lambda lib, x, i, s: lib.scatter_reduce(x, 1, i, s, name, include_self=include_self),
                (inputs(2, 3), PLACES, normal(2, 3)), lambda x, i, s: reduced(x, i, s, function, include_self), ops=ops)


def written(x, index, values):
    """A copy of `x` with ``x[index] = values``."""
    out = x.copy()
    out[index] = values
    return out


CASES = [
    reduction("sum", np.sum, ops=("scatter_add",)),
    reduction("sum", np.sum, False, ops=("scatter_add",)),
    reduction("mean", np.mean, ops=("scatter_add",)),
    reduction("mean", np.mean, False, ops=("scatter_add",)),
    reduction("prod", np.prod, inputs=normal, ops=("prod",)),
    reduction("prod", np.prod, False, inputs=normal, ops=("prod",)),
    reduction("amax", np.max, ops=("scatter_amax",)),
    reduction("amax", np.max, False, ops=("scatter_amax",)),
    reduction("amin", np.min, ops=("scatter_amin",)),
    reduction("amin", np.min, False, ops=("scatter_amin",)),
    Case("scatter_reduce-amax-ties", lambda lib, x, i, s: lib.scatter_reduce(x * 0, 0, i, s * 0, "amax"),
         (normal(3), fixed([0, 0, 2]), normal(3)), lambda x, i, s: np.zeros(3), ops=("scatter_amax",)),
    Case("scatter_reduce-zeros", lambda lib, x, i, s: lib.scatter_reduce(x, 0, i, s, "prod"),
         (fixed([2.0, 0.0, 3.0]), fixed([0, 0, 1, 2]), fixed([0.0, 5.0, 4.0, 0.0])),
         lambda x, i, s: np.array([0.0, 0.0, 0.0]), ops=("prod",)),
    # PyTorch has no gradient for scatter with reduce.
    Case("scatter-add", lambda lib, x, i, s: lib.scatter(x, 1, i, s, reduce="add"), (normal(2, 3), PLACES, normal(2, 3)),
         lambda x, i, s: reduced(x, i, s, np.sum), ops=("scatter_add",), torch=False),
    Case("scatter-multiply", lambda lib, x, i, s: lib.scatter(x, 1, i, s, reduce="multiply"),
         (normal(2, 3), PLACES, normal(2, 3)), lambda x, i, s: reduced(x, i, s, np.prod), ops=("prod",), torch=False),

    Case("index_copy", lambda lib, x, i, s: lib.index_copy(x, 1, i, s), (normal(2, 4), fixed([2, 0]), normal(2, 2)),
         lambda x, i, s: written(x, (slice(None), i), s), ops=OVERWRITE),
    Case("index_copy-same_place_twice", lambda lib, x, i, s: lib.index_copy(x, 0, i, s),
         (normal(3), fixed([1, 1]), normal(2)), lambda x, i, s: np.array([x[0], s[1], x[2]]), ops=OVERWRITE,
         orders=0),  # as in PyTorch what does not stay has a gradient, too
    Case("index_fill", lambda lib, x, i: lib.index_fill(x, 1, i, 2.5), (normal(2, 4), fixed([-1, 1])),
         lambda x, i: written(x, (slice(None), i), 2.5), ops=("where",)),
    Case("index_fill-tensor", lambda lib, x, i, v: lib.index_fill(x, 0, i, v), (normal(3, 2), fixed([2, 0]), normal()),
         lambda x, i, v: written(x, i, v), ops=("where",)),
    Case("index_put", lambda lib, x, i, j, v: lib.index_put(x, (i, j), v),
         (normal(3, 4), fixed([0, 2, -1]), fixed([1, 1, 3]), normal(3)), lambda x, i, j, v: written(x, (i, j), v),
         ops=OVERWRITE),
    Case("index_put-broadcast", lambda lib, x, i, v: x.index_put((i,), v), (normal(3, 4), fixed([0, 2]), normal(4)),
         lambda x, i, v: written(x, i, v), ops=OVERWRITE),
    Case("index_put-mask", lambda lib, x, m, v: lib.index_put(x, (m,), v), (normal(3, 4), booleans(3, 4), normal()),
         lambda x, m, v: written(x, m, v), ops=OVERWRITE),
    Case("index_put-accumulate", lambda lib, x, i, v: lib.index_put(x, (i,), v, accumulate=True),
         (normal(3), fixed([0, 2, 0]), normal(3)), lambda x, i, v: x + np.array([v[0] + v[2], 0, v[1]]),
         ops=("scatter_add",)),
    Case("put", lambda lib, x, i, s: lib.put(x, i, s), (normal(2, 3), fixed([0, -1]), normal(2)),
         lambda x, i, s: written(x.ravel(), i, s).reshape(2, 3), ops=OVERWRITE),
    Case("masked_scatter", lambda lib, x, m, s: lib.masked_scatter(x, m, s),
         (normal(2, 3), fixed([[True, False, True], [False, True, False]]), normal(5)), lambda x, m, s: written(x, m, s[:3]),
         ops=OVERWRITE),
    Case("select_scatter", lambda lib, x, s: lib.select_scatter(x, s, 1, -1), (normal(2, 3), normal(2)),
         lambda x, s: written(x, (slice(None), -1), s), ops=OVERWRITE),
    Case("slice_scatter", lambda lib, x, s: lib.slice_scatter(x, s, 1, 1, None, 2), (normal(2, 5), normal(2, 2)),
         lambda x, s: written(x, (slice(None), slice(1, None, 2)), s), ops=OVERWRITE),
    Case("diagonal_scatter", lambda lib, x, s: lib.diagonal_scatter(x, s, 1), (normal(3, 3), normal(2)),
         lambda x, s: written(x, ([0, 1], [1, 2]), s), ops=OVERWRITE),
    Case("take", lambda lib, x, i: lib.take(x, i), (normal(2, 3), fixed([[0, -1], [4, 4]])), lambda x, i: np.take(x, i),
         ops=("gather",)),
    Case("gather-number", lambda lib, x, i: lib.gather(x, 0, i), (normal(), fixed([0, 0])), lambda x, i: np.stack([x, x])),
    Case("nonzero", lambda lib, x: lib.nonzero(x), (integers(0, 2, 3, 4),), np.argwhere, orders=0, float32=False),
    Case("nonzero-tuple", lambda lib, x: lib.nonzero(x, as_tuple=True), (integers(0, 2, 3, 4),), np.nonzero, orders=0,
         float32=False),
    Case("argwhere", lambda lib, x: lib.argwhere(x), (booleans(3, 2),), np.argwhere, orders=0, float32=False),
    Case("diagflat", lambda lib, x: lib.diagflat(x, -1), (normal(1, 2),), lambda x: np.diagflat(x, -1),
         ops=("put_diagonal",)),
    Case("trace", lambda lib, x: lib.trace(x), (normal(3, 4),), np.trace, ops=("diagonal", "sum")),
    Case("rot90", lambda lib, x: lib.rot90(x), (normal(2, 3),), np.rot90, ops=("flip",)),
    Case("rot90-back", lambda lib, x: lib.rot90(x, -1, (2, 0)), (normal(2, 3, 4),), lambda x: np.rot90(x, -1, (2, 0)),
         ops=("flip",)),
    Case("fliplr", lambda lib, x: lib.fliplr(x), (normal(2, 3),), np.fliplr, ops=("flip",)),
    Case("flipud", lambda lib, x: lib.flipud(x), (normal(2, 3),), np.flipud, ops=("flip",)),
]
