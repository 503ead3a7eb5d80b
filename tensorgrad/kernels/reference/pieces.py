"""Large arrays in matching pieces that stay in the processor's cache.

An update such as Adam's is a dozen NumPy calls.  On a whole array of a hundred megabytes each call reads and writes memory;
on one piece after the other only the first and the last do.
"""

from __future__ import annotations

from typing import Any, Iterator, Sequence

import numpy as np

__all__ = ["blocks"]

BLOCK = 16_384  # entries; five float32 arrays of this size fit into 512 KB of second-level cache


def blocks(p: np.ndarray, grad: np.ndarray, *buffers: np.ndarray | None) -> Iterator[Sequence[Any]]:
    """Pieces of a parameter, its gradient and its buffers with the same entries; together they cover every entry once.

    All arrays have the shape of `p` and any strides; None stays None.  Pieces are views, to be written into, but that of the
    gradient may be a copy, in the memory order of `p`.  A piece has at least one axis, so that NumPy's results on it are
    arrays, which in-place updates need, and not scalars.

    Example
        >>> p, g = np.zeros(40_000), np.ones(40_000)
        >>> for a, b in blocks(p, g):
        ...     a += b
        >>> len(list(blocks(p, g))), float(p.sum())
        (3, 40000.0)
    """
    arrays = [p, grad, *buffers]
    if p.size <= BLOCK:
        yield arrays if p.ndim else [None if a is None else a.reshape(1) for a in arrays]
        return
    order = sorted(range(p.ndim), key=lambda axis: -abs(p.strides[axis]))  # so that p lies as C arrays do
    arrays = [None if a is None else a.transpose(order) for a in arrays]
    if all(a is None or a.flags.c_contiguous for a in arrays):
        arrays = [None if a is None else a.reshape(-1) for a in arrays]
    yield from rows(arrays)


def rows(arrays: list[Any]) -> Iterator[list[Any]]:
    """Pieces along the first axis, and along the next where one row alone is larger than a block."""
    n = len(arrays[0])
    row = arrays[0].size // n
    if row > BLOCK:
        for i in range(n):
            yield from rows([None if a is None else a[i] for a in arrays])
        return
    step = max(1, BLOCK // row)
    for i in range(0, n, step):
        p, grad, *buffers = [None if a is None else a[i:i + step] for a in arrays]
        yield [p, np.ascontiguousarray(grad), *buffers]
