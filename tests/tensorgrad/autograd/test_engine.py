"""The walk itself: deep and wide graphs, linear time, memory, staleness of what the graph kept."""

from __future__ import annotations

import gc
import re
import sys
import time
import weakref
from typing import Iterator

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.autograd import grad
from tensorgrad.errors import StaleTensorError
from tensorgrad.op import Op


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What is freed is freed by reference counting alone."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def chain(x: Tensor, length: int) -> Tensor:
    for _ in range(length):
        x = x * 1.0
    return x


# -- depth and width ---------------------------------------------------------------------------------------------------


def test_a_hundred_thousand_ops_without_recursion(no_collector: None) -> None:
    assert sys.getrecursionlimit() < 100_000
    x = Tensor(np.array([1.0]), requires_grad=True)
    y = chain(x, 100_000)
    first = weakref.ref(y.creator)
    y.backward()
    assert x.grad.item() == 1.0
    del y
    assert first() is None
    y = chain(x, 100_000)  # freed without a backward pass too
    del y


def test_grad_walks_deep_graphs_too(no_collector: None) -> None:
    x = Tensor(np.array([1.0]), requires_grad=True)
    (g,) = grad(chain(x * x, 20_000), x, create_graph=True)
    assert g.item() == 2.0 and grad(g, x)[0].item() == 2.0


def seconds(length: int) -> float:
    """Processor time of a backward pass through a chain, the best of three."""
    best = float("inf")
    for _ in range(3):
        y = chain(Tensor(np.array([1.0]), requires_grad=True), length)
        start = time.process_time()
        y.backward()
        best = min(best, time.process_time() - start)
    return best


def test_time_is_linear_in_the_length(no_collector: None) -> None:
    seconds(1_000)
    assert seconds(40_000) < 30 * seconds(4_000)


def test_forty_levels_of_diamonds() -> None:
    visits = 0

    class Counted(Op):
        __slots__ = ()

        def forward(self, a, b):
            return a + b

        def backward(self, grad):
            nonlocal visits
            visits += 1
            return grad, grad

    x = Tensor(np.array(1.0), requires_grad=True)
    y = x
    for _ in range(40):
        y = Counted().apply(y, y)
    y.backward()
    assert x.grad.item() == 2.0**40 and visits == 40
    visits = 0
    y = x
    for _ in range(40):
        y = Counted().apply(y, y)
    assert grad(y, x)[0].item() == 2.0**40 and visits == 40


def test_one_tensor_used_ten_thousand_times() -> None:
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    total = x * 0
    for _ in range(10_000):
        total = total + x
    total.sum().backward()
    assert x.grad.tolist() == [10_000.0, 10_000.0]


# -- memory ------------------------------------------------------------------------------------------------------------


def test_graphs_free_by_reference_counting(no_collector: None) -> None:
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    w = Tensor(np.ones((3,)), requires_grad=True)

    def loss() -> Tensor:
        return ((x * w).exp().sum(1) + x.mean()).reshape(2, 1).sum()

    for use in ("nothing", "backward", "create_graph", "retain_graph", "second"):
        y = loss()
        watched = [weakref.ref(y.creator), weakref.ref(y.array)]
        if use == "backward":
            y.backward()
        elif use == "create_graph":
            grad(y, [x, w], create_graph=True)
        elif use == "retain_graph":
            y.backward(retain_graph=True)
        elif use == "second":
            (g,) = grad(y, x, create_graph=True)
            watched.append(weakref.ref(g.creator))
            g.sum().backward()
            del g
        x.grad = w.grad = None
        del y
        assert [reference() for reference in watched] == [None] * len(watched), use


def test_backward_frees_kept_arrays_as_it_goes(no_collector: None) -> None:
    x = Tensor(np.ones(3), requires_grad=True)
    y = x.exp()
    z = y * y
    watched = weakref.ref(y.array)
    del y
    assert watched() is not None  # kept by exp and by mul
    z.sum().backward()
    assert watched() is None and z.creator is not None


def test_an_op_that_declares_nothing_keeps_nothing(no_collector: None) -> None:
    x = Tensor(np.ones(3), requires_grad=True)
    y = x * 2
    watched = weakref.ref(y.array)
    z = (y + 1).sum()
    del y
    assert watched() is None
    z.backward()
    assert x.grad.tolist() == [2.0, 2.0, 2.0]


def test_losses_collected_detached_do_not_hold_their_graphs(no_collector: None) -> None:
    x = Tensor(np.ones(3), requires_grad=True)
    losses, nodes = [], []
    for _ in range(3):
        loss = (x * x).sum()
        nodes.append(weakref.ref(loss.creator))
        losses.append(loss.detach())
    del loss
    assert [node() for node in nodes] == [None] * 3


# -- staleness ---------------------------------------------------------------------------------------------------------


def test_changed_input_is_noticed_and_named() -> None:
    w = Tensor([2.0], requires_grad=True, name="fc.weight")
    with tensorgrad.scope("fc"):
        y = w * w
    with tensorgrad.no_grad():
        w -= 0.1
    with pytest.raises(StaleTensorError) as caught:
        y.backward()
    lines = str(caught.value).split("\n")
    assert lines[:2] == ["backward: input 0 of fc/mul was changed in place after it was used",
                         "    input  (1,) float32   tensor 'fc.weight'"]
    assert re.fullmatch(r"  Changed at .*test_engine.py:\d+, in test_changed_input_is_noticed_and_named: w -= 0.1", lines[2])
    assert lines[3:] == ["  Change a copy (t.clone()), or run backward before changing it."]


def test_changed_result_is_noticed() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    with tensorgrad.no_grad():
        y.add_(1)
    with pytest.raises(StaleTensorError, match=r"the result of exp, \(2,\) float32, was changed in place"):
        y.sum().backward()


def test_change_before_use_and_change_of_what_is_not_kept_are_fine() -> None:
    w = Tensor([2.0], requires_grad=True)
    with tensorgrad.no_grad():
        w += 1
    y = w * w
    z = w + 1
    with tensorgrad.no_grad():
        z += 5  # add keeps nothing
    (y + z).backward()
    assert w.grad.item() == 7.0


@pytest.mark.parametrize("view", [
    lambda y: y.detach(), lambda y: y.reshape(2, 1), lambda y: y[0:1], lambda y: y.detach().reshape(1, 2).detach(),
    lambda y: y.unsqueeze(0).squeeze(), lambda y: Tensor(y.detach()), lambda y: y.permute(0), lambda y: y.expand(2)])
def test_change_through_a_view_is_noticed(view) -> None:
    for operation in (lambda t: t * t, lambda t: t.exp()):
        x = Tensor([1.0, 2.0], requires_grad=True)
        inner = operation(x * 1)
        result = operation(inner)
        with tensorgrad.no_grad():
            view(inner).add_(1)
        with pytest.raises(StaleTensorError):
            result.sum().backward()


def test_change_of_the_base_is_noticed_by_a_view() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    base = x * 1
    y = base.reshape(2, 1).exp() * base.detach()[0]
    with tensorgrad.no_grad():
        base.mul_(2)
    with pytest.raises(StaleTensorError, match="input 1 of mul was changed in place"):
        y.sum().backward()


def assign(y: Tensor) -> None:
    y.data = np.array([5.0, 5.0], np.float32)


@pytest.mark.parametrize("change", [
    lambda y: y.detach_().mul_(2), assign, lambda y: y[:1].zero_(), lambda y: y.data.mul_(2)])
@pytest.mark.parametrize("make", [lambda x: x * 1, lambda x: (x * 1).reshape(2), lambda x: (x * 1)[:]])
def test_change_of_a_result_that_another_op_keeps_is_noticed(make, change) -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    inner = make(x)
    y = inner * Tensor([3.0, 4.0]) * inner
    with tensorgrad.no_grad():
        change(inner)
    with pytest.raises(StaleTensorError, match="input 1 of mul was changed in place"):
        y.sum().backward()


def test_an_op_keeps_the_array_but_not_the_tensor() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    inner = x * 2
    y, gone = inner * inner, weakref.ref(inner)
    del inner
    assert gone() is None
    y.sum().backward()
    assert np.array_equal(x.grad.array, [8.0, 16.0])


def test_change_of_a_kept_result_in_a_recorded_backward_pass() -> None:
    x = Tensor(np.array([1.0]), requires_grad=True)
    y = x.exp()
    (g,) = grad(y, x, create_graph=True)
    with tensorgrad.no_grad():
        y.add_(1)
    with pytest.raises(StaleTensorError):
        grad(g, x)


def test_assigned_data_is_noticed_by_the_graph_but_not_by_old_views() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    x.data = np.array([5.0, 5.0], np.float32)
    with pytest.raises(StaleTensorError):
        y.sum().backward()
    inner = x * 1
    alias = inner.detach()
    y = alias * x
    inner.data = np.zeros(2, np.float32)
    y.sum().backward()
    assert x.grad.tolist() == [5.0, 5.0]


def test_an_optimizer_step_between_forward_and_backward_is_noticed() -> None:
    w = Tensor([1.0], requires_grad=True)
    losses = [(w * w).sum() for _ in range(2)]
    losses[0].backward()
    with tensorgrad.no_grad():
        w -= 0.1 * w.grad
    with pytest.raises(StaleTensorError, match="input 0 of mul"):
        losses[1].backward()


def test_staleness_counts_under_no_grad_only_for_what_was_written() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    a, b = x * 1, x * 1
    y = a * b
    with tensorgrad.no_grad():
        c = a.clone()
        c.add_(1)
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_an_output_that_is_a_leaf_itself_and_was_not_asked_for():
    x, w = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    ones = Tensor([1.0, 1.0])
    (found,) = grad([x, x * w], [w], [ones, ones])
    assert found.tolist() == [1.0, 2.0] and x.grad is None
    assert [g.tolist() for g in grad([x, x * w], [w, x], [ones, ones])] == [[1.0, 2.0], [4.0, 5.0]]


def test_a_retained_gradient_goes_with_its_tensor():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.retain_grad()
    z = (y * y).sum()
    gone = weakref.ref(y)
    del y
    assert gone() is None
    z.backward()
    assert x.grad is not None and x.grad.tolist() == [8.0, 16.0]
