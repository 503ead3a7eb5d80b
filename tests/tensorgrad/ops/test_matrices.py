"""Functions of matrices: singular ones, float16, integers, conventions where there is a choice, and every error text."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, LinAlgError, RangeError, ShapeError

square = Tensor([[2.0, 1.0], [1.0, 3.0]])
wide = Tensor(np.ones((2, 3), np.float32))
whole = Tensor([[2, 1], [1, 3]])


def test_determinant_of_a_singular_matrix_has_its_cofactors_as_gradient():
    x = Tensor(np.array([[1.0, 2.0], [2.0, 4.0]]), requires_grad=True)
    tg.det(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), [[4, -2], [-2, 1]], rtol=1e-12)


def test_logarithm_of_a_negative_determinant():
    assert np.isnan(tg.logdet(Tensor([[-1.0]])).item())
    assert tg.logdet(Tensor([[0.0]])).item() == -np.inf


def test_float16_is_computed_in_float32():
    half = square.half()
    for function in (tg.linalg.inv, tg.det, tg.cholesky, tg.linalg.svdvals):
        assert function(half).dtype == tg.float16
        np.testing.assert_allclose(function(half).numpy(), function(square).numpy(), rtol=2e-3)


def test_powers():
    assert tg.matrix_power(whole, 3).dtype == tg.int64 and tg.matrix_power(whole, 2).tolist() == [[5, 5], [5, 10]]
    assert tg.matrix_power(Tensor([[float("nan")]]), 0).item() == 1


def test_a_beta_of_0_leaves_nan_out():
    nan = Tensor([[float("nan")]], requires_grad=True)
    y = tg.addmm(nan, square, square, beta=0)
    assert np.isfinite(y.numpy()).all()
    y.sum().backward()
    assert nan.grad.item() == 0


def test_addr_of_bools_is_or_and_and():
    a, b = Tensor([True, False]), Tensor([True, True])
    assert tg.addr(Tensor(False), a, b).tolist() == [[True, True], [False, False]]


def test_each_entry_that_ties_gets_the_gradient_of_the_largest_difference():
    x = Tensor([[1.0, -1.0, 0.0]], requires_grad=True)
    tg.cdist(x, Tensor([[0.0, 0.0, 0.0]]), float("inf")).sum().backward()
    assert x.grad.tolist() == [[1, -1, 0]]


def test_norms_without_entries():
    nothing = Tensor(np.zeros((0, 0), np.float32))
    assert tg.linalg.norm(nothing, float("inf")).item() == 0
    with pytest.raises(ShapeError, match="matrix_norm: ord=-2.0 of a matrix without entries is not defined"):
        tg.linalg.norm(nothing, -2)


@pytest.mark.parametrize("uplo", ["L", "U"])
def test_gradients_of_eigenvectors_are_symmetric_whatever_comes_in(uplo, rng):
    values = rng.normal(size=(2, 4, 4))
    x, weights = Tensor(values + values.swapaxes(1, 2), requires_grad=True), Tensor(rng.normal(size=(2, 4, 4)))
    _, vectors = tg.linalg.eigh(x, uplo)
    (slope,) = tg.autograd.grad((vectors * weights).sum(), x)
    assert np.abs(slope.array).max() > 0.1
    np.testing.assert_allclose(slope.array, slope.array.swapaxes(1, 2), rtol=1e-12)


def test_full_factors_have_no_gradient():
    assert tg.linalg.svd(wide).Vh.shape == (3, 3)
    assert tg.linalg.qr(wide.mT, "complete").Q.shape == (3, 3)
    assert tg.linalg.qr(wide, "r").Q.shape == (0,)
    leaf = Tensor(wide.array, requires_grad=True)
    with pytest.raises(GraphError, match="svd: full matrices have no gradient(.|\n)*full_matrices=False"):
        tg.linalg.svd(leaf)
    with pytest.raises(GraphError, match=r"qr: mode='complete' of a \(2, 3\) matrix has no gradient"):
        tg.linalg.qr(leaf, "complete")


@pytest.mark.parametrize("call, error, text", [
    (lambda: tg.linalg.inv(wide), ShapeError, "inv: the matrix is not square: 2 rows, 3 columns"),
    (lambda: tg.linalg.inv(whole), DtypeError, "inv: is not defined for int64 values"),
    (lambda: tg.linalg.inv(Tensor([1.0])), ShapeError, "inv: the input has 1 axes, a matrix has two"),
    (lambda: tg.linalg.inv(square * 0), LinAlgError, "inv: singular matrix"),
    (lambda: tg.cholesky(-square), LinAlgError, "cholesky: matrix is not positive definite"),
    (lambda: tg.linalg.solve(square, wide.mT), ShapeError, "solve: A and B do not fit(.|\n)*the 2 entries"),
    (lambda: tg.linalg.solve(square, square[0], left=False), ArgumentError, "left=False is not defined for vectors"),
    (lambda: tg.linalg.solve(Tensor(np.zeros((2, 1, 1))), Tensor(np.zeros((3, 1, 1)))), ShapeError,
     r"the leading axes \(2,\) and \(3,\) cannot"),
    (lambda: tg.matrix_power(square, 0.5), DtypeError, "matrix_power: n=0.5 is no integer"),
    (lambda: tg.matrix_power(whole, -1), DtypeError, "matrix_power: is not defined for int64"),
    (lambda: tg.linalg.multi_dot([square]), ArgumentError, "multi_dot: 1 matrices are no product"),
    (lambda: tg.linalg.multi_dot([square, square[0], square]), ShapeError, "multi_dot: matrix 1 has 1 axes"),
    (lambda: tg.linalg.multi_dot([wide, square]), ShapeError, "the inner sizes differ: 3 and 2(.|\n)*needs 3 rows"),
    (lambda: tg.chain_matmul(), ArgumentError, "chain_matmul: no matrices are given"),
    (lambda: tg.chain_matmul(square[0]), ShapeError, "chain_matmul: matrix 0 has 1 axes"),
    (lambda: tg.addmm(wide, square, square), ShapeError, r"addmm: the input does not broadcast to the shape \(2, 2\)"),
    (lambda: tg.addmm(whole, whole, whole, beta=0.5), DtypeError, "addmm: beta=0.5 for integers"),
    (lambda: tg.trace(square[0]), ShapeError, "trace: the input has 1 axes"),
    (lambda: tg.inner(square, wide), ShapeError, "inner: the last axes differ: 2 and 3 entries"),
    (lambda: tg.cross(square, square), RangeError, "cross: no axis has length 3"),
    (lambda: tg.linalg.cross(square, square), ShapeError, "cross: axis 1 has 2 and 2 entries"),
    (lambda: tg.cross(wide, wide[0]), ShapeError, "cross: the operands have 2 and 1 axes"),
    (lambda: tg.cdist(square, wide), ShapeError, "cdist: the rows have 2 and 3 entries"),
    (lambda: tg.cdist(square, square[0]), ShapeError, "cdist: fewer than two axes"),
    (lambda: tg.cdist(square, square, -1), ArgumentError, "cdist: p=-1 is negative"),
    (lambda: tg.cdist(square, square, compute_mode="fast"), ArgumentError, "cdist: compute_mode='fast' is unknown"),
    (lambda: tg.cdist(Tensor(np.zeros((2, 1, 1))), Tensor(np.zeros((3, 1, 1)))), ShapeError,
     r"cdist: the leading axes \(2,\) and \(3,\)"),
    (lambda: tg.linalg.eigh(square, "X"), ArgumentError, "eigh: UPLO='X' is unknown"),
    (lambda: tg.linalg.qr(square, "raw"), ArgumentError, "qr: mode='raw' is unknown"),
    (lambda: tg.linalg.vector_norm(whole), DtypeError, "vector_norm: is not defined for int64"),
    (lambda: tg.linalg.vector_norm(square.double(), dtype="float32"), DtypeError, "dtype=float32 is narrower"),
    (lambda: tg.linalg.vector_norm(square[:0], float("inf")), ShapeError, "the norm with p=inf of a vector without"),
    (lambda: tg.linalg.matrix_norm(square, 3), ArgumentError, "matrix_norm: ord=3 is unknown"),
    (lambda: tg.linalg.matrix_norm(square, dim=(0,)), ArgumentError, r"matrix_norm: dim=\(0,\) are not two axes"),
    (lambda: tg.linalg.matrix_norm(square[0]), ShapeError, "matrix_norm: the input has 1 axes"),
    (lambda: tg.linalg.norm(Tensor(np.zeros((1, 1, 1))), 2), ShapeError,
     "norm: ord=2 without dim, for an input with 3 axes"),
    (lambda: tg.linalg.pinv(whole), DtypeError, "pinv: is not defined for int64"),
    (lambda: tg.linalg.matrix_rank(square[0]), ShapeError, "matrix_rank: the input has 1 axes"),
    (lambda: tg.linalg.solve_triangular(square, square[0], upper=True), ShapeError, "solve_triangular: B is no matrix"),
    (lambda: tg.linalg.solve_triangular(square * 0, square, upper=True), LinAlgError, "singular"),
    (lambda: tg.linalg.vecdot(whole, whole), DtypeError, "vecdot: is not defined for int64"),
    (lambda: tg.norm(square, "spectral"), ArgumentError, "norm: p='spectral' is unknown"),
])
def test_error_texts(call, error, text):
    with pytest.raises(error, match=text):
        call()
