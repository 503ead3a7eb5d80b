"""Arguments under the names of NumPy and of PyTorch's overloads: what PyTorch takes gives the same here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

X = np.random.default_rng(0).permutation(24).reshape(2, 3, 4) / 8
MASK = X > 1

REDUCTIONS = ["sum", "mean", "std", "var", "prod", "max", "min", "argmax", "argmin", "amax", "amin", "aminmax", "median",
              "nanmedian", "mode", "logsumexp", "nansum", "nanmean"]
ALONG = ["softmax", "log_softmax", "cumsum", "cumprod", "cummax", "cummin", "logcumsumexp", "sort", "argsort", "unbind",
         "diff", "count_nonzero", "squeeze", "unsqueeze"]
OTHER = {"chunk": (2,), "topk": (2,), "kthvalue": (1,), "quantile": (0.5,), "nanquantile": (0.5,), "tensor_split": (2,),
         "repeat_interleave": (2,)}


def same(name: str, x: np.ndarray, *args: Any, **options: Any) -> None:
    """The function and the method give what PyTorch's give."""
    theirs, mine = torch.tensor(x), tensorgrad.tensor(x)
    expected = getattr(theirs, name)(*args, **options)
    for found in (getattr(mine, name)(*args, **options), getattr(tensorgrad, name)(mine, *args, **options)):
        np.testing.assert_equal(rounded(found), rounded(expected))


def rounded(result: Any) -> Any:
    """Tensors as arrays, to the digits in which both agree."""
    if isinstance(result, (tuple, list)):
        return [rounded(part) for part in result]
    return np.round(np.array(result.tolist(), float), 10)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_take_axis_and_keepdims(name: str) -> None:
    same(name, X, axis=1)
    same(name, X, axis=-1, keepdims=True)
    same(name, X, dim=0, keepdims=True)


@pytest.mark.parametrize("name", ["all", "any"])
def test_quantifiers_take_them(name: str) -> None:
    same(name, MASK, axis=1, keepdims=True)


@pytest.mark.parametrize("name", ALONG)
def test_functions_along_an_axis_take_axis(name: str) -> None:
    same(name, X, axis=1)


@pytest.mark.parametrize("name", OTHER)
def test_functions_of_more_arguments_take_axis(name: str) -> None:
    same(name, X, *OTHER[name], axis=1)


@pytest.mark.parametrize("name", ["cat", "concat", "stack"])
def test_joining_takes_axis(name: str) -> None:
    expected = getattr(torch, name)([torch.tensor(X)] * 2, axis=1)
    assert getattr(tensorgrad, name)([tensorgrad.tensor(X)] * 2, axis=1).tolist() == expected.tolist()
