"""Distances between vectors, and losses on them."""

from __future__ import annotations

from typing import Any, Callable

from nn import functional as F
from nn.module import Module
from nn.modules.loss import Loss
from tensorgrad.tensor import Tensor

__all__ = ["CosineSimilarity", "PairwiseDistance", "CosineEmbeddingLoss", "HingeEmbeddingLoss", "MarginRankingLoss",
           "TripletMarginLoss", "TripletMarginWithDistanceLoss"]


class CosineSimilarity(Module):
    """x₁·x₂ / (‖x₁‖ · ‖x₂‖) along axis `dim`, the norms being at least `eps`.

    Example
        >>> import tensorgrad
        >>> CosineSimilarity()(tensorgrad.tensor([[3.0, 4.0]]), tensorgrad.tensor([[6.0, 8.0]])).item()
        1.0
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8):
        self.dim, self.eps = dim, eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norm of x₁ - x₂ + eps along the last axis."""

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False):
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineEmbeddingLoss(Loss):
    """1 - cos(x₁, x₂) where the target is 1, max(0, cos(x₁, x₂) - margin) where it is -1

    Shapes
        input1, input2   (N, D) or (D,)
        target           (N,) or ()
    """

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean"):
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Any) -> Tensor:
        return F.cosine_embedding_loss(input1, input2, target, self.margin, reduction=self.reduction)


class HingeEmbeddingLoss(Loss):
    """input where the target is 1, max(0, margin - input) where it is -1: for distances

    Shapes
        input, target   the same, any
    """

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean"):
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class MarginRankingLoss(Loss):
    """max(0, -target · (input1 - input2) + margin): input1 should be larger where the target is 1, smaller where it is -1

    Shapes
        input1, input2, target   the same, any
    """

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean"):
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Any) -> Tensor:
        return F.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class TripletMarginLoss(Loss):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), d being the p-norm of the difference

    Options
        swap   use d(positive, negative) where it is smaller than d(anchor, negative)

    Shapes
        anchor, positive, negative   (N, D) or (D,)

    Source
        Balntas et al. 2016, Learning shallow convolutional feature descriptors with triplet losses
    """

    def __init__(self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, *,
                 reduction: str = "mean"):
        super().__init__(reduction)
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_loss(anchor, positive, negative, self.margin, self.p, self.eps, self.swap,
                                     reduction=self.reduction)


class TripletMarginWithDistanceLoss(Loss):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), d being a function of one's own

    Options
        distance_function   of two tensors; pairwise_distance by default
        swap                use d(positive, negative) where it is smaller than d(anchor, negative)

    Shapes
        anchor, positive, negative   those that the function takes
    """

    def __init__(self, *, distance_function: Callable[[Tensor, Tensor], Tensor] | None = None, margin: float = 1.0,
                 swap: bool = False, reduction: str = "mean"):
        super().__init__(reduction)
        self.distance_function = F.pairwise_distance if distance_function is None else distance_function
        self.margin, self.swap = margin, swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_with_distance_loss(anchor, positive, negative, distance_function=self.distance_function,
                                                   margin=self.margin, swap=self.swap, reduction=self.reduction)
