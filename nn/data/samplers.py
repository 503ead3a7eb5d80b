"""Samplers: iterables of indices that say which samples of a dataset come, and in which order."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Sequence

import numpy as np

from tensorgrad.errors import ArgumentError
from tensorgrad.random import Generator, default_generator
from tensorgrad.tensor import Tensor

__all__ = ["Sampler", "SequentialSampler", "RandomSampler", "SubsetRandomSampler", "WeightedRandomSampler", "BatchSampler"]


class Sampler:
    """Base of the samplers.  A subclass has ``__iter__``, and ``__len__`` where the loader's length is asked for."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}.__iter__")


class SequentialSampler(Sampler):
    """All samples of `data_source` in order.

    Example
        >>> list(SequentialSampler("abc"))
        [0, 1, 2]
    """

    def __init__(self, data_source: Any):
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """The samples of `data_source` in a new order each time.

    Parameters
        replacement   True draws each index by itself, so that samples may come twice
        num_samples   how many; None for as many as there are, more go through the samples again
        generator     None for the process-wide one

    Raises
        ArgumentError   a number of samples that is no integer > 0, or none to draw from

    Example
        >>> sorted(RandomSampler("abc")), len(RandomSampler("abc", replacement=True, num_samples=7))
        ([0, 1, 2], 7)
    """

    def __init__(self, data_source: Any, replacement: bool = False, num_samples: int | None = None,
                 generator: Generator | None = None):
        check_bool("RandomSampler", "replacement", replacement)
        self.data_source, self.replacement, self.generator = data_source, replacement, generator
        self._num_samples = num_samples
        if num_samples is not None:
            check_count("RandomSampler", "num_samples", num_samples)

    @property
    def num_samples(self) -> int:
        """How many come each time."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        rng, n, left = self.generator or default_generator(), len(self.data_source), self.num_samples
        if self.replacement and n:
            yield from rng.integers(n, size=left).tolist()
            return
        while left > 0 and n:
            yield from rng.permutation(n)[:left].tolist()
            left -= n

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """The listed indices in a new order each time.

    Example
        >>> sorted(SubsetRandomSampler([5, 7, 9]))
        [5, 7, 9]
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None):
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        for i in (self.generator or default_generator()).permutation(len(self.indices)):
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Indices drawn with probabilities in proportion to `weights`, as for classes of unequal size.

    Parameters
        weights       one number ≥ 0 per sample
        num_samples   how many are drawn
        replacement   False lets no sample come twice
        generator     None for the process-wide one

    Raises
        ArgumentError   weights that are negative, not finite or all 0, or of another shape than (N,); more samples without
                        replacement than have a weight above 0

    Example
        >>> list(WeightedRandomSampler([0.0, 1.0, 0.0], 2))
        [1, 1]
    """

    def __init__(self, weights: Any, num_samples: int, replacement: bool = True, generator: Generator | None = None):
        check_count("WeightedRandomSampler", "num_samples", num_samples)
        check_bool("WeightedRandomSampler", "replacement", replacement)
        array = np.asarray(weights.array if isinstance(weights, Tensor) else weights, np.float64)
        if array.ndim != 1 or not np.isfinite(array).all() or (array < 0).any() or not array.sum() > 0:
            raise ArgumentError(f"WeightedRandomSampler: these weights, of shape {array.shape}, are no odds.\n"
                                "  Use one finite number ≥ 0 per sample, one of them above 0.")
        if not replacement and num_samples > np.count_nonzero(array):
            raise ArgumentError(f"WeightedRandomSampler: {num_samples} samples cannot be drawn without replacement from "
                                f"{np.count_nonzero(array)} with a weight above 0.\n  Use fewer, or replacement=True.")
        self.weights, self.num_samples, self.replacement, self.generator = array, num_samples, replacement, generator

    def __iter__(self) -> Iterator[int]:
        odds = self.weights / self.weights.sum()
        rng = self.generator or default_generator()
        return iter(rng.choice(len(odds), self.num_samples, replace=self.replacement, p=odds).tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """Lists of `batch_size` indices of `sampler`; the last may be shorter, or is left out with `drop_last`.

    Example
        >>> list(BatchSampler(SequentialSampler(range(5)), 2, drop_last=False))
        [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool):
        check_count("BatchSampler", "batch_size", batch_size)
        check_bool("BatchSampler", "drop_last", drop_last)
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[int]]:
        batch: list[int] = []
        for index in self.sampler:
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)


def check_count(who: str, name: str, value: Any) -> None:
    """Raise an ArgumentError unless `value` is an integer > 0."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ArgumentError(f"{who}: {name}={value!r} is not allowed.\n  Use an integer ≥ 1.")


def check_bool(who: str, name: str, value: Any) -> None:
    """Raise an ArgumentError unless `value` is a bool."""
    if not isinstance(value, bool):
        raise ArgumentError(f"{who}: {name}={value!r} is not allowed.\n  Use True or False.")
