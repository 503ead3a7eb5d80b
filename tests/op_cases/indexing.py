"""Rows for `tensorgrad.ops.indexing`, `selection`, `gathering`, `mask_selection`, `reordering` and `triangle`."""

import numpy as np

from tensorgrad.ops.indexing import AddItems, PutItem
from tests.op_cases.case import Case, booleans, fixed, integers, normal

VIEW, COPY = ("getitem",), ("take_items",)


def item(name, index, shape=(3, 4, 5), ops=VIEW):
    """A row for ``x[index]``, whose reference is NumPy's own indexing."""
    return Case(f"getitem-{name}", lambda lib, x: x[index], (normal(*shape),), lambda x: x[index], ops=ops)


def added(shape, index, values):
    """Zeros with `values` added at `index`."""
    out = np.zeros(shape)
    np.add.at(out, index, values)
    return out


def scatter_loop(x, index, src, add):
    """scatter and scatter_add along axis 1 of matrices, entry by entry."""
    out = x.copy()
    for i, j in np.ndindex(index.shape):
        out[i, index[i, j]] = src[i, j] + (out[i, index[i, j]] if add else 0)
    return out


CASES = [
    item("integer", 1),
    item("negative_integer", -1),
    item("all_integers", (0, -1, 2)),
    item("slice", slice(1, 3)),
    item("slice-steps", (slice(None, None, 2), slice(-3, None), slice(1, -1))),
    Case("getitem-slice-backwards", lambda lib, x: x[::-1, 3:0:-2], (normal(3, 4),), lambda x: x[::-1, 3:0:-2],
         torch=False),  # PyTorch refuses negative steps
    item("ellipsis", (..., 0)),
    item("ellipsis-between", (1, ..., 2)),
    item("none", (None, 1, None, slice(2, None))),
    item("list", [0, 2, 2], ops=COPY),
    item("list-second_axis", (slice(None), [3, 0, 3]), ops=COPY),
    item("lists-adjacent", (slice(None), [0, 3, 3], [1, 4, 4]), ops=COPY),
    item("lists-apart", ([0, 2, 2], slice(None), [1, 4, 4]), ops=COPY),
    item("lists-broadcast", (np.array([[0], [2]]), np.array([1, 1, 3])), ops=COPY),
    item("list-with_slice", (slice(1, 3), [1, 1], slice(None, None, 2)), ops=("getitem", "take_items")),
    item("list-with_none", ([0, 1], None, [0, 1]), ops=("getitem", "take_items")),
    item("list-negative", (..., [-1, 0, -5]), ops=COPY),
    item("list-empty", [], ops=COPY),
    item("mask", np.array([True, False, True]), ops=COPY),
    item("mask-two_axes", np.arange(12).reshape(3, 4) % 5 < 2, ops=COPY),
    item("mask-later_axis", (slice(None), np.array([True, False, True, True])), ops=COPY),
    item("mask-true", True),
    item("mask-false", False, ops=("getitem", "take_items")),
    Case("getitem-mask-of_values", lambda lib, x: x[x > 0], (normal(3, 4),), lambda x: x[x > 0], ops=COPY),
    Case("getitem-tensor", lambda lib, x, i: x[:, i], (normal(3, 4), integers(0, 4, 2, 3)), lambda x, i: x[:, i], ops=COPY),
    Case("getitem-tensor-number", lambda lib, x, i: x[i], (normal(3, 4), fixed(2)), lambda x, i: x[i]),
    Case("getitem-tensor-mask", lambda lib, x, m: x[m, 1:], (normal(3, 4), fixed([True, False, True])),
         lambda x, m: x[m][:, 1:], ops=("getitem", "take_items")),
    # The mirrors, which users meet only as gradients; PyTorch has no function for them.
    Case("putitem", lambda lib, x: PutItem((1, slice(None, None, 2)), (3, 5)).apply(x), (normal(3),),
         lambda x: np.array([np.zeros(5), [x[0], 0, x[1], 0, x[2]], np.zeros(5)]), torch=False),
    Case("add_items", lambda lib, x, i, j: AddItems(("array", "array"), (3, 4), 2).apply(x, i, j),
         (normal(5), integers(0, 3, 5), integers(-4, 4, 5)), lambda x, i, j: added((3, 4), (i, j), x), torch=False),
    Case("add_items-rows", lambda lib, x, i: AddItems((slice(None), "array"), (2, 4, 20), 1).apply(x, i),
         (normal(2, 6, 20), integers(-4, 4, 6)), lambda x, i: added((2, 4, 20), (slice(None), i), x), torch=False),
    Case("add_items-mask", lambda lib, x, m: AddItems(("array", slice(None)), (3, 2), 1).apply(x, m),
         (normal(2, 2), fixed([True, False, True])), lambda x, m: np.array([x[0], [0, 0], x[1]]), torch=False),
    Case("select", lambda lib, x: lib.select(x, 1, -2), (normal(2, 4, 3),), lambda x: x[:, 2], ops=VIEW),
    Case("narrow", lambda lib, x: lib.narrow(x, -1, 1, 3), (normal(2, 5),), lambda x: x[:, 1:4], ops=VIEW),
    Case("narrow-negative_start", lambda lib, x: lib.narrow(x, 0, -2, 1), (normal(4, 2),), lambda x: x[2:3], ops=VIEW),

    # -- an index per entry ------------------------------------------------------------------------------------------
    Case("gather", lambda lib, x, i: lib.gather(x, 1, i), (normal(3, 4), integers(0, 4, 3, 6)),
         lambda x, i: np.take_along_axis(x, i, 1)),
    Case("gather-shorter_index", lambda lib, x, i: lib.gather(x, 0, i), (normal(3, 4, 2), integers(0, 3, 5, 2, 1)),
         lambda x, i: np.take_along_axis(x[:, :2, :1], i, 0)),
    Case("gather-negative_dim", lambda lib, x, i: lib.gather(x, -1, i), (normal(3, 4), integers(0, 4, 2, 3)),
         lambda x, i: np.take_along_axis(x[:2], i, 1)),
    Case("scatter_add", lambda lib, x, i, s: lib.scatter_add(x, 1, i, s), (normal(3, 4), integers(0, 4, 3, 6), normal(3, 6)),
         lambda x, i, s: scatter_loop(x, i, s, add=True)),
    Case("scatter_add-dim0", lambda lib, x, i, s: lib.scatter_add(x, 0, i, s),
         (normal(4, 3), integers(0, 4, 6, 2), normal(6, 2)), lambda x, i, s: scatter_loop(x.T, i.T, s.T, add=True).T),
    Case("scatter_add-longer_src", lambda lib, x, i, s: lib.scatter_add(x, 1, i, s),
         (normal(3, 4), integers(0, 4, 2, 3), normal(3, 5)), lambda x, i, s: scatter_loop(x, i, s, add=True),
         torch=False),  # PyTorch's gradient of src has the wrong shape and raises
    Case("scatter", lambda lib, x, i, s: lib.scatter(x, 1, i, s),
         (normal(2, 4), fixed([[2, 0, 1], [1, 3, 0]]), normal(2, 3)), lambda x, i, s: scatter_loop(x, i, s, add=False)),
    Case("scatter-same_place_twice", lambda lib, x, i, s: lib.scatter(x, 1, i, s),
         (normal(2, 4), fixed([[2, 2, 1], [0, 3, 0]]), normal(2, 3)), lambda x, i, s: scatter_loop(x, i, s, add=False),
         orders=0),  # as in PyTorch what does not stay has a gradient, too
    Case("scatter-number", lambda lib, x, i: lib.scatter(x, 1, i, 2.5), (normal(3, 4), integers(0, 4, 3, 2)),
         lambda x, i: scatter_loop(x, i, np.full(i.shape, 2.5), add=False)),
    Case("take_along_dim", lambda lib, x, i: lib.take_along_dim(x, i, 1), (normal(3, 4), integers(0, 4, 1, 6)),
         lambda x, i: np.take_along_axis(x, np.repeat(i, 3, 0), 1), ops=("gather",)),
    Case("take_along_dim-from_the_end", lambda lib, x, i: lib.take_along_dim(x, i, 0), (normal(3, 1), integers(-3, 3, 2, 5)),
         lambda x, i: np.take_along_axis(np.repeat(x, 5, 1), i, 0), ops=("gather",)),
    Case("take_along_dim-flat", lambda lib, x, i: lib.take_along_dim(x, i), (normal(3, 4), integers(0, 12, 5)),
         lambda x, i: x.ravel()[i], ops=("gather",)),

    # -- an index per place of an axis -------------------------------------------------------------------------------
    Case("index_select", lambda lib, x, i: lib.index_select(x, 1, i), (normal(2, 4, 3), integers(0, 4, 6)),
         lambda x, i: x[:, i]),
    Case("index_select-number", lambda lib, x, i: lib.index_select(x, -1, i), (normal(2, 4), fixed(3)),
         lambda x, i: x[:, 3:]),
    Case("index_add", lambda lib, x, i, s: lib.index_add(x, 1, i, s), (normal(2, 4, 3), fixed([0, 3, 3]), normal(2, 3, 3)),
         lambda x, i, s: np.stack([x[:, 0] + s[:, 0], x[:, 1], x[:, 2], x[:, 3] + s[:, 1] + s[:, 2]], 1)),
    Case("index_add-alpha", lambda lib, x, i, s: lib.index_add(x, 0, i, s, alpha=0.5), (normal(2), fixed([1, 1]), normal(2)),
         lambda x, i, s: np.array([x[0], x[1] + 0.5 * s.sum()])),
    Case("embedding", lambda lib, i, w: lib.F.embedding(i, w), (integers(0, 5, 2, 3), normal(5, 4)), lambda i, w: w[i]),
    Case("embedding-number", lambda lib, i, w: lib.F.embedding(i, w), (fixed(3), normal(5, 4)), lambda i, w: w[3]),
    # No row for padding_idx: it stops the gradient of an entry that the value does depend on; see test_selection.py.
    Case("one_hot", lambda lib, i: lib.F.one_hot(i, 6), (integers(0, 5, 2, 3),), lambda i: np.eye(6, dtype=np.int64)[i],
         orders=0, float32=False),
    Case("one_hot-classes_met", lambda lib, i: lib.F.one_hot(i), (fixed([0, 3, 1]),),
         lambda i: np.eye(4, dtype=np.int64)[i], orders=0, float32=False),

    # -- masks -------------------------------------------------------------------------------------------------------
    Case("masked_fill", lambda lib, x, m: lib.masked_fill(x, m, 2.5), (normal(3, 4), booleans(3, 4)),
         lambda x, m: np.where(m, 2.5, x), ops=("where",)),
    Case("masked_fill-broadcast", lambda lib, x, m: lib.masked_fill(x, m, -1), (normal(2, 3, 4), booleans(3, 1)),
         lambda x, m: np.where(m, -1, x), ops=("where",)),
    Case("masked_fill-tensor", lambda lib, x, m, v: lib.masked_fill(x, m, v), (normal(3, 4), booleans(3, 4), normal()),
         lambda x, m, v: np.where(m, v, x), ops=("where",)),
    Case("masked_select", lambda lib, x, m: lib.masked_select(x, m), (normal(3, 4), booleans(3, 4)), lambda x, m: x[m],
         ops=COPY),
    Case("masked_select-broadcast", lambda lib, x, m: lib.masked_select(x, m), (normal(3, 1), fixed([True, False, True])),
         lambda x, m: np.repeat(x, 2), ops=("expand", "take_items")),
    Case("tril", lambda lib, x: lib.tril(x), (normal(2, 3, 4),), np.tril, ops=("where",)),
    Case("tril-diagonal", lambda lib, x: lib.tril(x, 1), (normal(3, 4),), lambda x: np.tril(x, 1), ops=("where",)),
    Case("triu", lambda lib, x: lib.triu(x), (normal(2, 4, 3),), np.triu, ops=("where",)),
    Case("triu-diagonal", lambda lib, x: lib.triu(x, -2), (normal(4, 3),), lambda x: np.triu(x, -2), ops=("where",)),
    Case("diagonal", lambda lib, x: lib.diagonal(x), (normal(3, 4),), np.diagonal),
    Case("diagonal-offset", lambda lib, x: lib.diagonal(x, -1, 2, 0), (normal(4, 2, 3),),
         lambda x: np.diagonal(x, -1, 2, 0)),
    Case("diag_embed", lambda lib, x: lib.diag_embed(x), (normal(2, 3),),
         lambda x: x[..., None] * np.eye(3), ops=("put_diagonal",)),
    Case("diag_embed-offset", lambda lib, x: lib.diag_embed(x, 1, 2, 0), (normal(2, 3),),
         lambda x: np.stack([np.diag(row, 1) for row in x], 1).transpose(2, 1, 0), ops=("put_diagonal",)),
    Case("diag", lambda lib, x: lib.diag(x, -1), (normal(3),), lambda x: np.diag(x, -1), ops=("put_diagonal",)),
    Case("diag-matrix", lambda lib, x: lib.diag(x, 1), (normal(3, 4),), lambda x: np.diag(x, 1), ops=("diagonal",)),

    # -- order along axes --------------------------------------------------------------------------------------------
    Case("flip", lambda lib, x: lib.flip(x, (0, 2)), (normal(2, 3, 4),), lambda x: np.flip(x, (0, 2))),
    Case("flip-one_axis", lambda lib, x: lib.flip(x, (-1,)), (normal(2, 3),), lambda x: x[:, ::-1]),
    Case("roll", lambda lib, x: lib.roll(x, 2, 1), (normal(2, 5),), lambda x: np.roll(x, 2, 1)),
    Case("roll-flat", lambda lib, x: lib.roll(x, -1), (normal(2, 3),), lambda x: np.roll(x, -1)),
    Case("roll-axes", lambda lib, x: lib.roll(x, (1, -4), (0, -1)), (normal(2, 3, 4),),
         lambda x: np.roll(x, (1, -4), (0, 2))),
]
