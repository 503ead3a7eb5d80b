"""Which entries occur in a set of values, and runs of equal entries."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.ops.promotion import Operand, array_of
from tensorgrad.ops.reduction import normalize_dims
from tensorgrad.tensor import Tensor

__all__ = ["isin", "unique_consecutive"]


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """True where an entry of `elements` is among `test_elements`, or with `invert` where it is not.

    `assume_unique` makes no difference to the result, nor here to the speed.

    Example
        >>> isin(Tensor([1, 2, 3]), Tensor([3, 1]))
        tensor([ True, False,  True])
    """
    return Tensor(np.asarray(np.isin(array_of(elements), array_of(test_elements), invert=invert)))


def unique_consecutive(input: Operand, return_inverse: bool = False, return_counts: bool = False,
                       dim: int | None = None) -> Any:
    """The first entry of every run of equal entries, or along `dim` the first of equal slices; no two NaN are equal.

    With `return_inverse` also which run each entry is in, with `return_counts` also how long each run is, as a tuple.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> unique_consecutive(Tensor([1, 1, 2, 1]), return_counts=True)
        (tensor([1, 2, 1]), tensor([2, 1, 1]))
    """
    array = array_of(input)
    axis = None if dim is None else (normalize_dims("unique_consecutive", input, dim) or (0,))[0]
    slices = array.reshape(-1) if axis is None or not array.ndim else np.moveaxis(array, axis, 0)
    changes = (slices[1:] != slices[:-1]).any(axis=tuple(range(1, slices.ndim)))
    starts = np.concatenate([np.ones(min(len(slices), 1), bool), changes])
    first = slices[starts]
    results = [first if axis is None or not array.ndim else np.moveaxis(first, 0, axis)]
    if return_inverse:
        run = np.cumsum(starts) - 1
        results.append(run.reshape(array.shape) if axis is None else run)
    if return_counts:
        results.append(np.diff(np.append(np.flatnonzero(starts), len(slices))))
    found = tuple([Tensor(np.ascontiguousarray(r).reshape(r.shape)) for r in results])
    return found if len(found) > 1 else found[0]
