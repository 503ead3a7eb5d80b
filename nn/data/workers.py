"""Threads that prepare batches ahead, each with its own list of things to do."""

from __future__ import annotations

import queue
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from tensorgrad.errors import StateError

__all__ = ["WorkerInfo", "Workers", "get_worker_info", "prepared"]


@dataclass(frozen=True)
class WorkerInfo:
    """Which worker a thread is: the number `id` of `num_workers`, the seed it may draw from, and the dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


class Own(threading.local):
    """What this thread is; None outside of workers."""

    info: WorkerInfo | None = None


own = Own()


def get_worker_info() -> WorkerInfo | None:
    """Inside a DataLoader's worker, which one it is; elsewhere None.

    Example
        >>> get_worker_info() is None
        True
    """
    return own.info


class Workers:
    """The threads of one loader.  They do not keep a program from ending, also if one of them never returns."""

    def __init__(self, count: int, seed: int, dataset: Any, init: Callable[[int], Any] | None):
        self.ended = False
        self.tasks: list[queue.SimpleQueue[Any]] = [queue.SimpleQueue() for _ in range(count)]
        self.threads = [threading.Thread(target=work, args=(tasks, WorkerInfo(i, count, seed + i, dataset), init),
                                         name=f"DataLoader_{i}", daemon=True) for i, tasks in enumerate(self.tasks)]
        for thread in self.threads:
            thread.start()

    def submit(self, worker: int, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Let that worker call the function after what it was given before."""
        future: Future[Any] = Future()
        self.tasks[worker].put((future, function, args))
        return future

    def end(self, wait: bool = True) -> None:
        """Let the threads end after what they are doing, and wait for that unless one of them hangs."""
        self.ended = True
        for tasks in self.tasks:
            tasks.put(None)
        if wait:
            for thread in self.threads:
                thread.join()


def work(tasks: queue.SimpleQueue[Any], info: WorkerInfo, init: Callable[[int], Any] | None) -> None:
    """What a thread does: the tasks in their order, until a None.  An error in `init` is that of every task."""
    own.info = info
    failed: Exception | None = None
    try:
        if init is not None:
            init(info.id)
    except Exception as error:
        error.add_note(f"DataLoader: in worker_init_fn({info.id})")
        failed = error
    while (task := tasks.get()) is not None:
        future, function, args = task
        if not future.set_running_or_notify_cancel():
            continue
        try:
            if failed is not None:
                raise failed
            result = function(*args)
        except (Exception, SystemExit) as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        del task, future, function, args


def prepared(plan: Any, workers: Workers, ahead: int, timeout: float | None, keep: bool) -> Iterator[Any]:
    """The batches of `plan` in order, up to `ahead` of them being made by `workers` before they are asked for.

    Unless `keep` says that the workers go on to another epoch, they end with the iteration, also if it is left early.

    Raises
        StateError   a batch that is not there `timeout` seconds after it was asked for
    """
    waiting: deque[Future[Any]] = deque()
    jobs = plan.jobs(len(workers.tasks))
    hangs = False
    try:
        for worker, function, *args in jobs:
            waiting.append(workers.submit(worker, function, *args))
            if len(waiting) >= ahead:
                break
        while waiting:
            first = waiting.popleft()
            try:
                batch = first.result(timeout)
            except TimeoutError:
                if first.done():
                    raise
                hangs = True
                raise StateError(f"DataLoader: no batch within the timeout of {timeout} seconds.\n  The dataset hangs or "
                                 "is slow: give it more time, more workers, or num_workers=0 to see where it is.") from None
            for worker, function, *args in jobs:
                waiting.append(workers.submit(worker, function, *args))
                break
            if batch is not plan.END:
                yield batch
    finally:
        for future in waiting:
            future.cancel()
        if hangs or not keep:
            workers.end(wait=not hangs)
