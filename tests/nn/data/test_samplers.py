"""Samplers: which indices, how many, from which generator."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import tensorgrad
from nn.data import (ArrayDataset, BatchSampler, DataLoader, RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler,
                     WeightedRandomSampler)
from tensorgrad import Generator
from tensorgrad.errors import ArgumentError


def test_in_order() -> None:
    assert list(SequentialSampler("abc")) == [0, 1, 2] and len(SequentialSampler("abc")) == 3


def test_random_without_replacement_is_a_new_permutation_each_time() -> None:
    sampler = RandomSampler(range(50), generator=Generator().manual_seed(0))
    first, second = list(sampler), list(sampler)
    assert sorted(first) == sorted(second) == list(range(50)) and first != second and len(sampler) == 50
    assert list(RandomSampler(range(50), generator=Generator().manual_seed(0))) == first


def test_random_of_another_number() -> None:
    drawn = list(RandomSampler(range(10), num_samples=25))
    assert len(drawn) == 25 and set(Counter(drawn[:20]).values()) == {2} and len(set(drawn[20:])) == 5
    assert len(list(RandomSampler(range(10), replacement=True, num_samples=35))) == 35
    assert list(RandomSampler([])) == []


def test_a_subset_is_shuffled() -> None:
    sampler = SubsetRandomSampler(list(range(100, 150)), Generator())
    assert sorted(sampler) == list(range(100, 150)) != list(sampler) and len(sampler) == 50


def test_weights_are_odds() -> None:
    drawn = Counter(WeightedRandomSampler([1.0, 0.0, 3.0], 4000, generator=Generator()))
    assert set(drawn) == {0, 2} and drawn[2] / drawn[0] == pytest.approx(3, rel=0.15)
    assert sorted(WeightedRandomSampler(tensorgrad.tensor([1, 2, 0, 9]), 3, replacement=False)) == [0, 1, 3]
    assert len(WeightedRandomSampler([1.0], 7)) == 7


def test_batches() -> None:
    assert list(BatchSampler(range(5), 2, True)) == [[0, 1], [2, 3]]
    lengths = [len(BatchSampler(SequentialSampler(range(n)), 2, drop)) for n in (4, 5) for drop in (True, False)]
    assert lengths == [2, 2, 2, 3]


def test_manual_seed_rules_those_without_a_generator() -> None:
    tensorgrad.manual_seed(4)
    first = list(RandomSampler(range(20)))
    tensorgrad.manual_seed(4)
    assert list(RandomSampler(range(20))) == first


@pytest.mark.parametrize("make, text", [
    (lambda: RandomSampler("ab", num_samples=0), "num_samples=0"), (lambda: RandomSampler("ab", 1), "replacement=1"),
    (lambda: BatchSampler([1], 0, False), "batch_size=0"), (lambda: BatchSampler([1], 1, 0), "drop_last=0"),
    (lambda: WeightedRandomSampler([1.0, -1.0], 1), "are no odds"), (lambda: WeightedRandomSampler([0.0], 1), "are no odds"),
    (lambda: WeightedRandomSampler([[1.0]], 1), r"shape \(1, 1\)"), (lambda: WeightedRandomSampler([np.nan], 1), "no odds"),
    (lambda: WeightedRandomSampler([1.0, 0.0], 2, replacement=False), "without replacement from 1"),
    (lambda: WeightedRandomSampler([1.0], 1.5), "num_samples=1.5")])
def test_refusals(make: Any, text: str) -> None:
    with pytest.raises(ArgumentError, match=text):
        make()


class Backwards(Sampler):
    def __iter__(self) -> Any:
        return iter([3, 2, 1, 0])


def test_loaders_take_them() -> None:
    data = ArrayDataset(np.arange(4))
    assert [x.tolist() for x, in DataLoader(data, 3, sampler=Backwards())] == [[3, 2, 1], [0]]
    loader = DataLoader(data, batch_sampler=BatchSampler(Backwards(), 3, True), num_workers=1)
    assert [x.tolist() for x, in loader] == [[3, 2, 1]]
    assert len(DataLoader(data, batch_sampler=[[0], [1, 2]])) == 2
    with pytest.raises(NotImplementedError, match="Sampler.__iter__"):
        iter(Sampler())
