"""Dropout layers: modes, seeds, shares, texts, errors."""

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)
SHAPES = {nn.Dropout1d: (6, 50, 7), nn.Dropout3d: (6, 50, 3, 3, 2)}


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
