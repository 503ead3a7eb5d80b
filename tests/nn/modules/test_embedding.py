"""Embedding: values, gradients, options, errors."""

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError, RangeError, ShapeError


def test_embedding():
    layer = nn.Embedding.from_pretrained([[1.0, 2.0], [3.0, 4.0]], freeze=False, padding_idx=1)
    out = layer(tg.tensor([[0, 1], [0, 0]]))
    assert out.tolist() == [[[1, 2], [3, 4]], [[1, 2], [1, 2]]]
    out.sum().backward()
    assert layer.weight.grad.tolist() == [[3, 3], [0, 0]]
    assert not nn.Embedding.from_pretrained(np.ones((2, 2))).weight.requires_grad
    assert repr(nn.Embedding(5, 2, -1)) == "Embedding(5, 2, padding_idx=4)"
    assert nn.Embedding(5, 2, dtype="float64").weight.dtype == np.float64


@pytest.mark.parametrize("call, error, text", [
    (lambda: nn.Embedding(0, 2), ArgumentError, "Embedding: num_embeddings=0 makes no sense"),
    (lambda: nn.Embedding(5, 2, 5), ArgumentError, "padding_idx=5 is outside a table of 5 rows.\n  Use a number"),
    (lambda: nn.Embedding.from_pretrained(np.ones((2, 3)), padding_idx=-3), ArgumentError, "padding_idx=-3 is outside"),
    (lambda: nn.Embedding.from_pretrained([1.0]), ShapeError, "a table has 2 axes\n.*\n  Pass"),
    (lambda: nn.Embedding(5, 2, sparse=True), ArgumentError, "Embedding: sparse=True asks for a sparse gradient"),
    (lambda: nn.Embedding(5, 2)(tg.tensor([7])), RangeError, "7"),
])
def test_embedding_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
