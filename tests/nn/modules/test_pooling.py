"""Pooling layers: hand-worked values, options, texts, errors."""

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError, ShapeError

IMAGE = tg.tensor(np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4))


def test_by_hand():
    assert nn.MaxPool2d(2)(IMAGE).tolist() == [[[[5, 7], [13, 15]]]]
    assert nn.AvgPool2d(2)(IMAGE).tolist() == [[[[2.5, 4.5], [10.5, 12.5]]]]
    assert nn.AvgPool2d(2, divisor_override=1)(IMAGE).tolist() == [[[[10, 18], [42, 50]]]]
    values, where = nn.MaxPool2d(2, return_indices=True)(IMAGE)
    assert where.tolist() == [[[[5, 7], [13, 15]]]] and values.tolist() == where.tolist()


def test_padding_never_wins_and_counts_if_told():
    image = tg.full((1, 1, 2, 2), -4.0)
    assert nn.MaxPool2d(3, 1, 1)(image).tolist() == [[[[-4, -4], [-4, -4]]]]
    assert nn.AvgPool2d(2, 2, 1)(image).tolist() == [[[[-1, -1], [-1, -1]]]]
    assert nn.AvgPool2d(2, 2, 1, count_include_pad=False)(image).tolist() == [[[[-4, -4], [-4, -4]]]]


@pytest.mark.parametrize("spatial", [1, 2, 3])
def test_shapes(spatial):
    size, small = (7, 6, 5)[:spatial], (3, 2, 5)[:spatial]
    x = tg.randn(2, 3, *size)
    for name in ("MaxPool", "AvgPool"):
        layer = getattr(nn, f"{name}{spatial}d")
        assert layer(2)(x).shape == (2, 3, *(n // 2 for n in size))
        assert layer(2, ceil_mode=True)(x).shape == (2, 3, *(-(-n // 2) for n in size))
        assert layer(3, stride=1, padding=1)(x[0]).shape == (3, *size)
    for name in ("AdaptiveAvgPool", "AdaptiveMaxPool"):
        layer = getattr(nn, f"{name}{spatial}d")
        assert layer(small)(x).shape == (2, 3, *small) and layer(1)(x).shape == (2, 3, *[1] * spatial)
    assert getattr(nn, f"AdaptiveMaxPool{spatial}d")(small, return_indices=True)(x)[1].shape == (2, 3, *small)


def test_adaptive_pools_keep_an_axis_for_none():
    assert nn.AdaptiveAvgPool2d((None, 2))(IMAGE).shape == (1, 1, 4, 2)
    assert nn.AdaptiveAvgPool2d(1)(IMAGE).item() == 7.5 and nn.AdaptiveMaxPool2d(1)(IMAGE).item() == 15


@pytest.mark.parametrize("spatial", [1, 2, 3])
def test_unpooling_puts_winners_back(spatial):
    x = abs(tg.randn(2, 3, *(7, 6, 5)[:spatial])) + 1
    values, where = getattr(nn, f"MaxPool{spatial}d")(2, return_indices=True)(x)
    back = getattr(nn, f"MaxUnpool{spatial}d")(2)(values, where, output_size=x.shape)
    assert back.shape == x.shape and (back.numpy() > 0).sum() == values.numel()
    assert np.array_equal(back.numpy()[back.numpy() > 0], x.numpy()[back.numpy() > 0])


def test_texts():
    assert repr(nn.MaxUnpool2d(2)) == "MaxUnpool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))"
    assert repr(nn.MaxPool2d(2)) == "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"
    assert repr(nn.AvgPool3d(3, 1, (0, 1, 1))) == "AvgPool3d(kernel_size=3, stride=1, padding=(0, 1, 1))"
    assert repr(nn.AdaptiveAvgPool2d((1, None))) == "AdaptiveAvgPool2d(output_size=(1, None))"


@pytest.mark.parametrize("call, error, text", [
    (lambda: nn.MaxPool2d(0), ArgumentError, "MaxPool2d: kernel_size=0 makes no sense here\n  Use an integer ≥ 1"),
    (lambda: nn.MaxPool1d((2, 2)), ArgumentError, r"MaxPool1d: kernel_size=\(2, 2\) makes no sense here"),
    (lambda: nn.AvgPool3d(2, stride=-1), ArgumentError, "AvgPool3d: stride=-1 makes no sense"),
    (lambda: nn.AvgPool2d(2, divisor_override=0), ArgumentError, "AvgPool2d: divisor_override=0 makes no sense"),
    (lambda: nn.MaxUnpool2d(0), ArgumentError, "MaxUnpool2d: kernel_size=0 makes no sense"),
    (lambda: nn.AdaptiveAvgPool2d(-1), ArgumentError, "AdaptiveAvgPool2d: output_size=.* makes no sense here"),
    (lambda: nn.Sequential(nn.MaxPool2d(5))(IMAGE), ShapeError, r"^0 \(MaxPool2d\): max_pool2d: kernel 5×5 is larger"),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
