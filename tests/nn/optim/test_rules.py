"""Each update rule on numbers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nn.optim import ASGD, SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, NAdam, RAdam, RMSprop, Rprop
from tensorgrad.errors import ArgumentError
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
    (Lion, {"lr": 0.1, "betas": (0.5, 0.75), "weight_decay": 1.0}, [0.8, 0.62]),  # 0.9 · 1 − 0.1, then 0.9 · 0.8 − 0.1
    (Lion, {"lr": 0.1, "maximize": True}, [1.1, 1.2]),
    (Rprop, {"lr": 0.1}, [0.9, 0.78]),
    (Adamax, {"lr": 0.1, "betas": (0.5, 0.5), "eps": 0.0}, [0.9, 0.9 - 0.1 / 0.75 * 2.5 / 4]),
    (ASGD, {"lr": 0.1, "lambd": 0.0}, [0.8, 0.4]),
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


def test_lion_weighs_the_gradient_against_its_mean():
    # m = 2 after the first step; ½ · 2 − ½ · 1 > 0 although the gradient has turned
    assert run(Lion, [4.0, -1.0], lr=0.1, betas=(0.5, 0.5)) == pytest.approx([0.9, 0.8])
    assert run(Lion, [4.0, -3.0], lr=0.1, betas=(0.5, 0.5)) == pytest.approx([0.9, 1.0])


def test_rprop_leaves_out_a_step_where_the_gradient_turns():
    assert run(Rprop, [2.0, -2.0, -2.0], lr=0.1) == pytest.approx([0.9, 0.9, 0.95])


ALL = [ASGD, SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, NAdam, RAdam, RMSprop, Rprop]


@pytest.mark.parametrize("cls", ALL)
def test_switches_between_implementations(cls):
    assert run(cls, [2.0, -1.0], foreach=True) == run(cls, [2.0, -1.0], foreach=False) == run(cls, [2.0, -1.0])
    with pytest.raises(ArgumentError, match=f"{cls.__name__}: differentiable=True is not offered"):
        run(cls, [], differentiable=True)
    if cls not in (SGD, Adagrad):
        with pytest.raises(ArgumentError, match=f"{cls.__name__}: capturable=True is for CUDA graphs"):
            run(cls, [], capturable=True)


@pytest.mark.parametrize("cls", [SGD, Adagrad, Adam, AdamW])
def test_fused_is_accepted_alone(cls):
    assert run(cls, [2.0], fused=True) == run(cls, [2.0])
    with pytest.raises(ArgumentError, match="foreach=True and fused=True exclude each other"):
        run(cls, [], fused=True, foreach=True)


@pytest.mark.parametrize("cls, options, text", [
    (Adadelta, {"rho": 1.5}, r"rho=1.5 is not allowed.\n  Use a number in \[0, 1\]"),
    (Adadelta, {"eps": -1}, "eps=-1 is not allowed"),
    (Adamax, {"betas": (0.9, 1.0)}, r"betas\[1\]=1.0"),
    (NAdam, {"momentum_decay": -1}, "momentum_decay=-1"),
    (RAdam, {"betas": 0.9}, "betas=0.9 is not allowed"),
    (Rprop, {"etas": (1.2, 0.5)}, r"etas=\(1.2, 0.5\) is not allowed"),
    (Rprop, {"step_sizes": 3}, "step_sizes=3 is not allowed"),
    (ASGD, {"lr": -1}, "lr=-1 is not allowed"),
    (ASGD, {"t0": "soon"}, "t0='soon' is not allowed"),
    (Lion, {"weight_decay": -1}, "weight_decay=-1"),
])
def test_refused_options(cls, options, text):
    with pytest.raises(ArgumentError, match=f"{cls.__name__}: {text}"):
        run(cls, [], **options)
