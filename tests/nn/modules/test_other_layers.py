"""Dropout, embedding, padding and upsampling layers: values, modes, texts, errors."""

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError, RangeError, ShapeError

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)
SHAPES = {nn.Dropout1d: (6, 50, 7), nn.Dropout3d: (6, 50, 3, 3, 2)}


# -- dropout -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", DROPOUTS)
def test_dropout_acts_in_training_mode_only_and_is_seeded(kind):
    x, layer = tg.ones(*SHAPES.get(kind, (6, 50, 4, 4))), kind(0.3)
    tg.random.manual_seed(1)
    first = layer(x).numpy()
    tg.random.manual_seed(1)
    assert np.array_equal(first, layer(x).numpy()) and not np.array_equal(first, layer(x).numpy())
    kept = first.max()
    assert abs((first == kept).mean() - 0.7) < 0.1
    assert np.array_equal(layer.eval()(x).numpy(), x.numpy())
    if kind not in (nn.Dropout, nn.AlphaDropout):
        assert all(len(np.unique(channel)) == 1 for image in first for channel in image)
    if kind not in (nn.AlphaDropout, nn.FeatureAlphaDropout):
        assert set(np.unique(first)) == {0, np.float32(1 / 0.7)}


def test_dropout_limits():
    x = tg.ones(3)
    assert nn.Dropout(0)(x).tolist() == [1, 1, 1] and nn.Dropout(1)(x).tolist() == [0, 0, 0]
    assert repr(nn.Dropout2d(0.2, True)) == "Dropout2d(p=0.2, inplace=True)"
    for p in (-0.1, 1.5, "half", float("nan")):
        with pytest.raises(ArgumentError, match=f"Dropout: p={p!r} is no probability.\n  Use a number from 0 to 1"):
            nn.Dropout(p)


# -- embedding ---------------------------------------------------------------------------------------------------------


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
    (lambda: nn.Embedding.from_pretrained([1.0]), ShapeError, "a table has 2 axes\n.*\n  Pass"),
    (lambda: nn.Embedding(5, 2)(tg.tensor([7])), RangeError, "7"),
])
def test_embedding_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


# -- padding -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer, row", [
    (nn.ZeroPad1d((1, 2)), [0, 1, 2, 3, 0, 0]),
    (nn.ConstantPad1d((2, -1), 7), [7, 7, 1, 2]),
    (nn.ReflectionPad1d(2), [3, 2, 1, 2, 3, 2, 1]),
    (nn.ReplicationPad1d((2, 0)), [1, 1, 1, 2, 3]),
    (nn.CircularPad1d((1, 2)), [3, 1, 2, 3, 1, 2]),
])
def test_padding_of_signals(layer, row):
    assert layer(tg.tensor([[1, 2, 3]])).tolist() == [row]


@pytest.mark.parametrize("kind", ["Zero", "Reflection", "Replication", "Circular", "Constant"])
@pytest.mark.parametrize("spatial", [2, 3])
def test_padding_goes_from_the_last_axis_to_the_first(kind, spatial):
    layer = getattr(nn, f"{kind}Pad{spatial}d")
    value = (1.0,) if kind == "Constant" else ()
    x = tg.randn(2, 3, 5, 6, 7) if spatial == 3 else tg.randn(2, 3, 6, 7)
    out = layer((1, 0, 2, 3, 1, 1)[:2 * spatial], *value)(x)
    assert out.shape == ((2, 3, 7, 11, 8) if spatial == 3 else (2, 3, 11, 8))
    assert layer(1, *value)(x[0]).shape == (3, *(n + 2 for n in x.shape[2:]))


def test_padding_texts_and_errors():
    assert repr(nn.ZeroPad2d(1)) == "ZeroPad2d((1, 1, 1, 1))"
    assert repr(nn.ConstantPad1d(1, 3.5)) == "ConstantPad1d(padding=(1, 1), value=3.5)"
    with pytest.raises(ArgumentError, match=r"ZeroPad2d: padding=\(1, 2\) makes .*\n  Use an integer, or .left, right"):
        nn.ZeroPad2d((1, 2))
    with pytest.raises(ArgumentError, match="ReflectionPad1d: padding=1.5 makes no sense here"):
        nn.ReflectionPad1d(1.5)
    with pytest.raises(ShapeError, match=r"ZeroPad2d: expects 3 or 4 axes\n.*\n  Use \(N, C, H, W\), or the same without N"):
        nn.ZeroPad2d(1)(tg.zeros(3, 3))


# -- upsampling --------------------------------------------------------------------------------------------------------


def test_upsampling():
    x = tg.tensor([[[[1.0, 3.0]]]])
    assert nn.Upsample(scale_factor=2)(x).tolist() == [[[[1, 1, 3, 3], [1, 1, 3, 3]]]]
    assert nn.UpsamplingNearest2d(size=(1, 4))(x).tolist() == [[[[1, 1, 3, 3]]]]
    assert nn.UpsamplingBilinear2d(size=(1, 3))(x).tolist() == [[[[1, 2, 3]]]]
    assert nn.Upsample((1, 4), mode="bilinear")(x).tolist() == [[[[1, 1.5, 2.5, 3]]]]
    assert repr(nn.Upsample(scale_factor=2, mode="bilinear")) == "Upsample(scale_factor=2, mode='bilinear')"
    for options in ({}, {"size": 4, "scale_factor": 2}):
        with pytest.raises(ArgumentError, match="Upsample: size=.* and scale_factor=.*\n  Pass one of them"):
            nn.Upsample(**options)


def test_pixel_shuffle():
    x = tg.tensor(np.arange(16).reshape(1, 4, 2, 2))
    out = nn.PixelShuffle(2)(x)
    assert out.tolist() == [[[[0, 4, 1, 5], [8, 12, 9, 13], [2, 6, 3, 7], [10, 14, 11, 15]]]]
    assert nn.PixelUnshuffle(2)(out).tolist() == x.tolist()
    assert repr(nn.PixelShuffle(2)) == "PixelShuffle(upscale_factor=2)"
    assert nn.ChannelShuffle(3)(tg.arange(6).reshape(1, 6, 1)).flatten().tolist() == [0, 2, 4, 1, 3, 5]
    with pytest.raises(ArgumentError, match="ChannelShuffle: groups=0 makes no sense"):
        nn.ChannelShuffle(0)
    with pytest.raises(ArgumentError, match="PixelShuffle: upscale_factor=0 makes no sense"):
        nn.PixelShuffle(0)
    with pytest.raises(ArgumentError, match="PixelUnshuffle: downscale_factor=1.5 makes no sense"):
        nn.PixelUnshuffle(1.5)
