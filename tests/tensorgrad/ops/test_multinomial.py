"""Draws by odds: how often, how many, from which generator."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Generator, Tensor
from tensorgrad.errors import ArgumentError


@pytest.mark.parametrize("replacement", [True, False])
def test_as_often_as_the_odds_say(replacement: bool) -> None:
    odds = Tensor(np.tile(np.array([1.0, 0.0, 3.0, 4.0]), (4000, 1)))
    drawn = tensorgrad.multinomial(odds, 1, replacement, generator=Generator())
    counts = Counter(drawn.array.ravel().tolist())
    assert drawn.shape == (4000, 1) and drawn.dtype == tensorgrad.int64 and set(counts) == {0, 2, 3}
    assert [counts[i] / 4000 for i in (0, 2, 3)] == pytest.approx([0.125, 0.375, 0.5], abs=0.03)


def test_without_replacement_nothing_comes_twice() -> None:
    assert sorted(Tensor([0.1, 0.0, 5.0, 1.0]).multinomial(3).tolist()) == [0, 2, 3]
    with pytest.raises(ArgumentError, match="4 samples cannot be drawn"):
        Tensor([0.1, 0.0, 5.0, 1.0]).multinomial(4)


def test_the_seed_rules() -> None:
    odds = tensorgrad.ones(50)
    first, second = (odds.multinomial(20, generator=Generator().manual_seed(3)).tolist() for _ in range(2))
    assert first == second
