"""Each update rule on numbers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nn.optim import SGD, Adagrad, Adam, AdamW, RMSprop
from tensorgrad.tensor import Tensor


def run(optimizer_class, gradients, start=1.0, **options):
    """The values of one parameter after each step."""
    p = Tensor(np.array([start]), requires_grad=True)
    optimizer = optimizer_class([p], **options)
    values = []
    for g in gradients:
        p.grad = Tensor(np.array([g]))
        optimizer.step()
        values.append(p.item())
    return values


@pytest.mark.parametrize("optimizer, options, wanted", [
    (SGD, {"lr": 0.1}, [0.8, 0.4]),
    (SGD, {"lr": 0.1, "maximize": True}, [1.2, 1.6]),
    (SGD, {"lr": 0.1, "weight_decay": 1.0}, [0.7, 0.23]),
    (SGD, {"lr": 0.1, "momentum": 0.5}, [0.8, 0.3]),  # v = 2, then 1 + 4
    (SGD, {"lr": 0.1, "momentum": 0.5, "dampening": 0.5}, [0.8, 0.5]),  # v = 2 (not 1), then 1 + 2
    (SGD, {"lr": 0.1, "momentum": 0.5, "nesterov": True}, [0.7, 0.05]),  # 2 + ½·2, then 4 + ½·5
    (Adagrad, {"lr": 0.1, "eps": 0.0}, [0.9, 0.9 - 0.4 / 20**0.5]),
    (Adagrad, {"lr": 0.1, "eps": 1.0, "initial_accumulator_value": 5.0}, [1 - 0.2 / 4, 0.95 - 0.4 / 6]),
    (Adagrad, {"lr": 0.1, "eps": 0.0, "lr_decay": 1.0}, [0.9, 0.9 - 0.05 * 4 / 20**0.5]),
    (RMSprop, {"lr": 0.1, "alpha": 0.75, "eps": 0.0}, [0.8, 0.8 - 0.4 / 4.75**0.5]),  # s = 1, then 0.75 + 4
    (RMSprop, {"lr": 0.1, "alpha": 0.75, "eps": 1.0}, [0.9, 0.9 - 0.4 / (4.75**0.5 + 1)]),
    (RMSprop, {"lr": 0.1, "alpha": 0.75, "eps": 0.0, "centered": True}, [1 - 0.2 / 0.75**0.5] + [None]),  # s − m² = 1 − ¼
    (RMSprop, {"lr": 0.1, "alpha": 0.75, "eps": 0.0, "momentum": 0.5}, [0.8, 0.8 - 0.1 * (1 + 4 / 4.75**0.5)]),
    (Adam, {"lr": 0.1, "betas": (0.5, 0.75), "eps": 0.0}, [0.9, 0.9 - 0.1 / 0.75 * 2.5 / (4.75 / 0.4375) ** 0.5]),
    (Adam, {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1.0}, [1 - 0.2 / 3, None]),
    (AdamW, {"lr": 0.1, "betas": (0.5, 0.75), "eps": 0.0, "weight_decay": 0.5}, [0.85, None]),
    (Adam, {"lr": 0.1, "betas": (0.5, 0.75), "eps": 0.0, "weight_decay": 0.5}, [0.9, None]),
])
def test_two_steps(optimizer, options, wanted):
    for value, expected in zip(run(optimizer, [2.0, 4.0], **options), wanted):
        if expected is not None:
            assert value == pytest.approx(expected, rel=1e-14)


def test_amsgrad_keeps_the_largest_mean_square():
    options = {"lr": 0.1, "betas": (0.0, 0.5), "eps": 0.0}
    plain, ams = run(Adam, [4.0, 1.0], **options), run(Adam, [4.0, 1.0], amsgrad=True, **options)
    v1, v2 = 8.0, 4.5  # ½·16, then ½·8 + ½·1
    assert plain[1] == pytest.approx(plain[0] - 0.1 / (v2 / 0.75) ** 0.5)
    assert ams[1] == pytest.approx(ams[0] - 0.1 / (v1 / 0.75) ** 0.5)


def test_adamw_shrinks_without_touching_the_means():
    with_decay = run(AdamW, [2.0, 4.0, -1.0], start=0.0, weight_decay=0.3, lr=0.1)
    p, wanted = 0.0, []
    steps = np.diff([0.0, *run(Adam, [2.0, 4.0, -1.0], start=0.0, lr=0.1)])
    for step in steps:
        p = p * (1 - 0.1 * 0.3) + step
        wanted.append(p)
    np.testing.assert_allclose(with_decay, wanted, rtol=1e-14)


def test_zero_gradients_move_nothing():
    for optimizer in (SGD, Adagrad, RMSprop, Adam):
        assert run(optimizer, [0.0, 0.0]) == [1.0, 1.0]


def test_options_can_change_between_steps():
    p = Tensor(np.array([1.0]), requires_grad=True)
    optimizer = SGD([p], lr=0.1)
    for lr, momentum, wanted in [(0.1, 0.0, 0.8), (0.2, 0.5, 0.4), (0.1, 0.5, 0.1)]:
        optimizer.param_groups[0].update(lr=lr, momentum=momentum)
        p.grad = Tensor(np.array([2.0]))
        optimizer.step()
        assert p.item() == pytest.approx(wanted)
