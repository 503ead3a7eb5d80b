"""Datasets made of others, and streams."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nn.data import (ArrayDataset, ChainDataset, ConcatDataset, DataLoader, IterableDataset, StackDataset, default_collate,
                     default_convert, get_worker_info)
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, RangeError


class Count(IterableDataset):
    def __init__(self, n: int):
        self.n = n

    def __iter__(self) -> Any:
        info = get_worker_info()
        return iter(range(0 if info is None else info.id, self.n, 1 if info is None else info.num_workers))


def test_one_after_the_other() -> None:
    both = ConcatDataset([ArrayDataset(np.arange(2)), ArrayDataset(np.arange(10, 13))])
    assert len(both) == 5 and [int(both[i][0]) for i in range(-5, 5)] == [0, 1, 10, 11, 12] * 2
    assert [x.tolist() for x, in DataLoader(both, 2)] == [[0, 1], [10, 11], [12]]
    assert len(ArrayDataset(np.arange(2)) + both) == 7
    with pytest.raises(RangeError, match="index 5 of 5"):
        _ = both[5]
    for wrong in ([], [Count(2)]):
        with pytest.raises(ArgumentError, match="ConcatDataset"):
            ConcatDataset(wrong)


def test_side_by_side() -> None:
    images, labels = ArrayDataset(np.arange(4.0)), np.arange(4)
    (x,), y = next(iter(DataLoader(StackDataset(images, labels), 2)))
    assert x.tolist() == [0.0, 1.0] and y.tolist() == [0, 1]
    named = StackDataset(image=images, label=labels)
    assert len(named) == 4 and named[3]["label"] == 3
    assert next(iter(DataLoader(named, 3)))["label"].tolist() == [0, 1, 2]
    for wrong in (lambda: StackDataset(), lambda: StackDataset(images, label=labels), lambda: StackDataset("ab", "a")):
        with pytest.raises(ArgumentError, match="StackDataset"):
            wrong()


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
@pytest.mark.parametrize("drop", [False, True])
def test_streams(workers: int, drop: bool) -> None:
    for _ in range(2):
        batches = [batch.tolist() for batch in DataLoader(Count(11), 2, num_workers=workers, drop_last=drop)]
        seen = sorted(sum(batches, []))
        assert seen == list(range(11)) if not drop else set(seen) < set(range(11))
    if workers == 2:  # in turn, each its own part
        assert batches == [[0, 2], [1, 3], [4, 6], [5, 7], [8, 10]] + ([] if drop else [[9]])


def test_streams_sample_by_sample() -> None:
    assert list(DataLoader(Count(3), batch_size=None)) == [0, 1, 2]
    assert list(DataLoader(Count(3), batch_size=None, num_workers=2, collate_fn=lambda x: x * 10)) == [0, 10, 20]
    assert [x.tolist() for x in DataLoader(ChainDataset([Count(2), Count(3)]), 5)] == [[0, 1, 0, 1, 2]]
    assert list(Count(1) + Count(2)) == [0, 0, 1]


def test_streams_know_what_they_are_not() -> None:
    with pytest.raises(TypeError, match="length is not known"):
        _ = len(DataLoader(Count(3)))
    with pytest.raises(TypeError, match="has no sample 0"):
        _ = Count(3)[0]
    with pytest.raises(ArgumentError, match="ChainDataset: expects IterableDatasets"):
        ChainDataset([[1]])
    for option in ({"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}):
        with pytest.raises(ArgumentError, match="an IterableDataset comes in its own order"):
            DataLoader(Count(3), **option)
    assert "Count of unknown length" in repr(DataLoader(Count(3)))


def test_an_error_in_a_stream_names_its_batch() -> None:
    class Broken(IterableDataset):
        def __iter__(self) -> Any:
            yield 1
            raise ValueError("broken")

    for workers in (0, 2):
        with pytest.raises(ValueError, match="broken") as caught:
            list(DataLoader(Broken(), num_workers=workers))
        assert "in batch" in caught.value.__notes__[0]


def test_collating_and_converting() -> None:
    batch = default_collate([{"x": np.ones(2), "y": 1}, {"x": np.zeros(2), "y": 0}])
    assert batch["x"].tolist() == [[1, 1], [0, 0]] and batch["y"].tolist() == [1, 0]
    assert isinstance(default_convert([np.ones(2)])[0], Tensor) and default_convert("text") == "text"
