"""Parametrizations: what is learned, saved, copied, restored and refused; weight norm, spectral norm, orthogonality."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn.utils import parametrizations
from nn.utils.parametrize import (ParametrizationList, cached, is_parametrized, register_parametrization,
                                  remove_parametrizations, transfer_parametrizations_and_params,
                                  type_before_parametrizations)
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, ShapeError, StateError, UninitializedError


class Symmetric(nn.Module):
    def forward(self, input):
        return input.triu() + input.triu(1).T


class Exp(nn.Module):
    def forward(self, input):
        return input.exp()

    def right_inverse(self, value):
        return value.log()


class Product(nn.Module):
    """A matrix of rank 1."""

    def forward(self, column, row):
        return column @ row

    def right_inverse(self, value):
        return [value[:, :1], value[:1]]


class Wrong(nn.Module):
    """A parametrization that returns what it is told."""

    def __init__(self, result, inverse=None):
        self.result, self.inverse = result, inverse

    def forward(self, *inputs):
        return self.result(*inputs)

    def right_inverse(self, value):
        if self.inverse is None:
            raise NotImplementedError
        return self.inverse(value)


X = tg.tensor(np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32))


def norm_layer():
    return parametrizations.weight_norm(nn.Linear(3, 3))


# -- registering -------------------------------------------------------------------------------------------------------


def test_the_original_stays_the_same_parameter():
    layer = nn.Linear(3, 3)
    weight, before = layer.weight, layer.weight.array.copy()
    assert register_parametrization(layer, "weight", Symmetric()) is layer
    assert layer.parametrizations.weight.original is weight and weight.name == "parametrizations.weight.original"
    np.testing.assert_array_equal(layer.weight.array, np.triu(before) + np.triu(before, 1).T)
    assert [name for name, _ in layer.named_parameters()] == ["bias", "parametrizations.weight.original"]
    assert is_parametrized(layer) and is_parametrized(layer, "weight") and not is_parametrized(layer, "bias")
    assert type_before_parametrizations(layer) is nn.Linear and isinstance(layer, nn.Linear)
    assert repr(layer) == ("ParametrizedLinear(in_features=3, out_features=3, bias=True\n  (parametrizations): ModuleDict(\n"
                           "    (weight): ParametrizationList(\n      (0): Symmetric()\n    )\n  )\n)")


def test_gradients_reach_the_original():
    layer = register_parametrization(nn.Linear(3, 3, bias=False), "weight", Symmetric())
    layer(X).sum().backward()
    total = np.tile(X.array.sum(0), (3, 1))
    expected = np.triu(total) + np.triu(total.T, 1)
    np.testing.assert_allclose(layer.parametrizations.weight.original.grad.array, expected, rtol=1e-5)


def test_names_follow_the_module():
    net = nn.Sequential(norm_layer())
    assert [p.name for p in net.parameters()] == [name for name, _ in net.named_parameters()] == [
        "0.bias", "0.parametrizations.weight.original0", "0.parametrizations.weight.original1"]
    inner = nn.Sequential(nn.Sequential(nn.Linear(3, 3)))
    parametrizations.weight_norm(inner[0][0])
    assert [p.name for p in inner.parameters()] == [name for name, _ in inner.named_parameters()]


def test_one_after_the_other():
    layer = nn.Linear(3, 3)
    register_parametrization(layer, "weight", Symmetric())
    register_parametrization(layer, "weight", Exp())
    original = layer.parametrizations.weight.original.array
    np.testing.assert_allclose(layer.weight.array, np.exp(np.triu(original) + np.triu(original, 1).T), rtol=1e-6)
    assert len(layer.parametrizations.weight) == 2
    register_parametrization(layer, "bias", Exp(), unsafe=True)
    assert type(layer).__name__ == "ParametrizedLinear" and list(layer.parametrizations) == ["weight", "bias"]


def test_several_originals():
    layer = register_parametrization(nn.Linear(3, 2), "weight", Product())
    assert [name for name, _ in layer.named_parameters()] == [
        "bias", "parametrizations.weight.original0", "parametrizations.weight.original1"]
    entries = layer.parametrizations.weight
    assert not entries.is_tensor and entries.ntensors == 2
    layer.weight = tg.ones(2, 3)
    assert entries.original0.tolist() == [[1.0], [1.0]] and layer.weight.tolist() == [[1.0] * 3] * 2


def test_a_buffer():
    class Holder(nn.Module):
        def __init__(self):
            self.register_buffer("scale", tg.tensor([2.0]), persistent=False)

    holder = register_parametrization(Holder(), "scale", Exp())
    assert not list(holder.parameters()) and [name for name, _ in holder.named_buffers()] == [
        "parametrizations.scale.original"]
    assert not holder.state_dict()
    np.testing.assert_allclose(holder.scale.array, [2.0], rtol=1e-6)
    remove_parametrizations(holder, "scale")
    assert holder._buffers == {"scale": False}


def test_a_frozen_parameter_stays_frozen():
    layer = nn.Linear(3, 3)
    layer.weight.requires_grad_(False)
    parametrizations.weight_norm(layer)
    assert [p.requires_grad for p in layer.parameters()] == [True, False, False] and not layer.weight.requires_grad
    remove_parametrizations(layer, "weight")
    assert isinstance(layer.weight, nn.Parameter) and not layer.weight.requires_grad


def test_the_mode_is_the_modules():
    layer = nn.Linear(3, 3).eval()
    parametrizations.spectral_norm(layer)
    assert not layer.parametrizations.weight[0].training


def test_assigning():
    layer = register_parametrization(nn.Linear(3, 3), "weight", Wrong(lambda x: x * 2, lambda v: v / 2))
    original = layer.parametrizations.weight.original
    layer.weight = np.ones((3, 3), np.float32)
    assert original is layer.parametrizations.weight.original and original.tolist() == [[0.5] * 3] * 3
    layer.weight = nn.Parameter(tg.zeros(3, 3))
    assert layer.weight.tolist() == [[0.0] * 3] * 3 and len(list(layer.parameters())) == 2


def test_cached():
    layer = norm_layer()
    with cached():
        weight = layer.weight
        with cached():
            assert layer.weight is weight
        assert layer.weight is weight
        (layer(X) + layer(X)).sum().backward()
        layer.weight = tg.ones(3, 3)
        assert layer.weight is not weight
    assert layer.weight is not layer.weight


# -- leaving -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [norm_layer, lambda: parametrizations.spectral_norm(nn.Linear(3, 3)).eval(),
                                  lambda: parametrizations.orthogonal(nn.Linear(3, 3))])
def test_removal_keeps_the_value(make):
    layer = make()
    value, out = layer.weight.array.copy(), layer(X)
    assert remove_parametrizations(layer, "weight") is layer
    assert type(layer) is nn.Linear and not hasattr(layer, "parametrizations") and not is_parametrized(layer)
    np.testing.assert_array_equal(layer.weight.array, value)
    np.testing.assert_array_equal(layer(X).array, out.array)
    assert list(layer.state_dict()) == ["bias", "weight"] and layer.weight.name == "weight" and layer.weight.requires_grad


def test_removal_of_one_of_two():
    layer = register_parametrization(register_parametrization(nn.Linear(3, 3), "weight", Symmetric()), "bias", Exp(),
                                     unsafe=True)
    weight = layer.parametrizations.weight.original
    before = weight.array.copy()
    remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert layer.weight is weight and (weight.array == before).all()
    assert is_parametrized(layer, "bias") and type(layer).__name__ == "ParametrizedLinear"


def test_transfer():
    source, target = norm_layer(), nn.Linear(3, 3)
    transfer_parametrizations_and_params(source, target)
    assert list(target.state_dict()) == list(source.state_dict())
    np.testing.assert_array_equal(target.weight.array, source.weight.array)
    assert target.parametrizations.weight.original0 is not source.parametrizations.weight.original0
    with pytest.raises(ArgumentError, match="'bias' of ParametrizedLinear is not parametrized"):
        transfer_parametrizations_and_params(source, target, "bias")


def test_transfer_to_a_module_without_the_tensor():
    source, target = norm_layer(), nn.Module()
    source.weight = tg.ones(3, 3)
    assert transfer_parametrizations_and_params(source, target, "weight") is target
    assert is_parametrized(target, "weight") and not is_parametrized(target, "bias")
    np.testing.assert_allclose(target.weight.array, 1, rtol=1e-6)
    assert all(isinstance(p, nn.Parameter) for p in target.parameters()) and len(list(target.parameters())) == 2
    holder, copy_ = nn.Module(), nn.Module()
    holder.still = nn.Buffer(np.array([[1.0, 2.0], [0.0, 3.0]], np.float32))
    register_parametrization(holder, "still", Symmetric())
    transfer_parametrizations_and_params(holder, copy_)
    assert copy_.still.tolist() == [[1.0, 2.0], [2.0, 3.0]] and not list(copy_.parameters())
    holder.parametrizations.still.original.array[:] = 0
    assert copy_.still.tolist() == [[1.0, 2.0], [2.0, 3.0]]


# -- in company --------------------------------------------------------------------------------------------------------


MAKERS = {
    "weight_norm": lambda: parametrizations.weight_norm(nn.Conv2d(2, 3, 3)),
    "spectral_norm": lambda: parametrizations.spectral_norm(nn.ConvTranspose2d(2, 3, 3)),
    "orthogonal": lambda: parametrizations.orthogonal(nn.Conv2d(2, 3, 3)),
}
IMAGE = tg.tensor(np.random.default_rng(1).normal(size=(1, 2, 5, 5)).astype(np.float32))


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda m: pickle.loads(pickle.dumps(m)),
                                    lambda m: pickle.loads(pickle.dumps(m, 0))],
                         ids=["deep", "shallow", "pickle", "pickle0"])
def test_copies(name, copied):
    layer = MAKERS[name]()
    layer(IMAGE).sum().backward()
    other = copied(layer)
    assert type(other) is type(layer)
    np.testing.assert_array_equal(layer.eval()(IMAGE).array, other.eval()(IMAGE).array)


def test_a_deep_copy_is_apart():
    layer = norm_layer()
    other = copy.deepcopy(layer)
    layer.weight = tg.zeros(3, 3) + 1
    assert not np.allclose(other.weight.array, 1)


@pytest.mark.parametrize("name", MAKERS)
def test_state_dicts(name, tmp_path):
    layer, other = MAKERS[name](), MAKERS[name]()
    nn.save(layer.state_dict(), tmp_path / "layer.npz")
    other.load_state_dict(nn.load(tmp_path / "layer.npz"))
    np.testing.assert_array_equal(layer.eval()(IMAGE).array, other.eval()(IMAGE).array)
    with pytest.raises(StateError, match=r"missing\s+weight"):
        nn.Conv2d(2, 3, 3).load_state_dict(layer.state_dict())


def test_the_names_of_the_deprecated_form_load():
    with pytest.warns(FutureWarning, match="parametrizations.weight_norm"):
        old = nn.Sequential(nn.utils.weight_norm(nn.Linear(3, 3)))
    new = nn.Sequential(norm_layer())
    new.load_state_dict(old.state_dict())
    np.testing.assert_array_equal(new(X).array, old(X).array)
    spectral = nn.utils.spectral_norm(nn.Linear(3, 3))
    new = parametrizations.spectral_norm(nn.Linear(3, 3))
    new.load_state_dict(spectral.state_dict())
    np.testing.assert_array_equal(new.eval()(X).array, spectral.eval()(X).array)


def test_training_averaging_and_the_trainer_state():
    net = nn.Sequential(norm_layer(), nn.Tanh(), parametrizations.spectral_norm(nn.Linear(3, 1)))
    averaged = nn.optim.swa_utils.AveragedModel(net)
    optimizer = nn.optim.Adam(net.parameters(), lr=0.05)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = ((net(X) - 0.3) ** 2).mean()
        loss.backward()
        optimizer.step()
        averaged.update_parameters(net)
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 3
    assert [name for name, _ in averaged.named_parameters()][1] == "module.0.parametrizations.weight.original0"
    assert averaged.eval()(X).shape == (5, 1)


def test_conversion_and_freezing():
    layer = norm_layer().double()
    assert layer.weight.dtype == np.float64 and layer(X.double()).dtype == np.float64
    layer.requires_grad_(False)
    assert not layer.weight.requires_grad


def test_summary_counts_each_parameter_once():
    net = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU())
    plain = nn.summary(net, (1, 8, 8))
    parametrizations.weight_norm(net[0])
    found = nn.summary(net, (1, 8, 8))
    rows = {row.name: row for row in found.rows}
    assert rows["0"].type == "ParametrizedConv2d" and rows["0"].count == "6"
    assert rows["0.parametrizations.weight"].count == "6·1·1·1 + 6·1·3·3 = 60"
    assert rows["0"].multiply_adds == plain.rows[0].multiply_adds
    assert found.parameters == plain.parameters + 6 and rows["0"].output_shape == (1, 6, 6, 6)


def test_drawing():
    layer = nn.Sequential(norm_layer())
    source = tg.draw(layer(X).sum()).source
    assert "parametrizations" in source and "weight" in source


# -- refused -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, error, text", [
    (("nothing", Symmetric()), ArgumentError, "Linear has no parameter or buffer 'nothing'.\n  It has weight, bias."),
    (("in_features", Symmetric()), ArgumentError, "no parameter or buffer 'in_features'"),
    (("weight", np.tanh), ArgumentError, "is no nn.Module"),
    (("weight", Wrong(lambda x: x[:2])), ShapeError, r"the parametrization returned another shape than \(3, 3\)"),
    (("weight", Wrong(lambda x: x.double())), DtypeError, "the parametrization returned float64 in place of float32"),
    (("weight", Wrong(lambda x: 1)), DtypeError, "the parametrization returned a int"),
    (("weight", Wrong(lambda x: x, lambda v: v.double())), DtypeError, "right_inverse returned float64"),
    (("weight", Wrong(lambda x: x, lambda v: {"a": v})), DtypeError, "right_inverse: it returned a dict"),
])
def test_refused(arguments, error, text):
    layer = nn.Linear(3, 3)
    before = {name: value.array.copy() for name, value in layer.state_dict().items()}
    weight = layer.weight
    with pytest.raises(error, match=text):
        register_parametrization(layer, *arguments)
    assert type(layer) is nn.Linear and layer.weight is weight and weight.name == "weight"
    assert all((layer.state_dict()[name].array == value).all() for name, value in before.items())


def test_a_refused_parametrization_leaves_the_values():
    layer = nn.Linear(3, 3)
    before = layer.weight.array.copy()
    with pytest.raises(ShapeError):
        register_parametrization(layer, "weight", Wrong(lambda x: x[:1], lambda v: v * 0 + 7))
    np.testing.assert_array_equal(layer.weight.array, before)


def test_a_second_one_that_does_not_fit():
    layer = register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    with pytest.raises(ShapeError, match="another shape"):
        register_parametrization(layer, "weight", Wrong(lambda x: x[:2]))
    assert len(layer.parametrizations.weight) == 1
    register_parametrization(layer, "weight", Wrong(lambda x: x[:2]), unsafe=True)
    assert layer.weight.shape == (2, 3) and layer.parametrizations.weight.unsafe


def test_refused_later():
    layer = register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    with pytest.raises(GraphError, match="Symmetric has no right_inverse"):
        layer.weight = tg.ones(3, 3)
    with pytest.raises(ArgumentError, match="'bias' of ParametrizedLinear is not parametrized.\n  Parametrized are"):
        remove_parametrizations(layer, "bias")
    with pytest.raises(ArgumentError, match="none of which can take its place"):
        remove_parametrizations(norm_layer(), "weight", leave_parametrized=False)
    with pytest.raises(UninitializedError, match="Call the model once"):
        register_parametrization(nn.LazyLinear(3), "weight", Symmetric())
    with pytest.raises(ArgumentError, match="there are no parametrizations"):
        ParametrizationList([], tg.ones(1))
    several = register_parametrization(nn.Linear(3, 2), "weight", Product())
    several.parametrizations.weight[0].right_inverse = lambda value: [value[:, :1]]
    with pytest.raises(ShapeError, match="1 tensors for 2 originals"):
        several.weight = tg.ones(2, 3)


@pytest.mark.parametrize("call, error, text", [
    (lambda: parametrizations.weight_norm(nn.ReLU()), ArgumentError, "ReLU has no parameter or buffer 'weight'"),
    (lambda: parametrizations.weight_norm(nn.Linear(2, 2), dim=5), ArgumentError, "dim=5 for a weight with 2 axes"),
    (lambda: parametrizations.spectral_norm(nn.ReLU()), ArgumentError, "spectral_norm: ReLU has no parameter"),
    (lambda: parametrizations.spectral_norm(nn.Linear(2, 2), n_power_iterations=0), ArgumentError, "an integer ≥ 1"),
    (lambda: parametrizations.orthogonal(nn.Linear(2, 2), "bias"), ShapeError, "at least 2 axes"),
    (lambda: parametrizations.orthogonal(nn.Linear(2, 2), orthogonal_map="qr"), ArgumentError, "'qr' is unknown"),
])
def test_known_parametrizations_refuse(call, error, text):
    with pytest.raises(error, match=text):
        call()


# -- known parametrizations --------------------------------------------------------------------------------------------


def test_weight_norm_by_hand():
    layer = nn.Linear(2, 2, bias=False)
    layer.weight.data = np.array([[3.0, 4.0], [6.0, 8.0]], np.float32)
    parametrizations.weight_norm(layer)
    entries = layer.parametrizations.weight
    assert entries.original0.tolist() == [[5.0], [10.0]]
    entries.original0.data = np.array([[1.0], [2.0]], np.float32)
    np.testing.assert_allclose(layer.weight.array, [[0.6, 0.8], [1.2, 1.6]], rtol=1e-6)


def test_spectral_norm_iterates_only_in_training():
    layer = parametrizations.spectral_norm(nn.Linear(6, 4))
    u = layer.parametrizations.weight[0]._u
    layer.parametrizations.weight.original.data = np.random.default_rng(2).normal(size=(4, 6)).astype(np.float32)
    layer.eval()
    before = u.array.copy()
    assert (layer.weight.array == layer.weight.array).all() and (u.array == before).all()
    layer.train()
    for _ in range(60):
        layer(tg.ones(1, 6))
    assert (u.array != before).any()
    np.testing.assert_allclose(np.linalg.norm(layer.eval().weight.array, 2), 1, rtol=1e-4)


def test_spectral_norm_of_a_vector():
    layer = parametrizations.spectral_norm(nn.Linear(3, 4), "bias")
    np.testing.assert_allclose(np.linalg.norm(layer.bias.array), 1, rtol=1e-6)
    assert not list(layer.buffers())


@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (2, 4, 4), (2, 3, 5)], ids=str)
def test_orthogonal(orthogonal_map, shape):
    holder = nn.ParameterDict({"w": nn.Parameter(np.random.default_rng(3).normal(size=shape))})
    parametrizations.orthogonal(holder, "w", orthogonal_map)
    optimizer = nn.optim.SGD(holder.parameters(), lr=0.3)
    target = np.random.default_rng(4).normal(size=shape)
    losses = []
    for _ in range(20):
        w = holder.w
        short = w.mT @ w if shape[-2] >= shape[-1] else w @ w.mT
        np.testing.assert_allclose(short.array, np.broadcast_to(np.eye(min(shape[-2:])), short.shape), atol=1e-12)
        loss = ((w - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder"])
def test_assigning_an_orthogonal_matrix(orthogonal_map):
    q = np.linalg.qr(np.random.default_rng(5).normal(size=(4, 4)))[0]
    layer = parametrizations.orthogonal(nn.Linear(4, 4).double(), orthogonal_map=orthogonal_map)
    layer.weight = q
    np.testing.assert_allclose(layer.weight.array, q, atol=1e-12)


def test_maps_without_a_base():
    layer = parametrizations.orthogonal(nn.Linear(4, 4), orthogonal_map="cayley", use_trivialization=False)
    with pytest.raises(GraphError, match="has no right_inverse"):
        layer.weight = np.eye(4, dtype=np.float32)
    q = np.linalg.qr(np.random.default_rng(6).normal(size=(5, 3)))[0]
    layer = parametrizations.orthogonal(nn.Linear(3, 5).double(), use_trivialization=False)
    layer.weight = q
    np.testing.assert_allclose(layer.weight.array, q, atol=1e-12)
    assert not list(layer.buffers())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["weight_norm", "spectral_norm", "orthogonal"])
def test_the_dtype_stays(name, dtype):
    layer = getattr(parametrizations, name)(nn.Linear(4, 3, dtype=dtype))
    layer(tg.ones(2, 4, dtype=dtype)).sum().backward()
    assert layer.weight.dtype == dtype and {t.dtype for t in [*layer.parameters(), *layer.buffers()]} == {np.dtype(dtype)}
    assert {p.grad.dtype for p in layer.parameters()} == {np.dtype(dtype)}


@pytest.mark.parametrize("name, options", [
    ("weight_norm", {}), ("weight_norm", {"dim": None}), ("spectral_norm", {}), ("orthogonal", {}),
    ("orthogonal", {"orthogonal_map": "cayley"}), ("orthogonal", {"orthogonal_map": "matrix_exp"})], ids=str)
def test_derivatives_of_both_orders(name, options):
    layer = getattr(parametrizations, name)(nn.Linear(3, 2, bias=False).double(), **options).eval()
    entries = layer.parametrizations.weight
    start = [tg.tensor(t.array + 0.1, requires_grad=True) for t in entries.originals()]

    def weight(*originals):
        if name == "orthogonal":  # whose diagonal holds signs, which are no numbers to learn
            diagonal = np.eye(2, 3)
            originals = [o * (1 - diagonal) - diagonal for o in originals]
        return entries[0](*originals)

    assert tg.autograd.gradcheck(weight, start)
    assert tg.autograd.gradgradcheck(weight, start)


def test_the_coach_has_nothing_to_say():
    net = nn.Sequential(norm_layer(), nn.Tanh(), parametrizations.spectral_norm(nn.Linear(3, 2)))
    optimizer, loss = nn.optim.Adam(net.parameters()), nn.CrossEntropyLoss()
    targets = tg.tensor(np.array([0, 1, 0, 1, 1]))
    with nn.coach.coach() as coach:
        for _ in range(5):
            optimizer.zero_grad()
            loss(net(X), targets).backward()
            optimizer.step()
    assert not list(coach.advice)
