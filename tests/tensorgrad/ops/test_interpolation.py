"""interpolate: hand-worked images, exactness properties, layouts, and every error text."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError

IMAGE = Tensor(np.arange(16.0).reshape(1, 1, 4, 4))


@pytest.mark.parametrize("options, values", [
    ({"size": 6}, [0, 0, 1, 2, 2, 3]),
    ({"size": 6, "mode": "nearest-exact"}, [0, 1, 1, 2, 3, 3]),
    ({"scale_factor": 2, "mode": "linear"}, [0, .25, .75, 1.25, 1.75, 2.25, 2.75, 3]),
    ({"size": 7, "mode": "linear", "align_corners": True}, [0, .5, 1, 1.5, 2, 2.5, 3]),
    ({"size": 1, "mode": "linear", "align_corners": True}, [0]),
    ({"size": 2, "mode": "linear"}, [0.5, 2.5]),
    ({"size": 3, "mode": "area"}, [0.5, 1.5, 2.5]),
    ({"scale_factor": 1.3, "mode": "linear"}, [i / 26 for i in (0, 17, 37, 57, 77)]),
    ({"scale_factor": 1.3, "mode": "linear", "recompute_scale_factor": True}, [0, .7, 1.5, 2.3, 3]),
])
def test_a_line_by_hand(options, values):
    line = tg.interpolate(Tensor(np.arange(4.0).reshape(1, 1, 4)), **options)
    np.testing.assert_allclose(line.numpy()[0, 0], values, atol=1e-12)


def test_antialias_averages_what_shrinks():
    # Four to two: a triangle of half-width 2 about 1 and 3, that is weights 1 3 3 (1) / 8, cut off at the edge.
    found = tg.interpolate(IMAGE[:, :, :1], (1, 2), mode="bilinear", antialias=True)
    np.testing.assert_allclose(found.numpy().ravel(), [(3 * 0 + 3 * 1 + 1 * 2) / 7, (1 * 1 + 3 * 2 + 3 * 3) / 7], atol=1e-12)


@pytest.mark.parametrize("mode, axes", [("nearest", 2), ("area", 2), ("linear", 1), ("bilinear", 2), ("bicubic", 2),
                                        ("trilinear", 3)])
def test_a_constant_stays_constant_and_gradients_add_up(mode, axes):
    x = Tensor(np.full((2, 3, *(4, 5, 3)[:axes]), 1.5), requires_grad=True)
    y = tg.interpolate(x, (7, 3, 4)[:axes], mode=mode)
    np.testing.assert_allclose(y.numpy(), 1.5, rtol=1e-12)
    y.sum().backward()
    assert x.grad.numpy().sum() == pytest.approx(y.numel())  # the weights of every entry sum to 1


def test_the_same_size_changes_nothing():
    for mode in ("nearest", "nearest-exact", "area", "bilinear", "bicubic"):
        np.testing.assert_allclose(tg.interpolate(IMAGE, 4, mode=mode).numpy(), IMAGE.numpy(), atol=1e-12)
    # a factor that leaves the size as it is moves the samples of all modes but "nearest"
    np.testing.assert_array_equal(tg.interpolate(IMAGE, scale_factor=1.1).numpy(), IMAGE.numpy())


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_short_and_long_axes_by_the_same_rule(mode):
    """A matrix product for short axes, taps for long ones: a long image cut in two must not show it."""
    long = np.random.default_rng(0).normal(size=(1, 2, 3, 96))
    whole = tg.interpolate(long, scale_factor=2, mode=mode)
    half = tg.interpolate(long[..., :48], scale_factor=2, mode=mode)
    np.testing.assert_allclose(whole[..., :90], half[..., :90], rtol=1e-12)


def test_channels_last_stay_last():
    x = np.zeros((2, 80, 80, 3), np.float32).transpose(0, 3, 1, 2)
    for mode in ("nearest", "bilinear"):
        for size in (20, 100):
            out = tg.interpolate(x, size, mode=mode)
            assert out.strides[1] == 4 and out.dtype == np.float32
    assert tg.interpolate(x.astype(np.float16), 20, mode="bilinear").dtype == np.float16


def test_integers_pass_through_nearest():
    assert tg.interpolate(Tensor([[[1, 2]]]), size=4).tolist() == [[[1, 1, 2, 2]]]


@pytest.mark.parametrize("options, error, text", [
    ({}, ArgumentError, "interpolate: size=None and scale_factor=None(.|\n)*Give one of them."),
    ({"size": 2, "scale_factor": 2}, ArgumentError, "interpolate: size=2 and scale_factor=2"),
    ({"size": 2, "mode": "cubic"}, ArgumentError, "interpolate: mode='cubic' is unknown(.|\n)*bilinear"),
    ({"size": 2, "mode": "linear"}, ShapeError, "mode='linear' is for 1 image axes, the input has 2(.|\n)*'bicubic'"),
    ({"size": (2, 2, 2)}, ArgumentError, r"size=\(2, 2, 2\) has 3 values for 2 image axes(.|\n)*Give one, or 2."),
    ({"scale_factor": (2, 2, 2)}, ArgumentError, "has 3 values for 2 image axes"),
    ({"size": 2, "align_corners": False}, ArgumentError, "align_corners means nothing to mode='nearest'"),
    ({"size": 2, "antialias": True}, ArgumentError, "antialias=True means nothing to mode='nearest'"),
    ({"size": 2, "recompute_scale_factor": True}, ArgumentError, "recompute_scale_factor=True without a scale_factor"),
    ({"size": (0, 3)}, ShapeError, r"cannot resize \(4, 4\) to \(0, 3\)(.|\n)*Every axis needs an entry"),
    ({"scale_factor": 0.1}, ShapeError, r"cannot resize \(4, 4\) to \(0, 0\)"),
])
def test_errors(options, error, text):
    with pytest.raises(error, match=text):
        tg.interpolate(IMAGE, **options)


def test_errors_of_the_input():
    with pytest.raises(ShapeError, match=r"interpolate: the input has 2 axes(.|\n)*Use \(N, C, W\)"):
        tg.interpolate(Tensor(np.zeros((2, 2))), 3)
    with pytest.raises(DtypeError, match="mode='bilinear' of int64 values gives fractions(.|\n)*x.float"):
        tg.interpolate(Tensor(np.zeros((1, 1, 2, 2), int)), 3, mode="bilinear")
