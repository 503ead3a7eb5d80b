"""Parts of one tensor: their gradients are laid into one array, once; splits and windows refuse what does not fit."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError
from tensorgrad.ops import parts


@pytest.fixture
def assembled(monkeypatch):
    """The number of pieces in each array that is put together."""
    counts = []
    forward = parts.Assemble.forward

    def counted(self, *arrays):
        counts.append(len(arrays))
        return forward(self, *arrays)

    monkeypatch.setattr(parts.Assemble, "forward", counted)
    return counts


def test_rows_are_put_together_once(assembled):
    x = Tensor(np.arange(12.0).reshape(6, 2), requires_grad=True)
    sum(row.sum() * i for i, row in enumerate(x)).backward()
    assert assembled == [6]
    np.testing.assert_array_equal(x.grad.numpy(), np.repeat(np.arange(6.0), 2).reshape(6, 2))


def test_parts_that_are_not_used_get_zeros(assembled):
    x = Tensor(np.ones((5, 2)), requires_grad=True)
    first, second, _ = x.split(2)
    (first.sum() + (second * second * 3).sum() + x.sum()).backward()
    assert assembled == [2]
    np.testing.assert_array_equal(x.grad.numpy()[:, 0], [2, 2, 7, 7, 1])


def test_two_backward_passes_over_one_graph():
    x = Tensor(np.ones(4), requires_grad=True)
    a, b = x.chunk(2)
    y = (a * b).sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 2, 2, 2])


def test_parts_are_views():
    x = Tensor(np.zeros((2, 2)))
    x.unbind()[1].fill_(5)
    x.tensor_split(2, 1)[0].add_(1)
    x.unfold(0, 2, 1)[0, 1].add_(10)
    assert x.tolist() == [[1, 10], [6, 15]]


def test_parts_that_overlap_add_up():
    x = Tensor(np.ones(4), requires_grad=True)
    sum(part.sum() for part in x.tensor_split((3, 1))).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [1, 2, 2, 1])


x = Tensor(np.zeros((4, 3)))


@pytest.mark.parametrize("call, error, text", [
    (lambda: x.tensor_split(0), ArgumentError, "tensor_split: cannot make 0 parts"),
    (lambda: x.tensor_split(2.5), DtypeError, "split: 2.5 is no number of parts"),
    (lambda: x.hsplit(2), ShapeError, "hsplit: axis 1, of 3 entries, has no 2 equal parts(.|\n)*Use tensor_split"),
    (lambda: x.dsplit(1), ShapeError, "dsplit: the input has 2 axes, at least 3 are needed"),
    (lambda: x.unfold(1, 4, 1), RangeError, "unfold: a window of 4 is longer than axis 1, which has 3(.|\n)*at most 3"),
    (lambda: x.unfold(1, 2, 0), ArgumentError, "unfold: size=2 and step=0 make no windows"),
    (lambda: x.rot90(1, (0,)), ArgumentError, r"rot90: dims=\(0,\) are not two axes"),
    (lambda: Tensor([1.0]).rot90(), ShapeError, "rot90: the input has 1 axes, at least 2 are needed"),
    (lambda: Tensor([1.0]).fliplr(), ShapeError, "fliplr: the input has 1 axes"),
    (lambda: Tensor(1.0).flipud(), ShapeError, "flipud: the input has no axes"),
    (lambda: x.roll(()), ArgumentError, "roll: no shifts are given"),
    (lambda: x.diff(-1), ArgumentError, "diff: n=-1 is negative"),
    (lambda: x.narrow(0, Tensor(True), 1), DtypeError, "narrow: the start is no integer"),
    (lambda: tg.hstack([]), ArgumentError, "hstack: the list of tensors is empty"),
    (lambda: tg.broadcast_tensors(x, Tensor([1.0, 2.0])), ShapeError, "broadcast_tensors: the shapes cannot be broadcast"),
    (lambda: x.H.unsqueeze(0).H, ShapeError, "H: the input has 3 axes(.|\n)*Use x.mH"),
])
def test_error_texts(call, error, text):
    with pytest.raises(error, match=text):
        call()
