"""One epoch of a DataLoader: which samples are in which batch, and how a batch is made of them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Iterable, Iterator

import numpy as np

from nn.data.dataset import batch_of, collate
from tensorgrad.profiler import record
from tensorgrad.random import Generator
from tensorgrad.tensor import Tensor

if TYPE_CHECKING:
    from nn.data.loader import DataLoader

__all__ = ["Plan", "Stream"]


class Making:
    """How a batch is made; the two plans say of what."""

    END = object()  # what a stream gives when it has no more batches

    def __init__(self, loader: DataLoader, seed: tuple[int, ...], epoch: int):
        self.dataset, self.collate_fn, self.transform = loader.dataset, loader.collate_fn, loader.transform
        self.seed, self.epoch = seed, epoch

    def rng(self, key: int) -> Generator:
        """The generator for the order (0) or for batch ``key − 1``."""
        return Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=(key,))))

    def finished(self, batch: Any, number: int) -> Any:
        """A batch of arrays, transformed, as tensors."""
        if self.transform is not None:
            rng = self.rng(number + 1)
            if isinstance(batch, tuple):
                batch = (self.transform(batch[0], rng), *batch[1:])
            else:
                batch = self.transform(batch, rng)
        return tensors(batch)


class Plan(Making):
    """One epoch of a dataset with indices.  Batches can be made in any order and in any thread."""

    def __init__(self, loader: DataLoader, seed: tuple[int, ...], epoch: int):
        super().__init__(loader, seed, epoch)
        self.single = loader.batch_size is None and loader.batch_sampler is None
        if loader.batch_sampler is not None:
            self.batches = [list(batch) for batch in loader.batch_sampler]
            return
        order: Any
        if loader.sampler is not None:
            order = list(loader.sampler) if self.single else np.fromiter(loader.sampler, np.intp)
        elif loader.shuffle:
            order = self.rng(0).permutation(len(loader.dataset))
        else:
            order = np.arange(len(loader.dataset))
        size = loader.batch_size or 1
        end = len(order) - len(order) % size if loader.drop_last else len(order)
        self.batches = [order[i:i + size] for i in range(0, end, size)]

    def __iter__(self) -> Iterator[Any]:
        return map(self.make, range(len(self.batches)))

    def jobs(self, workers: int) -> Iterator[tuple[Any, ...]]:
        """(worker, function, argument) of each batch, in turn."""
        return ((number % workers, self.make, number) for number in range(len(self.batches)))

    def make(self, number: int) -> Any:
        """The batch of that number.  An error in the dataset or a transform carries a note about where it happened."""
        indices = self.batches[number]
        try:
            with record("data loading"):
                return self.load(number, indices)
        except Exception as error:
            shown = ", ".join(map(str, indices[:8])) + (", ..." if len(indices) > 8 else "")
            error.add_note(f"DataLoader: in batch {number} of epoch {self.epoch}, samples {shown}")
            raise

    def load(self, number: int, indices: Any) -> Any:
        """The samples of these indices as one batch, transformed."""
        if self.single:
            sample = self.dataset[plain_index(indices[0])]
            return tensors(sample) if self.collate_fn is None else self.collate_fn(sample)
        if self.collate_fn is not None:
            return self.collate_fn([self.dataset[int(i)] for i in indices])
        return self.finished(batch_of(self.dataset, indices), number)


class Stream(Making):
    """One epoch of an IterableDataset: every worker goes through it by itself."""

    def __init__(self, loader: DataLoader, seed: tuple[int, ...], epoch: int):
        super().__init__(loader, seed, epoch)
        self.batch_size, self.drop_last = loader.batch_size, loader.drop_last
        self.iterators: dict[int, Iterator[Any]] = {}
        self.going: list[int] = []

    def __iter__(self) -> Iterator[Any]:
        for number in itertools.count():
            batch = self.make(0, number)
            if batch is self.END:
                return
            yield batch

    def jobs(self, workers: int) -> Iterator[tuple[Any, ...]]:
        """(worker, function, its arguments) of each batch, in turn, as long as one of the workers has more of them."""
        self.going = list(range(workers))
        number = itertools.count()
        while self.going:
            for worker in list(self.going):
                yield worker, self.make, worker, next(number)

    def make(self, worker: int, number: int) -> Any:
        """The next batch of that worker's stream, or END."""
        try:
            with record("data loading"):
                if worker not in self.iterators:
                    self.iterators[worker] = iter(self.dataset)
                batch = self.load(self.iterators[worker], number)
        except Exception as error:
            error.add_note(f"DataLoader: in batch {number} of epoch {self.epoch}")
            raise
        if batch is self.END and worker in self.going:
            self.going.remove(worker)
        return batch

    def load(self, samples: Iterable[Any], number: int) -> Any:
        """The next samples as one batch, transformed."""
        if self.batch_size is None:
            for sample in samples:
                return tensors(sample) if self.collate_fn is None else self.collate_fn(sample)
            return self.END
        batch = list(itertools.islice(samples, self.batch_size))
        if not batch or self.drop_last and len(batch) < self.batch_size:
            return self.END
        return self.finished(collate(batch), number) if self.collate_fn is None else self.collate_fn(batch)


def plain_index(index: Any) -> Any:
    """A NumPy integer as Python's; anything else, such as a list of indices, as it is."""
    return int(index) if isinstance(index, np.integer) else index


def tensors(batch: Any) -> Any:
    """`batch` with every array in it as a tensor."""
    if isinstance(batch, tuple):
        return tuple(tensors(entry) for entry in batch)
    if isinstance(batch, dict):
        return {key: tensors(entry) for key, entry in batch.items()}
    return Tensor(batch) if isinstance(batch, np.ndarray) else batch
