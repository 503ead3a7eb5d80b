"""`why_grad` on every way to have no gradient, or one of zeros."""

from __future__ import annotations

import numpy as np
import pytest

import nn
import tensorgrad
from nn import functional as F
from tensorgrad import watching
from tensorgrad.errors import ArgumentError
from tensorgrad.tensor import Tensor


def weight(*values):
    return tensorgrad.tensor(values or (1.0, -2.0, 3.0), requires_grad=True, name="w")


def test_fine():
    w = weight()
    loss = (w * w).sum()
    assert w.why_grad(loss).id == "fine" and w.grad is None
    loss.backward()
    assert w.why_grad().id == "fine"
    v = weight(1.0, 0.0, 2.0)
    assert "67%" in v.why_grad((v**2).sum()).what


# -- alone -------------------------------------------------------------------------------------------------------------


def test_alone():
    assert tensorgrad.tensor([1, 2]).why_grad().id == "integer"
    assert tensorgrad.tensor([1.0]).why_grad().id == "constant"
    w = weight()
    assert w.why_grad().id == "not-used"
    y = w.exp()
    assert w.why_grad().id == "no-backward" and "exp" in w.why_grad().where[0]
    assert y.why_grad().id == "not-a-leaf"
    y.retain_grad()
    assert y.why_grad().id == "no-backward"
    loss = y.sum()
    loss.backward()
    w.grad = None
    assert w.why_grad().id == "reset"
    w.grad = tensorgrad.zeros(3)
    assert w.why_grad().id == "zero"


def test_zero_grad_of_an_optimizer():
    model = nn.Linear(2, 1)
    loss = model(tensorgrad.ones(1, 2)).exp().sum()
    loss.backward()
    model.zero_grad()
    assert model.weight.why_grad().id == "reset"


def test_a_freed_graph():
    w = weight()
    loss = w.exp().sum()
    loss.backward()
    assert w.why_grad(loss).id == "freed"


# -- cuts --------------------------------------------------------------------------------------------------------------

CUTS = {
    "detached": lambda w: w.exp().detach().sum() * weight(1.0).sum(),
    "numpy": lambda w: tensorgrad.tensor(np.exp(w.data)).sum() * weight(1.0).sum(),
    "not-differentiable": lambda w: (w > 0).float().sum() * weight(1.0).sum(),
}


@pytest.mark.parametrize("name", CUTS)
def test_cuts_are_found_with_their_line(name):
    w = weight()
    reason = w.why_grad(lambda: CUTS[name](w))
    assert reason.id == name
    assert f'"{name}": lambda w:' in reason.where[0] and "test_why.py:" in reason.where[0]
    assert w.why_grad(CUTS[name](w)).id == "not-connected"


def test_no_grad():
    w = weight()

    def loss():
        with tensorgrad.no_grad():
            y = w.exp()  # here
        return (y * weight()).sum()

    reason = w.why_grad(loss)
    assert reason.id == "no-grad" and "y = w.exp()  # here" in reason.where[0]
    assert "exp ran under no_grad()" in str(reason)


def test_a_metric_on_the_side_is_not_blamed_while_there_is_a_gradient():
    w = weight()

    def loss():
        y = w * 2
        y.detach().sum().item()
        return y.sum()

    assert w.why_grad(loss).id == "fine"


def test_not_used():
    w = weight()
    assert w.why_grad(lambda: weight().sum()).id == "not-used"
    assert w.why_grad(weight().sum()).id == "not-connected"
    assert w.why_grad(tensorgrad.tensor(1.0)).id == "not-connected"

    def forgets():
        w.exp()
        return weight().sum()

    assert w.why_grad(forgets).id == "not-connected"


# -- gradients of zeros ------------------------------------------------------------------------------------------------


def in_windows(w):
    """Every window of two has something larger."""
    x = tensorgrad.cat([w.reshape(1, 1, 3), tensorgrad.full((1, 1, 3), 100.0)], 1).transpose(1, 2).reshape(1, 1, 6)
    return F.max_pool1d(x, 2)


ZEROS = {
    "dead-relu": (lambda w: (w - 10).relu(), "relu got only negative numbers"),
    "saturated": (lambda w: (w + 1000).sigmoid(), "sigmoid is saturated"),
    "lost-contests": (in_windows, "took none of its entries"),
    "clipped": (lambda w: w.clamp(50, 60), "clips all entries"),
    "times-zero": (lambda w: w * tensorgrad.zeros(3), "the other factor is 0"),
    "masked": (lambda w: F.dropout(w, 1.0, True), "dropped all of it"),
    "underflow": (lambda w: w * 1e-38 * 1e-30, "too small for its dtype"),
}


@pytest.mark.parametrize("name", ZEROS)
def test_where_a_gradient_ends(name):
    function, says = ZEROS[name]
    w = weight()
    for loss in (function(w).sum(), lambda: function(w).sum()):
        reason = w.why_grad(loss)
        assert reason.id == name and says in reason.what, str(reason)
        assert reason.fix and w.grad is None


def test_tanh_and_layers_are_named():
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
    with tensorgrad.no_grad():
        model[0].bias.fill_(-100.0)
    reason = model[0].weight.why_grad(lambda: model(tensorgrad.ones(4, 3)).sum())
    assert reason.id == "dead-relu" and reason.where[0].startswith("1/relu")
    w = weight()
    assert w.why_grad((w * 1000).tanh().sum()).id == "saturated"


def test_a_loss_that_is_flat_from_the_start():
    w = weight()
    assert w.why_grad((w * 0.0).sum()).id in ("zero", "times-zero")


@pytest.mark.parametrize("loss", [3, lambda: 3])
def test_no_loss(loss):
    with pytest.raises(ArgumentError, match="Give the tensor|Return the loss"):
        weight().why_grad(loss)


def test_nothing_is_left_in_place():
    before = [Tensor.__dict__[name] for name in ("detach", "numpy", "data", "item")]

    def fails():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        weight().why_grad(fails)
    assert [Tensor.__dict__[name] for name in ("detach", "numpy", "data", "item")] == before and not watching.watchers


def test_a_constant_is_said_to_be_one_whatever_the_loss():
    assert tensorgrad.tensor([1.0]).why_grad(weight().sum()).id == "constant"


def test_a_gradient_that_rounds_to_zero_on_the_way():
    w = tensorgrad.tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
    assert w.why_grad((w.tanh() * 1e-45).sum()).id == "underflow"  # the least float32, times a slope below a half


def test_what_leaves_the_graph_beside_it_is_not_blamed():
    w, other = weight(), weight(4.0)

    def loss():
        factor = other.detach().item() + other.detach().numpy().sum()
        constant = w.detach()
        return (tensorgrad.cat([other, constant.detach()]) * factor).sum()

    reason = w.why_grad(loss)
    assert reason.id == "detached" and len(reason.where) == 1
    assert "constant = w.detach()" in str(reason)


def test_what_cannot_change_the_loss():
    w = weight()
    reason = w.why_grad(w[:0])
    assert reason.id == "zero" and "from the start" in reason.what
    assert w.why_grad(w[:0].sum()).id != "fine"


def test_ways_that_meet_again():
    w = weight()
    y = w.exp()
    loss = (y * y + y).sum()
    assert w.why_grad(loss).id == "fine"
    loss.backward()
    assert w.why_grad(loss).id == "freed"


@pytest.mark.parametrize("convert", ["long", "int", "bool"])
def test_whole_numbers_on_the_way(convert):
    w, other = weight(), weight(4.0)
    reason = w.why_grad(lambda: (getattr(w.exp(), convert)().float() * other).sum())
    assert reason.id == "integer" and "in <lambda>: reason = w.why_grad" in reason.where[0]


@pytest.mark.parametrize("name", ["round", "floor", "ceil", "trunc", "sign"])
def test_steps(name):
    w = weight()
    reason = w.why_grad(lambda: getattr(w, name)().sum())
    assert reason.id == "zero-slope" and "in steps" in reason.what and "detach" in reason.fix


def test_a_function_gives_the_line_at_which_the_gradient_ends():
    w = weight(-1.0, -2.0)

    def loss():
        hidden = w.relu()
        return hidden.sum()

    reason = w.why_grad(loss)
    assert reason.id == "dead-relu" and "hidden = w.relu()" in str(reason)
