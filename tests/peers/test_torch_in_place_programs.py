"""Programs that write in place, in both libraries in float64: every tensor they make, and the gradients of all leaves."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.errors import StaleTensorError, TensorgradError
from tests.peers.in_place import BETTER, REFUSED, SAME, assignment, filling, limits, signs, views
from tests.peers.in_place.drawn import drawn, values
from tests.peers.in_place.sharing import SHARING, WRITES

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]
torch = pytest.importorskip("torch")

FILES = (assignment, filling, limits, signs, views)  # which fill the three


def run(lib: Any, program: Any, values: list[np.ndarray]) -> list[np.ndarray | None]:
    """What the program made, then the gradients of its leaves."""
    leaves = [lib.tensor(value, requires_grad=True) for value in values]
    made = program(lib, *leaves)
    made = list(made) if isinstance(made, (tuple, list)) else [made]
    loss = weighted(made)
    if loss is not None:
        loss.backward()
    grads = [None if leaf.grad is None else leaf.grad.detach().numpy().copy() for leaf in leaves]
    return [tensor.detach().numpy().copy() for tensor in made] + grads


def weighted(made: list[Any]) -> Any:
    """One number that depends on all of the tensors that require grad, on each entry in another way."""
    total = None
    for k, tensor in enumerate(made):
        if tensor.requires_grad:
            weights = np.cos(np.arange(tensor.numel()) * (k + 1.5) + k).reshape(tuple(tensor.shape))
            weights = (torch if isinstance(tensor, torch.Tensor) else tg).tensor(weights)
            term = (tensor * weights).sum()
            total = term if total is None else total + term
    return total


@pytest.mark.parametrize("name", SAME)
def test_same_numbers_and_gradients(name: str) -> None:
    ours, theirs = [run(lib, SAME[name], values()) for lib in (tg, torch)]
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs):
        if other is None:
            assert mine is None or not mine.any()
        else:
            assert mine is not None
            np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", BETTER)
def test_the_gradient_where_pytorch_has_none(name: str) -> None:
    program = BETTER[name]
    with pytest.raises(RuntimeError, match="in-?place"):
        run(torch, program, values())

    def number(arrays: list[np.ndarray]) -> float:
        made = program(tg, *[tg.tensor(array, requires_grad=True) for array in arrays])
        return weighted(list(made) if isinstance(made, (tuple, list)) else [made]).item()

    grads = run(tg, program, values())[-2:]
    for i, grad in enumerate(grads):
        for at in np.ndindex(3, 4):
            ends = []
            for step in (1e-6, -1e-6):
                arrays = values()
                arrays[i][at] += step
                ends.append(number(arrays))
            found = 0.0 if grad is None else grad[at]
            assert abs((ends[0] - ends[1]) / 2e-6 - found) < 1e-7


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_both(name: str) -> None:
    with pytest.raises((RuntimeError, IndexError)):
        run(torch, REFUSED[name], values())
    with pytest.raises(TensorgradError):
        run(tg, REFUSED[name], values())


# -- who shares memory with whom ---------------------------------------------------------------------------------------


def after_a_write(lib: Any, expression: str, write: str, recorded: bool, into_result: bool) -> list[Any]:
    """A tensor and a function of it, after a write into one of the two; what requires grad; the gradient."""
    leaf = lib.tensor(values()[0], requires_grad=recorded)
    x = leaf * 2
    y = eval(expression, {"lib": lib, "F": lib.nn.functional, "x": x})
    WRITES[write](lib, y if into_result else x)
    found = [x.detach().numpy().copy(), y.detach().numpy().copy(), x.requires_grad, y.requires_grad]
    if recorded:
        loss = weighted([x * x.detach().cos(), y * y.detach().sin()])
        try:
            loss.backward()
            found.append(leaf.grad.numpy())
        except RuntimeError as error:  # PyTorch wrote over what it needs
            assert lib is torch and "modified by an inplace operation" in str(error)
            found.append(None)
    return found


@pytest.mark.parametrize("expression", SHARING)
def test_the_same_tensors_share_memory(expression: str) -> None:
    compared = 0
    for case in itertools.product(WRITES, (True, False), (True, False)):
        try:
            theirs = after_a_write(torch, expression, *case)
        except RuntimeError:
            continue  # a view that PyTorch does not let be written into
        for mine, other in zip(after_a_write(tg, expression, *case), theirs, strict=True):
            if isinstance(other, np.ndarray):
                np.testing.assert_allclose(mine, other, rtol=1e-10, atol=1e-12)
            elif other is not None:
                assert mine is other
        compared += 1
    assert compared >= 10


# -- programs drawn at random ------------------------------------------------------------------------------------------


def after_a_program(lib: Any, seed: int) -> tuple[list[Any], list[Any] | None]:
    """The tensors that a drawn program leaves; the gradients of the leaves, or None where PyTorch has written over what it
    needs."""
    leaves = [lib.tensor(value, requires_grad=True) for value in values()]
    made = drawn(lib, *leaves, seed)
    loss = weighted(made)
    try:
        if loss is not None:
            loss.backward()
    except RuntimeError as error:
        if "modified by an inplace operation" not in str(error):
            raise
        return made, None
    return made, [np.zeros((3, 4)) if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]


@pytest.mark.parametrize("start", range(0, 1000, 100))
def test_drawn_programs(start: int) -> None:
    compared, refused = 0, 0
    for seed in range(start, start + 100):
        try:
            theirs, their_grads = after_a_program(torch, seed)
        except RuntimeError:
            continue
        try:
            ours, grads = after_a_program(tg, seed)
        except StaleTensorError:  # a detached tensor was written into behind the graph's back
            refused += 1
            continue
        for mine, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(mine.numpy(), other.detach().numpy(), rtol=1e-12, atol=1e-12, err_msg=str(seed))
        if their_grads is not None and grads is not None:
            for mine, other in zip(grads, their_grads):
                np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-12, err_msg=str(seed))
            compared += 1
    assert compared > 50 and refused < 10
