"""Tensor: making one, reading it, its place in the graph, copies."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, ShapeError, StaleTensorError
from tensorgrad.creation import from_numpy, is_tensor, tensor
from tensorgrad.tensor import as_tensor


def test_tensor_copies_and_as_tensor_shares() -> None:
    array = np.zeros(2)
    assert tensor(array).array is not array
    assert as_tensor(array).array is array and from_numpy(array).array is array and Tensor(array).array is array
    t = Tensor(array)
    assert as_tensor(t) is t and as_tensor(t, dtype="float64") is t
    assert as_tensor(t, dtype="float32").dtype == np.float32
    assert is_tensor(t) and not is_tensor(array)


def test_data_that_becomes_tensors() -> None:
    assert tensor([[1, 2], [3, 4]]).dtype == np.int64 and tensor([1.0, 2.0]).dtype == np.float32
    assert tensor([True]).dtype == np.bool_ and tensor(np.float64(1)).dtype == np.float64
    assert tensor([np.float64(1), np.float64(2)]).dtype == np.float64
    assert tensor([Tensor([1.0]), Tensor([2.0])]).shape == (2, 1)
    assert tensor([tensor(1.0), tensor(2.0)]).tolist() == [1.0, 2.0]
    assert tensor([]).shape == (0,) and tensor([]).dtype == np.float32
    assert tensor(np.array([1.0], dtype=">f8")).dtype == np.float64


def test_data_that_does_not() -> None:
    with pytest.raises(DtypeError, match="a list of dtype .* holds no numbers"):
        tensor(["a"])
    with pytest.raises(DtypeError, match="cannot make an array of a list.*\n.*equal lengths"):
        tensor([[1.0], [1.0, 2.0]])
    with pytest.raises(DtypeError, match="a ndarray of dtype complex128"):
        tensor(np.zeros(2, complex))
    with pytest.raises(DtypeError, match="from_numpy: expects an ndarray, got list"):
        from_numpy([1.0])


def test_only_floats_require_grad() -> None:
    with pytest.raises(DtypeError, match="requires_grad: only float tensors have gradients"):
        tensor([1, 2], requires_grad=True)
    t = tensor([1, 2])
    with pytest.raises(TypeError, match=r"\(2,\) int64"):
        t.requires_grad_()
    assert not t.requires_grad


def test_reading_numbers() -> None:
    t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert t.tolist() == [[1.0, 2.0], [3.0, 4.0]] and len(t) == 2 and t.numel() == 4 and t.dim() == t.ndim == 2
    assert t.size() == (2, 2) and t.size(1) == 2 and t.itemsize == 4 and t.nbytes == 16
    assert Tensor(2.5).item() == 2.5 and float(Tensor([2.5])) == 2.5 and int(Tensor(2.7)) == 2
    assert bool(Tensor([1])) and not bool(Tensor(0.0))
    assert [10, 20, 30][tensor(1)] == 20 and f"{Tensor(1.23456):.2f}" == "1.23"
    assert [row.tolist() for row in t] == [[1.0, 2.0], [3.0, 4.0]]


def test_reading_what_is_not_one_number() -> None:
    t = Tensor([1.0, 2.0])
    with pytest.raises(ShapeError, match=r"item: a tensor of 2 entries is not one number\n.*\(2,\) float32\n.*tolist"):
        t.item()
    with pytest.raises(ValueError, match="bool: the truth of a tensor of 2 entries is not defined"):
        bool(t)
    with pytest.raises(ShapeError, match="the truth of a tensor of 0 entries"):
        bool(Tensor([]))
    with pytest.raises(TypeError, match="len: a tensor without axes has no length"):
        assert len(Tensor(1.0))
    with pytest.raises(TypeError, match="iter: a tensor without axes"):
        iter(Tensor(1.0))
    with pytest.raises(DtypeError, match="index: only integer tensors can index.*\n.*\n.*long"):
        assert range(3)[Tensor(1.0)]


def test_numpy_gets_the_array() -> None:
    t = Tensor([1.0, 2.0])
    assert np.asarray(t) is not None and np.shares_memory(np.asarray(t), t.array)
    assert np.asarray(t, dtype=np.float64).dtype == np.float64
    assert not np.shares_memory(np.array(t, copy=True), t.array)
    with pytest.raises(ArgumentError, match="asarray: float32 cannot become float64 without a copy"):
        np.asarray(t, dtype=np.float64, copy=False)


def test_repr() -> None:
    assert repr(Tensor([1.0, 2.5])) == "tensor([1. , 2.5])"
    assert repr(tensor([1, 2])) == "tensor([1, 2])" and repr(tensor(True)) == "tensor(True)"
    assert repr(Tensor(np.array([1.0]))) == "tensor([1.], dtype=float64)"
    assert repr(Tensor(np.zeros((0, 3)))) == "tensor([], shape=(0, 3), dtype=float64)"
    x = Tensor([1.0], requires_grad=True)
    assert repr(x) == "tensor([1.], requires_grad=True)" and repr(x * 2) == "tensor([2.], creator=mul)"
    assert "..." in repr(Tensor(np.zeros(5000))) and f"{x}" == repr(x)
    assert repr((x * 2).creator) == "<mul>"


def test_requires_grad_of_leaf_and_interior() -> None:
    x = Tensor([1.0])
    assert x.is_leaf and not x.requires_grad and x.grad_fn is None
    assert x.requires_grad_() is x and x.requires_grad
    y = x * 2
    assert y.requires_grad and not y.is_leaf and y.grad_fn is y.creator
    y.requires_grad = True
    with pytest.raises(GraphError, match="requires_grad: only a leaf's flag can be changed\n.*from mul\n.*detach"):
        y.requires_grad = False
    assert not x.requires_grad_(False).requires_grad


def test_detach_shares_memory_but_not_the_graph() -> None:
    x = Tensor([1.0], requires_grad=True)
    y = x * 2
    d = y.detach()
    assert d.array is y.array and d.creator is None and not d.requires_grad
    node = weakref.ref(y.creator)
    gc.disable()
    try:
        del y
        assert node() is None, "a detached tensor keeps the graph alive"
    finally:
        gc.enable()


def test_detach_in_place() -> None:
    y = Tensor([1.0], requires_grad=True) * 2
    assert y.detach_() is y and y.creator is None and not y.requires_grad


def test_data_is_the_same_memory_without_history() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert isinstance(x.data, Tensor) and x.data.array is x.array and not x.data.requires_grad and x.data.is_leaf
    y = x * x
    assert not y.data.requires_grad and y.data.creator is None
    x.data[0] = 5
    x.data.add_(1)
    assert x.tolist() == [6.0, 3.0]
    with pytest.raises(StaleTensorError, match="changed in place"):
        y.sum().backward()


def test_assigning_the_array_itself_says_that_it_was_written_into() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y, array = x * x, x.array
    array[0] = 5
    x.data = array
    with pytest.raises(StaleTensorError, match="changed in place"):
        y.sum().backward()


def test_data_can_be_assigned() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    x.data = np.array([5.0, 6.0], np.float32)
    assert x.tolist() == [5.0, 6.0] and x.requires_grad
    x.data = Tensor([7.0])
    assert x.shape == (1,)
    x.data -= 1
    assert x.tolist() == [6.0]
    with pytest.raises(DtypeError, match="data: int64 data for a tensor that requires grad"):
        x.data = np.array([1])


def test_identity_and_hash() -> None:
    a, b = Tensor([1.0]), Tensor([1.0])
    assert len({a, b, a}) == 2 and {a: 1}[a] == 1
    assert (a == b).tolist() == [True] and not (a == None) and a != "x"  # noqa: E711


# -- copies ------------------------------------------------------------------------------------------------------------


def test_deepcopy_of_a_leaf() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True, name="w")
    (x * x).sum().backward()
    twin = copy.deepcopy(x)
    assert twin.tolist() == [1.0, 2.0] and twin.requires_grad and twin.name == "w" and twin.grad.tolist() == [2.0, 4.0]
    assert not np.shares_memory(twin.array, x.array) and not np.shares_memory(twin.grad.array, x.grad.array)
    shared = copy.deepcopy([x, x])
    assert shared[0] is shared[1]
    assert copy.copy(x) is not x


def test_interior_tensors_are_not_copied_or_pickled() -> None:
    y = Tensor([1.0], requires_grad=True) * 2
    with pytest.raises(GraphError, match="deepcopy: an interior tensor of a graph cannot be copied.*\n.*from mul"):
        copy.deepcopy(y)
    with pytest.raises(GraphError, match="pickle: an interior tensor cannot leave its graph"):
        pickle.dumps(y)


def test_pickle() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True, name="w")
    twin = pickle.loads(pickle.dumps(x))
    assert twin.tolist() == [1.0, 2.0] and twin.requires_grad and twin.name == "w" and twin.dtype == np.float32


# -- what is attached --------------------------------------------------------------------------------------------------


def test_every_public_name_exists() -> None:
    for name in tensorgrad.__all__:
        assert hasattr(tensorgrad, name), name
    assert len(set(tensorgrad.__all__)) == len(tensorgrad.__all__)


def test_methods_are_the_functions_of_ops() -> None:
    for name in ("add", "exp", "sum", "reshape", "clamp"):
        assert getattr(Tensor, name) is getattr(tensorgrad, name)
