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
    "logspace(0, 2, 3)", "logspace(0, 3, 4, base=2, dtype=lib.int64)", "logspace(0, 2, 0)", "logspace(1, 2, 1)",
    "linspace(0.5, 3.9, 4, dtype=lib.int64)", "linspace(lib.tensor(1), lib.tensor(2.5), 3)", "linspace(0, 1, 0)",
    "arange(0.1, -7.9, -4.0, dtype=lib.int64)", "zeros(2, device='cpu')", "full((2,), 1.5, device='cpu')",
    "randint_like(lib.ones(2), 3, 4)", "randint(3, 4, (2,))", "bernoulli(lib.ones(3), 0.0)",
    "ones(2, dtype=lib.float64).new_zeros(2, 3)", "ones(2).new_zeros((2,), dtype=lib.int64)", "ones(2).new_ones(3)",
    "ones(2, dtype=lib.int64).new_full((2,), 1.5)", "ones(2).new_full((2,), 1)", "ones(2).new_tensor([1, 2])",
    "ones(2, dtype=lib.int64).new_tensor([1.5, 2.0])",
    "meshgrid(lib.arange(2), lib.arange(3), lib.arange(4), indexing='xy')", "meshgrid(lib.arange(2), indexing='xy')",
]
SHAPES_ONLY = [
    "empty(2, 3)", "empty_like(lib.ones(2))", "rand(2, 3)", "randn(())", "rand(2, dtype=lib.float64)", "randint(0, 5, (3,))",
    "randint(5, (2, 2))", "randperm(4)", "rand_like(lib.ones(2, dtype=lib.float64))", "randn_like(lib.ones(3, 2))",
    "randint_like(lib.ones(2, dtype=lib.float64), 5)", "randint(high=3, size=(2,))", "randint(5, size=(2,))",
    "normal(lib.zeros(3, dtype=lib.float64), 1.0)", "ones(2, dtype=lib.float64).new_empty(2, 3)",
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
    (lambda: tensorgrad.linspace(0, 1, 2.0), DtypeError, "linspace: steps=2.0 is no whole number"),
    (lambda: tensorgrad.linspace(Tensor([0.0]), 1, 2), ShapeError, "linspace: start is not one number"),
    (lambda: tensorgrad.logspace(0, 1, -1), ArgumentError, "logspace: steps=-1 is negative"),
    (lambda: tensorgrad.arange(0, float("inf")), ArgumentError, "arange: the range from 0 to inf in steps of 1 is not fin"),
    (lambda: tensorgrad.randint_like(tensorgrad.ones(2), 0), ArgumentError, "randint_like: there is no integer from 0"),
    (lambda: tensorgrad.zeros(2, device="cuda"), ArgumentError, "zeros: there is no device 'cuda'.*\n.*on the CPU"),
    (lambda: tensorgrad.ones(2).new_zeros(2, device="cuda:0"), ArgumentError, "new_zeros: there is no device 'cuda:0'"),
    (lambda: tensorgrad.ones(2).to("cuda"), ArgumentError, "to: there is no device 'cuda'"),
    (lambda: tensorgrad.ones(2).H, ShapeError, "H: the input has 1 axes, a matrix has two"),
    (lambda: tensorgrad.bernoulli(Tensor([0.5]), 1.5), ArgumentError, "bernoulli: the entries are no probabilities"),
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


# -- place in memory, and dtypes ---------------------------------------------------------------------------------------


def test_contiguous_copies_only_where_it_must_and_stays_in_the_graph() -> None:
    x = tensorgrad.ones(2, 3, requires_grad=True)
    assert x.contiguous() is x and x.is_contiguous() and x.stride() == (3, 1) and x.stride(0) == 3
    turned = x.t()
    assert not turned.is_contiguous() and turned.stride() == (1, 3)
    copied = turned.contiguous()
    assert copied.is_contiguous() and not np.shares_memory(copied.numpy(), x.numpy())
    (copied * tensorgrad.arange(6).reshape(3, 2)).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]


def test_to_takes_dtypes_devices_and_tensors() -> None:
    x = tensorgrad.ones(2)
    assert x.to("cpu") is x and x.cpu() is x and x.to(tensorgrad.float32) is x and x.to(device="cpu", copy=True) is not x
    assert x.to("cpu", tensorgrad.float64).dtype == x.to(dtype="float64").dtype == tensorgrad.float64
    assert x.to(Tensor([1])).dtype == tensorgrad.int64 and x.to("cpu", "float32", False, True) is not x
    assert x.real is x and x.element_size() == 4 and x.reshape(2, 1).H.shape == (1, 2)


def test_dtype_queries() -> None:
    assert tensorgrad.result_type(Tensor([1, 2]), 1.0) == tensorgrad.float32
    assert tensorgrad.result_type(Tensor([1], dtype="uint8"), Tensor(1)) == tensorgrad.uint8
    assert tensorgrad.result_type(Tensor([1], dtype="float16"), Tensor(1.0, dtype="float64")) == tensorgrad.float16
    assert tensorgrad.result_type(1, True) == tensorgrad.int64 and tensorgrad.result_type(1, 1.0) == tensorgrad.float32
    assert tensorgrad.promote_types("uint8", "int8") == tensorgrad.int16
    assert tensorgrad.can_cast("int64", "int8") and tensorgrad.can_cast("bool", "int8")
    assert not tensorgrad.can_cast("int64", "bool") and not tensorgrad.can_cast("float32", "int64")
    assert tensorgrad.numel(tensorgrad.ones(2, 3)) == 6 and tensorgrad.is_floating_point(tensorgrad.ones(1))


def test_there_is_one_device() -> None:
    cpu = tensorgrad.device("cuda" if tensorgrad.cuda.is_available() else "cpu")
    assert str(cpu) == "cpu" and cpu == "cpu" and cpu == tensorgrad.device(cpu)
    assert hash(cpu) == hash(tensorgrad.device("cpu"))
    assert cpu != tensorgrad.device("cpu:0") == tensorgrad.device("cpu", 0) and tensorgrad.cuda.device_count() == 0
    x = tensorgrad.zeros(2, device=cpu)
    assert x.to(cpu) is x and x.device == cpu and not x.is_cuda
    assert x.to(cpu, tensorgrad.float64).dtype == tensorgrad.float64
    with pytest.raises(ArgumentError, match="device: there is no device 'cuda:1'"):
        tensorgrad.device("cuda", 1)
    tensorgrad.cuda.manual_seed(1)
    tensorgrad.cuda.manual_seed_all(1)
    tensorgrad.cuda.empty_cache()


def test_layers_are_found_from_tensorgrad_too() -> None:
    import nn
    assert tensorgrad.nn is nn and tensorgrad.optim is nn.optim and tensorgrad.utils is nn.utils


def test_names_of_pytorch_that_are_elsewhere() -> None:
    with pytest.raises(AttributeError, match=r"has no attribute 'save'.\n  .* nn.save\(model.state_dict\(\), 'weights"):
        tensorgrad.save({}, "weights.pt")
    with pytest.raises(AttributeError) as caught:
        tensorgrad.zerros(2)
    assert caught.value.name == "zerros" and caught.value.obj is tensorgrad
