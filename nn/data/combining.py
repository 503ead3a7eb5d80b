"""Datasets made of others: one after the other, side by side; and streams of samples without an index."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Sequence

import numpy as np

from nn.data.dataset import Dataset, batch_of
from tensorgrad.errors import ArgumentError, RangeError

__all__ = ["ConcatDataset", "StackDataset", "IterableDataset", "ChainDataset"]


class ConcatDataset(Dataset):
    """The samples of several datasets, one dataset after the other.

    Raises
        ArgumentError   no datasets
        RangeError      an index outside of them

    Example
        >>> both = ConcatDataset([[1, 2], [30]])
        >>> len(both), both[2], both[-3]
        (3, 30, 1)
    """

    def __init__(self, datasets: Iterable[Any]):
        self.datasets = list(datasets)
        if not self.datasets:
            raise ArgumentError("ConcatDataset: there are no datasets.\n  Pass a list of one or more.")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise ArgumentError("ConcatDataset: an IterableDataset has no indices.\n  Use ChainDataset.")
        self.cumulative_sizes = np.cumsum([len(dataset) for dataset in self.datasets]).tolist()

    def __len__(self) -> int:
        return int(self.cumulative_sizes[-1])

    def __getitem__(self, index: int) -> Any:
        n = len(self)
        if not -n <= index < n:
            raise RangeError(f"ConcatDataset: index {index} of {n} samples.\n  Use indices from 0 to {n - 1}.")
        index = int(index) % n
        which = int(np.searchsorted(self.cumulative_sizes, index, side="right"))
        return self.datasets[which][index - (self.cumulative_sizes[which - 1] if which else 0)]


class StackDataset(Dataset):
    """Several datasets of one length side by side: a sample is a tuple of theirs, or a dict if they are given by name.

    Raises
        ArgumentError   no datasets, some by name and some not, different lengths

    Example
        >>> StackDataset([1, 2], [3, 4])[1], StackDataset(image=[1, 2], label=[3, 4])[0]
        ((2, 4), {'image': 1, 'label': 3})
    """

    def __init__(self, *args: Any, **kwargs: Any):
        if bool(args) == bool(kwargs):
            raise ArgumentError("StackDataset: expects datasets, all of them by position or all by name.")
        self.datasets: Any = kwargs or args
        lengths = [len(dataset) for dataset in (kwargs.values() if kwargs else args)]
        if len(set(lengths)) > 1:
            raise ArgumentError(f"StackDataset: the datasets have {lengths} samples.\n  Make them equally long.")
        self._length = lengths[0]

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def batch(self, indices: Sequence[int]) -> Any:
        if isinstance(self.datasets, dict):
            return {name: batch_of(dataset, indices) for name, dataset in self.datasets.items()}
        return tuple(batch_of(dataset, indices) for dataset in self.datasets)


class IterableDataset(Dataset):
    """Base of datasets that are streams: a subclass has ``__iter__``, and ``__len__`` if it knows its length.

    With ``num_workers`` every worker goes through the whole stream, as in PyTorch, unless `__iter__` asks `get_worker_info`
    which part is its own.

    Example
        >>> class Count(IterableDataset):
        ...     def __iter__(self):
        ...         return iter(range(3))
        >>> from nn.data import DataLoader
        >>> [batch.tolist() for batch in DataLoader(Count(), batch_size=2)]
        [[0, 1], [2]]
    """

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}.__iter__")

    def __len__(self) -> int:
        raise TypeError(f"len: {type(self).__name__} is a stream whose length is not known.\n  Define __len__ if it is.")

    def __getitem__(self, index: int) -> Any:
        raise TypeError(f"{type(self).__name__} is a stream and has no sample {index}.\n  Go through it with a for loop.")

    def __add__(self, other: Any) -> Any:
        """Both streams, one after the other: ``ChainDataset([self, other])``."""
        return ChainDataset([self, other])


class ChainDataset(IterableDataset):
    """The samples of several streams, one stream after the other.

    Example
        >>> class Count(IterableDataset):
        ...     def __iter__(self):
        ...         return iter(range(2))
        >>> list(ChainDataset([Count(), Count()]))
        [0, 1, 0, 1]
    """

    def __init__(self, datasets: Iterable[Any]):
        self.datasets = list(datasets)
        if not all(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise ArgumentError("ChainDataset: expects IterableDatasets.\n  Use ConcatDataset for datasets with indices.")

    def __iter__(self) -> Iterator[Any]:
        for dataset in self.datasets:
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self.datasets)
