"""NumPy functions on tensors, and memory exchanged through DLPack."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.autograd import gradcheck
from tensorgrad.errors import ArgumentError, DtypeError, GraphError

A = np.array([[0.5, 1.5, 2.5], [3.5, 4.5, 5.0]])


def leaf(array: Any = A, dtype: Any = np.float64) -> Tensor:
    return Tensor(np.array(array, dtype), requires_grad=True)


# Called with the array, and with the tensor: the same values, in the graph.
CALLS: dict[str, Callable[[Any], Any]] = {
    "array + t": lambda t: A + t, "array - t": lambda t: A - t, "array * t": lambda t: A * t, "array / t": lambda t: A / t,
    "array ** t": lambda t: A ** t, "array @ t": lambda t: A.T @ t, "t @ array": lambda t: t @ A.T,
    "float32 * t": lambda t: np.float32(2) * t, "float64 - t": lambda t: np.float64(2) - t,
    "int / t": lambda t: np.int64(2) / t,
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh, "sin": np.sin, "arctan": np.arctan,
    "log1p": np.log1p, "square": np.square, "negative": np.negative, "abs": np.abs, "reciprocal": np.reciprocal,
    "maximum": lambda t: np.maximum(t, 2.0), "minimum": lambda t: np.minimum(A * 0 + 2, t),
    "power": lambda t: np.power(t, 3),
    "add with dtype": lambda t: np.add(t, 1, dtype=np.float64), "add.reduce": lambda t: np.add.reduce(t, axis=1),
    "sum": np.sum, "sum axis": lambda t: np.sum(t, axis=1, keepdims=True), "sum axes": lambda t: np.sum(t, (0, 1)),
    "mean": lambda t: np.mean(t, axis=0), "prod": lambda t: np.prod(t, axis=1), "prod all": np.prod,
    "max": lambda t: np.max(t, axis=0), "amin": lambda t: np.amin(t, axis=(0, 1)),
    "var": lambda t: np.var(t, axis=1), "std": lambda t: np.std(t, ddof=1), "cumsum": lambda t: np.cumsum(t, axis=1),
    "norm": lambda t: np.linalg.norm(t, axis=1),
    "norm of a matrix": lambda t: np.linalg.norm(t, 2),
    "nuclear norm": lambda t: np.linalg.norm(t, "nuc"),
    "largest row": lambda t: np.linalg.norm(t, np.inf, (0, 1)),
    "reshape": lambda t: np.reshape(t, (3, 2)), "ravel": np.ravel, "transpose": np.transpose,
    "transpose axes": lambda t: np.transpose(t, (1, 0)), "swapaxes": lambda t: np.swapaxes(t, 0, 1),
    "moveaxis": lambda t: np.moveaxis(t, 0, -1), "expand_dims": lambda t: np.expand_dims(t, (0, 2)),
    "squeeze": lambda t: np.squeeze(np.expand_dims(t, 1), axis=1),
    "broadcast_to": lambda t: np.broadcast_to(t, (2, 2, 3)),
    "flip": lambda t: np.flip(t, axis=1), "flip all": np.flip, "roll": lambda t: np.roll(t, 1, axis=1),
    "repeat": lambda t: np.repeat(t, 2, axis=0), "tile": lambda t: np.tile(t, (2, 1)), "copy": np.copy,
    "concatenate": lambda t: np.concatenate([t, A, t], axis=0),
    "concatenate flat": lambda t: np.concatenate((t, A), axis=None),
    "stack": lambda t: np.stack([t, A], axis=1),
    "vstack": lambda t: np.vstack([t, A]), "hstack": lambda t: np.hstack([t, A]),
    "split": lambda t: np.split(t, 3, axis=1)[1], "split at": lambda t: np.split(t, [1], axis=1)[1],
    "take": lambda t: np.take(t, [0, 2, 2], axis=1), "take flat": lambda t: np.take(t, np.array([1, 4])),
    "where": lambda t: np.where(A > 2, t, 0.0), "where array": lambda t: np.where(A > 2, A, t),
    "clip": lambda t: np.clip(t, 1.0, 4.0), "clip min": lambda t: np.clip(t, min=1.0),
    "round": lambda t: np.round(t + 0.2) + t,
    "sort": lambda t: np.sort(t, axis=1), "tril": np.tril, "diagonal": np.diagonal,
    "dot": lambda t: np.dot(A.T, t), "dot number": lambda t: np.dot(2.0, t), "outer": lambda t: np.outer(A[0], t[1]),
    "einsum": lambda t: np.einsum("ij,kj->ik", A, t), "matmul": lambda t: np.matmul(t, A.T),
}


@pytest.mark.parametrize("name", CALLS)
def test_numpy_functions_stay_in_the_graph(name: str) -> None:
    expected = CALLS[name](A)
    result = CALLS[name](leaf())
    assert isinstance(result, Tensor) and result.requires_grad
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12)
    assert result.shape == np.shape(expected)
    assert gradcheck(CALLS[name], leaf(), atol=1e-6, rtol=1e-5, fast_mode=True)
    narrow = CALLS[name](leaf(dtype=np.float32))
    assert narrow.dtype == np.float32 or name == "add with dtype"


@pytest.mark.parametrize("call", [np.isnan, np.isfinite, lambda t: np.greater(t, 1), lambda t: A < t, lambda t: A == t,
                                  lambda t: np.argmax(t, axis=1), lambda t: np.any(t > 3), lambda t: np.all(t, axis=0),
                                  lambda t: np.argsort(t, axis=1), lambda t: np.logical_not(t)])
def test_questions_answered_by_constant_tensors(call: Callable[[Any], Any]) -> None:
    result = call(leaf())
    assert isinstance(result, Tensor) and not result.requires_grad
    np.testing.assert_array_equal(result.numpy(), call(A))


def test_questions_answered_by_plain_values() -> None:
    t = leaf()
    assert np.shape(t) == (2, 3) and np.ndim(t) == 2 and np.size(t) == 6
    assert np.allclose(t, A) and np.array_equal(t, A) and np.shares_memory(t, t.array)
    assert np.isclose(t, A).dtype == bool and np.array2string(t) == np.array2string(A)
    np.testing.assert_allclose(t, A)


def test_new_tensors_like_a_tensor() -> None:
    t = leaf(dtype=np.float32)
    for made, value in ((np.zeros_like(t), 0), (np.ones_like(t), 1), (np.full_like(t, 3), 3)):
        assert isinstance(made, Tensor) and made.dtype == np.float32
        assert made.tolist() == [[value] * 3] * 2
    assert np.empty_like(t, dtype=np.int64).dtype == np.int64


def test_the_result_of_an_array_on_the_left_has_gradients() -> None:
    x = leaf([1.0, 2.0])
    (np.array([3.0, 4.0]) * x).sum().backward()
    assert x.grad.tolist() == [3.0, 4.0]


def test_functions_without_a_differentiable_form_raise() -> None:
    with pytest.raises(GraphError, match=r"np.percentile: there is no differentiable form .*\n.*\(np.asarray\(t\)\)"):
        np.percentile(leaf(), 50)
    with pytest.raises(GraphError, match="np.spacing: there is no differentiable form"):
        np.spacing(leaf())
    with pytest.raises(GraphError, match="np.add.accumulate: there is no differentiable form"):
        np.add.accumulate(leaf())
    with pytest.raises(GraphError, match="np.linalg.qr: there is no"):
        np.linalg.qr(leaf())
    assert np.percentile(np.asarray(leaf()), 50) == np.percentile(A, 50)


def test_arguments_without_an_equal_raise() -> None:
    with pytest.raises(ArgumentError, match=r"np.exp: where= is not supported for tensors\n.*operand 0  \(2, 3\) float64"):
        np.exp(leaf(), where=A > 1)
    with pytest.raises(ArgumentError, match="np.sum: initial=, where= is not supported for tensors"):
        np.sum(leaf(), initial=3, where=A > 1)
    with pytest.raises(ArgumentError, match="np.sum: out= is not supported"):
        np.sum(leaf(), out=np.zeros(()))
    with pytest.raises(ArgumentError, match="np.reshape: order='F' is not supported"):
        np.reshape(leaf(), (3, 2), order="F")
    with pytest.raises(ArgumentError, match="np.split: 3 entries do not make 2 equal parts"):
        np.split(leaf(), 2, axis=1)
    with pytest.raises(TypeError):
        np.where(A > 2, leaf())


def test_writing_into_an_array() -> None:
    array = np.zeros((2, 3))
    array += Tensor(A)
    np.testing.assert_array_equal(array, A)
    np.multiply(Tensor(A), 2, out=array)
    np.testing.assert_array_equal(array, 2 * A)
    with pytest.raises(GraphError, match=r"np.add: writing into a plain array would leave the graph\n.*\n.*array \+ tensor"):
        array += leaf()
    np.testing.assert_array_equal(array, 2 * A)
    with tensorgrad.no_grad():
        array += leaf()
    np.testing.assert_array_equal(array, 3 * A)
    with pytest.raises(ArgumentError, match="np.add: cannot write its result into a tensor.*\n.*\n.*t.add_"):
        np.add(A, A, out=leaf())


# -- DLPack ------------------------------------------------------------------------------------------------------------


def test_dlpack_with_numpy() -> None:
    t = Tensor(A.copy())
    assert np.shares_memory(np.from_dlpack(t), t.array) and t.__dlpack_device__() == (1, 0)
    array = A.copy()
    back = tensorgrad.from_dlpack(array)
    assert isinstance(back, Tensor) and np.shares_memory(back.array, array) and not back.requires_grad
    assert np.shares_memory(tensorgrad.from_dlpack(t).array, t.array)


def test_dlpack_refusals() -> None:
    with pytest.raises(GraphError, match="dlpack: a tensor that requires grad cannot leave the graph.*\n.*\n.*detach"):
        np.from_dlpack(leaf())
    with pytest.raises(DtypeError, match="from_dlpack: cannot take over a list"):
        tensorgrad.from_dlpack([1.0])


@pytest.mark.torch
def test_dlpack_with_torch() -> None:
    torch = pytest.importorskip("torch")
    t = Tensor(A.copy())
    theirs = torch.from_dlpack(t)
    theirs[0, 0] = 99
    assert t.array[0, 0] == 99
    ours = tensorgrad.from_dlpack(torch.ones(2, 3))
    assert ours.dtype == np.float32 and ours.tolist() == [[1.0] * 3] * 2
    transposed = torch.arange(6).reshape(2, 3).T
    assert tensorgrad.from_dlpack(transposed).tolist() == transposed.tolist()
    with pytest.raises(DtypeError, match="from_dlpack: cannot take over a Tensor"):
        tensorgrad.from_dlpack(torch.ones(2, requires_grad=True))
    with pytest.raises(DtypeError, match="a detached CPU tensor of a dtype that NumPy has"):
        tensorgrad.from_dlpack(torch.ones(2, dtype=torch.bfloat16))
