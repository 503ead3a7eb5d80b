"""Products of matrices, einsum and linear: dtypes, what a constant may be, and error texts."""

import numpy as np
import pytest

import nn.functional as F
import tensorgrad
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError


def test_float16_is_multiplied_in_float32():
    """1000 products of 10 · 10 exceed float16's range on the way if their signs alternate in blocks."""
    a = np.full((1, 2000), 10, np.float16)
    b = np.concatenate([np.full(1000, 10), np.full(1000, -10)]).astype(np.float16).reshape(2000, 1)
    x = Tensor(a, requires_grad=True)
    y = x @ Tensor(b)
    assert y.dtype == np.float16 and y.item() == 0
    y.sum().backward()
    assert x.grad.dtype == np.float16 and x.grad.tolist() == [b[:, 0].tolist()]
    assert tensorgrad.einsum("ij,jk->ik", Tensor(a), Tensor(b)).item() == 0
    assert F.linear(Tensor(a), Tensor(b.T.copy())).item() == 0


def test_arrays_and_tensors_mix_in_the_dtype_of_the_tensor():
    x = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    for y in (x @ np.ones((3, 2)), np.ones((4, 2)) @ x, tensorgrad.einsum("ij,j", x, np.ones(3))):
        assert isinstance(y, Tensor) and y.dtype == np.float32 and y.requires_grad
    assert (x @ Tensor(np.ones((3, 2)))).dtype == np.float64


def test_products_without_entries():
    assert (Tensor(np.zeros((2, 0))) @ Tensor(np.zeros((0, 3)))).tolist() == [[0, 0, 0], [0, 0, 0]]
    weight = Tensor(np.ones((2, 3)), requires_grad=True)
    F.linear(Tensor(np.zeros((0, 3))), weight).sum().backward()
    assert weight.grad.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_linear_of_a_sequence_sums_the_weights_gradient_over_all_its_rows():
    x = Tensor(np.arange(12.0).reshape(2, 3, 2))
    weight, bias = Tensor(np.ones((1, 2)), requires_grad=True), Tensor(np.zeros(1), requires_grad=True)
    F.linear(x, weight, bias).sum().backward()
    assert weight.grad.tolist() == [[30, 36]] and bias.grad.tolist() == [6]


def test_einsum_forms():
    a, b = Tensor(np.arange(6.0).reshape(2, 3)), Tensor(np.arange(3.0))
    assert tensorgrad.einsum("ij,j", [a, b]).tolist() == (a @ b).tolist()
    assert tensorgrad.einsum(" i j -> j i ", a).tolist() == a.numpy().T.tolist()
    assert tensorgrad.einsum("ba", a).tolist() == a.numpy().T.tolist()  # letters that occur once, in alphabetical order


def test_einsum_of_one_operand_may_be_a_view_that_knows_its_memory():
    x = Tensor(np.arange(4.0).reshape(2, 2))
    y = tensorgrad.einsum("ij->ji", x)
    assert np.shares_memory(x.numpy(), y.numpy()) and y.memory is x.memory


def zeros(*shape):
    return Tensor(np.zeros(shape, np.float32))


@pytest.mark.parametrize("call, error, text", [
    (lambda: zeros(2, 3) @ zeros(4, 3), ShapeError,
     r"matmul: the inner sizes differ: 3 and 4(.|\n)*It would fit with other transposed: x\.transpose\(-2, -1\)"),
    (lambda: zeros(2, 3) @ zeros(4, 5), ShapeError, r"The last axis of input needs 4 entries, or axis 0 of other 3"),
    (lambda: zeros(2) @ zeros(), ShapeError, r"matmul: an operand has no axes(.|\n)*with \*"),
    (lambda: zeros(2, 2, 3) @ zeros(3, 3, 2), ShapeError, r"the leading axes \(2,\) and \(3,\) cannot be broadcast"),
    (lambda: Tensor([[True]]) @ Tensor([[True]]), DtypeError, r"matmul: is not defined for two bool tensors"),
    (lambda: zeros(2).mm(zeros(2, 3)), ShapeError, r"mm: expects 2 and 2 axes, got 1 and 2(.|\n)*Use matmul"),
    (lambda: zeros(2, 3, 4).bmm(zeros(1, 4, 5)), ShapeError,
     r"bmm: the batches differ: 2 and 1 matrices(.|\n)*Use matmul"),
    (lambda: zeros(2).dot(zeros(3)), ShapeError, r"dot: the inner sizes differ: 2 and 3"),
    (lambda: zeros(2, 1).outer(zeros(3)), ShapeError, r"outer: expects two vectors, got 2 and 1 axes"),
    (lambda: F.linear(zeros(8, 256), zeros(120, 400)), ShapeError,
     r"linear: expects 400 features, got 256 in the last axis(.|\n)*Use in_features=256"),
    (lambda: F.linear(zeros(8, 16, 5, 5), zeros(120, 400)), ShapeError,
     r"linear: expects 400 features, got 5(.|\n)*Flatten the input first: x\.flatten\(1\)"),
    (lambda: F.linear(zeros(8, 16, 4, 4), zeros(120, 400)), ShapeError,
     r"Set in_features=256 and flatten the input first"),
    (lambda: F.linear(zeros(8, 120), zeros(120, 400)), ShapeError, r"Transpose the weight"),
    (lambda: F.linear(zeros(), zeros(120, 400)), ShapeError, r"linear: the input has no axes"),
    (lambda: F.linear(zeros(8, 400), zeros(400)), ShapeError, r"linear: the weight has 1 axes, not 2"),
    (lambda: F.linear(zeros(8, 400), zeros(120, 400), zeros(400)), ShapeError,
     r"linear: the bias has shape \(400,\), not \(120,\)(.|\n)*for each of the 120 outputs"),
    (lambda: tensorgrad.einsum("ij,jk->ik", zeros(2, 3)), ArgumentError, r"'ij,jk->ik' has 2 terms for 1 operands"),
    (lambda: tensorgrad.einsum("ij,jk->ik", zeros(2, 3), zeros(4, 5)), ShapeError,
     r"'j' in 'ij,jk->ik' stands for 3 and for 4"),
    (lambda: tensorgrad.einsum("i1->i", zeros(2, 3)), ArgumentError, r"'1' in 'i1->i' is no letter"),
    (lambda: tensorgrad.einsum("ijk->i", zeros(2, 3)), ShapeError, r"'ijk' does not name the 2 axes of operand 0"),
    (lambda: tensorgrad.einsum("ij->ik", zeros(2, 3)), ArgumentError,
     r"'k' in the result of 'ij->ik' is in no operand"),
    (lambda: tensorgrad.einsum("ij->ii", zeros(2, 3)), ArgumentError, r"'i' occurs twice in the result of 'ij->ii'"),
    (lambda: tensorgrad.einsum(zeros(2, 3), "ij->i"), ArgumentError,
     r"expects an equation such as 'ij,jk->ik', got Tensor"),
    (lambda: tensorgrad.tensordot(zeros(2, 3), zeros(4, 3)), ShapeError, r"axis 0 of a has 2 entries, axis 0 of b 4"),
    (lambda: tensorgrad.tensordot(zeros(2, 3), zeros(4, 3), dims=3), RangeError,
     r"dims=3 axes are not there(.|\n)*Use 0 to 2"),
    (lambda: tensorgrad.tensordot(zeros(2, 3), zeros(4, 3), dims=([2], [0])), RangeError,
     r"the pair of axes 2 and 0 is not there"),
])
def test_error_texts(call, error, text):
    with pytest.raises(error, match=text):
        call()
