"""Metrics do not depend on how the set is cut into batches, and refuse what does not fit."""

import math

import numpy as np
import pytest

from nn.training import Accuracy, ConfusionMatrix, MeanLoss, Metric, TopK
from tensorgrad import tensor
from tensorgrad.errors import ArgumentError, RangeError, ShapeError

rng = np.random.default_rng(0)
OUTPUT = rng.normal(size=(50, 7)).astype(np.float32)
TARGET = rng.integers(0, 7, 50)


@pytest.mark.parametrize("metric", [Accuracy(), TopK(3), ConfusionMatrix(7)], ids=lambda metric: metric.name)
@pytest.mark.parametrize("size", [1, 8, 50])
def test_batches_do_not_matter(metric, size):
    metric.reset()
    metric.update(OUTPUT, TARGET)
    whole = metric.compute()
    metric.reset()
    for start in range(0, 50, size):
        metric.update(tensor(OUTPUT[start:start + size]), tensor(TARGET[start:start + size]))
    np.testing.assert_array_equal(metric.compute(), whole)


def test_values_against_counting():
    accuracy, top3, confusion = Accuracy(), TopK(3), ConfusionMatrix(7)
    for metric in (accuracy, top3, confusion):
        metric.update(OUTPUT, TARGET)
    right = [int(np.argmax(row)) == target for row, target in zip(OUTPUT, TARGET)]
    in_top3 = [target in np.argsort(-row)[:3] for row, target in zip(OUTPUT, TARGET)]
    assert accuracy.compute() == sum(right) / 50
    assert top3.compute() == sum(in_top3) / 50
    assert confusion.compute().sum() == 50 and confusion.compute().trace() == sum(right)
    assert confusion.compute()[2, 4] == sum(t == 2 and np.argmax(row) == 4 for row, t in zip(OUTPUT, TARGET))


def test_a_tie_counts_for_the_lower_class():
    equal = np.zeros((3, 3))
    top2 = TopK(2)
    top2.update(equal, np.array([0, 1, 2]))
    assert top2.compute() == pytest.approx(2 / 3)


def test_top_all_is_one_and_top1_is_accuracy():
    top1, top7, accuracy = TopK(1), TopK(7), Accuracy()
    for metric in (top1, top7, accuracy):
        metric.update(OUTPUT, TARGET)
    assert top7.compute() == 1.0 and top1.compute() == accuracy.compute()


def test_mean_loss_weighs_by_batch_size():
    mean = MeanLoss()
    mean.update(tensor(2.0), 3)
    mean.update(6.0, 1)
    assert mean.compute() == 3.0
    mean.reset()
    assert math.isnan(mean.compute())


def test_nothing_seen_is_nan_or_zero():
    assert math.isnan(Accuracy().compute()) and math.isnan(TopK(2).compute())
    assert ConfusionMatrix(3).compute().tolist() == [[0] * 3] * 3


def test_class_predictions_instead_of_scores():
    accuracy = Accuracy()
    accuracy.update(np.array([1, 2, 0]), np.array([1, 2, 2]))
    assert accuracy.compute() == pytest.approx(2 / 3)


def test_compute_returns_a_copy():
    confusion = ConfusionMatrix(2)
    confusion.compute()[0, 0] = 5
    assert confusion.compute()[0, 0] == 0


@pytest.mark.parametrize("make, output, target, error, text", [
    (Accuracy, np.zeros((4, 3)), np.zeros(5, int), ShapeError, r"Accuracy: output and target do not fit"),
    (Accuracy, np.zeros((4, 3)), np.zeros(4), ShapeError, r"integer class numbers"),
    (Accuracy, np.zeros(4, int), np.zeros(3, int), ShapeError, r"Accuracy: 4 predictions for targets of shape \(3,\)"),
    (lambda: TopK(4), np.zeros((4, 3)), np.zeros(4, int), ShapeError, r"TopK: 3 classes have no 4 largest"),
    (lambda: TopK(2), np.zeros((2, 3)), np.array([0, 3]), RangeError, r"TopK: class 3 is outside 0\.\.2"),
    (lambda: ConfusionMatrix(3), np.zeros((2, 4)), np.array([0, 3]), RangeError, r"ConfusionMatrix: class 3 is outside"),
    (lambda: ConfusionMatrix(3), np.zeros((2, 3)), np.array([0, -1]), RangeError, r"class -1 is outside 0\.\.2"),
])
def test_what_does_not_fit(make, output, target, error, text):
    with pytest.raises(error, match=text):
        make().update(output, target)


def test_top_zero():
    with pytest.raises(ArgumentError, match="TopK: k is 0"):
        TopK(0)


@pytest.mark.parametrize("call", [lambda m: m.reset(), lambda m: m.update(0, 0), lambda m: m.compute()])
def test_the_protocol_is_abstract(call):
    with pytest.raises(NotImplementedError, match="Metric."):
        call(Metric())
