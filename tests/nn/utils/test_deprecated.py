"""Weight norm and spectral norm in their former form."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError, GraphError, UninitializedError

X = tg.tensor(np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32))


def weight_norm(*arguments, **options):
    with pytest.warns(FutureWarning, match="use nn.utils.parametrizations.weight_norm"):
        return nn.utils.weight_norm(*arguments, **options)


MAKERS = {"weight_norm": lambda: weight_norm(nn.Linear(3, 4)),
          "spectral_norm": lambda: nn.utils.spectral_norm(nn.Linear(3, 4))}
NAMES = {"weight_norm": ["bias", "weight_g", "weight_v"], "spectral_norm": ["bias", "weight_orig", "weight_u", "weight_v"]}
REMOVE = {"weight_norm": nn.utils.remove_weight_norm, "spectral_norm": nn.utils.remove_spectral_norm}


@pytest.mark.parametrize("kind", MAKERS)
def test_names_copies_and_removal(kind):
    layer = MAKERS[kind]()
    assert list(layer.state_dict()) == NAMES[kind] and type(layer).__name__ == "Linear" and isinstance(layer, nn.Linear)
    layer(X).sum().backward()
    assert all(p.grad is not None for p in layer.parameters())
    layer.eval()
    out = layer(X).array
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(other(X).array, out)
    fresh = MAKERS[kind]().eval()
    fresh.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(fresh(X).array, out)
    assert REMOVE[kind](layer) is layer and type(layer) is nn.Linear
    assert list(layer.state_dict()) == ["bias", "weight"]
    np.testing.assert_array_equal(layer(X).array, out)


def test_weight_norm_keeps_the_weight_and_learns():
    layer = nn.Linear(3, 4)
    before = layer.weight.array.copy()
    weight_norm(layer)
    np.testing.assert_allclose(layer.weight.array, before, rtol=1e-6)
    layer.weight_g.data = layer.weight_g.array * 2
    np.testing.assert_allclose(layer.weight.array, 2 * before, rtol=1e-6)
    layer.weight = tg.ones(4, 3)
    np.testing.assert_allclose(layer.weight.array, 1, rtol=1e-6)
    assert layer.weight_v.tolist() == [[1.0] * 3] * 4


def test_spectral_norm_converges_in_training_and_rests_in_evaluation():
    layer = nn.utils.spectral_norm(nn.Linear(3, 4))
    for _ in range(60):
        layer(X)
    u = layer.eval().weight_u.array.copy()
    np.testing.assert_allclose(np.linalg.norm(layer.weight.array, 2), 1, rtol=1e-4)
    assert (layer.weight_u.array == u).all()
    layer.weight = tg.ones(4, 3)
    assert layer.weight_orig.tolist() == [[1.0] * 3] * 4


def test_a_frozen_weight_stays_frozen():
    layer = nn.Linear(3, 4).requires_grad_(False)
    nn.utils.remove_spectral_norm(nn.utils.spectral_norm(layer))
    assert not layer.weight.requires_grad


def test_two_parameters():
    layer = nn.utils.spectral_norm(weight_norm(nn.Linear(3, 4), "bias"), "weight")
    assert list(layer.state_dict()) == ["bias_g", "bias_v", "weight_orig", "weight_u", "weight_v"]
    nn.utils.remove_weight_norm(layer, "bias")
    assert layer(X).shape == (5, 4) and list(layer.state_dict()) == ["weight_orig", "bias", "weight_u", "weight_v"]


@pytest.mark.parametrize("call, error, text", [
    (lambda: nn.utils.spectral_norm(MAKERS["weight_norm"]()), GraphError, "'weight' of Linear is under weight_norm already"),
    (lambda: nn.utils.spectral_norm(nn.ReLU()), ArgumentError, "ReLU has no parameter 'weight'"),
    (lambda: nn.utils.spectral_norm(nn.Linear(2, 2), n_power_iterations=0), ArgumentError, "an integer ≥ 1"),
    (lambda: nn.utils.spectral_norm(nn.LazyLinear(2)), UninitializedError, "Call the model once"),
    (lambda: nn.utils.remove_weight_norm(nn.Linear(2, 2)), ArgumentError, "'weight' of Linear is not under weight_norm"),
    (lambda: nn.utils.remove_spectral_norm(MAKERS["weight_norm"]()), ArgumentError, "is not under spectral_norm"),
])
def test_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("norm", [nn.utils.parametrizations.spectral_norm, nn.utils.spectral_norm], ids=["new", "former"])
def test_spectral_norm_along_an_axis(norm):
    """The norm of the weight with that axis as rows, and a vector as long as it has entries."""
    for dim in range(3):
        layer = norm(nn.Conv2d(4, 3, (3, 1)), dim=dim, n_power_iterations=50)
        layer(tg.ones(1, 4, 5, 5))
        rows = np.moveaxis(layer.eval().weight.array, dim, 0)
        assert np.linalg.norm(rows.reshape(len(rows), -1), 2) == pytest.approx(1, rel=1e-4)
        assert (len(rows),) in [vector.shape for vector in layer.buffers()]
