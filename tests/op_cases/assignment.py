"""Rows for `tensorgrad.ops.assignment`: assignment to an index of what was computed."""

import numpy as np

from tests.op_cases.case import Case, booleans, normal

SET, OVERWRITE = ("setitem",), ("overwrite",)
MASK = np.array([True, False, True])


def assigned(x, index, value):
    """A copy of `x`, of either library or NumPy, with ``x[index] = value``."""
    y = x * 1
    y[index] = value
    return y


def row(name, index, place, ops=SET):
    """A row for ``x[index] = value``, whose value has the shape `place`."""
    return Case(f"setitem-{name}", lambda lib, x, value: assigned(x, index, value), (normal(3, 4), normal(*place)),
                lambda x, value: assigned(x, index, value), ops=ops)


CASES = [
    row("integer", 1, (4,)),
    row("entry", (1, -1), ()),
    row("slice", (slice(1, None), slice(None, None, 2)), (2, 2)),
    row("ellipsis", (..., 2), (3,)),
    row("new_axis", (slice(1, 3), None, 0), (2, 1)),
    row("everything", ..., (3, 4)),
    row("everything_from_a_row", slice(None), (4,)),
    row("broadcast", (slice(None), slice(1, 3)), (3, 1)),
    row("longer", 0, (1, 1, 4)),
    row("array", np.array([2, 0]), (2, 4), OVERWRITE),
    row("arrays", (np.array([2, 0]), np.array([-1, 1])), (2,), OVERWRITE),
    row("array_beside_a_slice", (slice(0, 2), np.array([3, 1])), (2, 2), OVERWRITE),
    row("list_and_broadcast", [0, 2], (4,), OVERWRITE),
    row("mask_of_rows", MASK, (2, 4), OVERWRITE),
    Case("setitem-mask", lambda lib, x, mask, value: assigned(x, mask, value), (normal(3, 4), booleans(3, 4), normal()),
         lambda x, mask, value: np.where(mask, value, x), ops=("where",)),
    Case("setitem-number", lambda lib, x: assigned(x, (0, slice(1, 3)), 2.5), (normal(3, 4),),
         lambda x: assigned(x, (0, slice(1, 3)), 2.5), ops=SET),
    Case("setitem-twice", lambda lib, x, v, w: assigned(assigned(x, 0, v), (slice(None), 0), w),
         (normal(3, 4), normal(4), normal(3)), lambda x, v, w: assigned(assigned(x, 0, v), (slice(None), 0), w), ops=SET),
]
