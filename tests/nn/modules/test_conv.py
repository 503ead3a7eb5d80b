"""Convolution layers: hand-worked values, paddings, shapes, texts, errors."""

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError, ShapeError


def with_ones(layer):
    for parameter in layer.parameters():
        nn.init.ones_(parameter)
    return layer


def test_by_hand():
    layer = with_ones(nn.Conv2d(1, 1, 2))
    image = tg.tensor(np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3))
    assert layer(image).tolist() == [[[[9.0, 13.0], [21.0, 25.0]]]]
    assert with_ones(nn.ConvTranspose2d(1, 1, 2, bias=False))(image[:, :, :2, :2]).tolist() == [
        [[[0.0, 1.0, 1.0], [3.0, 8.0, 5.0], [3.0, 7.0, 4.0]]]]


@pytest.mark.parametrize("mode, first, last", [("zeros", 1, 3), ("reflect", 2, 4), ("replicate", 1, 5), ("circular", 3, 3)])
def test_padding_modes(mode, first, last):
    layer = with_ones(nn.Conv1d(1, 1, 3, padding=1, padding_mode=mode, bias=False))
    assert layer(tg.tensor([[0.0, 1.0, 2.0]])).tolist() == [[first, 3.0, last]]


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("spatial", [1, 2, 3])
def test_padding_modes_keep_the_size_and_pad_the_right_axes(mode, spatial):
    kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[spatial - 1]
    layer = kind(2, 3, (3, 5, 1)[:spatial], padding=(1, 2, 0)[:spatial], padding_mode=mode)
    size = (5, 6, 4)[:spatial]
    assert layer(tg.randn(2, 2, *size)).shape == (2, 3, *size)
    assert layer(tg.randn(2, *size)).shape == (3, *size)


@pytest.mark.parametrize("mode", ["zeros", "replicate"])
def test_same_and_uneven_padding(mode):
    layer = nn.Conv2d(1, 1, (2, 3), padding="same", padding_mode=mode)
    assert layer(tg.zeros(1, 1, 5, 6)).shape == (1, 1, 5, 6)
    assert nn.Conv2d(1, 1, 3, stride=2, padding="same", padding_mode=mode)(tg.zeros(1, 1, 5, 6)).shape == (1, 1, 3, 3)
    uneven = nn.Conv2d(1, 1, 3, padding=((1, 0), (0, 2)), padding_mode=mode)
    assert uneven(tg.zeros(1, 1, 5, 6)).shape == (1, 1, 4, 6) and uneven.padding == ((1, 0), (0, 2))
    assert nn.Conv2d(1, 1, 3, padding="valid", padding_mode=mode)(tg.zeros(1, 1, 5, 6)).shape == (1, 1, 3, 4)


def test_shapes_of_parameters():
    assert nn.Conv2d(4, 6, (3, 5), groups=2).weight.shape == (6, 2, 3, 5)
    layer = nn.ConvTranspose2d(4, 6, (3, 5), groups=2)
    assert layer.weight.shape == (4, 3, 3, 5) and layer.bias.shape == (6,)
    assert list(nn.Conv1d(1, 1, 1, bias=False, dtype="float64").state_dict()) == ["weight"]


def test_output_size_chooses_the_output_padding():
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1)
    small = tg.zeros(2, 1, 4, 5)
    assert layer(small).shape == (2, 1, 7, 9)
    assert layer(small, output_size=(8, 9)).shape == layer(small, output_size=(2, 1, 8, 9)).shape == (2, 1, 8, 9)
    assert nn.ConvTranspose2d(1, 1, 3, 2, 1, output_padding=1)(small).shape == (2, 1, 8, 10)
    with pytest.raises(ShapeError, match=r"the result cannot have the size \(9, 9\)\n.*\n  Ask for a size from \(7, 9\) to"):
        layer(small, output_size=(9, 9))
    with pytest.raises(ShapeError, match="the result cannot have the size"):
        layer(small, output_size=(8,))


def test_texts():
    assert repr(nn.Conv2d(3, 8, 3)) == "Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))"
    assert repr(nn.Conv2d(4, 8, (3, 5), 2, "same", 2, 4, False, "reflect")) == (
        "Conv2d(4, 8, kernel_size=(3, 5), stride=(2, 2), padding=same, dilation=(2, 2), groups=4, bias=False, "
        "padding_mode=reflect)")
    assert repr(nn.ConvTranspose1d(4, 8, 3, 2, 1, 1)) == (
        "ConvTranspose1d(4, 8, kernel_size=(3,), stride=(2,), padding=(1,), output_padding=(1,))")


@pytest.mark.parametrize("call, error, text", [
    (lambda: nn.Conv2d(0, 1, 1), ArgumentError, "Conv2d: in_channels=0 makes no sense here.\n  Use an integer ≥ 1"),
    (lambda: nn.Conv2d(3, 4, 3, groups=2), ArgumentError, "Conv2d: in_channels=3 is not divisible by groups=2.\n"
                                                          "  Use in_channels=2 or 4, or another groups"),
    (lambda: nn.Conv2d(4, 1, 3, groups=2), ArgumentError, "out_channels=1 is not divisible by groups=2.\n"
                                                          "  Use out_channels=2, or"),
    (lambda: nn.Conv2d(1, 1, -3), ArgumentError, "Conv2d: kernel_size=-3 makes no sense here\n  Use an integer ≥ 1"),
    (lambda: nn.Conv2d(1, 1, (3, 3, 3)), ArgumentError, r"Conv2d: kernel_size=\(3, 3, 3\) makes no sense"),
    (lambda: nn.Conv3d(1, 1, 3, stride=0), ArgumentError, "Conv3d: stride=0 makes no sense"),
    (lambda: nn.Conv1d(1, 1, 3, padding=-1), ArgumentError, "Conv1d: padding=-1 makes no sense here\n  Use an integer ≥ 0"),
    (lambda: nn.Conv1d(1, 1, 3, padding="full"), ArgumentError, "Conv1d: padding='full' is no way to pad"),
    (lambda: nn.Conv1d(1, 1, 3, padding_mode="wrap"), ArgumentError, "Conv1d: padding_mode='wrap' is not known.\n  Use"),
    (lambda: nn.ConvTranspose2d(1, 1, 3, padding="same"), ArgumentError, "padding='same' is not defined for transposed"),
    (lambda: nn.ConvTranspose2d(1, 1, 3, padding_mode="reflect"), ArgumentError, "padding_mode='reflect' is not defined"),
    (lambda: nn.ConvTranspose2d(1, 1, 3, 2, output_padding=2), ArgumentError, "output_padding=2 is as large as stride and "
                                                                              r"dilation.\n  Use less than \(2, 2\)"),
    (lambda: nn.Conv2d(3, 1, 3, padding=1, padding_mode="reflect")(tg.zeros(5, 5)), ShapeError,
     r"Conv2d: the input has to have 4 axes\n.*\n  \(N, C, H, W\); 3 without a batch"),
    (lambda: nn.Sequential(nn.Conv2d(3, 1, 3))(tg.zeros(1, 4, 5, 5)), ShapeError, r"^0 \(Conv2d\): conv2d: "),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
