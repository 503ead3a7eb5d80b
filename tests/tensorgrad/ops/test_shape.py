"""reshape, permute and their relatives: views, calls, and every error text."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import RangeError, ShapeError


@pytest.fixture
def x() -> Tensor:
    return Tensor(np.arange(24.0).reshape(2, 3, 4))


def test_views_share_memory(x):
    for y in (x.view(6, 4), x.flatten(), x.permute(2, 0, 1), x.T, x.mT, x.unsqueeze(0), x.movedim(0, 2),
              x.unflatten(2, (2, 2)), x.expand(5, 2, 3, 4)):
        assert np.may_share_memory(x.array, y.array)


def test_ways_to_call(x):
    assert x.reshape(6, -1).shape == x.reshape((6, -1)).shape == x.view([6, 4]).shape == (6, 4)
    assert x.permute(2, 0, 1).shape == x.permute((2, 0, 1)).shape == (4, 2, 3)
    assert x.expand(1, -1, -1, -1).shape == x.expand((1, 2, 3, 4)).shape == (1, 2, 3, 4)
    assert x.transpose(0, -1).shape == x.swapaxes(0, 2).shape == x.T.shape == (4, 3, 2)
    assert x[0].t().shape == x[0].T.shape == x[0].mT.shape == (4, 3) and x[0, 0].t().shape == (4,)
    assert x.view_as(Tensor(np.zeros((4, 6)))).shape == x.reshape_as(Tensor(np.zeros((4, 6)))).shape == (4, 6)
    assert tg.movedim(Tensor(1.0), (), ()).shape == () and tg.squeeze(Tensor(1.0), 0).shape == ()
    assert tg.squeeze(Tensor(np.zeros((1, 2, 1))), (0, 1)).shape == (2, 1)


@pytest.mark.parametrize("call, error, text", [
    (lambda x: x.reshape(5, 5), ShapeError, r"reshape: cannot give 24 entries the shape \(5, 5\)(.|\n)*has 25 entries"),
    (lambda x: x.reshape(5, -1), ShapeError, "24 is no multiple of 5"),
    (lambda x: x.reshape(-1, -1), ShapeError, "At most one length may be -1"),
    (lambda x: x.flatten(2, 1), ShapeError, "flatten: start_dim=2 comes after end_dim=1"),
    (lambda x: x.flatten(3), RangeError, "flatten: dim=3 is no axis"),
    (lambda x: x.unflatten(1, (2, 2)), ShapeError, r"unflatten: axis 1, of 3 entries, cannot have the lengths \(2, 2\)"),
    (lambda x: x.unflatten(1, (-1, 2)), ShapeError, "unflatten: axis 1"),
    (lambda x: x.unflatten(1, (-1, -1)), ShapeError, "at most one may be -1"),
    (lambda x: x[0, 0, 0].unflatten(0, (1, 1)), RangeError, "unflatten: a tensor without axes has none to split"),
    (lambda x: x.permute(0, 1), ShapeError, r"permute: \(0, 1\) is no order of 3 axes(.|\n)*Name each of 0 to 2 once."),
    (lambda x: x.permute(0, 1, 1), ShapeError, "permute: "),
    (lambda x: x.transpose(0, 3), RangeError, "transpose: dim=3 is no axis"),
    (lambda x: x.t(), ShapeError, "t: the input has 3 axes, a matrix has two(.|\n)*x.mT"),
    (lambda x: x[0, 0].mT, ShapeError, r"mT: the input has 1 axes, a matrix has two(.|\n)*unsqueeze\(0\)"),
    (lambda x: x.movedim((0, 1), 2), ShapeError, "movedim: 2 axes cannot go to 1 places"),
    (lambda x: x.movedim((0, 0), (1, 2)), ShapeError, r"movedim: dim=\(0, 0\) names an axis twice"),
    (lambda x: x.movedim(3, 0), RangeError, "movedim: dim=3 is no axis"),
    (lambda x: x.unsqueeze(4), RangeError, "unsqueeze: dim=4 is no place for a new axis(.|\n)*Use -4 to 3."),
    (lambda x: x.expand(2, 3, 5), ShapeError, r"expand: cannot repeat to \(2, 3, 5\)(.|\n)*Only axes of length 1"),
])
def test_errors(x, call, error, text):
    with pytest.raises(error, match=text):
        call(x)
