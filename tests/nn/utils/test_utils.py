"""PyTorch's addresses, and parameters as one vector."""

from __future__ import annotations

import numpy as np
import pytest

import nn
from nn.utils import parameters_to_vector, vector_to_parameters
from nn.utils.data import DataLoader, Dataset, Subset, TensorDataset, random_split
from tensorgrad.errors import ShapeError
from tensorgrad.tensor import Tensor


def test_data_has_two_addresses():
    assert DataLoader is nn.data.DataLoader and nn.utils.data.TensorDataset is TensorDataset is nn.data.TensorDataset
    assert (Dataset, Subset, random_split) == (nn.data.Dataset, nn.data.Subset, nn.data.random_split)


def test_round_trip_in_the_graph():
    a, b = Tensor([[1.0, 2.0]], requires_grad=True), Tensor(3.0, requires_grad=True)
    vector = parameters_to_vector([a, b])
    (vector * Tensor([1.0, 10.0, 100.0])).sum().backward()
    assert a.grad.tolist() == [[1.0, 10.0]] and b.grad.item() == 100.0
    array = a.array
    vector_to_parameters(vector.detach() * 2, [a, b])
    assert a.array is array and a.tolist() == [[2.0, 4.0]] and b.item() == 6.0


def test_a_vector_of_another_length():
    a = Tensor(np.ones((2, 2)), requires_grad=True)
    with pytest.raises(ShapeError, match=r"shape \(3,\) for parameters of 4 entries"):
        vector_to_parameters(Tensor(np.zeros(3)), [a])
    assert a.array.all()
