"""One tensor into several along an axis: split, chunk, unbind and their relatives.  All results are views."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from tensorgrad.errors import ArgumentError, DtypeError, ShapeError, message
from tensorgrad.ops.index_syntax import ALL
from tensorgrad.ops.indexing import one_axis, part
from tensorgrad.ops.parts import read_parts
from tensorgrad.ops.promotion import Operand
from tensorgrad.tensor import Tensor, plain

__all__ = ["split", "split_with_sizes", "chunk", "unbind", "tensor_split", "hsplit", "vsplit", "dsplit"]


def cut(input: Operand, axis: int, sizes: Sequence[int]) -> tuple[Tensor, ...]:
    """Consecutive parts of `axis`, of lengths that add up to it."""
    before, stops = [ALL] * axis, np.cumsum(sizes).tolist()
    return read_parts(input, [(*before, slice(stop - size, stop)) for size, stop in zip(sizes, stops)])


def split(tensor: Operand, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts of axis `dim`: of a given length, the last maybe shorter, or of the lengths in a list.

    Raises
        ShapeError      lengths that do not add up to the axis
        ArgumentError   a length below 0, or 0 for an axis that has entries
        RangeError      an axis that the tensor does not have

    Example
        >>> split(Tensor([1, 2, 3, 4, 5]), 2)
        (tensor([1, 2]), tensor([3, 4]), tensor([5]))
        >>> split(Tensor([1, 2, 3, 4, 5]), [1, 4])
        (tensor([1]), tensor([2, 3, 4, 5]))
    """
    axis = one_axis("split", tensor, dim)
    n, wanted = tensor.shape[axis], split_size_or_sections
    if isinstance(wanted, (list, tuple)):
        sizes = [int(size) for size in wanted]
        if any(size < 0 for size in sizes):
            raise ArgumentError(message("split", f"the lengths {sizes} include a negative one", {"tensor": tensor},
                                        "Use lengths of 0 or more."))
        if sum(sizes) != n:
            raise ShapeError(message("split", f"the lengths {sizes} add up to {sum(sizes)}, axis {axis} has {n} entries",
                                     {"tensor": tensor}, f"Make them add up to {n}."))
    else:
        size = int(wanted)  # type: ignore[arg-type]
        if size < 0 or size == 0 != n:
            raise ArgumentError(message("split", f"cannot split axis {axis} into parts of {size}", {"tensor": tensor},
                                        f"Use a length of 1 to {n}, or a list of lengths."))
        sizes = [min(size, n - start) for start in range(0, n, size)] if n else [0]
    return cut(tensor, axis, sizes)


def split_with_sizes(input: Operand, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """`split` by a list of lengths.

    Example
        >>> split_with_sizes(Tensor([1, 2, 3]), [1, 2])
        (tensor([1]), tensor([2, 3]))
    """
    return split(input, list(split_sizes), dim)


def chunk(input: Operand, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """`input` split along axis `dim` into at most `chunks` views of equal length; the last may be shorter.

    Raises
        ArgumentError   `chunks` below 1
        RangeError      an axis that `input` does not have

    Example
        >>> chunk(Tensor([1, 2, 3, 4, 5]), 3)
        (tensor([1, 2]), tensor([3, 4]), tensor([5]))
    """
    axis = one_axis("chunk", input, dim)
    if chunks < 1:
        raise ArgumentError(message("chunk", f"cannot make {chunks} chunks", {"input": input}, "Ask for at least 1."))
    n = input.shape[axis]
    return split(input, -(-n // chunks), axis) if n else split(input, [0] * chunks, axis)


def unbind(input: Operand, dim: int = 0) -> tuple[Tensor, ...]:
    """The entries of axis `dim` one by one, without that axis: views.  Iterating over a tensor does this.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> unbind(Tensor([[1, 2], [3, 4]]))
        (tensor([1, 2]), tensor([3, 4]))
    """
    axis = one_axis("unbind", input, dim)
    before = [ALL] * axis
    return read_parts(input, [(*before, i) for i in range(input.shape[axis])])


def tensor_split(input: Operand, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts of axis `dim`: a number of parts, of which the first may be longer by 1, or the parts
    between the places in a list, which may count from the end, lie outside, or go back.

    Raises
        ArgumentError   fewer than 1 part
        RangeError      an axis that `input` does not have

    Example
        >>> tensor_split(Tensor([1, 2, 3, 4, 5]), 2)
        (tensor([1, 2, 3]), tensor([4, 5]))
        >>> tensor_split(Tensor([1, 2, 3, 4, 5]), (1, 3))
        (tensor([1]), tensor([2, 3]), tensor([4, 5]))
    """
    axis = one_axis("tensor_split", input, dim)
    n, wanted = input.shape[axis], places(indices_or_sections)
    if isinstance(wanted, int):
        if wanted < 1:
            raise ArgumentError(message("tensor_split", f"cannot make {wanted} parts", {"input": input},
                                        "Ask for at least 1."))
        return cut(input, axis, [n // wanted + (i < n % wanted) for i in range(wanted)])
    ends = [slice(stop).indices(n)[1] for stop in wanted]
    if ends == sorted(ends):
        return cut(input, axis, [stop - start for start, stop in zip([0, *ends], [*ends, n])])
    return tuple([part(input, axis, start, max(start, stop)) for start, stop in zip([0, *ends], [*ends, n])])


def places(indices_or_sections: Any) -> int | list[int]:
    """A number of parts, or the places of the cuts; a tensor without axes is a number.

    Raises
        DtypeError   anything but integers
    """
    wanted = np.asarray(plain(indices_or_sections))
    if wanted.dtype.kind not in "iu" and wanted.size:
        raise DtypeError(message("split", f"{indices_or_sections!r} is no number of parts and no list of places",
                                 fix="Use an integer, or integers."))
    return wanted.astype(np.int64).tolist()


def hsplit(input: Operand, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` into equal parts, or at a list of places, along axis 1; along axis 0 if there is no other.

    Raises
        ShapeError   no axes; a number of parts that does not divide the axis

    Example
        >>> hsplit(Tensor([[1, 2], [3, 4]]), 2)
        (tensor([[1],
            [3]]), tensor([[2],
            [4]]))
    """
    return split_evenly("hsplit", input, indices_or_sections, 1 if input.ndim > 1 else 0, 1)


def vsplit(input: Operand, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` into equal parts, or at a list of places, along axis 0.

    Raises
        ShapeError   fewer than two axes; a number of parts that does not divide the axis

    Example
        >>> vsplit(Tensor([[1, 2], [3, 4]]), 2)
        (tensor([[1, 2]]), tensor([[3, 4]]))
    """
    return split_evenly("vsplit", input, indices_or_sections, 0, 2)


def dsplit(input: Operand, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` into equal parts, or at a list of places, along axis 2.

    Raises
        ShapeError   fewer than three axes; a number of parts that does not divide the axis

    Example
        >>> dsplit(Tensor([[[1, 2, 3, 4]]]), 2)
        (tensor([[[1, 2]]]), tensor([[[3, 4]]]))
    """
    return split_evenly("dsplit", input, indices_or_sections, 2, 3)


def split_evenly(who: str, input: Operand, indices_or_sections: Any, axis: int, least: int) -> tuple[Tensor, ...]:
    """`tensor_split` along `axis`, in which a number of parts must divide the axis."""
    if input.ndim < least:
        raise ShapeError(message(who, f"the input has {input.ndim} axes, at least {least} are needed", {"input": input},
                                 "Use tensor_split, which takes the axis."))
    wanted = places(indices_or_sections)
    if isinstance(wanted, int) and (wanted < 1 or input.shape[axis] % wanted):
        raise ShapeError(message(who, f"axis {axis}, of {input.shape[axis]} entries, has no {wanted} equal parts",
                                 {"input": input}, "Use tensor_split, whose parts may differ by 1."))
    return tensor_split(input, wanted, axis)
