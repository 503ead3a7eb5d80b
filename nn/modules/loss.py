"""Losses as modules: options at construction, ``loss(input, target)`` when called.

Every loss takes `reduction`: 'mean' (the default), 'sum', or 'none' for one value per entry.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nn import functional as F
from nn.module import Module
from nn.modules.arguments import one_of, positive
from tensorgrad.errors import ArgumentError
from tensorgrad.tensor import Tensor, as_tensor

__all__ = ["CrossEntropyLoss", "NLLLoss", "BCELoss", "BCEWithLogitsLoss", "MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss",
           "KLDivLoss", "PoissonNLLLoss", "GaussianNLLLoss", "SoftMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss",
           "MultiLabelMarginLoss"]


class Loss(Module):
    """What the losses share."""

    def __init__(self, reduction: str = "mean"):
        self.reduction = one_of(type(self).__name__, "reduction", reduction, ("mean", "sum", "none"))


class WeightedLoss(Loss):
    """A loss with weights: a buffer, saved in the state dict if given."""

    weight: Tensor | None

    def __init__(self, weight: Any = None, reduction: str = "mean"):
        super().__init__(reduction)
        self.register_buffer("weight", constant(weight))


class CrossEntropyLoss(WeightedLoss):
    """-log softmax(input)[target]: for logits, the scores before any softmax.

    Options
        weight            (C,) a factor per class; the mean is divided by the sum of the factors used
        ignore_index      a target that does not count
        label_smoothing   this share of the target is spread evenly over all classes

    Shapes
        input    (N, C), (C,) or (N, C, d1, ...)
        target   (N,), () or (N, d1, ...) integers from 0 to C - 1; or probabilities in the shape of the input
        result   (), or the shape of an integer target for reduction 'none'

    Raises
        ArgumentError   options that make no sense
        RangeError      when called: a target outside of 0 … C - 1
        ShapeError      when called: shapes that do not fit

    Example
        >>> import tensorgrad
        >>> round(CrossEntropyLoss()(tensorgrad.zeros(3, 10), tensorgrad.tensor([0, 1, 2])).item(), 4)
        2.3026
    """

    def __init__(self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean",
                 label_smoothing: float = 0.0):
        super().__init__(weight, reduction)
        if not 0 <= label_smoothing <= 1:
            raise ArgumentError(f"CrossEntropyLoss: label_smoothing={label_smoothing!r} is no share.\n"
                                "  Use a number from 0 to 1.")
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.cross_entropy(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction,
                               label_smoothing=self.label_smoothing)


class NLLLoss(WeightedLoss):
    """-input[target]: for logarithms of probabilities, as `LogSoftmax` gives them.

    Options, shapes and errors are those of `CrossEntropyLoss`, with integer targets only.

    Example
        >>> import tensorgrad
        >>> NLLLoss()(tensorgrad.tensor([[-1.0, -2.0]]), tensorgrad.tensor([1])).item()
        2.0
    """

    def __init__(self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"):
        super().__init__(weight, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class BCELoss(WeightedLoss):
    """-(target · log(input) + (1 - target) · log(1 - input)): for probabilities, as `Sigmoid` gives them.

    Logarithms are cut off at -100, so that the loss is finite for inputs of 0 and 1.

    Options
        weight   a factor per entry, broadcast to the input

    Shapes
        input, target   the same, any

    Raises
        RangeError   when called: an input outside of 0 … 1
        ShapeError   when called: different shapes
    """

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(WeightedLoss):
    """`BCELoss` of sigmoid(input), computed from the logits without overflow or loss of digits.

    Options
        weight       a factor per entry, broadcast to the input
        pos_weight   a factor for the entries whose target is 1, broadcast to the input

    Shapes
        input, target   the same, any

    Example
        >>> import tensorgrad
        >>> round(BCEWithLogitsLoss()(tensorgrad.zeros(2), tensorgrad.tensor([0.0, 1.0])).item(), 4)
        0.6931
    """

    def __init__(self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None):
        super().__init__(weight, reduction)
        self.pos_weight: Tensor | None
        self.register_buffer("pos_weight", constant(pos_weight))

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.binary_cross_entropy_with_logits(input, target, self.weight, reduction=self.reduction,
                                                  pos_weight=self.pos_weight)


class MSELoss(Loss):
    """(input - target)²

    Shapes
        input, target   the same, any

    Example
        >>> import tensorgrad
        >>> MSELoss()(tensorgrad.tensor([1.0, 2.0]), tensorgrad.tensor([1.0, 4.0])).item()
        2.0
    """

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(Loss):
    """|input - target|

    Shapes
        input, target   the same, any
    """

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """d² / (2 · beta) where d = |input - target| < beta, d - beta / 2 elsewhere; `L1Loss` for beta 0

    Shapes
        input, target   the same, any

    Source
        Girshick 2015, Fast R-CNN
    """

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0):
        super().__init__(reduction)
        if not beta >= 0:
            raise ArgumentError(f"SmoothL1Loss: beta={beta!r} makes no sense here.\n  Use a number ≥ 0.")
        self.beta = beta

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """d² / 2 where d = |input - target| < delta, delta · (d - delta / 2) elsewhere

    Shapes
        input, target   the same, any

    Source
        Huber 1964, Robust estimation of a location parameter
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0):
        super().__init__(reduction)
        positive("HuberLoss", "delta", delta)
        self.delta = delta

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class KLDivLoss(Loss):
    """target · (log(target) - input): for an input of logarithms of probabilities.

    Options
        reduction    also 'batchmean', the sum divided by the number of samples, which is the divergence's own definition
        log_target   the target is given as logarithms too

    Shapes
        input, target   the same, any
    """

    def __init__(self, *, reduction: str = "mean", log_target: bool = False):
        self.reduction = one_of("KLDivLoss", "reduction", reduction, ("mean", "sum", "none", "batchmean"))
        self.log_target = bool(log_target)

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class PoissonNLLLoss(Loss):
    """exp(input) - target · input: for counts, the input being the logarithm of their expectation.

    Options
        log_input   False: the input is the expectation itself, the loss input - target · log(input + eps)
        full        add Stirling's approximation of log(target!) where the target is above 1

    Shapes
        input, target   the same, any
    """

    def __init__(self, log_input: bool = True, full: bool = False, *, eps: float = 1e-8, reduction: str = "mean"):
        super().__init__(reduction)
        self.log_input, self.full, self.eps = bool(log_input), bool(full), eps

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.poisson_nll_loss(input, target, log_input=self.log_input, full=self.full, eps=self.eps,
                                  reduction=self.reduction)


class GaussianNLLLoss(Loss):
    """(log(var) + (input - target)² / var) / 2: for an expectation and a variance, at least `eps`.

    Options
        full   add log(2π) / 2

    Shapes
        input, target   the same, any
        var             the same, or 1 or nothing for the last axis
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean"):
        super().__init__(reduction)
        positive("GaussianNLLLoss", "eps", eps)
        self.full, self.eps = bool(full), eps

    def forward(self, input: Tensor, target: Any, var: Any) -> Tensor:
        return F.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)


class SoftMarginLoss(Loss):
    """log(1 + exp(-target · input)): for targets 1 and -1

    Shapes
        input, target   the same, any
    """

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(WeightedLoss):
    """The mean over classes of `BCEWithLogitsLoss`: for samples that may belong to several classes.

    Options
        weight   (C,) a factor per class

    Shapes
        input, target   (N, C)
    """

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


class MultiMarginLoss(WeightedLoss):
    """The mean over the wrong classes of max(0, margin - input[target] + input)ᵖ: a hinge loss for several classes.

    Options
        p        1 or 2
        weight   (C,) a factor per class, by the target

    Shapes
        input    (N, C)
        target   (N,) integers from 0 to C - 1
    """

    def __init__(self, p: int = 1, margin: float = 1.0, weight: Any = None, *, reduction: str = "mean"):
        super().__init__(weight, reduction)
        if p not in (1, 2):
            raise ArgumentError(f"MultiMarginLoss: p={p!r} makes no sense here.\n  Use 1 or 2.")
        self.p, self.margin = p, margin

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.multi_margin_loss(input, target, self.p, self.margin, self.weight, reduction=self.reduction)


def constant(weight: Any) -> Tensor | None:
    """Weights given as a tensor, an array or a list, as a constant."""
    if weight is None or isinstance(weight, Tensor):
        return weight
    return as_tensor(np.asarray(weight, np.float32) if isinstance(weight, (list, tuple)) else weight)


class MultiLabelMarginLoss(Loss):
    """max(0, 1 - score of a right class + score of a wrong one), summed over all such pairs, divided by their number C

    Shapes
        input    (N, C) or (C,)
        target   the same: the right classes of each example, then -1 and anything
    """

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.multilabel_margin_loss(input, target, self.reduction)
