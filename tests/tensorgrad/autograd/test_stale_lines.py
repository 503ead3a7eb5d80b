"""The error names the stale tensor, the op that kept it and the line that changed it; anomaly mode sees NumPy views too."""

from __future__ import annotations

import re
from typing import Any, Callable

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.autograd import Function, detect_anomaly, fingerprints, set_detect_anomaly
from tensorgrad.errors import StaleTensorError


def leaf(name: str | None = None) -> Tensor:
    return tg.tensor([1.0, 2.0], requires_grad=True, name=name)


def refused(y: Tensor) -> str:
    with pytest.raises(StaleTensorError) as caught:
        y.sum().backward()
    return str(caught.value)


# -- writes that the library makes -------------------------------------------------------------------------------------


def add(x: Tensor) -> None:
    x.add_(1)  # written here


def augmented(x: Tensor) -> None:
    x *= 2  # written here


def index(x: Tensor) -> None:
    x[0] = 5.0  # written here


def replace(x: Tensor) -> None:
    x.exp_()  # written here


def fill(x: Tensor) -> None:
    x.zero_()  # written here


def copy(x: Tensor) -> None:
    x.copy_(tg.ones(2))  # written here


def random(x: Tensor) -> None:
    x.uniform_()  # written here


def data(x: Tensor) -> None:
    x.data = np.zeros(2, np.float32)  # written here


def through_data(x: Tensor) -> None:
    x.data.mul_(3)  # written here


def view(x: Tensor) -> None:
    x.reshape(2, 1).add_(1)  # written here


def detached(x: Tensor) -> None:
    x.detach().add_(1)  # written here


def initialised(x: Tensor) -> None:
    nn.init.constant_(x, 3.0)  # written here


WRITES = [add, augmented, index, replace, fill, copy, random, data, through_data, view, detached, initialised]


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__)
def test_the_line_that_changed_an_input(write: Callable[[Tensor], None]) -> None:
    x = leaf("x")
    with tg.scope("conv1"):
        y = x * x
    with tg.no_grad():
        write(x)
    text = refused(y)
    assert text.startswith("backward: input 0 of conv1/mul was changed in place") and "tensor 'x'" in text
    assert re.search(rf"\n  Changed at .*test_stale_lines.py:\d+, in {write.__name__}: .*# written here\n", text), text
    assert "Used at" not in text


def test_the_line_that_changed_a_result() -> None:
    y = leaf().exp()
    with tg.no_grad():
        add(y)
    assert re.search(r"the result of exp.*\n  Changed at .*in add: x.add_\(1\)  # written here\n  Change a copy", refused(y))


def test_the_line_that_changed_what_a_function_saved() -> None:
    class Cube(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x ** 3

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad * 3 * x * x

    x = leaf("x")
    y = Cube.apply(x)
    with tg.no_grad():
        fill(x)
    assert re.search(r"a tensor that cube saved.*\n.*'x'\n  Changed at .*in fill: x.zero_\(\)", refused(y))


def test_an_optimizer_step_is_such_a_line() -> None:
    layer = nn.Linear(2, 1)
    optimizer = nn.optim.SGD(layer.parameters(), lr=0.1)
    hidden = tg.ones(1, 2) @ layer.weight.T
    losses = [(hidden * layer.weight.sum()).sum() for _ in range(2)]
    losses[0].backward(retain_graph=True)
    optimizer.step()  # too early
    x = layer.weight * layer.weight
    with tg.no_grad():
        augmented(layer.bias)
    x.sum().backward()  # the weight itself is as it was
    layer.zero_grad()
    loss = (layer.weight * layer.weight).sum()
    (layer.weight * 1).sum().backward()
    optimizer.step()  # between forward and backward
    assert re.search(r"Changed at .*: optimizer.step\(\)  # between forward and backward\n", refused(loss))


def test_anomaly_mode_adds_the_line_that_used_it() -> None:
    x = leaf("x")
    with detect_anomaly():
        y = x * x  # used here
    with tg.no_grad():
        add(x)
    assert re.search(r"Changed at .*in add.*\n  Used at .*: y = x \* x  # used here\n", refused(y))


# -- writes that nobody told it of -------------------------------------------------------------------------------------


def by_numpy(x: Tensor) -> None:
    x.numpy()[0] = 9  # given out


def by_asarray(x: Tensor) -> None:
    np.asarray(x)[0] = 9  # given out


def by_a_view_of_a_view(x: Tensor) -> None:
    x.reshape(2, 1).numpy()[1:][0] = 9  # given out


def by_out(x: Tensor) -> None:
    np.add(1, 1, out=x.detach().numpy())  # given out


VIEWS = [by_numpy, by_asarray, by_a_view_of_a_view, by_out]


@pytest.mark.parametrize("write", VIEWS, ids=lambda write: write.__name__)
def test_numpy_views_in_anomaly_mode(write: Callable[[Tensor], None]) -> None:
    x = leaf("x")
    with detect_anomaly():
        with tg.scope("conv1"):
            y = x * x  # used here
        write(x)
        text = refused(y)
    assert text.startswith("backward: input 0 of conv1/mul was changed after it was used, through a NumPy array over its")
    assert "tensor 'x'" in text
    assert re.search(rf"Given out as an array at .*:\d+, in {write.__name__}: .*# given out\n", text), text
    assert re.search(r"Used at .*: y = x \* x  # used here\n", text)


def test_a_view_of_a_result() -> None:
    with detect_anomaly():
        y = leaf().exp()
        by_numpy(y)
        assert re.match("backward: the result of exp was changed after it was used, through a NumPy array", refused(y))


def test_an_array_that_was_there_before() -> None:
    array = np.ones(2)
    x = Tensor(array, requires_grad=True)
    with detect_anomaly():
        y = x * x
        array[0] = 3
        text = refused(y)
    assert "through a NumPy array over its memory" in text and "Given out" not in text


def test_what_a_function_saved() -> None:
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            return grad * 2 * ctx.saved_tensors[0]

    x = leaf("x")
    with detect_anomaly():
        y = Square.apply(x)
        by_numpy(x)
        assert "saved tensor 0 of square was changed after it was used" in (text := refused(y))
        assert "tensor 'x'" in text and "y = Square.apply(x)" in text


def test_a_recorded_backward_pass_is_checked_too() -> None:
    x = leaf("x")
    with detect_anomaly():
        (first,) = tg.autograd.grad((x ** 3).sum(), x, create_graph=True)
        by_numpy(x)
        assert "was changed after it was used" in refused(first)


def test_reading_is_no_change_and_what_is_not_kept_may_change() -> None:
    x = leaf()
    with detect_anomaly():
        y = x * x
        float(y.numpy().sum())
        z = y + 1
        by_numpy(z)  # add keeps nothing
        z.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [2.0, 4.0]


def test_training_goes_on_undisturbed() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(), nn.Flatten(),
                        nn.Linear(8, 3))
    optimizer = nn.optim.Adam(net.parameters())
    with detect_anomaly():
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(tg.randn(4, 1, 6, 6)), tg.tensor([0, 1, 2, 0])).backward()
            optimizer.step()


def test_nothing_is_left_when_it_is_off() -> None:
    plain: Any = vars(Tensor)
    before = plain["numpy"], plain["__array__"]
    set_detect_anomaly(True)
    with detect_anomaly():
        assert plain["numpy"] is not before[0]
        by_numpy(leaf())
    assert plain["numpy"] is not before[0]
    set_detect_anomaly(False)
    assert (plain["numpy"], plain["__array__"]) == before and not fingerprints._given
    x = leaf()
    y = x * x
    by_numpy(x)
    y.sum().backward()  # as documented: it cannot be seen


def test_without_a_line_the_tensor_is_named_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "calling_line", lambda: None)
    x = leaf("weight")
    with detect_anomaly():
        y = x.exp()
        y.numpy()[:] = 7
        text = refused(y)
    assert "exp was changed after it was used" in text and "Used at" not in text and "Given out" not in text
