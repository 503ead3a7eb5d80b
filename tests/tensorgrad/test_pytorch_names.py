"""Names that programs for PyTorch expect of the package itself: dtypes, their limits, types, sizes, switches."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError


def test_dtypes_have_their_other_names() -> None:
    for name, other in {"float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32",
                        "short": "int16", "bool": "bool_"}.items():
        assert getattr(tensorgrad, name) is getattr(tensorgrad, other)
        assert isinstance(getattr(tensorgrad, name), tensorgrad.dtype)
    assert Tensor([1, 2]).to(tensorgrad.float).dtype == tensorgrad.float32


def test_a_star_import_hides_nothing_of_python() -> None:
    names: dict[str, Any] = {}
    exec("from tensorgrad import *", names)
    assert not {"float", "int", "bool"} & set(names)


def test_constants() -> None:
    assert (tensorgrad.pi, tensorgrad.e, tensorgrad.inf) == (math.pi, math.e, math.inf)
    assert math.isnan(tensorgrad.nan) and Tensor([1.0])[tensorgrad.newaxis].shape == (1, 1)


def test_limits() -> None:
    assert tensorgrad.finfo().dtype == "float32" and isinstance(tensorgrad.finfo().max, float)
    assert "eps=0.000976562" in repr(tensorgrad.finfo("float16"))
    assert repr(tensorgrad.iinfo("int8")) == "iinfo(min=-128, max=127, dtype=int8)"
    with pytest.raises(DtypeError, match="finfo: int64 is no float dtype.*\n.*iinfo"):
        tensorgrad.finfo("int64")
    with pytest.raises(DtypeError, match="iinfo: float32 is no integer dtype.*\n.*finfo"):
        tensorgrad.iinfo("float32")


def test_sizes() -> None:
    size = tensorgrad.Size((2, 3))
    assert size == Tensor(np.zeros((2, 3))).shape and size.numel() == 6 and size[0] == 2
    assert isinstance(size[:1], tensorgrad.Size) and repr(size + (4,)) == "torch.Size([2, 3, 4])"
    assert tensorgrad.zeros(size).shape == size
    with pytest.raises(ShapeError, match=r"\(2,\), \(3,\) do not fit together"):
        tensorgrad.broadcast_shapes((2,), 3)
    with pytest.raises(ShapeError, match="negative"):
        tensorgrad.broadcast_shapes((-1,))


def test_types_of_one_dtype() -> None:
    long = tensorgrad.LongTensor([1, 2])
    assert long.dtype == tensorgrad.int64 and isinstance(long, tensorgrad.LongTensor)
    assert not isinstance(long, tensorgrad.FloatTensor) and not isinstance([1], tensorgrad.LongTensor)
    assert tensorgrad.FloatTensor(2, 3).shape == (2, 3) and tensorgrad.FloatTensor().shape == (0,)
    assert tensorgrad.FloatTensor(np.ones(2)).dtype == tensorgrad.float32
    assert long.type(tensorgrad.DoubleTensor).dtype == long.type("torch.DoubleTensor").dtype == tensorgrad.float64
    assert long.type(tensorgrad.float16).type() == "torch.HalfTensor" and Tensor([1], dtype="uint16").type() == "uint16"
    with pytest.raises(DtypeError, match="FloatTensor: expects one list"):
        tensorgrad.FloatTensor([1.0], [2.0])


def test_questions_about_a_tensor() -> None:
    t = Tensor([[1.0, 2.0]])
    assert not t.is_complex() and t.is_signed() and not Tensor([True]).is_signed()
    assert t.is_same_size(Tensor([[1, 2]])) and t.nelement() == 2 and t.ndimension() == 2
    assert t.data_ptr() == t[0].data_ptr() != t.clone().data_ptr() and t[0, 1:].storage_offset() == 1
    with pytest.raises(ShapeError):
        t.is_nonzero()


def test_there_is_no_accelerator() -> None:
    for place in ("accelerator", "backends.cudnn", "backends.mps", "cuda"):
        assert importlib.import_module(f"tensorgrad.{place}").is_available() is False
    assert tensorgrad.accelerator.current_accelerator() is None and tensorgrad.accelerator.device_count() == 0
    assert tensorgrad.backends.cudnn.version() is None
    assert not tensorgrad.backends.cuda.is_built() and not tensorgrad.backends.mps.is_built()
    assert tensorgrad.get_default_device() == tensorgrad.device("cpu")
    tensorgrad.set_default_device("cpu")
    with pytest.raises(ArgumentError, match="no device 'cuda'"):
        tensorgrad.set_default_device("cuda")


def test_switches_can_be_read_back() -> None:
    tensorgrad.use_deterministic_algorithms(True, warn_only=True)
    assert tensorgrad.are_deterministic_algorithms_enabled()
    tensorgrad.use_deterministic_algorithms(False)
    with pytest.raises(ArgumentError, match="the mode is 1"):
        tensorgrad.use_deterministic_algorithms(1)
    tensorgrad.set_float32_matmul_precision("high")
    assert tensorgrad.get_float32_matmul_precision() == "high"
    tensorgrad.set_float32_matmul_precision("highest")
    with pytest.raises(ArgumentError, match="'low' is no precision"):
        tensorgrad.set_float32_matmul_precision("low")
    assert tensorgrad.set_flush_denormal(False) and not tensorgrad.set_flush_denormal(True)


def test_special_functions_have_their_other_names() -> None:
    assert tensorgrad.special.expit(Tensor([0.0])).tolist() == [0.5]
    assert tensorgrad.special.gammaln is tensorgrad.lgamma and tensorgrad.special.psi is tensorgrad.digamma


# -- order in memory ---------------------------------------------------------------------------------------------------


def test_channels_last() -> None:
    x = tensorgrad.rand(2, 3, 4, 5)
    y = x.contiguous(memory_format=tensorgrad.channels_last)
    assert y.stride() == (60, 1, 15, 3) and (y == x).all() and y.contiguous(memory_format=tensorgrad.channels_last) is y
    assert y.is_contiguous(memory_format=tensorgrad.channels_last) and not y.is_contiguous()
    assert not x.is_contiguous(memory_format=tensorgrad.channels_last)
    assert x.to(memory_format=tensorgrad.channels_last).stride() == y.stride() == y.clone().stride()
    assert y.clone(memory_format=tensorgrad.contiguous_format).is_contiguous()
    assert x.cpu(memory_format=tensorgrad.channels_last).stride() == y.stride() and x.cpu() is x
    assert x.to("cpu", copy=True, memory_format=tensorgrad.channels_last).stride() == y.stride()
    volume = tensorgrad.rand(1, 2, 3, 4, 5).contiguous(memory_format=tensorgrad.channels_last_3d)
    assert volume.stride() == (120, 1, 40, 10, 2) and volume.is_contiguous(memory_format=tensorgrad.preserve_format)
    with pytest.raises(ShapeError, match=r"channels_last: a tensor of shape \(2,\) has 1 axes, not 4"):
        tensorgrad.zeros(2).contiguous(memory_format=tensorgrad.channels_last)


def test_channels_last_stays_in_the_graph() -> None:
    x = tensorgrad.rand(1, 2, 2, 2, requires_grad=True)
    (x.contiguous(memory_format=tensorgrad.channels_last) * 3).sum().backward()
    assert x.grad.tolist() == np.full((1, 2, 2, 2), 3.0).tolist()


def test_formats_are_one_object_each() -> None:
    import copy
    import pickle
    assert copy.deepcopy(tensorgrad.channels_last) is pickle.loads(pickle.dumps(tensorgrad.channels_last))
    assert repr(tensorgrad.channels_last) == "torch.channels_last"
    assert isinstance(tensorgrad.preserve_format, tensorgrad.memory_format)
