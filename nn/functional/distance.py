"""Lengths of vectors, distances and angles between them, and the losses made of these."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from nn.functional.reducing import Reduction, check_reduction, check_same_shape, reduced
from tensorgrad import Tensor, ops
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError, message
from tensorgrad.ops.promotion import check_broadcast

__all__ = ["normalize", "cosine_similarity", "pairwise_distance", "pdist", "cosine_embedding_loss", "triplet_margin_loss",
           "triplet_margin_with_distance_loss", "margin_ranking_loss", "hinge_embedding_loss"]


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """`input` divided by its `p`-norm along `dim`, which is taken as `eps` at least.

    Raises
        RangeError   an axis that `input` does not have

    Example
        >>> normalize(Tensor([[3.0, 4.0]]))
        tensor([[0.6, 0.8]])
    """
    return input / ops.clamp(ops.norm(input, p, dim, keepdim=True), min=eps)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along `dim`; their lengths are taken as `eps` at least.

    Raises
        ShapeError   shapes that cannot be broadcast
        RangeError   an axis that the inputs do not have

    Example
        >>> cosine_similarity(Tensor([[1.0, 0.0]]), Tensor([[1.0, 1.0]]))
        tensor([0.7071])
    """
    check_broadcast("cosine_similarity", x1=x1, x2=x2)
    if x1.shape != x2.shape:  # `dim` counts the axes of the broadcast shape
        shape = np.broadcast_shapes(x1.shape, x2.shape)
        x1, x2 = ops.broadcast_to(x1, shape), ops.broadcast_to(x2, shape)
    lengths = [ops.clamp(ops.norm(x, 2, dim), min=eps) for x in (x1, x2)]
    return ops.sum(x1 * x2, dim) / (lengths[0] * lengths[1])


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The `p`-norm of ``x1 - x2 + eps`` along the last axis.

    Raises
        ShapeError   shapes that cannot be broadcast

    Example
        >>> pairwise_distance(Tensor([[0.0, 0.0]]), Tensor([[3.0, 4.0]]))
        tensor([5.])
    """
    check_broadcast("pairwise_distance", x1=x1, x2=x2)
    return ops.norm(x1 - x2 + eps, p, -1, keepdim)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The `p`-norm distance of every pair of rows: (0, 1), (0, 2), ..., (1, 2), ...

    Shapes
        input (N, M) → (N·(N - 1)/2,)

    Gradient
        0 between equal rows

    Raises
        ShapeError      another number of axes
        ArgumentError   a negative `p`
        DtypeError      an input that is not float

    Example
        >>> pdist(Tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 0.0]]))
        tensor([5., 3., 4.])
    """
    if input.ndim != 2:
        raise ShapeError(message("pdist", f"the input has {input.ndim} axes, not 2", {"input": input}, "Give rows: (N, M)."))
    if p < 0:
        raise ArgumentError(f"pdist: p={p} is negative.\n  Use a number ≥ 0, such as 2, or float('inf').")
    if input.dtype.kind != "f":
        raise DtypeError(message("pdist", f"distances are no {input.dtype}", {"input": input}, "Convert first: x.float()."))
    first, second = np.triu_indices(input.shape[0], 1)
    difference = ops.index_select(input, 0, first) - ops.index_select(input, 0, second)
    if not input.shape[1]:
        return ops.sum(difference, 1)
    return ops.norm(difference, p, 1)


def cosine_embedding_loss(input1: Tensor, input2: Tensor, target: Any, margin: float = 0.0,
                          reduction: Reduction = "mean") -> Tensor:
    """1 - cosine for pairs with target 1, max(0, cosine - `margin`) for those with target -1.

    Shapes
        inputs (N, D) or (D,); target (N,) or ()

    Raises
        ArgumentError   an unknown reduction
        ShapeError      inputs of different shapes, another number of targets

    Example
        >>> cosine_embedding_loss(Tensor([[1.0, 0.0]]), Tensor([[0.0, 1.0]]), Tensor([1]))
        tensor(1.)
    """
    check_reduction("cosine_embedding_loss", reduction)
    check_same_shape("cosine_embedding_loss", input1, input2)
    cosine = inner(input1, input2) / ops.sqrt((inner(input1, input1) + 1e-12) * (inner(input2, input2) + 1e-12))
    check_same_shape("cosine_embedding_loss", cosine, target)
    similar, different = target == 1, target == -1
    losses = ops.where(similar, 1 - cosine, 0.0) + ops.where(different, ops.relu(cosine - margin), 0.0)
    return reduced(losses, reduction)


def inner(a: Tensor, b: Tensor) -> Tensor:
    """Σ a · b over the last axis."""
    return ops.sum(a * b, -1)


def triplet_margin_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0,
                        eps: float = 1e-6, swap: bool = False, reduction: Reduction = "mean") -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + `margin`), d being pairwise_distance.

    With `swap` the distance from positive to negative replaces that from the anchor where it is smaller.

    Raises
        ArgumentError   an unknown reduction, a margin that is not above 0
        ShapeError      shapes that cannot be broadcast, different numbers of axes

    Source
        Balntas et al., Learning Shallow Convolutional Feature Descriptors with Triplet Losses, 2016

    Example
        >>> triplet_margin_loss(Tensor([[0.0]]), Tensor([[1.0]]), Tensor([[1.5]]))
        tensor(0.5)
    """
    check_triplet("triplet_margin_loss", anchor, positive, negative, margin, reduction)
    return triplet_loss(lambda a, b: pairwise_distance(a, b, p, eps), anchor, positive, negative, margin, swap, reduction)


def triplet_margin_with_distance_loss(anchor: Tensor, positive: Tensor, negative: Tensor, *,
                                      distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
                                      margin: float = 1.0, swap: bool = False, reduction: Reduction = "mean") -> Tensor:
    """`triplet_margin_loss` with a distance of one's own: ``distance_function(a, b)``, `pairwise_distance` by default.

    Raises
        ArgumentError   an unknown reduction, a margin that is not above 0
        ShapeError      different numbers of axes

    Example
        >>> city = lambda a, b: (a - b).abs().sum(-1)
        >>> triplet_margin_with_distance_loss(Tensor([[0.0]]), Tensor([[1.0]]), Tensor([[1.5]]), distance_function=city)
        tensor(0.5)
    """
    check_triplet("triplet_margin_with_distance_loss", anchor, positive, negative, margin, reduction)
    return triplet_loss(distance_function or pairwise_distance, anchor, positive, negative, margin, swap, reduction)


def triplet_loss(distance: Callable[[Tensor, Tensor], Tensor], anchor: Tensor, positive: Tensor, negative: Tensor,
                 margin: float, swap: bool, reduction: Reduction) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + `margin`), of checked operands."""
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = ops.minimum(far, distance(positive, negative))
    return reduced(ops.relu(near - far + margin), reduction)


def check_triplet(who: str, anchor: Tensor, positive: Tensor, negative: Tensor, margin: float, reduction: Reduction) -> None:
    """Raise for operands and options that the triplet losses cannot take."""
    check_reduction(who, reduction)
    if margin <= 0:
        raise ArgumentError(f"{who}: margin={margin} is not above 0.\n  Use a number > 0, such as 1.0.")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise ShapeError(message(who, "the inputs have different numbers of axes",
                                 {"anchor": anchor, "positive": positive, "negative": negative}, "Give all three (N, D)."))


def margin_ranking_loss(input1: Tensor, input2: Tensor, target: Any, margin: float = 0.0,
                        reduction: Reduction = "mean") -> Tensor:
    """max(0, -target · (input1 - input2) + `margin`): target 1 wants the first to be larger, -1 the second.

    Raises
        ArgumentError   an unknown reduction
        ShapeError      shapes that cannot be broadcast

    Example
        >>> margin_ranking_loss(Tensor([1.0]), Tensor([3.0]), Tensor([1.0]))
        tensor(2.)
    """
    check_reduction("margin_ranking_loss", reduction)
    check_broadcast("margin_ranking_loss", input1=input1, input2=input2, target=target)
    return reduced(ops.relu(-target * (input1 - input2) + margin), reduction)


def hinge_embedding_loss(input: Tensor, target: Any, margin: float = 1.0, reduction: Reduction = "mean") -> Tensor:
    """`input`, a distance, for target 1; max(0, `margin` - input) for target -1.

    Raises
        ArgumentError   an unknown reduction
        ShapeError      shapes that cannot be broadcast

    Example
        >>> hinge_embedding_loss(Tensor([0.5, 0.25]), Tensor([1, -1]), reduction="none")
        tensor([0.5 , 0.75])
    """
    check_reduction("hinge_embedding_loss", reduction)
    check_broadcast("hinge_embedding_loss", input=input, target=target)
    losses = ops.where(target != 1, ops.relu(margin - input), 0.0) + ops.where(target != -1, input, 0.0)
    return reduced(losses, reduction)
