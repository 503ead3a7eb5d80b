"""New tensors: shapes, dtypes and values as in PyTorch, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError
from tests.libraries import TENSORGRAD, TORCH, numpy_of, outputs_of

CALLS = [
    "zeros(2, 3)", "zeros((2, 3))", "zeros([2])", "zeros(())", "zeros(0, 3)", "ones(2)", "ones(2, dtype=lib.int64)",
    "full((2,), 3)", "full((2,), 2.5)", "full((2,), True)", "full((), 1.5)", "full((2,), 1, dtype=lib.float64)",
    "arange(5)", "arange(2, 5)", "arange(1.0, 2.0, 0.25)", "arange(5, 1, -2)", "arange(0)", "arange(3, dtype=lib.float32)",
    "arange(0.5)", "linspace(0, 1, 5)", "linspace(1, 0, 3, dtype=lib.float64)", "linspace(2, 3, 1)", "eye(3)", "eye(2, 3)",
    "zeros_like(lib.ones(2, 3))", "ones_like(lib.zeros(2, dtype=lib.int64))", "full_like(lib.ones(2), 7)",
    "zeros_like(lib.ones(2), dtype=lib.float64)", "meshgrid(lib.arange(2), lib.arange(3), indexing='ij')",
    "meshgrid(lib.arange(2), lib.arange(3), lib.arange(4), indexing='xy')", "meshgrid(lib.arange(2), indexing='xy')",
]
SHAPES_ONLY = [
    "empty(2, 3)", "empty_like(lib.ones(2))", "rand(2, 3)", "randn(())", "rand(2, dtype=lib.float64)", "randint(0, 5, (3,))",
    "randint(5, (2, 2))", "randperm(4)", "rand_like(lib.ones(2, dtype=lib.float64))", "randn_like(lib.ones(3, 2))",
    "bernoulli(lib.full((3,), 0.5))", "normal(0.0, 1.0, (2, 3))", "normal(lib.zeros(3), lib.ones(3))",
]


@pytest.mark.torch
@pytest.mark.parametrize("call", CALLS + SHAPES_ONLY)
def test_same_as_torch(call: str) -> None:
    pytest.importorskip("torch")
    ours, theirs = (outputs_of(eval(f"lib.{call}", {"lib": lib})) for lib in (TENSORGRAD, TORCH))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        a, b = numpy_of(a), numpy_of(b)
        assert a.shape == b.shape and a.dtype == b.dtype
        if call in CALLS:
            np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("call", CALLS + SHAPES_ONLY)
def test_results_are_leaves(call: str) -> None:
    for made in outputs_of(eval(f"lib.{call}", {"lib": TENSORGRAD})):
        assert isinstance(made, Tensor) and made.is_leaf and not made.requires_grad


@pytest.mark.parametrize("call", ["zeros(2, ", "ones(2, ", "full((2,), 1.0, ", "empty(2, ", "arange(2.0, ", "eye(2, ",
                                  "linspace(0, 1, 2, ", "rand(2, ", "randn(2, ", "zeros_like(lib.ones(2), ",
                                  "rand_like(lib.ones(2), ", "normal(0.0, 1.0, (2,), "])
def test_requires_grad(call: str) -> None:
    made = eval(f"lib.{call}requires_grad=True)", {"lib": TENSORGRAD})
    assert made.requires_grad and made.is_leaf
    with pytest.raises(DtypeError, match="only float tensors have gradients"):
        tensorgrad.zeros(2, dtype=tensorgrad.int64, requires_grad=True)


def test_default_dtype_is_followed() -> None:
    tensorgrad.set_default_dtype("float64")
    try:
        for made in (tensorgrad.zeros(1), tensorgrad.rand(1), tensorgrad.full((1,), 0.5), tensorgrad.arange(0.5),
                     tensorgrad.eye(1), tensorgrad.linspace(0, 1, 2), tensorgrad.normal(0.0, 1.0, (1,))):
            assert made.dtype == np.float64
    finally:
        tensorgrad.set_default_dtype("float32")


def test_like_functions_keep_the_layout_and_give_arrays_for_arrays() -> None:
    x = tensorgrad.zeros(2, 3).permute(1, 0)
    assert tensorgrad.zeros_like(x).array.flags.f_contiguous
    for function in (tensorgrad.zeros_like, tensorgrad.ones_like, tensorgrad.rand_like, tensorgrad.randn_like):
        assert type(function(np.ones(2, np.float32))) is np.ndarray
    assert type(tensorgrad.bernoulli(np.full(2, 0.5))) is np.ndarray


def test_random_numbers_have_the_right_law() -> None:
    assert abs(tensorgrad.rand(10_000).mean().item() - 0.5) < 0.02
    values = tensorgrad.randn(10_000)
    assert abs(values.mean().item()) < 0.05 and abs((values * values).mean().item() - 1) < 0.05
    drawn = tensorgrad.randint(-2, 3, (1000,))
    assert sorted(set(drawn.tolist())) == [-2, -1, 0, 1, 2]
    assert sorted(tensorgrad.randperm(100).tolist()) == list(range(100))
    assert abs(tensorgrad.bernoulli(tensorgrad.full((10_000,), 0.2)).mean().item() - 0.2) < 0.02
    shifted = tensorgrad.normal(tensorgrad.full((10_000,), 5.0), 0.1)
    assert abs(shifted.mean().item() - 5) < 0.01


def test_meshgrid_is_differentiable() -> None:
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    a, b = tensorgrad.meshgrid(x, tensorgrad.arange(3))
    (a * b).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


@pytest.mark.parametrize(("call", "error", "text"), [
    (lambda: tensorgrad.zeros(-1), ShapeError, r"zeros: the shape \(-1,\) has a negative length"),
    (lambda: tensorgrad.ones(2.5), ShapeError, r"ones: \(2.5,\) is no shape"),
    (lambda: tensorgrad.full((2,), [1, 2]), ShapeError, "full: fill_value is not one number"),
    (lambda: tensorgrad.arange(0, 5, -1), ArgumentError, "arange: steps of -1 do not lead from 0 to 5.*\n.*step > 0"),
    (lambda: tensorgrad.arange(0, 5, 0), ArgumentError, "arange: steps of 0"),
    (lambda: tensorgrad.linspace(0, 1, -1), ArgumentError, "linspace: steps=-1 is negative"),
    (lambda: tensorgrad.randint(5, 5, (1,)), ArgumentError, "randint: there is no integer from 5 to 5 - 1"),
    (lambda: tensorgrad.randint(5), ArgumentError, "randint: a bound or the size is missing"),
    (lambda: tensorgrad.normal(0.0, -1.0, (1,)), ArgumentError, "normal: a standard deviation is negative"),
    (lambda: tensorgrad.bernoulli(Tensor([2.0])), ArgumentError, "bernoulli: the entries are no probabilities"),
    (lambda: tensorgrad.meshgrid(tensorgrad.zeros(2, 2)), ShapeError, "meshgrid: tensor 0 has 2 axes"),
    (lambda: tensorgrad.meshgrid(tensorgrad.zeros(2), indexing="yx"), ArgumentError, "indexing='yx' is unknown"),
    (lambda: tensorgrad.zeros(2, dtype=complex), DtypeError, "a tensor cannot hold complex128"),
])
def test_refusals(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()
