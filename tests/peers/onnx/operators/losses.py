"""Losses for one class out of several."""

from __future__ import annotations

from typing import Any

import nn.functional as F
from tensorgrad import Tensor

__all__ = ["OPERATORS"]


def nll_loss(scores: Tensor, labels: Tensor, weight: Tensor | None = None, ignore_index: int = -100,
             reduction: str = "mean") -> Tensor:
    return F.nll_loss(scores, labels, weight, ignore_index, reduction)


def softmax_cross_entropy(scores: Tensor, labels: Tensor, weight: Tensor | None = None, ignore_index: int = -100,
                          reduction: str = "mean") -> Any:
    loss = F.cross_entropy(scores, labels, weight, ignore_index, reduction)
    return loss, F.log_softmax(scores, 1)


OPERATORS = {"NegativeLogLikelihoodLoss": nll_loss, "SoftmaxCrossEntropyLoss": softmax_cross_entropy}
