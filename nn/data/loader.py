"""DataLoader: batches of a dataset, shuffled, augmented, and prepared ahead by threads."""

from __future__ import annotations

import math
import weakref
from typing import Any, Callable, Iterable, Iterator

import numpy as np

from nn.data.combining import IterableDataset
from nn.data.plan import Plan, Stream
from nn.data.workers import Workers, prepared
from tensorgrad.errors import ArgumentError, DtypeError, StateError
from tensorgrad.random import Generator, default_generator

__all__ = ["DataLoader"]


class DataLoader:
    """Goes through a dataset in batches, each time it is iterated: one epoch.

    Batches are tuples (or dicts) of tensors: for images float32 (N, C, H, W) and int64 labels (N,).

    What an epoch gives depends on the seed and the number of the epoch alone, not on `num_workers`: every batch has a random
    generator of its own, made from seed, epoch and batch number.  Without `seed`, each epoch draws one from `generator`, or
    from the process-wide generator, as PyTorch does; so `tensorgrad.manual_seed` rules it.  Workers are threads: a dataset
    with state of its own, such as an open file, has to lock it.

    Parameters
        dataset          anything with a length that gives a sample by its index; `Dataset.batch` makes it fast; or an
                         `IterableDataset`
        batch_size       samples per batch; None gives sample by sample, without an axis for the batch
        shuffle          in a new order every epoch
        sampler          an iterable of indices, instead of `shuffle`
        batch_sampler    an iterable of lists of indices, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`
        num_workers      threads that prepare batches ahead; 0 prepares them when they are asked for
        collate_fn       makes a batch of a list of samples, instead of `Dataset.batch`; the result is given out as it is
        pin_memory       makes no difference: there is no other memory to copy to
        drop_last        leave out a last batch that is not full
        timeout          seconds to wait for a batch of the workers before it is an error; 0 waits for ever
        worker_init_fn   ``worker_init_fn(number)`` runs first in every worker; `get_worker_info` tells it more
        multiprocessing_context   None, as workers are threads
        generator        where seeds are drawn, unless there is a `seed`
        prefetch_factor  batches that each worker keeps ready; 2 if it is None
        persistent_workers        let the threads go on to the next epoch instead of ending
        pin_memory_device, in_order   accepted: there is no such device, and batches always come in their order
        transform        ``transform(inputs, rng)`` changes every batch's first entry, an array: see `nn.data.transforms`
        seed             an integer; epochs are then the same in every run

    Attributes
        epoch   the number of the epoch that the next iteration gives

    Raises
        ArgumentError   an option out of its range, two options that exclude each other, one that needs workers without them
        StateError      during the iteration, for a batch that took longer than `timeout`

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

    def __init__(self, dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None,
                 sampler: Iterable[Any] | None = None, batch_sampler: Iterable[Any] | None = None, num_workers: int = 0,
                 collate_fn: Callable[[Any], Any] | None = None, pin_memory: bool = False, drop_last: bool = False,
                 timeout: float = 0, worker_init_fn: Callable[[int], Any] | None = None, multiprocessing_context: Any = None,
                 generator: Generator | None = None, *, prefetch_factor: int | None = None, persistent_workers: bool = False,
                 pin_memory_device: str = "", in_order: bool = True,
                 transform: Callable[[np.ndarray, Generator], np.ndarray] | None = None, seed: int | None = None):
        self.streams = isinstance(dataset, IterableDataset)
        if not self.streams and (not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__")):
            raise DtypeError(f"DataLoader: a {type(dataset).__name__} has no length or gives no sample by index.\n"
                             "  Pass a Dataset, or ArrayDataset(inputs, labels).")
        for name, value, least in (("batch_size", 1 if batch_size is None else batch_size, 1),
                                   ("num_workers", num_workers, 0),
                                   ("prefetch_factor", 2 if prefetch_factor is None else prefetch_factor, 1),
                                   ("seed", 0 if seed is None else seed, 0)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
                raise ArgumentError(f"DataLoader: {name}={value!r} is not allowed.\n  Use an integer ≥ {least}.")
        if not isinstance(timeout, (int, float)) or not 0 <= timeout < math.inf:
            raise ArgumentError(f"DataLoader: timeout={timeout!r} is not allowed.\n  Use seconds ≥ 0; 0 waits for ever.")
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, bool(shuffle)
        self.sampler, self.batch_sampler = sampler, batch_sampler
        self.collate_fn, self.drop_last = collate_fn, bool(drop_last)
        self.num_workers, self.worker_init_fn = int(num_workers), worker_init_fn
        self.prefetch_factor = 2 if prefetch_factor is None else int(prefetch_factor)
        self.pin_memory, self.timeout, self.persistent_workers = bool(pin_memory), timeout, bool(persistent_workers)
        self.transform, self.seed, self.generator = transform, None if seed is None else int(seed), generator
        self.multiprocessing_context = multiprocessing_context
        self._refuse_combinations()
        if batch_sampler is not None:
            self.batch_size = None
        self.workers: Workers | None = None  # those that persist
        self.epoch = 0

    def _refuse_combinations(self) -> None:
        """Raise for options that exclude each other, or need another one."""
        for wrong, text, advice in (
            (self.shuffle and self.sampler is not None, "shuffle and sampler exclude each other",
             "The sampler decides on the order."),
            (self.batch_sampler is not None and (self.batch_size != 1 or self.shuffle or self.sampler is not None
                                                 or self.drop_last),
             "batch_sampler excludes batch_size, shuffle, sampler and drop_last", "It decides on all of them."),
            (self.streams and (self.shuffle or self.sampler is not None or self.batch_sampler is not None),
             "an IterableDataset comes in its own order", "Leave out shuffle, sampler and batch_sampler."),
            (self.batch_size is None and self.drop_last, "drop_last without a batch_size", "Leave one of them out."),
            (self.seed is not None and self.generator is not None, "seed and generator exclude each other",
             "Pass one of them."),
            (self.generator is not None and not isinstance(self.generator, Generator),
             f"generator is a {type(self.generator).__name__}", "Pass numpy.random.default_rng(seed), or seed=..."),
            (self.multiprocessing_context is not None, "workers are threads, not processes",
             "Leave multiprocessing_context out."),
            (self.timeout and not self.num_workers, "timeout is for workers, and num_workers is 0", "Use num_workers ≥ 1."),
            (self.persistent_workers and not self.num_workers, "persistent_workers without workers", "Use num_workers ≥ 1."),
        ):
            if wrong:
                raise ArgumentError(f"DataLoader: {text}.\n  {advice}")

    def __len__(self) -> int:
        """Number of batches of an epoch."""
        if self.batch_sampler is not None:
            return len(self.batch_sampler)  # type: ignore[arg-type]
        samples = len(self.dataset if self.sampler is None else self.sampler)  # type: ignore[arg-type]
        size = self.batch_size or 1
        return samples // size if self.drop_last else -(-samples // size)

    def __iter__(self) -> Iterator[Any]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        if self.seed is not None:
            seed: tuple[int, ...] = (self.seed, epoch)
        elif self.shuffle or self.transform is not None or self.worker_init_fn is not None:
            seed = (int((default_generator() if self.generator is None else self.generator).integers(2**63)),)
        else:
            seed = ()
        plan: Any = (Stream if self.streams else Plan)(self, seed, epoch)
        return self._in_threads(plan, seed) if self.num_workers else iter(plan)

    def _in_threads(self, plan: Any, seed: tuple[int, ...]) -> Iterator[Any]:
        """The batches of `plan`, made by workers."""
        workers = self.workers
        if workers is None or workers.ended:
            workers = Workers(self.num_workers, seed[0] if seed else 0, self.dataset, self.worker_init_fn)
        if self.persistent_workers and workers is not self.workers:
            self.workers = workers
            weakref.finalize(self, workers.end, False)
        ahead = self.num_workers * self.prefetch_factor
        return prepared(plan, workers, ahead, self.timeout or None, self.persistent_workers)

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
        size = "unknown length" if self.streams else len(self.dataset)
        return (f"DataLoader({type(self.dataset).__name__} of {size}, batch_size={self.batch_size}, {order}, "
                f"transform={self.transform}, num_workers={self.num_workers})")
