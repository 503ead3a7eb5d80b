"""A graph of a million ops: no recursion, no time that grows faster than the graph, and nobody prints all of it."""

from __future__ import annotations

import gc
import sys
import time
import weakref
from typing import Iterator

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.autograd import grad, why_grad
from tests.tensorgrad.autograd.test_engine import chain

MILLION = 1_000_000
SECONDS = 60  # of processor time for what takes one or two: a quadratic walk would need hours

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def limits() -> Iterator[None]:
    """Reference counting alone frees; nothing raises the recursion limit."""
    gc.collect()
    gc.disable()
    limit = sys.getrecursionlimit()
    start = time.process_time()
    yield
    assert time.process_time() - start < SECONDS
    assert sys.getrecursionlimit() == limit < 10_000
    gc.enable()


def leaf() -> Tensor:
    return Tensor(np.array([1.0]), requires_grad=True)


def test_backward_and_deletion_after_it() -> None:
    x = leaf()
    y = chain(x, MILLION)
    first = weakref.ref(y.creator)
    y.backward()
    assert x.grad is not None and x.grad.item() == 1.0
    del y
    assert first() is None


def test_deletion_without_backward() -> None:
    y = chain(leaf(), MILLION)
    last = weakref.ref(y.creator)
    del y
    assert last() is None


def test_gradients_of_some_inputs_and_a_second_time() -> None:
    x = leaf()
    y = chain(x * x, MILLION // 2)
    (first,) = grad(y, x, create_graph=True)
    (second,) = grad(first, x)
    assert first.item() == 2.0 and second.item() == 2.0


def test_a_million_branches_into_one() -> None:
    x = leaf()
    tensorgrad.stack([x * 1.0 for _ in range(MILLION // 4)]).sum().backward()
    assert x.grad is not None and x.grad.item() == MILLION // 4


def test_what_is_printed_and_drawn_is_short() -> None:
    x = leaf()
    y = chain(x, MILLION)
    assert len(repr(y)) < 100 and len(repr(y.creator)) < 100
    with pytest.raises(tensorgrad.errors.ShapeError) as caught:
        y.reshape(7)
    assert len(str(caught.value)) < 1000
    svg = tensorgrad.draw(y).svg()
    assert "mul × 1,000,000" in svg and len(svg) < 100_000


def test_why_is_answered_shortly() -> None:
    x = leaf()
    y = chain(x, MILLION).detach() * leaf()
    y.sum().backward()
    assert len(str(why_grad(x))) < 2000
