"""Padding layers: values, order of the sides, texts, errors."""

import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError, ShapeError


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
