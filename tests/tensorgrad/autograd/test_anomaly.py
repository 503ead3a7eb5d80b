"""Anomaly mode names the op that made the first NaN or infinity, its layer and the line that called it."""

from __future__ import annotations

import numpy as np
import pytest

import nn
import tensorgrad
from tensorgrad.autograd import (Function, anomaly, detect_anomaly, is_anomaly_enabled, set_detect_anomaly)
from tensorgrad.errors import AnomalyError


def tensor(*values, requires_grad=True):
    return tensorgrad.tensor(values, requires_grad=requires_grad)


class Log(nn.Module):
    def forward(self, x):
        return x.log()  # here


def test_forward_names_op_layer_line_and_ranges():
    model = nn.Sequential(nn.ReLU(), Log(), nn.Tanh())
    with detect_anomaly(), pytest.raises(AnomalyError) as caught:
        model(tensor(2.0, -1.0))
    text = str(caught.value)
    assert text.startswith("1/log: made 1 infinite of 2 entries of finite numbers")
    assert "test_anomaly.py:" in text and "in forward: return x.log()  # here" in text
    assert "from 0 to 2" in text and "keep the input away from 0" in text


@pytest.mark.parametrize("recorded", [True, False])
def test_the_first_op_is_named_not_those_that_pass_it_on(recorded):
    x = tensor(1.0, 0.0, requires_grad=recorded)
    with detect_anomaly(), pytest.raises(AnomalyError, match="^div: made 1 NaN of 2"):
        (x - x * 1).div(x * tensor(1.0, 0.0)).exp().sum()


def test_not_finite_input_is_nobodys_fault():
    x = tensor(np.inf, 1.0)
    mask = tensorgrad.tensor([True, False])
    with detect_anomaly():
        assert (x * 2).sum().item() == np.inf
        tensor(1.0, 2.0).masked_fill(mask, -np.inf).softmax(0).sum().backward()


def test_backward_names_the_rule_and_the_line_of_its_op():
    x = tensor(0.0, 4.0)
    with detect_anomaly():
        y = x.sqrt()  # the slope is infinite at 0
        with pytest.raises(AnomalyError) as caught:
            y.sum().backward()
    text = str(caught.value)
    assert text.startswith("backward of sqrt: the gradient of input 0 has 1 infinite of 2 entries, the incoming one has not")
    assert "y = x.sqrt()  # the slope is infinite at 0" in text and "add a small number to x" in text


def test_ops_recorded_outside_have_no_line():
    y = tensor(0.0).sqrt()
    with detect_anomaly(), pytest.raises(AnomalyError) as caught:
        y.sum().backward()
    assert "test_anomaly" not in str(caught.value)


def test_the_rule_of_a_function_of_ones_own_is_watched_op_by_op():
    class Huge(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            return grad * 1e38 * 10

    with detect_anomaly(), pytest.raises(AnomalyError) as caught:
        Huge.apply(tensor(1.0)).sum().backward()
    assert "mul: made 1 infinite" in str(caught.value) and "in backward: return grad * 1e38 * 10" in str(caught.value)
    assert caught.value.__notes__ == ["in the backward rule of huge: huge"]


def test_what_is_looked_for():
    with detect_anomaly(check_inf=False):
        assert tensor(0.0).log().item() == -np.inf
        with pytest.raises(AnomalyError):
            tensor(-1.0).log()
    with detect_anomaly(check_nan=False):
        assert np.isnan(tensor(-1.0).log().item())


def test_nothing_is_left_of_it():
    from tensorgrad import watching

    apply = tensorgrad.op.Op.apply
    with detect_anomaly():
        assert is_anomaly_enabled() and tensorgrad.op.Op.apply is not apply
        with detect_anomaly():
            pass
        assert is_anomaly_enabled()
    assert not is_anomaly_enabled() and tensorgrad.op.Op.apply is apply and not watching.watchers
    tensor(0.0).log()


def test_decorator_and_switch():
    @detect_anomaly()
    def f(x):
        return x.log()

    for _ in range(2):
        with pytest.raises(AnomalyError):
            f(tensor(0.0))
    f(tensor(1.0))
    set_detect_anomaly(True)
    try:
        set_detect_anomaly(True, check_inf=False)
        tensor(0.0).log()
        with pytest.raises(AnomalyError):
            tensor(-1.0).log()
    finally:
        set_detect_anomaly(False)
    assert not is_anomaly_enabled()
    assert np.isnan(tensor(-1.0).log().item())


def test_with_a_profile():
    with tensorgrad.profiler.profile() as p, detect_anomaly():
        tensor(1.0).log().sum().backward()
    assert {"log", "sum"} <= {row.name for row in p.rows()}
    with detect_anomaly(), tensorgrad.profiler.profile() as p, pytest.raises(AnomalyError):
        tensor(0.0).log()


def test_healthy_steps_of_a_network_pass(rng):
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3))
    optimizer = nn.optim.Adam(model.parameters())
    x, y = tensorgrad.tensor(rng.normal(size=(8, 1, 8, 8)).astype(np.float32)), tensorgrad.tensor(rng.integers(0, 3, 8))
    with detect_anomaly():
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()


def test_lines_are_forgotten_with_their_ops():
    with detect_anomaly():
        y = tensor(1.0).exp()
        assert y.creator in anomaly.lines
    before = len(anomaly.lines)
    del y
    assert len(anomaly.lines) == before - 1


def test_backward_of_what_is_not_finite_already_is_nobodys_fault():
    x, w = tensor(2.0, 3.0), tensor(1.0, 1.0)
    with detect_anomaly():
        (x * w).backward(tensor(np.inf, 1.0, requires_grad=False))
        assert x.grad.tolist() == [np.inf, 1.0]
        large = tensor(np.inf, 1.0, requires_grad=False)
        (large * w).sum().backward()  # the incoming gradient is finite, what the rule kept is not
    assert w.grad.tolist() == [np.inf, 4.0]


@pytest.mark.parametrize("array, text", [
    (np.array([2.5, -1.0]), "(2,) float64 from -1 to 2.5"), (np.array(7), "() int64 from 7 to 7"),
    (np.array([True]), "(1,) bool"), (np.zeros((0, 3), np.float32), "(0, 3) float32")])
def test_how_operands_read(array, text):
    assert repr(anomaly.range_of(array)) == text
