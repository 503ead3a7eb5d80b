"""Workers of a DataLoader: what they are told, how long they may take, and when they end."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest

from nn.data import ArrayDataset, DataLoader, Dataset, get_worker_info
from tensorgrad.errors import ArgumentError, StateError

DATA = ArrayDataset(np.arange(12))


class Told(Dataset):
    """Each sample is the number of the worker that made it."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> int:
        info = get_worker_info()
        return -1 if info is None else info.id


def test_workers_know_which_they_are_and_take_turns() -> None:
    assert [x.tolist() for x in DataLoader(Told(), 2, num_workers=3)] == [[0, 0], [1, 1], [2, 2], [0, 0]]
    assert [x.tolist() for x in DataLoader(Told(), 8)] == [[-1] * 8] and get_worker_info() is None


def test_worker_init_fn_runs_first_in_each() -> None:
    seen: list[Any] = []

    def note(number: int) -> None:
        info = get_worker_info()
        assert info is not None
        seen.append((number, info.id, info.num_workers, info.dataset is DATA, info.seed))

    for _ in range(2):
        list(DataLoader(DATA, num_workers=2, worker_init_fn=note, seed=5))
    assert sorted(seen) == [(0, 0, 2, True, 5)] * 2 + [(1, 1, 2, True, 6)] * 2


def test_an_error_in_worker_init_fn_is_raised() -> None:
    def fail(number: int) -> None:
        raise ValueError("no licence")

    with pytest.raises(ValueError, match="no licence") as caught:
        list(DataLoader(DATA, num_workers=2, worker_init_fn=fail))
    assert "worker_init_fn" in caught.value.__notes__[0]


class Stuck(Dataset):
    def __init__(self) -> None:
        self.released = threading.Event()

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        if index == 2:
            self.released.wait(60)
        return index


@pytest.mark.parametrize("persistent", [False, True])
def test_a_timeout_is_an_error_and_the_loader_goes_on_after_it(persistent: bool) -> None:
    data = Stuck()
    loader = DataLoader(data, num_workers=1, timeout=0.2, persistent_workers=persistent)
    iterator, begun = iter(loader), time.monotonic()
    assert [next(iterator).item(), next(iterator).item()] == [0, 1]
    with pytest.raises(StateError, match=r"no batch within the timeout of 0.2 seconds.*\n.*num_workers=0"):
        next(iterator)
    assert time.monotonic() - begun < 10
    data.released.set()
    assert [x.item() for x in loader] == [0, 1, 2, 3]


def test_a_worker_that_hangs_does_not_keep_the_program() -> None:
    program = ("import time, nn.data\n"
               "class Stuck(list):\n"
               "    def __getitem__(self, i): time.sleep(60)\n"
               "try: next(iter(nn.data.DataLoader(Stuck([1]), num_workers=1, timeout=0.1)))\n"
               "except RuntimeError as error: print(str(error)[:24])\n")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50)
    assert done.stdout == "DataLoader: no batch wit\n" and not done.stderr


def test_a_timeout_error_of_the_dataset_is_its_own() -> None:
    class Remote(Told):
        def __getitem__(self, index: int) -> int:
            raise TimeoutError("server")

    with pytest.raises(TimeoutError, match="server"):
        next(iter(DataLoader(Remote(), num_workers=1, timeout=5)))


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("DataLoader_")}


def test_persistent_workers_go_on_and_end_with_their_loader() -> None:
    before = threads()
    loader = DataLoader(DATA, 4, num_workers=2, persistent_workers=True)
    assert [x.tolist() for x, in loader] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    mine = threads() - before
    assert len(mine) == 2
    next(iter(loader))
    assert len(list(loader)) == 3 and threads() - before == mine
    del loader
    gc.collect()
    for thread in mine:
        thread.join(10)
        assert not thread.is_alive()


def test_samples_one_by_one() -> None:
    assert [x.item() for x, in DataLoader(DATA, batch_size=None)] == list(range(12))
    assert [x.item() for x, in DataLoader(DATA, None, sampler=[np.int64(4), 2], num_workers=1)] == [4, 2]
    assert [x.tolist() for x, in DataLoader(DATA, None, sampler=[[1, 2], [3]])] == [[1, 2], [3]]
    assert len(DataLoader(DATA, None)) == 12 and list(DataLoader(DATA, None, collate_fn=len))[0] == 1


def test_what_makes_no_difference_is_accepted() -> None:
    loader = DataLoader(DATA, 12, pin_memory=True, pin_memory_device="cuda", in_order=False)
    assert len(next(iter(loader))[0]) == 12 and loader.pin_memory


@pytest.mark.parametrize("options, text", [
    ({"timeout": 3}, "timeout is for workers"), ({"timeout": -1}, "timeout=-1"), ({"timeout": "1"}, "timeout='1'"),
    ({"persistent_workers": True}, "persistent_workers without workers"),
    ({"multiprocessing_context": "spawn", "num_workers": 1}, "workers are threads, not processes"),
    ({"batch_sampler": [[0]], "batch_size": 2}, "batch_sampler excludes"),
    ({"batch_sampler": [[0]], "shuffle": True}, "batch_sampler excludes"),
    ({"batch_size": None, "drop_last": True}, "drop_last without a batch_size")])
def test_refusals(options: Any, text: str) -> None:
    with pytest.raises(ArgumentError, match=text):
        DataLoader(DATA, **options)
