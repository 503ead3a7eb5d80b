"""Small parameters that are updated end to end get the numbers they would get alone."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from nn import optim
from tensorgrad.tensor import Tensor

MAKERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.1, lr_decay=0.1),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.1, momentum=0.5, centered=True),
    "adam": lambda p: optim.Adam(p, lr=0.1, amsgrad=True),
    "adamw": lambda p: optim.AdamW(p, lr=0.1),
}


def parameters() -> list[Tensor]:
    """Of many layouts, two dtypes, one larger than what is put together, one empty, one without axes."""
    rng = np.random.default_rng(3)
    arrays = [rng.normal(size=shape) for shape in ((3, 4), (5,), (), (0, 2), (2, 3, 3, 2), (70, 70), (6,))]
    arrays = [a if i == 6 else np.asarray(a, np.float32) for i, a in enumerate(arrays)]
    arrays[0], arrays[4] = np.asfortranarray(arrays[0]), np.moveaxis(arrays[4], 1, -1)
    return [Tensor(a, requires_grad=True) for a in arrays]


@pytest.mark.parametrize("name", MAKERS)
def test_together_as_alone(name):
    ours, alone = parameters(), parameters()
    optimizers = [MAKERS[name](ours), MAKERS[name](alone)]
    assert optimizers[0].entrywise
    optimizers[1].entrywise = False
    rng = np.random.default_rng(5)
    for step in range(4):
        for i, (p, q) in enumerate(zip(ours, alone)):
            skipped = i == step  # their histories part
            grad = np.asarray(rng.normal(size=p.shape), p.dtype)
            p.grad, q.grad = (None, None) if skipped else (Tensor(grad), Tensor(grad.copy()))
        for optimizer in optimizers:
            optimizer.step()
    for p, q in zip(ours, alone):
        np.testing.assert_array_equal(p.array, q.array)
        assert p.array.strides == q.array.strides
        mine, other = optimizers[0].state[p], optimizers[1].state[q]
        assert list(mine) == list(other)
        for key in mine:
            np.testing.assert_array_equal(mine[key], other[key])
            assert np.shape(mine[key]) in (p.shape, ())
            if isinstance(mine[key], np.ndarray):
                assert mine[key].strides == other[key].strides


def test_a_rule_of_ones_own_gets_each_parameter_by_itself():
    """A rule may look at a whole parameter; only rules that say so are put together."""

    class UnitSteps(optim.SGD):
        def update(self, param, grad, state, group):
            param -= grad / np.linalg.norm(grad)

    a, b = Tensor(np.zeros(2), requires_grad=True), Tensor(np.zeros(2), requires_grad=True)
    a.grad, b.grad = Tensor(np.array([3.0, 4.0])), Tensor(np.array([0.0, 2.0]))
    UnitSteps([a, b], lr=1.0).step()
    np.testing.assert_allclose(a.array, [-0.6, -0.8])
    np.testing.assert_allclose(b.array, [0, -1])


def test_what_is_remembered_may_be_replaced_copied_and_loaded():
    ours, alone = parameters(), parameters()
    optimizers = [MAKERS["sgd"](ours), MAKERS["sgd"](alone)]
    optimizers[1].entrywise = False
    rng = np.random.default_rng(5)
    for step in range(5):
        for p, q in zip(ours, alone):
            grad = np.asarray(rng.normal(size=p.shape), p.dtype)
            p.grad, q.grad = Tensor(grad), Tensor(grad.copy())
        for optimizer in optimizers:
            optimizer.step()
        for optimizer, params in zip(optimizers, (ours, alone)):
            if step == 1:
                optimizer.state[params[1]]["momentum_buffer"] = np.full(5, 2, np.float32)
            elif step == 2:
                optimizer.load_state_dict(optimizer.state_dict())
            elif step == 3:
                optimizer.state[params[6]]["momentum_buffer"][...] = 3
    for p, q in zip(ours, alone):
        np.testing.assert_array_equal(p.array, q.array)
    twin, optimizer = copy.deepcopy((ours, optimizers[0]))
    for p, q in zip(twin, alone):
        p.grad, q.grad = Tensor(np.ones_like(p.array)), Tensor(np.ones_like(q.array))
    for each in (optimizer, optimizers[1]):
        each.step()
    for p, q, before in zip(twin, alone, ours):
        np.testing.assert_array_equal(p.array, q.array)
        assert p.array.size == 0 or not np.array_equal(p.array, before.array)


def test_parameters_that_come_together_in_ever_other_ways():
    """What is remembered of them does not grow without end, and the numbers stay right."""
    ours, alone = [[Tensor(np.ones(2, np.float32), requires_grad=True) for _ in range(8)] for _ in range(2)]
    optimizers = [MAKERS["adam"](ours), MAKERS["adam"](alone)]
    optimizers[1].entrywise = False
    most = 0
    for members in range(1, 200):
        for parameters_ in (ours, alone):
            for i, p in enumerate(parameters_):
                p.grad = Tensor(np.full(2, i + 1, np.float32)) if members >> i & 1 else None
        for optimizer in optimizers:
            optimizer.step()
        most = max(most, len(optimizers[0].bundles))
    assert 8 < most <= 64
    for p, q in zip(ours, alone):
        np.testing.assert_array_equal(p.array, q.array)
