"""pad: hand-worked borders and their gradients, dtypes, and every error text."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, ShapeError

LINE = [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize("mode, pads, values, gradient", [
    ("constant", (2, 1), [0, 0, 0, 1, 2, 3, 0], [1, 1, 1, 1]),
    ("reflect", (3, 2), [3, 2, 1, 0, 1, 2, 3, 2, 1], [1, 3, 3, 2]),
    ("replicate", (3, 2), [0, 0, 0, 0, 1, 2, 3, 3, 3], [4, 1, 1, 3]),
    ("circular", (4, 1), [0, 1, 2, 3, 0, 1, 2, 3, 0], [3, 2, 2, 2]),
    ("constant", (-1, -2), [1], [0, 1, 0, 0]),
    ("constant", (2, -4), [0, 0], [0, 0, 0, 0]),
    ("reflect", (-2, 3), [2, 3, 2, 1, 0], [1, 1, 2, 1]),
    ("circular", (-2, 2), [2, 3, 2, 3], [0, 0, 2, 2]),
])
def test_borders_by_hand(mode, pads, values, gradient):
    x = Tensor(LINE, requires_grad=True)
    y = tg.pad(x, pads, mode)
    np.testing.assert_array_equal(y.numpy(), values)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), gradient)


def test_corners_of_a_reflected_image():
    image = Tensor([[[1.0, 2.0], [3.0, 4.0]]], requires_grad=True)
    padded = tg.pad(image, (1, 1, 1, 1), mode="reflect")
    np.testing.assert_array_equal(padded.numpy()[0], [[4, 3, 4, 3], [2, 1, 2, 1], [4, 3, 4, 3], [2, 1, 2, 1]])
    padded.sum().backward()
    np.testing.assert_array_equal(image.grad.numpy(), [[[4, 4], [4, 4]]])


def test_dtype_and_layout_stay():
    assert tg.pad(Tensor([1, 2]), (1, 1), value=7).dtype == np.int64
    assert tg.pad(Tensor([True]), (1, 0)).tolist() == [False, True]
    channels_last = np.zeros((2, 5, 5, 3), np.float32).transpose(0, 3, 1, 2)
    for mode in ("constant", "reflect"):
        padded = tg.pad(channels_last, (1, 1, 1, 1), mode)
        assert padded.dtype == np.float32 and padded.strides[1] == 4


def test_nothing_to_pad_is_a_copy():
    x = Tensor(LINE)
    assert not np.may_share_memory(tg.pad(x, (0, 0)).array, x.array)
    assert tg.pad(Tensor(1.0), ()).item() == 1.0


@pytest.mark.parametrize("pads, options, error, text", [
    ((1, 1), {"mode": "mirror"}, ArgumentError, "pad: mode='mirror' is unknown(.|\n)*'reflect', 'replicate' or 'circular'"),
    ((1, 1), {"mode": "reflect", "value": 2.0}, ArgumentError,
     "pad: mode='reflect' takes its borders from the input, not from value=2.0"),
    ((1,), {}, ArgumentError, "pad: 1 pads given, and an axis needs two"),
    ((1,) * 6, {}, ShapeError, r"pad: 6 pads are for 3 axes\n    input  \(2, 4\) float64\n  Give at most 4."),
    ((-3, -2), {}, ShapeError, "pad: pads of -3 and -2 take away more than the 4 entries of axis 1(.|\n)*Take at most 4."),
    ((4, 0), {"mode": "reflect"}, ShapeError,
     "pad: mode='reflect' cannot make a border of 4 from the 4 entries of axis 1(.|\n)*Use at most 3."),
    ((0, 0, 0, 2), {"mode": "reflect"}, ShapeError, "a border of 2 from the 2 entries of axis 0(.|\n)*Use at most 1."),
    ((0, 5), {"mode": "circular"}, ShapeError, "a border of 5 from the 4 entries of axis 1(.|\n)*Use at most 4."),
    ((3, -2), {"mode": "circular"}, ShapeError, "a border of 3 from the 2 entries of axis 1(.|\n)*Use at most 2."),
])
def test_errors(pads, options, error, text):
    with pytest.raises(error, match=text):
        tg.pad(Tensor(np.zeros((2, 4))), pads, **options)


def test_nothing_to_replicate():
    with pytest.raises(ShapeError, match="mode='replicate' cannot make a border of 1 from the 0 entries of axis 0"):
        tg.pad(Tensor(np.zeros(0)), (1, 0), mode="replicate")
    assert tg.pad(Tensor(np.zeros(0)), (1, 0)).shape == (1,)
