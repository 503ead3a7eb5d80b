"""Upsampling layers: values, texts, errors."""

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError


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
