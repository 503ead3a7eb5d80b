"""The way that a tensor came to its shape, as messages show it."""

from __future__ import annotations

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.lineage import KEEP_SHAPE, MOST, Step, factors, flattened, sizes, steps, with_sizes


def image(*shape: int, requires_grad: bool = True) -> Tensor:
    return Tensor(np.ones(shape), requires_grad=requires_grad)


def test_only_changes_of_the_shape_are_steps() -> None:
    x = image(2, 3)
    with tensorgrad.scope("head"):
        y = (x * 2).exp().reshape(3, 2).neg()
    z = y.sum(1) + 1
    assert steps(z) == [Step("", (2, 3)), Step("head/reshape", (3, 2)), Step("sum", (3,))]
    assert sizes(z) == "(2, 3) → head/reshape (3, 2) → sum (3,)"
    assert with_sizes("Do that.", z) == "Do that.\n  Sizes: (2, 3) → head/reshape (3, 2) → sum (3,)"


def test_a_constant_input_is_the_first_step_too() -> None:
    weight = image(5, 4)
    y = tensorgrad.matmul(image(2, 5, requires_grad=False), weight)
    assert steps(y) == [Step("", (2, 5)), Step("matmul", (2, 4))]


def test_a_number_has_no_shape_to_begin_with() -> None:
    y = 1 - image(2, 3)
    assert steps(y) == [Step("sub", (2, 3))] and sizes(y) == ""
    assert sizes(y.reshape(6)) == "sub (2, 3) → reshape (6,)"


@pytest.mark.parametrize("x", [image(2, 3), image(2, 3, requires_grad=False), image(2, 3) * 2],
                         ids=["leaf", "constant", "op"])
def test_without_a_change_there_is_nothing_to_say(x: Tensor) -> None:
    assert sizes(x) == "" and with_sizes("Do that.", x) == "Do that."


def test_a_long_way_is_shortened_in_the_middle() -> None:
    x = image(2, 2)
    way = [x := x.reshape(4) if x.ndim == 2 else x.reshape(2, 2) for _ in range(MOST)]
    assert MOST == 6 and sizes(way[-2]).count("→") == 5 and "…" not in sizes(way[-2])
    assert sizes(way[-1]) == ("(2, 2) → … → reshape (2, 2) → reshape (4,) → reshape (2, 2) → reshape (4,) → reshape (2, 2)")


def test_ops_that_keep_the_shape_are_followed_a_while_and_anew_after_each_change() -> None:
    def kept(x: Tensor, times: int) -> Tensor:
        for _ in range(times):
            x = x * 1
        return x

    first = image(2, 3).reshape(6)
    assert len(steps(kept(first, KEEP_SHAPE - 1))) == 2 and len(steps(kept(first, KEEP_SHAPE))) == 0
    second = kept(kept(first, KEEP_SHAPE - 1).reshape(3, 2), KEEP_SHAPE - 1)
    assert [step.shape for step in steps(second)] == [(2, 3), (6,), (3, 2)]


def test_what_a_reshape_flattened() -> None:
    x = image(2, 3, 4)
    assert flattened(x.flatten(1)) == Step("the input", (2, 3, 4))
    assert flattened((x * 2).reshape(24)) == Step("mul", (2, 3, 4))
    assert flattened(x) is None and flattened(x * 2) is None


@pytest.mark.parametrize("number, channels, text", [
    (9216, 64, "9216 = 64·12·12"), (64, 64, "64 = 64·1·1"), (16, 1, "16 = 1·4·4"),
    (100, 64, ""), (3, 64, ""), (0, 64, ""), (16, 0, ""), (0, 0, "")])
def test_factors(number: int, channels: int, text: str) -> None:
    assert factors(number, channels) == text
