"""Names of PyTorch's first years that still work there, and small functions of the package, give the same here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import nn.utils
import tensorgrad

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

BOTH = [(torch, torch.nn), (tensorgrad, nn)]


@pytest.mark.parametrize("name", ["uniform", "normal", "xavier_uniform", "xavier_normal", "kaiming_uniform",
                                  "kaiming_normal", "orthogonal"])
def test_former_names_of_draws_warn_and_fill(name: str) -> None:
    for library, layers in BOTH:
        weight = library.zeros(4, 4)
        with pytest.warns(FutureWarning, match=f"nn.init.{name}.*nn.init.{name}_"):
            assert getattr(layers.init, name)(weight) is weight
        assert weight.abs().max() > 0


@pytest.mark.parametrize("name, shape, args", [("constant", (2, 3), (0.5,)), ("eye", (3, 2), ()), ("dirac", (2, 2, 3), ())])
def test_former_names_of_constants_warn_and_fill(name: str, shape: tuple[int, ...], args: tuple[Any, ...]) -> None:
    results = []
    for library, layers in BOTH:
        with pytest.warns(FutureWarning, match=name):
            results.append(getattr(layers.init, name)(library.zeros(shape), *args).tolist())
    assert results[0] == results[1]


def test_former_name_of_sparse() -> None:
    for library, layers in BOTH:
        with pytest.warns(FutureWarning, match="sparse"):
            assert (layers.init.sparse(library.ones(4, 3), 0.5) == 0).sum(0).tolist() == [2, 2, 2]


def test_former_name_of_clipping() -> None:
    results = []
    for library, layers in BOTH:
        weight = layers.Parameter(library.tensor([3.0, 4.0]))
        (weight * weight).sum().backward()
        with pytest.warns(FutureWarning, match="nn.utils.clip_grad_norm"):
            total = layers.utils.clip_grad_norm([weight], max_norm=1.0)
        results.append([total.item(), *weight.grad.tolist()])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6)


def test_the_warning_points_to_the_call() -> None:
    with pytest.warns(FutureWarning) as caught:
        nn.init.eye(tensorgrad.zeros(2, 2))
    assert caught[0].filename == __file__


def test_variables_are_tensors_apart_from_the_graph() -> None:
    for library, _ in BOTH:
        Variable = library.autograd.Variable
        y = library.ones(2, requires_grad=True) * 2
        assert isinstance(y, Variable) and not isinstance(3, Variable)
        apart, leaf = Variable(y), Variable(data=y, requires_grad=True)
        assert apart.is_leaf and not apart.requires_grad and leaf.is_leaf and leaf.requires_grad
        apart.zero_()
        assert y.tolist() == leaf.tolist() == [0, 0]
        with pytest.raises((RuntimeError, TypeError)):
            Variable(library.tensor([1]), requires_grad=True)


def test_real_and_imaginary_parts_and_the_device() -> None:
    for library, _ in BOTH:
        x = library.tensor([1.0, -2.0])
        assert library.real(x) is x and x.get_device() == library.get_device(x) == -1
        with pytest.raises((RuntimeError, TypeError), match="imag"):
            library.imag(x)


@pytest.mark.parametrize("other", [3, 2.5, [1.0, 4.0]])
@pytest.mark.parametrize("alpha", [1, 2])
def test_rsub(other: Any, alpha: float) -> None:
    results, gradients = [], []
    for library, _ in BOTH:
        x = library.tensor([1.0, -2.0], requires_grad=True)
        result = library.rsub(x, library.tensor(other) if isinstance(other, list) else other, alpha=alpha)
        result.sum().backward()
        results.append(result.tolist())
        gradients.append(x.grad.tolist())
    assert results[0] == results[1] and gradients[0] == gradients[1]
