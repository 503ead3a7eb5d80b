"""Limits, sizes, types and orders in memory, against PyTorch's."""

from __future__ import annotations

from typing import Any

import pytest

import tensorgrad

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")


def described(value: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "half", "double", "float"])
def test_limits_of_floats(name: str) -> None:
    ours, theirs = (library.finfo(getattr(library, name)) for library in (tensorgrad, torch))
    names = ("bits", "dtype", "eps", "max", "min", "tiny", "smallest_normal", "resolution")
    ours_described, theirs_described = described(ours, *names), described(theirs, *names)
    assert ours_described.pop("dtype") == theirs_described.pop("dtype")
    assert ours_described == pytest.approx(theirs_described, rel=1e-6)
    assert ours.eps == theirs.eps and ours.max == theirs.max


@pytest.mark.parametrize("name", ["uint8", "int8", "int16", "int32", "int64", "short", "int", "long", "uint16", "uint32"])
def test_limits_of_integers(name: str) -> None:
    ours, theirs = (library.iinfo(getattr(library, name)) for library in (tensorgrad, torch))
    names = ("bits", "dtype", "max", "min")
    assert described(ours, *names) == described(theirs, *names)


@pytest.mark.parametrize("shapes", [((2, 1), (3,)), ((), (4,)), (5, (1,)), ((0,), (1,)), ()])
def test_broadcast_shapes(shapes: Any) -> None:
    assert tuple(tensorgrad.broadcast_shapes(*shapes)) == tuple(torch.broadcast_shapes(*shapes))


def test_sizes() -> None:
    ours, theirs = tensorgrad.Size([2, 3, 4]), torch.Size([2, 3, 4])
    for use in (repr, lambda size: repr(size[1:]), lambda size: size.numel(), lambda size: repr(size + (1,)), tuple):
        assert use(ours) == use(theirs)


@pytest.mark.parametrize("name", ["BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor",
                                  "IntTensor", "LongTensor", "ShortTensor"])
def test_types_of_one_dtype(name: str) -> None:
    ours, theirs = (getattr(library, name)([0, 1]) for library in (tensorgrad, torch))
    assert ours.type() == theirs.type() == f"torch.{name}"
    assert ours.tolist() == theirs.tolist() and ours.is_signed() == theirs.is_signed()
    assert isinstance(ours, getattr(tensorgrad, name)) and getattr(tensorgrad, name)(2, 3).shape == (2, 3)
    assert tensorgrad.zeros(2).type(f"torch.{name}").type() == torch.zeros(2).type(f"torch.{name}").type()


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 3, 4, 4), (2, 2, 3, 4, 5)])
def test_orders_in_memory(shape: tuple[int, ...]) -> None:
    formats = ["contiguous_format", "channels_last" if len(shape) == 4 else "channels_last_3d"]
    ours, theirs = tensorgrad.zeros(*shape), torch.zeros(*shape)
    for name in formats:
        x = ours.contiguous(memory_format=getattr(tensorgrad, name))
        y = theirs.contiguous(memory_format=getattr(torch, name))
        assert x.stride() == y.stride()
        assert [x.is_contiguous(memory_format=getattr(tensorgrad, f)) for f in formats] == [
            y.is_contiguous(memory_format=getattr(torch, f)) for f in formats]


def test_inference_mode_switched_off_records() -> None:
    for library in (tensorgrad, torch):
        with library.no_grad(), library.inference_mode(False):
            assert library.is_grad_enabled()
        with library.inference_mode(), library.inference_mode(mode=False):
            assert library.is_grad_enabled()
        assert not library.inference_mode()(library.is_grad_enabled)()
        assert not library.inference_mode(library.is_grad_enabled)()


def test_every_unseeded_generator_starts_alike() -> None:
    assert tensorgrad.Generator().initial_seed() == torch.Generator().initial_seed()
    assert tensorgrad.Generator().manual_seed(7).initial_seed() == torch.Generator().manual_seed(7).initial_seed()


@pytest.mark.parametrize("name", ["is_cpu", "is_cuda", "is_sparse", "is_quantized", "is_meta", "is_mps", "is_xla"])
def test_what_kind_of_tensor_it_is(name: str) -> None:
    assert getattr(tensorgrad.zeros(2), name) is getattr(torch.zeros(2), name)


@pytest.mark.parametrize("call", [
    lambda library, x: library.concatenate([x, x], dim=1), lambda library, x: library.concatenate([x, x], axis=1),
    lambda library, x: library.concatenate([x, x]), lambda library, x: library.softmax(x, 1, library.float32),
    lambda library, x: library.log_softmax(x, 1, library.float32), lambda library, x: x.softmax(1, library.float32)])
def test_arguments_by_position_and_by_name(call: Any) -> None:
    numbers = [[1.0, 3.0], [2.0, -1.0]]
    ours = call(tensorgrad, tensorgrad.tensor(numbers, dtype=tensorgrad.float64))
    theirs = call(torch, torch.tensor(numbers, dtype=torch.float64))
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.") and ours.shape == tuple(theirs.shape)
    assert ours.tolist() == [pytest.approx(row, rel=1e-6) for row in theirs.tolist()]


@pytest.mark.parametrize("condition", [[[True, False], [True, True]], [[0, 3], [0, 0]], [], True, False])
def test_where_of_a_condition_alone(condition: Any) -> None:
    ours, theirs = (library.where(library.tensor(condition)) for library in (tensorgrad, torch))
    assert [(index.tolist(), str(index.dtype)) for index in ours] == [(index.tolist(), "int64") for index in theirs]
    with pytest.raises(ValueError, match="one of input and other is missing"):
        tensorgrad.where(tensorgrad.tensor(condition), 1.0)
