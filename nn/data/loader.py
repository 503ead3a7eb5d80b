"""DataLoader: batches of a dataset, shuffled, augmented, and prepared ahead by threads."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Callable, Iterable, Iterator

import numpy as np

from nn.data.dataset import batch_of
from tensorgrad.errors import ArgumentError, DtypeError, StateError
from tensorgrad.profiler import record
from tensorgrad.random import Generator, default_generator
from tensorgrad.tensor import Tensor

__all__ = ["DataLoader"]


class DataLoader:
    """Goes through a dataset in batches, each time it is iterated: one epoch.

    Batches are tuples (or dicts) of tensors: for images float32 (N, C, H, W) and int64 labels (N,).

    What an epoch gives depends on the seed and the number of the epoch alone, not on `num_workers`: every batch has a random
    generator of its own, made from seed, epoch and batch number.  Without `seed`, each epoch draws one from `generator`, or
    from the process-wide generator, as PyTorch does; so `tensorgrad.manual_seed` rules it.  Workers are threads: a dataset
    with state of its own, such as an open file, has to lock it.

    Parameters
        dataset          anything with a length that gives a sample by its index; `Dataset.batch` makes it fast
        batch_size       samples per batch
        shuffle          in a new order every epoch
        sampler          an iterable of indices, instead of `shuffle`
        num_workers      threads that prepare batches ahead; 0 prepares them when they are asked for
        collate_fn       makes a batch of a list of samples, instead of `Dataset.batch`; the result is given out as it is
        drop_last        leave out a last batch that is not full
        transform        ``transform(inputs, rng)`` changes every batch's first entry, an array: see `nn.data.transforms`
        prefetch_factor  batches that each worker keeps ready
        seed             an integer; epochs are then the same in every run
        generator        where seeds are drawn otherwise

    Attributes
        epoch   the number of the epoch that the next iteration gives

    Raises
        ArgumentError   an option out of its range, two options that exclude each other

    Example
        >>> from nn.data import ArrayDataset
        >>> loader = DataLoader(ArrayDataset(np.arange(5), np.arange(5) % 2), batch_size=2, shuffle=True, seed=0)
        >>> len(loader)
        3
        >>> for x, y in loader:
        ...     print(x.numpy(), y.numpy())
        [0 3] [0 1]
        [2 1] [0 1]
        [4] [0]
    """

    def __init__(self, dataset: Any, batch_size: int = 1, shuffle: bool = False, sampler: Iterable[int] | None = None, *,
                 num_workers: int = 0, collate_fn: Callable[[list[Any]], Any] | None = None, drop_last: bool = False,
                 transform: Callable[[np.ndarray, Generator], np.ndarray] | None = None, prefetch_factor: int = 2,
                 seed: int | None = None, generator: Generator | None = None):
        if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
            raise DtypeError(f"DataLoader: a {type(dataset).__name__} has no length or gives no sample by index.\n"
                             "  Pass a Dataset, or ArrayDataset(inputs, labels).")
        for name, value, least in (("batch_size", batch_size, 1), ("num_workers", num_workers, 0),
                                   ("prefetch_factor", prefetch_factor, 1), ("seed", 0 if seed is None else seed, 0)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
                raise ArgumentError(f"DataLoader: {name}={value!r} is not allowed.\n  Use an integer ≥ {least}.")
        if shuffle and sampler is not None:
            raise ArgumentError("DataLoader: shuffle and sampler exclude each other.\n  The sampler decides on the order.")
        if seed is not None and generator is not None:
            raise ArgumentError("DataLoader: seed and generator exclude each other.\n  Pass one of them.")
        if generator is not None and not isinstance(generator, Generator):
            raise ArgumentError(f"DataLoader: generator is a {type(generator).__name__}.\n"
                                "  Pass numpy.random.default_rng(seed), or seed=...")
        self.dataset, self.batch_size, self.shuffle, self.sampler = dataset, int(batch_size), bool(shuffle), sampler
        self.num_workers, self.prefetch_factor = int(num_workers), int(prefetch_factor)
        self.collate_fn, self.drop_last, self.transform = collate_fn, bool(drop_last), transform
        self.seed, self.generator = None if seed is None else int(seed), generator
        self.epoch = 0

    def __len__(self) -> int:
        """Number of batches of an epoch."""
        samples = len(self.dataset if self.sampler is None else self.sampler)  # type: ignore[arg-type]
        return samples // self.batch_size if self.drop_last else -(-samples // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        if self.seed is not None:
            seed: tuple[int, ...] = (self.seed, epoch)
        elif self.shuffle or self.transform is not None:
            seed = (int((default_generator() if self.generator is None else self.generator).integers(2**63)),)
        else:
            seed = ()
        plan = Plan(self, seed, epoch)
        return prepared(plan, self.num_workers, self.num_workers * self.prefetch_factor) if self.num_workers else iter(plan)

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration be that epoch; without a seed only its number changes."""
        if isinstance(epoch, bool) or not isinstance(epoch, (int, np.integer)) or epoch < 0:
            raise ArgumentError(f"DataLoader: epoch={epoch!r} is not allowed.\n  Use an integer ≥ 0.")
        self.epoch = int(epoch)

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs to give the same batches: number of the next epoch, seed, the generator's state."""
        state = {"epoch": self.epoch, "seed": self.seed}
        return state if self.generator is None else {**state, "generator": self.generator.bit_generator.state}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue with the epoch after the ones that were begun when `state_dict` was taken.

        Raises
            StateError   it is of a loader seeded in another way; this one is unchanged then
        """
        if set(state_dict) != set(self.state_dict()):
            raise StateError(f"DataLoader: the state has {sorted(state_dict)}, expected {sorted(self.state_dict())}.\n"
                             "  Make the loader with the same seed or generator as the one that was saved.")
        if self.generator is not None:
            try:
                self.generator.bit_generator.state = state_dict["generator"]
            except (ValueError, TypeError, KeyError) as error:
                raise StateError(f"DataLoader: the state is of another kind of generator: {error}.\n"
                                 "  Make the loader with the kind that was saved.") from None
        self.set_epoch(state_dict["epoch"])
        self.seed = state_dict["seed"]

    def __repr__(self) -> str:
        order = "a sampler" if self.sampler is not None else "shuffled" if self.shuffle else "in order"
        return (f"DataLoader({type(self.dataset).__name__} of {len(self.dataset)}, batch_size={self.batch_size}, {order}, "
                f"transform={self.transform}, num_workers={self.num_workers})")


class Plan:
    """One epoch: which samples are in which batch.  Batches can be made in any order and in any thread."""

    def __init__(self, loader: DataLoader, seed: tuple[int, ...], epoch: int):
        self.dataset, self.collate_fn, self.transform = loader.dataset, loader.collate_fn, loader.transform
        self.seed, self.epoch = seed, epoch
        if loader.sampler is not None:
            order = np.fromiter(loader.sampler, np.intp)
        elif loader.shuffle:
            order = self.rng(0).permutation(len(loader.dataset))
        else:
            order = np.arange(len(loader.dataset))
        end = len(order) - len(order) % loader.batch_size if loader.drop_last else len(order)
        self.batches = [order[i:i + loader.batch_size] for i in range(0, end, loader.batch_size)]

    def rng(self, key: int) -> Generator:
        """The generator for the order (0) or for batch ``key − 1``."""
        return Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=(key,))))

    def __iter__(self) -> Iterator[Any]:
        return map(self.make, range(len(self.batches)))

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
        if self.collate_fn is not None:
            return self.collate_fn([self.dataset[int(i)] for i in indices])
        batch = batch_of(self.dataset, indices)
        if self.transform is not None:
            rng = self.rng(number + 1)
            if isinstance(batch, tuple):
                batch = (self.transform(batch[0], rng), *batch[1:])
            else:
                batch = self.transform(batch, rng)
        return tensors(batch)


def prepared(plan: Plan, workers: int, ahead: int) -> Iterator[Any]:
    """The batches of `plan` in order, up to `ahead` of them being made by threads before they are asked for.

    The threads end with the iteration, also if it is left early.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="DataLoader")
    waiting: deque[Future[Any]] = deque()
    numbers = iter(range(len(plan.batches)))
    try:
        for number in numbers:
            waiting.append(pool.submit(plan.make, number))
            if len(waiting) >= ahead:
                break
        while waiting:
            batch = waiting.popleft().result()
            for number in numbers:
                waiting.append(pool.submit(plan.make, number))
                break
            yield batch
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def tensors(batch: Any) -> Any:
    """`batch` with every array in it as a tensor."""
    if isinstance(batch, tuple):
        return tuple(tensors(entry) for entry in batch)
    if isinstance(batch, dict):
        return {key: tensors(entry) for key, entry in batch.items()}
    return Tensor(batch) if isinstance(batch, np.ndarray) else batch
