"""Products with Jacobians and Hessians against the matrices, and those against closed forms and PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

import tensorgrad
from tensorgrad.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp
from tensorgrad.errors import ArgumentError, GraphError, ShapeError


def tensor(rng, *shape):
    return tensorgrad.tensor(rng.normal(size=shape))


def curved(x, y):
    """Two outputs of two inputs, none of them linear."""
    return (x.exp() * y).sum(1), (x * x).sum() + y.sin()


@pytest.fixture
def pair(rng):
    return tensor(rng, 2, 3), tensor(rng, 2, 3)


def test_jacobian_in_closed_form(rng):
    a, x = rng.normal(size=(4, 3)), tensor(rng, 3)
    np.testing.assert_allclose(jacobian(lambda x: tensorgrad.tensor(a) @ x, x).numpy(), a)
    np.testing.assert_allclose(jacobian(lambda x: x**2, x).numpy(), np.diag(2 * x.numpy()))
    assert jacobian(lambda x: x.sum(), x).shape == (3,)


def test_forms(pair):
    blocks = jacobian(curved, pair)
    assert [[block.shape for block in row] for row in blocks] == [[(2, 2, 3)] * 2, [(2, 3, 2, 3)] * 2]
    (row,) = [jacobian(lambda x, y: x * y, pair)]
    assert isinstance(row, tuple) and [block.shape for block in row] == [(2, 3, 2, 3)] * 2
    assert [out.shape for out in vjp(curved, pair, (tensorgrad.ones(2), tensorgrad.ones(2, 3)))[0]] == [(2,), (2, 3)]


def flat(blocks, outputs, inputs):
    return np.block([[b.numpy().reshape(int(np.prod(o)), int(np.prod(i))) for b, i in zip(row, inputs)]
                     for row, o in zip(blocks, outputs)])


def test_products_are_those_of_the_matrices(pair, rng):
    outputs, inputs = [(2,), (2, 3)], [(2, 3), (2, 3)]
    matrix = flat(jacobian(curved, pair), outputs, inputs)
    left, right = [tensor(rng, *s) for s in outputs], [tensor(rng, *s) for s in inputs]

    def joined(tensors):
        return np.concatenate([t.numpy().ravel() for t in tensors])

    _, along = vjp(curved, pair, tuple(left))
    np.testing.assert_allclose(joined(along), joined(left) @ matrix)
    _, change = jvp(curved, pair, tuple(right))
    np.testing.assert_allclose(joined(change), matrix @ joined(right))


def scalar(x, y):
    return (x.exp() * y * y).sum() + x.sin().prod()


def test_hessian_and_its_products(pair, rng):
    blocks = hessian(scalar, pair)
    sizes = [(2, 3), (2, 3)]
    matrix = flat(blocks, sizes, sizes)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    numeric = []
    for i in range(6):  # rows by differences of gradients
        step = np.zeros((2, 3))
        step.flat[i] = 1e-6
        sides = [vjp(scalar, (pair[0] + s * step, pair[1]))[1] for s in (1, -1)]
        numeric.append(np.concatenate([((a - b) / 2e-6).numpy().ravel() for a, b in zip(*sides)]))
    np.testing.assert_allclose(matrix[:6], numeric, atol=1e-6)
    v = tuple([tensor(rng, 2, 3) for _ in range(2)])
    expected = matrix @ np.concatenate([t.numpy().ravel() for t in v])
    for product in (vhp, hvp):
        value, found = product(scalar, pair, v)
        assert value.shape == () and not value.requires_grad
        np.testing.assert_allclose(np.concatenate([t.numpy().ravel() for t in found]), expected)


def test_results_are_constants_unless_a_graph_is_wanted(rng):
    x = tensor(rng, 3).requires_grad_()
    assert not jacobian(lambda x: x**3, x).requires_grad and x.grad is None
    matrix = jacobian(lambda x: x**3, x, create_graph=True)
    (again,) = tensorgrad.autograd.grad(matrix.sum(), x)
    np.testing.assert_allclose(again.numpy(), 6 * x.numpy())
    (third,) = tensorgrad.autograd.grad(hessian(lambda x: (x**3).sum(), x, create_graph=True).sum(), x)
    np.testing.assert_allclose(third.numpy(), np.full(3, 6.0))
    for product in (vjp, jvp):
        _, found = product(lambda x: x**3, x, tensorgrad.ones(3, dtype=x.dtype), create_graph=True)
        np.testing.assert_allclose(tensorgrad.autograd.grad(found.sum(), x)[0].numpy(), 6 * x.numpy())


def test_what_does_not_depend_gives_zeros_or_with_strict_an_error(rng):
    x, y = tensor(rng, 2), tensor(rng, 3)
    first, second = jacobian(lambda x, y: x * 2, (x, y))
    assert second.shape == (2, 3) and not second.numpy().any()
    with pytest.raises(GraphError, match="does not depend on input 1"):
        jacobian(lambda x, y: x * 2, (x, y), strict=True)
    constant = tensorgrad.ones(2)
    assert not vjp(lambda x: constant, x, tensorgrad.ones(2))[1].numpy().any()
    with pytest.raises(GraphError, match="output 0 does not depend on the inputs"):
        vjp(lambda x: constant, x, tensorgrad.ones(2), strict=True)
    assert not hessian(lambda x: x.sum(), x).numpy().any()  # linear
    assert not jvp(lambda x: x * 0 + constant, x, tensorgrad.ones(2))[1].numpy().any()
    with pytest.raises(GraphError, match="gradient does not depend"):
        vhp(lambda x: x.sum(), x, x, strict=True)


def test_empty(rng):
    assert jacobian(lambda x: x[:0], tensor(rng, 3)).shape == (0, 3)


@pytest.mark.parametrize("call, error, says", [
    (lambda x: vjp(lambda x: x * 2, x), ShapeError, "v may be left out only for a single number"),
    (lambda x: jvp(lambda x: x.sum(), x, tensorgrad.ones(2)), ShapeError, "v has the shapes"),
    (lambda x: hessian(lambda x: x * 2, x), ShapeError, "must return a single number"),
    (lambda x: jacobian(lambda x: 3, x), ArgumentError, "the function returned int"),
    (lambda x: jacobian(lambda x: x, 3), ArgumentError, "inputs is int"),
    (lambda x: jacobian(lambda x: x, (x, 3)), ArgumentError, "input 1 is a int"),
    (lambda x: jacobian(lambda x: x, x, strategy="forward-mode"), ArgumentError, "reverse-mode"),
])
def test_bad_calls(call, error, says, rng):
    with pytest.raises(error, match=says):
        call(tensor(rng, 3))


@pytest.mark.torch
def test_same_as_torch(pair, rng):
    torch = pytest.importorskip("torch")
    theirs = torch.autograd.functional
    there = tuple([torch.tensor(t.numpy()) for t in pair])
    v = [rng.normal(size=(2, 3)) for _ in range(2)]
    ours_v, their_v = tuple(map(tensorgrad.tensor, v)), tuple(map(torch.tensor, v))

    def same(a, b):
        if isinstance(b, tuple):
            assert isinstance(a, tuple) and len(a) == len(b)
            for one, other in zip(a, b):
                same(one, other)
        else:
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12, atol=1e-12)

    same(jacobian(curved, pair), theirs.jacobian(curved, there))
    same(hessian(scalar, pair), theirs.hessian(scalar, there))
    same(jvp(curved, pair, ours_v), theirs.jvp(curved, there, their_v))
    same(vhp(scalar, pair, ours_v), theirs.vhp(scalar, there, their_v))
    same(hvp(scalar, pair, ours_v), theirs.hvp(scalar, there, their_v))
