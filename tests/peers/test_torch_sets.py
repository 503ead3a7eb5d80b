"""Membership, runs, combinations, index grids, diagonals of blocks and draws by odds, against PyTorch's."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

import tensorgrad

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

RUNS = np.array([[1, 1, 2], [1, 1, 2], [3, 3, 3], [1, 1, 2]])
CASES: dict[str, Callable[[Any], Any]] = {
    "isin": lambda lib: lib.isin(lib.tensor(RUNS), lib.tensor([1, 3])),
    "isin inverted": lambda lib: lib.isin(lib.tensor(RUNS), lib.tensor([1, 3]), assume_unique=False, invert=True),
    "isin a number": lambda lib: lib.isin(lib.tensor(RUNS), 2),
    "isin of a number": lambda lib: lib.isin(2, lib.tensor(RUNS)),
    "runs": lambda lib: lib.unique_consecutive(lib.tensor(RUNS)),
    "runs of rows": lambda lib: lib.unique_consecutive(lib.tensor(RUNS), return_inverse=True, return_counts=True, dim=0),
    "runs of columns": lambda lib: lib.tensor(RUNS).unique_consecutive(True, dim=1),
    "runs and all": lambda lib: lib.unique_consecutive(lib.tensor(RUNS), True, True),
    "runs of NaN": lambda lib: lib.unique_consecutive(lib.tensor([np.nan, np.nan, 1.0]), return_counts=True),
    "runs of nothing": lambda lib: lib.unique_consecutive(lib.tensor([])),
    "product": lambda lib: lib.cartesian_prod(lib.tensor([1, 2, 3]), lib.tensor([4, 5])),
    "product of one": lambda lib: lib.cartesian_prod(lib.tensor([1, 2, 3])),
    "product of three": lambda lib: lib.cartesian_prod(*[lib.tensor([0.5, 1.5])] * 3),
    "pairs": lambda lib: lib.combinations(lib.tensor([1.5, 2.5, 3.5])),
    "triples": lambda lib: lib.combinations(lib.tensor([1, 2, 3, 4]), r=3),
    "pairs with replacement": lambda lib: lib.combinations(lib.tensor([1, 2, 3]), with_replacement=True),
    "too many": lambda lib: lib.combinations(lib.tensor([1, 2]), 3),
    "none": lambda lib: lib.combinations(lib.tensor([1, 2]), 0),
    "blocks": lambda lib: lib.block_diag(lib.tensor([[0, 1], [1, 0]]), lib.tensor([[3.5, 4.0, 5.0]]), lib.tensor(7),
                                         lib.tensor([1, 2])),
    "no blocks": lambda lib: lib.block_diag(),
    "lower": lambda lib: lib.tril_indices(4, 3, -1), "lower wide": lambda lib: lib.tril_indices(2, 5, 1),
    "upper": lambda lib: lib.triu_indices(4, 3, offset=-1), "upper wide": lambda lib: lib.triu_indices(2, 5, 2),
    "upper of none": lambda lib: lib.triu_indices(0, 3, dtype=lib.int32),
    "signbit": lambda lib: lib.signbit(lib.tensor([-1.0, -0.0, 0.0, 2.0, -np.inf])),
    "signbit of whole": lambda lib: lib.tensor([-1, 0, 3]).signbit(),
    "msort": lambda lib: lib.msort(lib.tensor([[3.0, 1.0], [2.0, 4.0], [1.0, 0.0]])),
    "fix": lambda lib: lib.fix(lib.tensor([-1.5, 1.5])), "fix_": lambda lib: lib.tensor([-1.5, 1.5]).fix_(),
    "diagonal": lambda lib: lib.zeros(5, 3).fill_diagonal_(2),
    "diagonal wrapped": lambda lib: lib.zeros(7, 3).fill_diagonal_(2, True),
    "diagonal of a cube": lambda lib: lib.zeros(3, 3, 3).fill_diagonal_(1),
    "wide": lambda lib: lib.zeros(2, 4).fill_diagonal_(1),
    "certain": lambda lib: lib.multinomial(lib.tensor([[0.0, 1.0], [3.0, 0.0]]), 1),
    "certain vector": lambda lib: lib.tensor([0.0, 2.0, 0.0]).multinomial(4, replacement=True),
    "cosine": lambda lib: lib.cosine_similarity(lib.tensor([[1.0, 2.0]]), lib.tensor([[3.0, 1.0]])),
    "distance": lambda lib: lib.pairwise_distance(lib.tensor([[1.0, 2.0]]), lib.tensor([[3.0, 1.0]])),
}


@pytest.mark.parametrize("name", CASES)
def test_same_as_torch(name: str) -> None:
    def listed(found: Any) -> list[Any]:
        return [entry.detach().numpy() for entry in (found if isinstance(found, tuple) else (found,))]

    ours, theirs = listed(CASES[name](tensorgrad)), listed(CASES[name](torch))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-6)


REFUSED: dict[str, Callable[[Any], Any]] = {
    "matrix": lambda lib: lib.cartesian_prod(lib.zeros(2, 2)),
    "matrix of pairs": lambda lib: lib.combinations(lib.zeros(2, 2)),
    "negative r": lambda lib: lib.combinations(lib.zeros(2), -1), "cube": lambda lib: lib.block_diag(lib.zeros(1, 1, 1)),
    "negative size": lambda lib: lib.tril_indices(-1, 2), "vector's diagonal": lambda lib: lib.zeros(3).fill_diagonal_(1),
    "uneven cube": lambda lib: lib.zeros(3, 3, 2).fill_diagonal_(1),
    "whole odds": lambda lib: lib.multinomial(lib.tensor([1, 2]), 1),
    "no odds": lambda lib: lib.multinomial(lib.zeros(2), 1),
    "negative odds": lambda lib: lib.multinomial(lib.tensor([-1.0, 2.0]), 1),
    "infinite odds": lambda lib: lib.multinomial(lib.tensor([np.inf, 2.0]), 1),
    "cube of odds": lambda lib: lib.multinomial(lib.ones(1, 1, 2), 1),
    "no draws": lambda lib: lib.multinomial(lib.ones(2), 0),
    "too many draws": lambda lib: lib.multinomial(lib.ones(2), 3),
    "axis": lambda lib: lib.unique_consecutive(lib.zeros(2), dim=1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_both(name: str) -> None:
    for library in (tensorgrad, torch):
        with pytest.raises((RuntimeError, ValueError, IndexError, TypeError)):
            REFUSED[name](library)


@pytest.mark.parametrize("make", [
    lambda lib, x: lib.cartesian_prod(x, x), lambda lib, x: lib.combinations(x, 2), lambda lib, x: lib.block_diag(x, x * x),
    lambda lib, x: lib.msort(x)])
def test_gradients(make: Any) -> None:
    found = []
    for library in (tensorgrad, torch):
        x = library.tensor(np.array([3.0, 1.0, 2.0]), requires_grad=True)
        y = make(library, x)
        (y * library.arange(y.numel(), dtype=library.float64).reshape(y.shape)).sum().backward()
        found.append(x.grad.tolist())
    assert found[0] == found[1]
