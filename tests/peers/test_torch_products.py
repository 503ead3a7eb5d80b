"""Gradients of products and running products where zeros, infinities and NaN meet, against PyTorch."""

from __future__ import annotations

import itertools
from typing import Any, Callable

import numpy as np
import pytest

import tensorgrad

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")]
torch = pytest.importorskip("torch")

VALUES = (0.0, np.inf, -np.inf, np.nan, 2.0, -3.0)
WEIGHTS = np.array([0.5, -2.0, 3.0, 1.5])

PRODUCTS: dict[str, Callable[[Any], Any]] = {
    "prod": lambda x: x.prod(),
    "prod-dim": lambda x: x.prod(0),
    "cumprod": lambda x: x.cumprod(0),
}


def gradient(library: Any, product: Callable[[Any], Any], values: np.ndarray, create_graph: bool) -> np.ndarray:
    x = library.tensor(values, requires_grad=True)
    y = product(x)
    weights = WEIGHTS[:len(values)] if y.ndim else WEIGHTS[3]
    found, = library.autograd.grad(y, x, library.tensor(weights), create_graph=create_graph)
    return found.detach().numpy()


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize("name", PRODUCTS)
def test_every_pattern(name: str, length: int, create_graph: bool) -> None:
    for pattern in itertools.product(VALUES, repeat=length):
        found = [gradient(library, PRODUCTS[name], np.array(pattern), create_graph) for library in (tensorgrad, torch)]
        np.testing.assert_allclose(*found, rtol=1e-12, err_msg=str(pattern))


@pytest.mark.parametrize("name", ["prod-dim", "cumprod"])
def test_rows_of_a_matrix(name: str) -> None:
    """Whether another column holds a zero matters to PyTorch, for `prod`."""
    for first in itertools.product(VALUES, repeat=2):
        for second in itertools.product(VALUES, repeat=2):
            found = []
            for library in (tensorgrad, torch):
                x = library.tensor(np.array([first, second]), requires_grad=True)
                y = PRODUCTS[name](x)
                y.backward(library.tensor(WEIGHTS.reshape(2, 2) if name == "cumprod" else WEIGHTS[:2]))
                found.append(x.grad.numpy())
            np.testing.assert_allclose(*found, rtol=1e-12, err_msg=f"{first} {second}")


@pytest.mark.parametrize("values", [[2.0, -3.0, 1.5], [2.0, 0.0, -3.0], [0.0, 2.0, 0.0]])
@pytest.mark.parametrize("name", PRODUCTS)
def test_second_gradients(name: str, values: list[float]) -> None:
    found = []
    for library in (tensorgrad, torch):
        x = library.tensor(np.array(values), requires_grad=True)
        weights = library.tensor(WEIGHTS[:3])
        first, = library.autograd.grad((PRODUCTS[name](x) * (weights if name == "cumprod" else 1.0)).sum(), x,
                                       create_graph=True)
        second, = library.autograd.grad((first * library.tensor(WEIGHTS[1:])).sum(), x)
        found.append(second.numpy())
    np.testing.assert_allclose(*found, rtol=1e-12)
