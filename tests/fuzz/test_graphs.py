"""Random graphs of ops: gradients of orders 1 and 2, and the same numbers by every way through the engine."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.autograd import checkpoint, grad, gradcheck, gradgradcheck
from tests.fuzz.settings import examples

pytestmark = pytest.mark.fuzz

MASK = np.array([[True, False, True], [False, False, True]])
PICKS = np.array([[0, 2, 2], [1, 0, 1]])

# Smooth functions of one or two tensors (2, 3), by name; each result has that shape again and stays of the order of 1.
STEPS: dict[str, tuple[int, Callable[..., Any]]] = {
    "add": (2, lambda a, b: (a + b) * 0.5),
    "sub": (2, lambda a, b: a - 0.5 * b),
    "mul": (2, lambda a, b: tg.tanh(a) * b),
    "div": (2, lambda a, b: a / (1.5 + b * b)),
    "itself": (1, lambda a: a * a / (1 + a * a)),
    "tanh": (1, tg.tanh),
    "sigmoid": (1, tg.sigmoid),
    "exp": (1, lambda a: tg.exp(-a * a)),
    "sin": (1, tg.sin),
    "logsumexp": (1, lambda a: a - tg.logsumexp(a, 1, keepdim=True)),
    "softmax": (1, lambda a: tg.softmax(a, 0)),
    "mean": (1, lambda a: a - a.mean()),
    "var": (1, lambda a: a / tg.sqrt(a.var(1, keepdim=True) + 1)),
    "row": (2, lambda a, b: tg.tanh(a + b[0])),
    "column": (2, lambda a, b: tg.tanh(a * b[:, 1:2])),
    "scalar": (2, lambda a, b: a * tg.tanh(b.sum())),
    "matmul": (2, lambda a, b: tg.tanh(a @ b.T @ a)),
    "transpose": (1, lambda a: a.T.reshape(2, 3)),
    "flip": (1, lambda a: tg.flip(a, (0, 1))),
    "roll": (1, lambda a: tg.roll(a, 1, 1)),
    "cat": (2, lambda a, b: tg.cat([a[:, :1], b[:, 1:]], 1)),
    "stack": (2, lambda a, b: tg.stack([a, b]).sum(0) * 0.5),
    "where": (2, lambda a, b: tg.where(MASK, a, b)),
    "gather": (1, lambda a: tg.gather(a, 1, PICKS)),
    "index": (1, lambda a: a[[1, 1]] * 0.5),
    "pad": (1, lambda a: tg.pad(a, (1, 1, 1, 1))[1:3, 0:3]),
    "cumsum": (1, lambda a: tg.cumsum(a, 1) * 0.5),
    "prod": (1, lambda a: a * tg.tanh(tg.prod(a, 1, keepdim=True))),
    "expand": (1, lambda a: a[:, :1].expand(2, 3) + a),
    "split": (1, lambda a: tg.cat(tg.split(a, [1, 2], 1)[::-1], 1)),
    "max": (1, lambda a: a - a.amax(1, keepdim=True)),
    "detach": (2, lambda a, b: a * tg.tanh(b.detach())),
}


@st.composite
def programs(draw: Any) -> list[tuple[str, tuple[int, ...]]]:
    """Steps and which earlier results each takes; 0 and 1 are the inputs."""
    found = []
    for made in range(2, 2 + draw(st.integers(1, 12))):
        name = draw(st.sampled_from(sorted(STEPS)))
        found.append((name, tuple([draw(st.integers(0, made - 1)) for _ in range(STEPS[name][0])])))
    return found


def run(program: list[tuple[str, tuple[int, ...]]], *inputs: Any) -> Any:
    """The last result, plus a little of each input, so that all have a gradient."""
    results = list(inputs)
    for name, operands in program:
        results.append(STEPS[name][1](*[results[i] for i in operands]))
    return results[-1] + 0.1 * tg.sin(inputs[0]) * inputs[1]


def draw_inputs(seed: int) -> list[Tensor]:
    rng = np.random.default_rng(seed)
    return [Tensor(rng.permutation(6).reshape(2, 3) * 0.3 - 0.8 + rng.uniform(0, 0.1, (2, 3)), requires_grad=True)
            for _ in range(2)]


def smooth(program: Any) -> bool:
    """False for graphs in which a tie could be met: what `max` subtracts may come from equal entries."""
    return all(name not in ("max", "detach") for name, _ in program)


@examples(250)
@given(programs(), st.integers(0, 2**32 - 1))
def test_gradients_of_random_graphs(program, seed):
    inputs = draw_inputs(seed)
    if smooth(program):
        assert gradcheck(lambda *xs: run(program, *xs), inputs, fast_mode=True, atol=1e-6, rtol=1e-4)
        assert gradgradcheck(lambda *xs: run(program, *xs), inputs, fast_mode=True, atol=1e-6, rtol=1e-4)


@examples(250)
@given(programs(), st.integers(0, 2**32 - 1))
def test_every_way_gives_the_same_numbers(program, seed):
    """backward, grad, several passes over a retained graph, a recorded pass, checkpointing, and walks to one input alone."""
    inputs = draw_inputs(seed)
    weights = np.random.default_rng(seed).normal(size=(2, 3))
    out = run(program, *inputs)
    with tg.no_grad():
        np.testing.assert_array_equal(run(program, *inputs).numpy(), out.numpy())
    wanted = [g.numpy().copy() for g in grad(out, inputs, weights, retain_graph=True)]
    for tensor, gradient in zip(inputs, wanted):
        (alone,) = grad(out, tensor, weights, retain_graph=True)
        np.testing.assert_array_equal(alone.numpy(), gradient)
    recorded = grad(out, inputs, Tensor(weights, requires_grad=True), create_graph=True)
    for one, gradient in zip(recorded, wanted):
        np.testing.assert_allclose(one.numpy(), gradient, rtol=1e-12, atol=1e-14)
    for _ in range(2):
        out.backward(weights, retain_graph=True)
    again = checkpoint(lambda *xs: run(program, *xs), *inputs)
    np.testing.assert_array_equal(again.numpy(), out.numpy())
    for one, gradient in zip(grad(again, inputs, weights), wanted):
        np.testing.assert_array_equal(one.numpy(), gradient)
    for tensor, gradient in zip(inputs, wanted):
        np.testing.assert_array_equal(tensor.grad.numpy(), 2 * gradient)


@examples(150)
@given(programs(), st.integers(0, 2**32 - 1), st.data())
def test_a_write_never_changes_a_gradient(program, seed, data):
    """Whatever interior result is written into under no_grad, backward gives the right numbers or refuses; no third way."""
    inputs = draw_inputs(seed)
    weights = np.random.default_rng(seed).normal(size=(2, 3))
    wanted = [g.numpy() for g in grad(run(program, *inputs), inputs, weights)]
    results: list[Any] = list(inputs)
    for name, operands in program:
        results.append(STEPS[name][1](*[results[i] for i in operands]))
    out = results[-1] + 0.1 * tg.sin(inputs[0]) * inputs[1]
    victim = results[data.draw(st.integers(0, len(results) - 1))]
    with tg.no_grad():
        {"add": lambda: victim.add_(1.0), "item": lambda: victim.__setitem__((0, 0), 5.0),
         "view": lambda: victim.reshape(-1)[1:].mul_(3.0), "zero": victim.zero_}[
            data.draw(st.sampled_from(["add", "item", "view", "zero"]))]()
    try:
        found = grad(out, inputs, weights)
    except tg.errors.StaleTensorError:
        return
    for one, gradient in zip(found, wanted):
        np.testing.assert_allclose(one.numpy(), gradient, rtol=1e-12, atol=1e-14)
