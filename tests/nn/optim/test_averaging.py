"""Averages of parameters over a training, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

import nn
from nn.optim.swa_utils import (AveragedModel, get_ema_avg_fn, get_ema_multi_avg_fn, get_swa_multi_avg_fn, update_bn)
from tensorgrad import Tensor, tensor
from tensorgrad.errors import ArgumentError


def feed(averaged: AveragedModel, model: nn.Module, values: tuple[float, ...]) -> float:
    """What the average of a single weight is after these values."""
    for value in values:
        nn.init.constant_(model.weight, value)
        averaged.update_parameters(model)
    return float(averaged.module.weight.item())


@pytest.mark.parametrize("rules, expected", [
    ({}, 3.0),
    ({"multi_avg_fn": get_swa_multi_avg_fn()}, 3.0),
    ({"avg_fn": get_ema_avg_fn(0.75)}, 0.75 * (0.75 * 1 + 0.25 * 2) + 0.25 * 6),
    ({"multi_avg_fn": get_ema_multi_avg_fn(0.75)}, 0.75 * (0.75 * 1 + 0.25 * 2) + 0.25 * 6),
], ids=["mean", "mean of lists", "decay", "decay of lists"])
def test_three_updates(rules, expected):
    model = nn.Linear(1, 1, bias=False)
    averaged = AveragedModel(model, **rules)
    assert feed(averaged, model, (1.0, 2.0, 6.0)) == pytest.approx(expected)
    assert averaged.n_averaged.item() == 3
    assert averaged(tensor([[2.0]])).item() == pytest.approx(2 * expected)
    assert model.weight.item() == 6  # the model goes on as it was


def test_another_rule_of_the_users_own():
    model = nn.Linear(1, 1, bias=False)
    largest = AveragedModel(model, avg_fn=lambda averaged, current, n: Tensor(np.maximum(averaged.array, current.array)))
    assert feed(largest, model, (1.0, 5.0, 2.0)) == 5


@pytest.mark.parametrize("use_buffers, expected", [(False, 3.0), (True, 2.0)])
def test_buffers_are_copied_or_averaged(use_buffers, expected):
    model = nn.BatchNorm1d(1)
    averaged = AveragedModel(model, use_buffers=use_buffers, device="cpu")
    for value in (1.0, 3.0):
        model.running_mean.fill_(value)
        averaged.update_parameters(model)
    assert averaged.module.running_mean.item() == expected


def test_what_cannot_be_averaged():
    with pytest.raises(ArgumentError, match="exclude each other"):
        AveragedModel(nn.Linear(1, 1), avg_fn=get_ema_avg_fn(), multi_avg_fn=get_ema_multi_avg_fn())
    with pytest.raises(ArgumentError, match=r"its 2 parameters and buffers are not of the shapes of the model's 2"):
        AveragedModel(nn.Linear(1, 1)).update_parameters(nn.Linear(2, 1))
    for rule, name in ((get_ema_avg_fn, "get_ema_avg_fn"), (get_ema_multi_avg_fn, "get_ema_multi_avg_fn")):
        with pytest.raises(ArgumentError, match=f"{name}: decay=1.5"):
            rule(1.5)


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: (x, "label"), lambda x: [x]], ids=["input", "tuple", "list"])
def test_statistics_of_batch_norm_are_the_mean_over_all_batches(wrap):
    model = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1, momentum=0.1), nn.Dropout(0.5)).eval()
    nn.init.constant_(model[0].weight, 2.0)
    nn.init.constant_(model[0].bias, 0.0)
    model[1].running_mean.fill_(100.0)
    batches = [wrap(tensor([[1.0], [3.0]])), wrap(tensor([[5.0], [7.0]]))]
    update_bn(batches, model)
    assert model[1].running_mean.item() == pytest.approx((4 + 12) / 2)   # 2·x, mean per batch
    assert model[1].running_var.item() == pytest.approx(8)               # (1 + 1) / (2 - 1) · 2², in both batches
    assert model[1].num_batches_tracked.item() == 2
    assert model[1].momentum == 0.1 and not any(m.training for m in model.modules())


def test_statistics_are_put_in_order_where_a_batch_fails():
    model = nn.Sequential(nn.BatchNorm1d(2, momentum=0.3), nn.Linear(2, 1)).eval()
    with pytest.raises(ZeroDivisionError):
        update_bn((1 / 0 for _ in range(1)), model)
    assert model[0].momentum == 0.3 and not model.training


def test_without_batch_norm_no_batch_is_asked_for():
    def batches():
        raise AssertionError("asked for a batch")
        yield
    model = nn.Linear(2, 1)
    update_bn(batches(), model)
    assert model.training
