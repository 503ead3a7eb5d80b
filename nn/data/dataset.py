"""Datasets: things with a length, that give one sample by its index or a whole batch by many."""

from __future__ import annotations

import math
from typing import Any, Iterable, Sequence

import numpy as np

from tensorgrad.dtypes import get_default_dtype
from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError, message
from tensorgrad.random import Generator, default_generator
from tensorgrad.tensor import Tensor

__all__ = ["Dataset", "ArrayDataset", "TensorDataset", "Subset", "random_split", "collate",
           "default_collate", "default_convert"]


class Dataset:
    """Base of the datasets.  A subclass has ``__len__`` and ``__getitem__``; `batch` may be overridden for speed.

    Example
        >>> class Squares(Dataset):
        ...     def __len__(self):
        ...         return 10
        ...     def __getitem__(self, index):
        ...         return float(index), index**2
        >>> Squares().batch([1, 2, 3])
        (array([1., 2., 3.], dtype=float32), array([1, 4, 9]))
    """

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}.__len__")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__}.__getitem__")

    def __add__(self, other: Any) -> Any:
        """Both datasets, one after the other: ``ConcatDataset([self, other])``."""
        from nn.data.combining import ConcatDataset
        return ConcatDataset([self, other])

    def batch(self, indices: Sequence[int]) -> Any:
        """The samples of these indices as one: what `collate` makes of them."""
        return collate([self[int(i)] for i in indices])


class ArrayDataset(Dataset):
    """Samples that are the rows of arrays of equal lengths: inputs, labels, ...

    A sample is a tuple with one entry per array.  Dtypes are kept; layers compute in that of their input, so give float32.

    Raises
        ShapeError   no arrays, arrays of different lengths or without axes

    Example
        >>> data = ArrayDataset(np.zeros((4, 1, 8, 8), np.float32), np.array([3, 1, 4, 1]))
        >>> len(data), data[2][1], data.batch([0, 2])[0].shape
        (4, np.int64(4), (2, 1, 8, 8))
    """

    def __init__(self, *arrays: Any):
        self.arrays = tuple(array.array if isinstance(array, Tensor) else np.asarray(array) for array in arrays)
        named = {f"array {i}": array for i, array in enumerate(self.arrays)}
        if not arrays or any(not array.ndim for array in self.arrays):
            raise ShapeError(message("ArrayDataset", "expects one or more arrays with an axis of samples", named,
                                     "Pass inputs of shape (N, ...), and labels of shape (N,)."))
        if len({len(array) for array in self.arrays}) > 1:
            raise ShapeError(message("ArrayDataset", "the arrays have different numbers of samples", named,
                                     "Make their first axes equally long."))

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return tuple(array[index] for array in self.arrays)

    def batch(self, indices: Sequence[int]) -> tuple[np.ndarray, ...]:
        return tuple(array[np.asarray(indices, np.intp)] for array in self.arrays)


class TensorDataset(ArrayDataset):
    """`ArrayDataset` under PyTorch's name: a sample is a tuple of tensors.

    Example
        >>> TensorDataset(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([0, 1]))[1]
        (tensor([3., 4.]), tensor(1))
    """

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        return tuple(Tensor(array[index]) for array in self.arrays)


class Subset(Dataset):
    """Those samples of a dataset whose indices are listed, in that order.

    Raises
        RangeError   an index outside of the dataset

    Example
        >>> Subset(ArrayDataset(np.array([10, 20, 30])), [2, 0])[0]
        (np.int64(30),)
    """

    def __init__(self, dataset: Any, indices: Iterable[int]):
        self.dataset = dataset
        self.indices = np.fromiter(indices, np.intp)
        n = len(dataset)
        outside = self.indices[(self.indices < -n) | (self.indices >= n)]
        if outside.size:
            raise RangeError(f"Subset: index {outside[0]} of a dataset of {n} samples.\n  Use indices from 0 to {n - 1}.")

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[int(self.indices[index])]

    def batch(self, indices: Sequence[int]) -> Any:
        return batch_of(self.dataset, self.indices[np.asarray(indices, np.intp)])


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """The dataset as several without a sample in common, drawn at random.

    Parameters
        lengths     numbers of samples that add up to all of them, or fractions that add up to 1; what rounding down leaves
                    over goes to the first ones, one each
        generator   None for the process-wide one

    Raises
        ArgumentError   lengths that do not add up

    Example
        >>> train, test = random_split(ArrayDataset(np.arange(10)), [0.75, 0.25], np.random.default_rng(0))
        >>> len(train), len(test)
        (8, 2)
    """
    total = len(dataset)
    sizes = [int(length) for length in lengths]
    if math.isclose(sum(lengths), 1) and max(lengths, default=2) <= 1 and min(lengths) >= 0:
        sizes = [math.floor(total * fraction) for fraction in lengths]
        for i in range(total - sum(sizes)):
            sizes[i % len(sizes)] += 1
    if sum(sizes) != total or min(sizes, default=0) < 0:
        raise ArgumentError(f"random_split: lengths={list(lengths)} do not add up to the {total} samples.\n"
                            f"  Use numbers ≥ 0 that add up to {total}, or fractions that add up to 1.")
    order = (default_generator() if generator is None else generator).permutation(total)
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(sizes)[:-1])]


def batch_of(dataset: Any, indices: Any) -> Any:
    """The samples of these indices as one batch of arrays, from anything with a length and indices."""
    own = getattr(dataset, "batch", None)
    return own(indices) if own is not None else collate([dataset[int(i)] for i in indices])


def collate(samples: Sequence[Any]) -> Any:
    """Samples of one structure as one batch: arrays and tensors are stacked, numbers become arrays, tuples and dicts stay.

    Python floats become the default float, ints int64; texts and everything else stay a list.

    Raises
        ShapeError   arrays of different shapes
        DtypeError   samples of different structures

    Example
        >>> collate([(np.zeros(2), 1), (np.ones(2), 0)])
        (array([[0., 0.], [1., 1.]]), array([1, 0]))
    """
    first = samples[0]
    if isinstance(first, (tuple, list)):
        if any(not isinstance(sample, (tuple, list)) or len(sample) != len(first) for sample in samples):
            raise DtypeError(f"collate: the first sample has {len(first)} entries, another has not.\n"
                             "  Give all samples the same structure, or pass collate_fn.")
        return tuple(collate(column) for column in zip(*samples))
    if isinstance(first, dict):
        if any(not isinstance(sample, dict) or sample.keys() != first.keys() for sample in samples):
            raise DtypeError(f"collate: the first sample is a dict with the keys {list(first)}, another has others.\n"
                             "  Give all samples the same structure, or pass collate_fn.")
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (np.ndarray, np.generic, Tensor)):
        arrays = [sample.array if isinstance(sample, Tensor) else np.asarray(sample) for sample in samples]
        if len({array.shape for array in arrays}) > 1:
            other = next(array for array in arrays if array.shape != arrays[0].shape)
            raise ShapeError(message("collate", "samples have different shapes", {"first": arrays[0], "another": other},
                                     "Bring them to one shape (crop, pad), or pass collate_fn."))
        return np.stack(arrays)
    if isinstance(first, (bool, int, float)):
        array = np.array(samples)
        return array.astype(get_default_dtype()) if array.dtype.kind == "f" else array
    return list(samples)


def default_convert(data: Any) -> Any:
    """`data` with every array in it, also inside of tuples, lists and dicts, as a tensor."""
    if isinstance(data, (tuple, list)):
        entries = [default_convert(entry) for entry in data]
        if hasattr(data, "_fields"):
            return type(data)(*entries)
        return type(data)(entries)
    if isinstance(data, dict):
        return {key: default_convert(entry) for key, entry in data.items()}
    return Tensor(data) if isinstance(data, (np.ndarray, np.number, np.bool_)) else data


def default_collate(batch: Sequence[Any]) -> Any:
    """What a DataLoader makes of a list of samples: `collate`, with tensors instead of arrays.

    Example
        >>> default_collate([(1.0, "a"), (2.0, "b")])
        (tensor([1., 2.]), ['a', 'b'])
    """
    return default_convert(collate(batch))
