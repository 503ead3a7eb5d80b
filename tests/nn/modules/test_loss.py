"""Losses: hand-worked values, options, buffers, errors."""

import math

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError, RangeError

LOGITS = tg.tensor([[0.0, math.log(3)], [math.log(3), 0.0]], dtype="float64")  # probabilities 1/4, 3/4 and 3/4, 1/4
A, B = tg.tensor([0.0, 1.0, 5.0]), tg.tensor([0.0, 1.5, 2.0])


@pytest.mark.parametrize("loss, input, target, value", [
    (nn.CrossEntropyLoss(), LOGITS, [1, 1], -(math.log(3 / 4) + math.log(1 / 4)) / 2),
    (nn.CrossEntropyLoss(reduction="sum", ignore_index=1), LOGITS, [1, 0], -math.log(3 / 4)),
    (nn.CrossEntropyLoss([1, 3]), LOGITS, [0, 1], -(math.log(1 / 4) + 3 * math.log(1 / 4)) / 4),
    (nn.CrossEntropyLoss(label_smoothing=1.0), LOGITS, [1, 1], -(math.log(3 / 4) + math.log(1 / 4)) / 2),
    (nn.NLLLoss(), tg.tensor([[-1.0, -2.0]]), [1], 2),
    (nn.BCELoss(), tg.tensor([0.25, 0.75]), [0.0, 1.0], -math.log(3 / 4)),
    (nn.BCELoss([0.0, 2.0]), tg.tensor([0.25, 0.75]), [0.0, 1.0], -math.log(3 / 4)),
    (nn.BCEWithLogitsLoss(), tg.tensor([0.0, 0.0]), [0.0, 1.0], math.log(2)),
    (nn.BCEWithLogitsLoss(pos_weight=[3.0]), tg.tensor([0.0, 0.0]), [0.0, 1.0], 2 * math.log(2)),
    (nn.MSELoss(), A, B, (0.25 + 9) / 3),
    (nn.L1Loss(reduction="sum"), A, B, 3.5),
    (nn.SmoothL1Loss(reduction="sum"), A, B, 0.125 + 2.5),
    (nn.SmoothL1Loss(beta=0), A, B, 3.5 / 3),
    (nn.HuberLoss(reduction="sum", delta=2), A, B, 0.125 + 2 * 2),
    (nn.KLDivLoss(reduction="batchmean"), tg.tensor([[math.log(0.5)] * 2]), [[0.25, 0.75]],
     0.25 * math.log(0.5) + 0.75 * math.log(1.5)),
])
def test_values(loss, input, target, value):
    target = target if isinstance(target, tg.Tensor) else tg.tensor(target)
    assert loss(input, target).item() == pytest.approx(value, rel=1e-6)


X, Y, Z = (tg.tensor([[3.0, 4.0]]), tg.tensor([[6.0, 8.0]]), tg.tensor([[4.0, -3.0]]))


@pytest.mark.parametrize("call, value", [
    (lambda: nn.PoissonNLLLoss()(tg.tensor([0.0]), tg.tensor([2.0])), 1),
    (lambda: nn.PoissonNLLLoss(log_input=False, eps=0)(tg.tensor([1.0]), tg.tensor([2.0])), 1),
    (lambda: nn.GaussianNLLLoss()(tg.tensor([1.0]), tg.tensor([3.0]), tg.tensor([4.0])), (math.log(4) + 1) / 2),
    (lambda: nn.SoftMarginLoss()(tg.tensor([0.0]), tg.tensor([-1.0])), math.log(2)),
    (lambda: nn.MultiLabelSoftMarginLoss()(tg.zeros(2, 3), tg.ones(2, 3)), math.log(2)),
    (lambda: nn.MultiMarginLoss()(tg.tensor([[1.0, 3.0, 1.5]]), tg.tensor([1])), 0),
    (lambda: nn.MultiMarginLoss(p=2, margin=3)(tg.tensor([[1.0, 3.0, 1.5]]), tg.tensor([1])), (1 + 1.5 ** 2) / 3),
    (lambda: nn.CosineSimilarity()(X, Z), 0),
    (lambda: nn.PairwiseDistance(eps=0)(X, Y), 5),
    (lambda: nn.CosineEmbeddingLoss()(X, Y, tg.tensor([1])), 0),
    (lambda: nn.CosineEmbeddingLoss(margin=0.25)(X, Y, tg.tensor([-1])), 0.75),
    (lambda: nn.HingeEmbeddingLoss(2.0)(tg.tensor([0.5]), tg.tensor([-1.0])), 1.5),
    (lambda: nn.MarginRankingLoss(0.5)(tg.tensor([1.0]), tg.tensor([2.0]), tg.tensor([1.0])), 1.5),
    (lambda: nn.TripletMarginLoss(margin=1.0)(X, Y, Z), 5 - 50 ** 0.5 + 1 if 50 ** 0.5 < 6 else 0),
])
def test_more_values(call, value):
    assert call().item() == pytest.approx(value, abs=1e-6)


def test_no_reduction():
    assert nn.MSELoss(reduction="none")(A, B).tolist() == [0, 0.25, 9]
    assert nn.CrossEntropyLoss(reduction="none")(LOGITS, tg.tensor([1, 1])).shape == (2,)


def test_weights_are_buffers():
    loss = nn.CrossEntropyLoss(np.ones(2))
    assert list(loss.state_dict()) == ["weight"] and not list(nn.CrossEntropyLoss().state_dict())
    assert loss.double().weight.dtype == np.float64
    assert list(nn.BCEWithLogitsLoss([1.0], pos_weight=[2.0]).state_dict()) == ["weight", "pos_weight"]
    assert repr(loss) == "CrossEntropyLoss()"


@pytest.mark.parametrize("call, error, text", [
    (lambda: nn.MSELoss("average"), ArgumentError, "MSELoss: reduction='average' is not known.\n  Use 'mean', 'sum'"),
    (lambda: nn.KLDivLoss(reduction="batch"), ArgumentError, "KLDivLoss: reduction='batch' is not known.\n.*'batchmean'"),
    (lambda: nn.CrossEntropyLoss(label_smoothing=2), ArgumentError, "label_smoothing=2 is no share.\n  Use a number from 0"),
    (lambda: nn.MultiMarginLoss(p=3), ArgumentError, "MultiMarginLoss: p=3 makes no sense here.\n  Use 1 or 2"),
    (lambda: nn.GaussianNLLLoss(eps=0), ArgumentError, "GaussianNLLLoss: eps=0 makes no sense"),
    (lambda: nn.HuberLoss(delta=0), ArgumentError, "HuberLoss: delta=0 makes no sense here.\n  Use a number above 0"),
    (lambda: nn.SmoothL1Loss(beta=-1), ArgumentError, "SmoothL1Loss: beta=-1 makes no sense here.\n  Use a number ≥ 0"),
    (lambda: nn.CrossEntropyLoss()(LOGITS, tg.tensor([1, 2])), RangeError, "2"),
    (lambda: nn.CrossEntropyLoss(ignore_index=1)(LOGITS, LOGITS), ArgumentError, "ignore_index=1 means nothing for prob"),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
