"""Arguments under the names of NumPy and of PyTorch's overloads: what PyTorch takes gives the same here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad
from tensorgrad.errors import ShapeError

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

X = np.random.default_rng(0).permutation(24).reshape(2, 3, 4) / 8
MASK = X > 1
INDEX = np.array([[[0, 2, 1, 1]], [[1, 0, 0, 2]]])

REDUCTIONS = ["sum", "mean", "std", "var", "prod", "max", "min", "argmax", "argmin", "amax", "amin", "aminmax", "median",
              "nanmedian", "mode", "logsumexp", "nansum", "nanmean"]
ALONG = ["softmax", "log_softmax", "cumsum", "cumprod", "cummax", "cummin", "logcumsumexp", "sort", "argsort", "unbind",
         "diff", "count_nonzero", "squeeze", "unsqueeze"]
OTHER = {"chunk": (2,), "topk": (2,), "kthvalue": (1,), "quantile": (0.5,), "nanquantile": (0.5,), "tensor_split": (2,),
         "repeat_interleave": (2,)}


class Named(str):
    """The name of a dtype, which stands for that of either library."""


def of(library: Any, value: Any) -> Any:
    """An argument as that library has it."""
    return (library.tensor(value) if isinstance(value, np.ndarray) else
            getattr(library, value) if isinstance(value, Named) else value)


def same(name: str, x: np.ndarray, *args: Any, functions: bool = True, **options: Any) -> None:
    """The method, and the function, give what PyTorch's method gives."""
    results = []
    for library in (torch, tensorgrad):
        given, named = [of(library, arg) for arg in args], {key: of(library, value) for key, value in options.items()}
        results.append(getattr(library.tensor(x), name)(*given, **named))
        if functions:
            results.append(getattr(library, name)(library.tensor(x), *given, **named))
    for found in results[1:]:
        np.testing.assert_equal(rounded(found), rounded(results[0]))


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


@pytest.mark.parametrize("name, options", [
    ("broadcast_to", {"size": (5, 2, 3, 4)}), ("reshape", {"shape": (6, -1)}), ("permute", {"dims": (2, 0, 1)}),
    ("tile", {"dims": (2, 1)}), ("gather", {"dim": 1, "index": INDEX, "sparse_grad": False}), ("chunk", {"chunks": 2}),
    ("hsplit", {"sections": 3}), ("hsplit", {"indices": [1, 2]}), ("tensor_split", {"sections": 2, "dim": 1}),
    ("tensor_split", {"indices": (1, 2), "dim": -1}),
])
def test_sizes_have_names(name: str, options: dict[str, Any]) -> None:
    same(name, X, **options)


@pytest.mark.parametrize("name, options", [
    ("expand", {"size": (5, 2, 3, 4)}), ("view", {"size": (6, -1)}), ("repeat", {"repeats": (2, 1, 1)}),
    ("split", {"split_size": 2, "dim": 1}), ("split", {"split_size": [1, 2], "dim": 1}),
])
def test_sizes_have_names_in_methods(name: str, options: dict[str, Any]) -> None:
    same(name, X, functions=False, **options)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32", "int16", "uint8"])
def test_view_reads_memory_as_another_dtype(dtype: str) -> None:
    same("view", X, Named(dtype), functions=False)
    same("view", X.astype("float32"), dtype=Named(dtype), functions=False)


@pytest.mark.parametrize("x, dtype", [(X[:, :, :3].astype("float32"), "float64"), (X.T, "int32"), (np.array(1.0), "int32")])
def test_view_refuses_memory_in_pieces(x: np.ndarray, dtype: str) -> None:
    with pytest.raises(RuntimeError):
        torch.from_numpy(x).view(getattr(torch, dtype))
    with pytest.raises(ShapeError, match="view: entries of . bytes along its last axis cannot be read as"):
        tensorgrad.from_numpy(x).view(getattr(tensorgrad, dtype))


def test_a_view_as_another_dtype_shares_memory_outside_the_graph() -> None:
    for library in (torch, tensorgrad):
        x = library.ones(2, dtype=library.float32, requires_grad=True)
        bits = x.view(library.int32)
        assert not bits.requires_grad
        with library.no_grad():
            bits.zero_()
        assert x.tolist() == [0, 0]


def test_dropout_of_the_package_takes_train() -> None:
    for library in (torch, tensorgrad):
        x = library.ones(3)
        assert library.dropout(x, p=0.5, train=False).tolist() == [1, 1, 1]
        assert library.dropout(x, p=1.0, train=True).tolist() == [0, 0, 0]
