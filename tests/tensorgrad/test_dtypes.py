"""Which dtype a result has: against PyTorch's table, and what constants may do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrad
from tensorgrad import Tensor, dtypes, tensor
from tensorgrad.dtypes import as_array, as_dtype, constant, promote
from tensorgrad.errors import ArgumentError, DtypeError

NAMES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]

# PyTorch's promotion of two tensors with axes, as its documentation gives it; rows and columns in the order of NAMES.
TABLE = """
    bool    uint8   int8    int16   int32   int64   float16 float32 float64
    uint8   uint8   int16   int16   int32   int64   float16 float32 float64
    int8    int16   int8    int16   int32   int64   float16 float32 float64
    int16   int16   int16   int16   int32   int64   float16 float32 float64
    int32   int32   int32   int32   int32   int64   float16 float32 float64
    int64   int64   int64   int64   int64   int64   float16 float32 float64
    float16 float16 float16 float16 float16 float16 float16 float32 float64
    float32 float32 float32 float32 float32 float32 float32 float32 float64
    float64 float64 float64 float64 float64 float64 float64 float64 float64
"""
EXPECTED = {(a, b): result for a, row in zip(NAMES, TABLE.split("\n")[1:-1]) for b, result in zip(NAMES, row.split())}
PAIRS = sorted(EXPECTED)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_promotion_table(a: str, b: str) -> None:
    assert promote(np.dtype(a), np.dtype(b)).name == EXPECTED[a, b]
    result = Tensor(np.ones(2, a)) * Tensor(np.ones(2, b))
    assert result.dtype.name == EXPECTED[a, b]


@pytest.mark.torch
@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_promotion_of_tensors_and_numbers_as_in_torch(a: str, b: str) -> None:
    torch = pytest.importorskip("torch")

    def name(dtype: Any) -> str:
        return str(dtype).removeprefix("torch.")

    for shapes in (((2,), (2,)), ((2,), ()), ((), (2,)), ((), ())):
        ours = [Tensor(np.ones(shape, dtype)) for shape, dtype in zip(shapes, (a, b))]
        theirs = [torch.ones(shape, dtype=getattr(torch, dtype)) for shape, dtype in zip(shapes, (a, b))]
        for function in ("add", "mul", "maximum", "div", "eq"):
            expected = name(getattr(torch, function)(*theirs).dtype)
            assert getattr(tensorgrad, function)(*ours).dtype.name == expected, (function, shapes)
    for number in (True, 2, 2.5):
        ours, theirs = Tensor(np.ones(2, a)), torch.ones(2, dtype=getattr(torch, a))
        assert (ours * number).dtype.name == name((theirs * number).dtype)
        assert (number * ours).dtype.name == name((number * theirs).dtype)


@given(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_promotion_is_symmetric_and_only_goes_up(a: str, b: str, c: str) -> None:
    x, y, z = np.dtype(a), np.dtype(b), np.dtype(c)
    assert promote(x, y) == promote(y, x) and promote(x, x) == x
    joined = promote(x, y)
    assert promote(joined, x) == joined and promote(joined, y) == joined
    if len({dtypes.RANK[d.kind] for d in (x, y, z)}) == 1:
        assert promote(promote(x, y), z) == promote(x, promote(y, z))


def test_unsigned_64_bits_stay_integers() -> None:
    assert promote(np.dtype(np.uint64), np.dtype(np.int64)) == np.int64


# -- constants ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [2, 2.5, True, np.float64(2), np.float16(2), np.int64(2), np.arange(3.0), np.arange(3),
                                   [1.0, 2.0, 3.0]])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_constants_never_change_a_float_tensors_dtype(value: Any, dtype: str) -> None:
    t = Tensor(np.ones(3, dtype), requires_grad=True)
    for result in (t + value, value + t, t * value, t / value, t ** value, tensorgrad.maximum(t, value),
                   tensorgrad.where(Tensor(np.array([True, False, True])), t, value)):
        assert result.dtype == dtype
        (g,) = tensorgrad.autograd.grad(result.sum(), t)
        assert g.dtype == dtype


def test_constants_of_a_higher_category_bring_the_default() -> None:
    ints = tensor([1, 2])
    assert (ints + 1).dtype == np.int64 and (ints + 0.5).dtype == np.float32 and (ints / 2).dtype == np.float32
    assert (ints + np.float64(0.5)).dtype == np.float32 and (ints * np.zeros(2)).dtype == np.float32
    assert (tensor([True, False]) + 1).dtype == np.int64 and (tensor([True]) * 1.5).dtype == np.float32
    assert (Tensor(np.ones(2, np.int8)) + 1).dtype == np.int8
    tensorgrad.set_default_dtype("float64")
    try:
        assert (ints + 0.5).dtype == np.float64 and tensor(1.5).dtype == np.float64
        assert repr(tensor([1.5])) == "tensor([1.5])" and repr(Tensor(np.ones(1, "f4"))) == "tensor([1.], dtype=float32)"
    finally:
        tensorgrad.set_default_dtype("float32")


def test_constant() -> None:
    assert constant(2.5, dtypes.float32) == 2.5 and constant(2, dtypes.int64) == 2
    array = np.ones(2, np.float32)
    assert constant(array, dtypes.float32) is array
    assert constant(np.ones(2), dtypes.float32).dtype == np.float32
    assert constant(True, dtypes.float32).dtype == np.float32


def test_a_number_without_axes_does_not_widen_a_tensor_with_axes() -> None:
    wide = Tensor(np.array(2.0), requires_grad=True)
    narrow = Tensor(np.ones(2, np.float32), requires_grad=True)
    result = wide * narrow
    assert result.dtype == np.float32
    result.sum().backward()
    assert wide.grad.dtype == np.float64 and narrow.grad.dtype == np.float32 and wide.grad.item() == 2.0


# -- names and refusals ------------------------------------------------------------------------------------------------


def test_as_dtype() -> None:
    assert as_dtype(tensorgrad.float32) is np.dtype("float32") and as_dtype(int) == np.int64 and as_dtype(">f4").isnative
    for wrong, text in ((complex, "complex128"), ("U3", "str"), (np.longdouble, ""), (object, "object")):
        with pytest.raises(DtypeError, match=f"a tensor cannot hold {text}"):
            as_dtype(wrong)
    with pytest.raises(DtypeError, match="'float33' is not a dtype.*\n.*tensorgrad.float32"):
        as_dtype("float33")


def test_set_default_dtype() -> None:
    assert tensorgrad.get_default_dtype() == np.float32
    with pytest.raises(ArgumentError, match="float16 cannot be the default"):
        tensorgrad.set_default_dtype(np.float16)


def test_as_array() -> None:
    array = np.ones(2)
    assert as_array(array) is array and as_array(array, "float32").dtype == np.float32
    assert as_array([]).dtype == np.float32 and as_array(np.float64(1)).dtype == np.float64
    with pytest.raises(DtypeError):
        as_array(2**70)


def test_conversion_carries_the_gradient_back_in_its_own_dtype() -> None:
    x = Tensor(np.ones(2, np.float32), requires_grad=True)
    x.to("float64").sum().backward()
    assert x.grad.dtype == np.float32
    assert not x.to("int64").requires_grad
