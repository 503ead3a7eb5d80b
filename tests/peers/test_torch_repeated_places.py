"""Several values written to one place: the last stays, and all get the gradient of the place, as in PyTorch."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

import tensorgrad

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

INDEX = np.array([0, 0, 2])


def assigned(library: Any, y: Any, values: Any) -> Any:
    y[library.tensor(INDEX)] = values
    return y


def assigned_in_rows(library: Any, y: Any, values: Any) -> Any:
    rows = y.reshape(2, 2)
    rows[:, [1, 1, 0]] = values
    return rows


WRITES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "setitem": assigned,
    "setitem-one-value": lambda library, y, values: assigned(library, y, values[:1]),
    "setitem-rows": assigned_in_rows,
    "index_put": lambda library, y, values: y.index_put((library.tensor(INDEX),), values),
    "index_put_": lambda library, y, values: y.index_put_((library.tensor(INDEX),), values),
    "index_copy": lambda library, y, values: y.index_copy(0, library.tensor(INDEX), values),
    "scatter": lambda library, y, values: y.scatter(0, library.tensor(INDEX), values),
    "scatter_": lambda library, y, values: y.scatter_(0, library.tensor(INDEX), values),
    "put": lambda library, y, values: y.put(library.tensor(INDEX), values),
}


@pytest.mark.parametrize("name", WRITES)
def test_gradients(name: str) -> None:
    found = []
    for library in (tensorgrad, torch):
        x = library.tensor(np.array([1.0, 2.0, 3.0, 4.0]), requires_grad=True)
        values = library.tensor(np.array([5.0, 6.0, 7.0]), requires_grad=True)
        y = WRITES[name](library, x * 1, values)
        (y.reshape(-1) ** 2 * library.tensor(np.array([1.0, 10.0, 100.0, 1000.0]))).sum().backward()
        found.append([tensor.detach().numpy() for tensor in (y, x.grad, values.grad)])
    for ours, theirs in zip(*found):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
