"""Batch norm fused into the layer before it, and layers without initial values."""

from __future__ import annotations

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn.utils import fuse_conv_bn_eval, fuse_conv_bn_weights, fuse_linear_bn_eval, parametrizations, skip_init
from tensorgrad.errors import ArgumentError, ShapeError

RNG = np.random.default_rng(0)


def norm(kind, channels, **options):
    """A batch norm with statistics and parameters of its own, in evaluation mode."""
    bn = kind(channels, **options).double().eval()
    for tensor in [*bn.parameters(), bn.running_mean, bn.running_var]:
        tensor.data = RNG.uniform(0.5, 2, tensor.shape)
    return bn


CONVS = {
    "plain": lambda: (nn.Conv2d(4, 6, 3), nn.BatchNorm2d, False),
    "no bias": lambda: (nn.Conv2d(4, 6, 3, bias=False), nn.BatchNorm2d, False),
    "groups": lambda: (nn.Conv2d(4, 6, 3, groups=2), nn.BatchNorm2d, False),
    "transposed": lambda: (nn.ConvTranspose2d(4, 6, 3), nn.BatchNorm2d, True),
    "transposed groups": lambda: (nn.ConvTranspose2d(4, 6, 3, groups=2), nn.BatchNorm2d, True),
    "1d": lambda: (nn.Conv1d(4, 6, 3), nn.BatchNorm1d, False),
    "weight norm": lambda: (parametrizations.weight_norm(nn.Conv2d(4, 6, 3)), nn.BatchNorm2d, False),
    "spectral norm": lambda: (parametrizations.spectral_norm(nn.Conv2d(4, 6, 3)), nn.BatchNorm2d, False),
}


@pytest.mark.parametrize("name", CONVS)
@pytest.mark.parametrize("affine", [True, False])
def test_convolution(name, affine):
    conv, kind, transpose = CONVS[name]()
    conv, bn = conv.double().eval(), norm(kind, 6, affine=affine)
    x = tg.tensor(RNG.normal(size=(2, 4, 8, 8)[:3 if name == "1d" else 4]))
    expected, before = bn(conv(x)).array, {key: value.array.copy() for key, value in conv.state_dict().items()}
    fused = fuse_conv_bn_eval(conv, bn, transpose)
    np.testing.assert_allclose(fused(x).array, expected, rtol=1e-12, atol=1e-12)
    assert list(fused.state_dict()) == ["weight", "bias"] or sorted(fused.state_dict()) == ["bias", "weight"]
    assert all((conv.state_dict()[key].array == value).all() for key, value in before.items())


@pytest.mark.parametrize("channels, bias", [(6, True), (6, False), (1, True), (1, False)])
def test_linear(channels, bias):
    linear = nn.Linear(4, 6, bias=bias).double().eval()
    bn = norm(nn.BatchNorm1d, channels)
    x = tg.tensor(RNG.normal(size=(5, 4)))
    y = linear(x)
    expected = bn(y).array if channels == 6 else bn(y.unsqueeze(1)).squeeze(1).array
    np.testing.assert_allclose(fuse_linear_bn_eval(linear, bn)(x).array, expected, rtol=1e-12, atol=1e-12)


def test_dtypes_and_freezing_are_the_layers():
    conv = nn.Conv2d(1, 2, 3).half().eval()
    conv.weight.requires_grad_(False)
    fused = fuse_conv_bn_eval(conv, nn.BatchNorm2d(2).eval())
    assert fused.weight.dtype == fused.bias.dtype == np.float16
    assert not fused.weight.requires_grad and fused.bias.requires_grad


@pytest.mark.parametrize("call, error, text", [
    (lambda: fuse_conv_bn_eval(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2).eval()), ArgumentError, "Conv2d in training mode"),
    (lambda: fuse_conv_bn_eval(nn.Conv2d(1, 2, 3).eval(), nn.BatchNorm2d(2)), ArgumentError, "BatchNorm2d in training mode"),
    (lambda: fuse_conv_bn_eval(nn.Conv2d(1, 2, 3).eval(), nn.BatchNorm2d(2, track_running_stats=False).eval()),
     ArgumentError, "has no running statistics"),
    (lambda: fuse_conv_bn_eval(nn.Conv2d(1, 2, 3).eval(), nn.ReLU().eval()), ArgumentError, "ReLU is no batch norm"),
    (lambda: fuse_conv_bn_eval(nn.Conv2d(1, 2, 3).eval(), nn.BatchNorm2d(3).eval()), ShapeError,
     "a batch norm of 3 channels"),
    (lambda: fuse_conv_bn_eval(nn.ConvTranspose2d(2, 4, 3).eval(), nn.BatchNorm2d(4).eval()), ShapeError, "transpose=True"),
    (lambda: fuse_linear_bn_eval(nn.Linear(1, 2).eval(), nn.BatchNorm1d(3).eval()), ShapeError, "a layer of 2 features"),
])
def test_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_weights_alone():
    weight, bias = fuse_conv_bn_weights(tg.ones(2, 1, 1, 1), None, tg.zeros(2), tg.tensor([3.0, 8.0]), 1.0, None, None)
    assert isinstance(weight, nn.Parameter) and isinstance(bias, nn.Parameter)
    np.testing.assert_allclose(weight.array.ravel(), [0.5, 1 / 3], rtol=1e-6)
    assert bias.tolist() == [0.0, 0.0]


# -- without initial values --------------------------------------------------------------------------------------------


class Counted(nn.Linear):
    drawn = 0

    def reset_parameters(self):
        Counted.drawn += 1
        super().reset_parameters()


def test_skip_init():
    state = tg.random.get_rng_state()
    layer = skip_init(Counted, 3, out_features=4, device="cpu")
    assert type(layer) is Counted and not Counted.drawn and layer.weight.shape == (4, 3)
    assert str(tg.random.get_rng_state()) == str(state)
    layer.reset_parameters()
    assert Counted.drawn == 1
    lazy = skip_init(nn.LazyLinear, 3)
    assert lazy(tg.ones(2, 5)).shape == (2, 3) and type(lazy) is nn.Linear
    assert type(skip_init(nn.Conv2d, 1, 2, 3)) is nn.Conv2d


def test_skip_init_refuses():
    with pytest.raises(ArgumentError, match="is no class of modules"):
        skip_init(nn.Linear(1, 1))
    with pytest.raises(ArgumentError, match="there is no device 'cuda'"):
        skip_init(nn.Linear, 1, 1, device="cuda")
