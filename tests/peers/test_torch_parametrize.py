"""Parametrizations, fused layers and hooks against PyTorch: state dicts both ways, results, gradients, orders of calls."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn.utils import parametrizations, parametrize
from tensorgrad.tensor import from_array

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)


def layers(name, library):
    """The layer of that name in either library, in float64."""
    made = {"square": lambda: library.Linear(3, 3), "wide": lambda: library.Linear(4, 3),
            "tall": lambda: library.Linear(3, 4), "conv": lambda: library.Conv2d(2, 3, 3),
            "transposed": lambda: library.ConvTranspose2d(2, 3, 3)}[name]()
    return made.double()


def inputs(layer):
    channels = layer.in_features if hasattr(layer, "in_features") else layer.in_channels
    return RNG.normal(size=(2, channels, 6, 6) if hasattr(layer, "kernel_size") else (2, channels))


def copied(source, target):
    """Load the state of a module of PyTorch into one of ours, whose names and order have to be the same."""
    assert list(target.state_dict()) == list(source.state_dict())
    assert [name for name, _ in target.named_parameters()] == [name for name, _ in source.named_parameters()]
    target.load_state_dict(source.state_dict())


def compare(ours, theirs, rtol=1e-9):
    """The same result, gradients and state after a pass, and PyTorch loads our state."""
    x = inputs(ours)
    mine, other = tg.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    a, b = ours(mine), theirs(other)
    np.testing.assert_allclose(a.array, b.detach().numpy(), rtol, 1e-10)
    (a * a).sum().backward()
    (b * b).sum().backward()
    np.testing.assert_allclose(mine.grad.array, other.grad.numpy(), rtol, 1e-9)
    for (name, p), (_, q) in zip(ours.named_parameters(), theirs.named_parameters()):
        np.testing.assert_allclose(p.grad.array, q.grad.numpy(), rtol, 1e-9, err_msg=name)
    state = ours.state_dict()
    for name, value in theirs.state_dict().items():
        np.testing.assert_allclose(state[name].array, value.numpy(), rtol, 1e-12, err_msg=name)
    theirs.load_state_dict({name: torch.tensor(value.array) for name, value in state.items()})


CASES = [
    ("weight_norm", {}), ("weight_norm", {"dim": None}), ("weight_norm", {"dim": 1}), ("weight_norm", {"dim": -2}),
    ("weight_norm", {"name": "bias"}), ("spectral_norm", {}), ("spectral_norm", {"n_power_iterations": 3, "dim": 1}),
    ("spectral_norm", {"name": "bias"}), ("orthogonal", {}), ("orthogonal", {"orthogonal_map": "cayley"}),
    ("orthogonal", {"orthogonal_map": "matrix_exp"}), ("orthogonal", {"orthogonal_map": "householder"}),
    ("orthogonal", {"orthogonal_map": "householder", "use_trivialization": False}),
    ("orthogonal", {"orthogonal_map": "cayley", "use_trivialization": False}),
]
LAYERS = ["square", "wide", "tall", "conv", "transposed"]


@pytest.mark.parametrize("train", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name, options", CASES, ids=str)
def test_parametrizations(name, options, layer, train):
    if (name, layer) == ("spectral_norm", "transposed") and "name" in options:
        pytest.skip("PyTorch looks for axis 1 in the bias of a transposed convolution")
    theirs = getattr(torch.nn.utils.parametrizations, name)(layers(layer, torch.nn), **options).train(train)
    ours = getattr(parametrizations, name)(layers(layer, nn), **options).train(train)
    with torch.no_grad():
        for p in theirs.parameters():
            # Diagonals hold signs in the map by reflections, so that only the triangle moves.
            p += 0.1 * (torch.randn_like(p).tril(-1) if name == "orthogonal" and p.ndim > 1 else torch.randn_like(p))
    copied(theirs, ours)
    compare(ours, theirs, 1e-8)
    with torch.no_grad():
        attribute = options.get("name", "weight")
        expected = parametrize.remove_parametrizations(ours.eval(), attribute)
        torch.nn.utils.parametrize.remove_parametrizations(theirs.eval(), attribute)
    np.testing.assert_allclose(getattr(expected, attribute).array, getattr(theirs, attribute).detach().numpy(), 1e-8, 1e-10)
    assert list(ours.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize("layer", ["square", "conv"])
@pytest.mark.parametrize("name, options", [case for case in CASES if case[0] == "weight_norm"] + [
    ("orthogonal", {"orthogonal_map": "householder", "use_trivialization": False})], ids=str)
def test_the_same_originals_from_the_same_weight(name, options, layer):
    theirs, ours = layers(layer, torch.nn), layers(layer, nn)
    ours.load_state_dict(theirs.state_dict())
    getattr(torch.nn.utils.parametrizations, name)(theirs, **options)
    getattr(parametrizations, name)(ours, **options)
    for key, value in theirs.state_dict().items():
        assert ours.state_dict()[key].shape == tuple(value.shape)
        np.testing.assert_allclose(ours.state_dict()[key].array, value.numpy(), 1e-9, 1e-12, err_msg=key)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name, options", [("weight_norm", {}), ("weight_norm", {"dim": None}), ("weight_norm", {"dim": 1}),
                                           ("spectral_norm", {}), ("spectral_norm", {"n_power_iterations": 2})], ids=str)
def test_deprecated_forms(name, options, layer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        theirs = getattr(torch.nn.utils, name)(layers(layer, torch.nn), **options)
        ours = getattr(nn.utils, name)(layers(layer, nn), **options)
    copied(theirs, ours)
    compare(ours, theirs)
    getattr(torch.nn.utils, f"remove_{name}")(theirs)
    getattr(nn.utils, f"remove_{name}")(ours)
    copied(theirs, ours)


def test_state_dicts_of_the_deprecated_weight_norm_load():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        old = torch.nn.Sequential(torch.nn.utils.weight_norm(layers("conv", torch.nn)))
    ours = nn.Sequential(parametrizations.weight_norm(layers("conv", nn)))
    ours.load_state_dict(old.state_dict())
    x = RNG.normal(size=(1, 2, 5, 5))
    np.testing.assert_allclose(ours(tg.tensor(x)).array, old(torch.tensor(x)).detach().numpy(), 1e-10)


@pytest.mark.parametrize("inverse", [True, False])
def test_parametrizations_of_a_users_own(inverse):
    def scale(library, base):
        class Scale(base):
            def __init__(self, by):
                super().__init__()
                self.by = by

            def forward(self, x):
                return x * self.by

        if inverse:
            Scale.right_inverse = lambda self, value: value / self.by
        return Scale

    ours, theirs = layers("square", nn), layers("square", torch.nn)
    ours.load_state_dict(theirs.state_dict())
    for by in (2.0, 5.0):
        parametrize.register_parametrization(ours, "weight", scale(nn, nn.Module)(by))
        torch.nn.utils.parametrize.register_parametrization(theirs, "weight", scale(torch.nn, torch.nn.Module)(by))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    np.testing.assert_allclose(ours.weight.array, theirs.weight.detach().numpy(), 1e-12)
    np.testing.assert_allclose(ours.parametrizations.weight.original.array,
                               theirs.parametrizations.weight.original.detach().numpy(), 1e-12)
    value = RNG.normal(size=(3, 3))
    if inverse:
        ours.weight, theirs.weight = value, torch.tensor(value)
        np.testing.assert_allclose(ours.parametrizations.weight.original.array,
                                   theirs.parametrizations.weight.original.detach().numpy(), 1e-12)
    else:
        with pytest.raises(RuntimeError):
            theirs.weight = torch.tensor(value)
        with pytest.raises(RuntimeError):
            ours.weight = value


# -- fused layers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("layer", ["conv", "transposed", "wide"])
def test_fusion(bias, affine, layer):
    ours, theirs = layers(layer, nn).eval(), layers(layer, torch.nn).eval()
    if not bias:
        ours.bias = theirs.bias = None
    kinds = (nn.BatchNorm1d, torch.nn.BatchNorm1d) if layer == "wide" else (nn.BatchNorm2d, torch.nn.BatchNorm2d)
    if layer == "wide" and not affine:
        pytest.skip("PyTorch's fuse_linear_bn_eval needs a weight and a bias")
    bn, other = [kind(3, affine=affine).double().eval() for kind in kinds]
    with torch.no_grad():
        for tensor in [*other.parameters(), other.running_mean, other.running_var]:
            tensor.uniform_(0.5, 2)
    ours.load_state_dict(theirs.state_dict())
    bn.load_state_dict(other.state_dict())
    arguments = [] if layer == "wide" else [layer == "transposed"]
    name = "fuse_linear_bn_eval" if layer == "wide" else "fuse_conv_bn_eval"
    fused, expected = getattr(nn.utils, name)(ours, bn, *arguments), getattr(torch.nn.utils, name)(theirs, other, *arguments)
    for key, value in expected.state_dict().items():
        np.testing.assert_allclose(fused.state_dict()[key].array, value.numpy(), 1e-12, 1e-14)


# -- hooks -------------------------------------------------------------------------------------------------------------


def record(library, tensor):
    """What a set of hooks sees, in order, and the gradients that are left in the end."""
    class Two(library.Module):
        def forward(self, a, b, by):
            return a * by, b * by * 2

    log, layer = [], Two()

    def note(name, *groups):
        log.append((name, *[tuple([None if g is None else round(float(g), 6) for g in group]) for group in groups]))

    layer.register_forward_pre_hook(lambda m, args: log.append("pre"))
    layer.register_forward_pre_hook(lambda m, args, kwargs: log.append(sorted(kwargs)), with_kwargs=True, prepend=True)
    layer.register_forward_hook(lambda m, args, out: log.append("after"))
    layer.register_forward_hook(lambda m, args, kwargs, out: (out[0] * 3, out[1]), with_kwargs=True, prepend=True)
    layer.register_full_backward_pre_hook(lambda m, gout: note("before", gout))
    layer.register_full_backward_pre_hook(lambda m, gout: (gout[0] * 7, gout[1]), prepend=True)
    layer.register_full_backward_hook(lambda m, gin, gout: note("backward", gin, gout))
    layer.register_full_backward_hook(lambda m, gin, gout: gin[0] and (gin[0] * 11, gin[1] * 13), prepend=True)
    a, b, c = tensor(2.0), tensor(5.0), tensor(1.0)
    c.register_post_accumulate_grad_hook(lambda t: log.append(("accumulated", float(t.grad))))
    y, z = layer(a * c, b, by=3.0)
    (y + z * 0.5).backward()
    layer(a.detach(), b.detach(), by=c)[0].backward()
    with pytest.raises(ZeroDivisionError):
        layer.register_forward_hook(lambda m, args, out: log.append("always"), always_call=True)
        layer.register_forward_hook(lambda m, args, out: 1 / 0, prepend=True)
        layer(a, b, by=1.0)
    return log, [float(t.grad) for t in (a, b, c)]


def test_hooks_in_pytorchs_order():
    ours = record(nn, lambda value: from_array(np.array(value)).requires_grad_())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Full backward hook is firing", UserWarning)
        theirs = record(torch.nn, lambda value: torch.tensor(value, dtype=torch.float64, requires_grad=True))
    assert ours == theirs
