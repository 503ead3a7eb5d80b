"""Copies of a tensor, or of its entries, side by side: repeat, tile, repeat_interleave."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.ops.arithmetic import no_view
from tensorgrad.ops.indexing import one_axis
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.reduction import expand
from tensorgrad.ops.selection import flat_index, index_select
from tensorgrad.ops.shape import as_shape, reshape
from tensorgrad.tensor import Tensor, plain

__all__ = ["repeat", "tile", "repeat_interleave"]


def repeat(input: Operand, *sizes: Any, repeats: Any = None) -> Tensor:
    """Copies of `input` side by side: `repeats` says how many along each axis, extra axes coming in front.

    Raises
        ShapeError      fewer numbers than axes
        ArgumentError   a number below 0

    Example
        >>> repeat(Tensor([1, 2]), 2, 2)
        tensor([[1, 2, 1, 2],
                [1, 2, 1, 2]])
    """
    times = as_shape(sizes if repeats is None else (repeats,))
    if len(times) < input.ndim:
        raise ShapeError(message("repeat", f"{len(times)} numbers for {input.ndim} axes", {"input": input},
                                 "Give one per axis, 1 where nothing is repeated."))
    if any(n < 0 for n in times):
        raise ArgumentError(message("repeat", f"cannot repeat {times} times", {"input": input}, "Use 0 or more."))
    shape = (1,) * (len(times) - input.ndim) + tuple(input.shape)
    apart = expand(reshape(input, [k for n in shape for k in (1, n)]), [k for pair in zip(times, shape) for k in pair])
    return no_view(reshape(apart, tuple([times * n for times, n in zip(times, shape)])), input)


def tile(input: Operand, *sizes: Any, dims: Any = None) -> Tensor:
    """`repeat` that takes 1 for the leading axes which `dims` does not name.

    Raises
        ArgumentError   a number below 0

    Example
        >>> tile(Tensor([[1, 2], [3, 4]]), 2)
        tensor([[1, 2, 1, 2],
                [3, 4, 3, 4]])
    """
    times = as_shape(sizes if dims is None else (dims,))
    return repeat(input, (1,) * (input.ndim - len(times)) + times)


def repeat_interleave(input: Operand, repeats: Operand | int, dim: int | None = None, *,
                      output_size: int | None = None) -> Tensor:
    """Each entry of axis `dim` repeated in its place; without `dim`, each entry of the flattened tensor.

    `repeats` is one number for all entries, or an integer tensor with one number for each.  An `output_size` is only
    checked: PyTorch takes it to save itself a sum.

    Raises
        RangeError      an axis that `input` does not have
        ShapeError      another number of repeats than of entries
        ArgumentError   a number below 0, an `output_size` that is not that of the result

    Example
        >>> repeat_interleave(Tensor([1, 2]), 2), repeat_interleave(Tensor([1, 2]), Tensor([1, 3]))
        (tensor([1, 1, 2, 2]), tensor([1, 2, 2, 2]))
    """
    if dim is None:
        input, dim = reshape(input, -1), 0
    axis = one_axis("repeat_interleave", input, dim)
    n = input.shape[axis]
    counts = flat_index("repeat_interleave", repeats)
    array = plain(counts)
    if array.size not in (1, n):
        raise ShapeError(message("repeat_interleave", f"{array.size} repeats for {n} entries of axis {axis}",
                                 {"input": input, "repeats": counts}, f"Give 1 or {n}."))
    if array.size and array.min() < 0:
        raise ArgumentError(message("repeat_interleave", f"cannot repeat an entry {array.min()} times", {"input": input},
                                    "Use 0 or more."))
    size = n * int(array.item()) if array.size == 1 else int(array.sum())
    if output_size not in (None, size):
        raise ArgumentError(message("repeat_interleave", f"output_size={output_size}, the result has {size} entries",
                                    {"input": input, "repeats": counts}, f"Use {size}, or leave it out."))
    if array.size == 1:
        times = int(array.item())
        shape = list(input.shape)
        apart = expand(reshape(input, [*shape[:axis + 1], 1, *shape[axis + 1:]]),
                       [*shape[:axis + 1], times, *shape[axis + 1:]])
        return no_view(reshape(apart, [*shape[:axis], n * times, *shape[axis + 1:]]), input)
    return index_select(input, axis, np.repeat(np.arange(n), array))
