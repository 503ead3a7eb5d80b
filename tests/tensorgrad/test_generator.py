"""Generators with a seed of their own."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Generator
from tensorgrad.errors import ArgumentError
from tensorgrad.random import fork_rng


def test_each_new_one_draws_the_same_numbers() -> None:
    assert Generator().random() == Generator(device="cpu").random()
    assert Generator().initial_seed() == 67280421310721


def test_seeds() -> None:
    g = Generator()
    assert g.manual_seed(5) is g and g.initial_seed() == 5
    first = tensorgrad.rand(3, generator=g).tolist()
    assert tensorgrad.rand(3, generator=g.manual_seed(5)).tolist() == first
    assert g.seed() == g.initial_seed() != Generator().seed()
    with pytest.raises(ArgumentError, match="no seed"):
        g.manual_seed(-1)
    with pytest.raises(ArgumentError, match="no device 'cuda'"):
        Generator("cuda")


def test_states() -> None:
    g = Generator().manual_seed(1)
    state = json.loads(json.dumps(g.get_state()))
    first = g.random()
    g.set_state(state)
    twins = [g.clone_state(), copy.deepcopy(g), pickle.loads(pickle.dumps(g))]
    assert [twin.random() for twin in twins] == [first] * 3 == [g.random()] * 3
    assert all(twin.initial_seed() == 1 for twin in twins)
    with pytest.raises(ArgumentError, match="set_state: this is no state"):
        g.set_state({})


def test_it_is_numpys() -> None:
    g = Generator(np.random.MT19937(3))
    assert g.manual_seed(3).random() == np.random.Generator(np.random.MT19937(3)).random()
    assert [type(child) for child in g.spawn(2)] == [Generator, Generator] and g.device == "cpu"


def test_the_process_wide_one() -> None:
    assert tensorgrad.manual_seed(3) is tensorgrad.default_generator() and tensorgrad.initial_seed() == 3
    assert tensorgrad.seed() == tensorgrad.initial_seed() != 3


def test_fork() -> None:
    tensorgrad.manual_seed(3)
    with fork_rng():
        first = tensorgrad.manual_seed(9).random()
    assert tensorgrad.initial_seed() == 3
    with fork_rng(enabled=False):
        tensorgrad.manual_seed(9)
    assert tensorgrad.rand(1, dtype="float64").item() == first
