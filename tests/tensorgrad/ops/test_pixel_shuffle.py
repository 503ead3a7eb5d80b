"""pixel_shuffle, pixel_unshuffle, channel_shuffle: they undo each other; every error text."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, ShapeError


def test_they_undo_each_other():
    x = np.random.default_rng(0).normal(size=(2, 12, 3, 5))
    np.testing.assert_array_equal(tg.pixel_unshuffle(tg.pixel_shuffle(Tensor(x), 2), 2).numpy(), x)
    np.testing.assert_array_equal(tg.channel_shuffle(tg.channel_shuffle(Tensor(x), 3), 4).numpy(), x)


def test_errors():
    x = Tensor(np.zeros((2, 6, 4, 5)))
    with pytest.raises(ShapeError, match="pixel_shuffle: 6 channels are no multiple of 2² = 4(.|\n)*Use 4 channels."):
        tg.pixel_shuffle(x, 2)
    with pytest.raises(ShapeError, match="pixel_unshuffle: an image of 4 × 5 has no whole blocks of 2 × 2(.|\n)*Use 4 × 4."):
        tg.pixel_unshuffle(x, 2)
    with pytest.raises(ShapeError, match="channel_shuffle: 6 channels do not make 4 groups"):
        tg.channel_shuffle(x, 4)
    with pytest.raises(ArgumentError, match="pixel_shuffle: upscale_factor=0(.|\n)*Use 1 or more."):
        tg.pixel_shuffle(x, 0)
    with pytest.raises(ShapeError, match="pixel_unshuffle: the input has 2 axes"):
        tg.pixel_unshuffle(Tensor(np.zeros((2, 2))), 2)
