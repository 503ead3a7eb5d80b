"""Losses for one class out of several, nll_loss, cross_entropy, multi_margin_loss; for a set: multilabel_margin_loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.functional.reducing import Reduction, check_reduction, check_same_shape, reduced, shape_of
from tensorgrad import Tensor, lineage, ops
from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError, message
from tensorgrad.ops.entropy import class_entropy
from tensorgrad.ops.images import check_tensor
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import array_of

__all__ = ["cross_entropy", "nll_loss", "multi_margin_loss", "multilabel_margin_loss"]


def nll_loss(input: Tensor, target: Any, weight: Any = None, ignore_index: int = -100,
             reduction: Reduction = "mean") -> Tensor:
    """The negative of the log probability that `input` gives to the class `target`; the mean is weighted by `weight`.

    Shapes
        input (N, C), (C,) or (N, C, *): log probabilities; target (N,), () or (N, *): integers from 0 to C - 1; weight (C,)

    Targets equal to `ignore_index` count for nothing; if all are, the mean is NaN.

    Raises
        RangeError      a target outside 0 to C - 1
        DtypeError      targets that are not integers
        ShapeError      another number of targets than of examples, a weight of another length
        ArgumentError   an unknown reduction

    Example
        >>> log_probabilities = ops.log_softmax(Tensor([[2.0, 0.0], [0.0, 1.0]]), 1)
        >>> nll_loss(log_probabilities, Tensor([0, 1]))
        tensor(0.2201)
    """
    check_reduction("nll_loss", reduction)
    classes, kept = check_classes("nll_loss", input, target, ignore_index)
    weights = class_weights("nll_loss", input, weight)
    return reduced_nll(input, classes, kept, weights, reduction)


def reduced_nll(log_probabilities: Tensor, classes: np.ndarray, kept: np.ndarray | None, weights: np.ndarray | None,
                reduction: Reduction) -> Tensor:
    """nll_loss, of checked operands."""
    losses = -picked(log_probabilities, classes)
    shares = None if weights is None else weights[classes]
    if shares is not None:
        losses = losses * shares
    if kept is not None:
        losses = masked(losses, kept)
    if reduction != "mean":
        return reduced(losses, reduction)
    return ops.sum(losses) / total_share(log_probabilities, classes, kept, shares)


def total_share(input: Tensor, classes: np.ndarray, kept: np.ndarray | None, shares: np.ndarray | None) -> Any:
    """What the sum of losses is divided by for the mean: the sum of weights, or the number of targets, not ignored."""
    if shares is None:
        return float(classes.size if kept is None else np.count_nonzero(kept))
    return (shares if kept is None else shares * kept).sum(dtype=input.dtype)


def picked(input: Tensor, classes: np.ndarray) -> Tensor:
    """The entry of each example that belongs to its class."""
    axis = min(input.ndim - 1, 1)
    index = np.expand_dims(classes, axis)
    return ops.gather(input, axis, index).reshape(classes.shape)


def cross_entropy(input: Tensor, target: Any, weight: Any = None, ignore_index: int = -100, reduction: Reduction = "mean",
                  label_smoothing: float = 0.0) -> Tensor:
    """The negative logarithm of the probability that the scores `input` give, by softmax, to the right class.

    `target` holds class indices, or class probabilities of the shape of `input`.  `label_smoothing` moves that share of
    the target to all classes equally.  With indices the mean is weighted by `weight`; with probabilities it is over the
    examples.

    Shapes
        input (N, C), (C,) or (N, C, *): any scores, not probabilities; target (N,), () or (N, *): integers from 0 to C - 1,
        or floats like input; weight (C,)

    Targets equal to `ignore_index` count for nothing; if all are, the mean is NaN.

    Raises
        RangeError      a target outside 0 to C - 1
        DtypeError      float targets that are not of the shape of `input`
        ShapeError      another number of targets than of examples, a weight of another length
        ArgumentError   an unknown reduction, a label_smoothing outside 0 to 1, an ignore_index ≥ 0 for probabilities

    Example
        >>> scores = Tensor([[2.0, 0.0], [0.0, 1.0]], requires_grad=True)
        >>> loss = cross_entropy(scores, Tensor([0, 1])); loss
        tensor(0.2201, creator=cross_entropy)
        >>> loss.backward(); scores.grad
        tensor([[-0.0596,  0.0596],
                [ 0.1345, -0.1345]])
    """
    check_reduction("cross_entropy", reduction)
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(f"cross_entropy: label_smoothing={label_smoothing} is no share.\n  Use a number from 0 to 1.")
    target = target if isinstance(target, (Tensor, np.ndarray)) else np.asarray(target)
    if target.dtype.kind == "f" and target.shape == input.shape:
        if ignore_index >= 0:
            raise ArgumentError(f"cross_entropy: ignore_index={ignore_index} means nothing for probabilities as targets.\n"
                                "  Leave it out, or pass class indices.")
        return probability_loss(input, target, weight, reduction, label_smoothing)
    classes, kept = check_classes("cross_entropy", input, target, ignore_index)
    weights = class_weights("cross_entropy", input, weight)
    if not label_smoothing:
        shares = None if weights is None else weights[classes]
        if kept is None:
            return class_entropy(input, target if isinstance(target, Tensor) else classes, shares, reduction, classes.size)
        return class_entropy(input, np.where(kept, classes, -1), None if shares is None else shares * kept, reduction)
    axis = min(input.ndim - 1, 1)
    log_probabilities = ops.log_softmax(input, axis)
    loss = reduced_nll(log_probabilities, classes, kept, weights, reduction)
    spread = -ops.sum(log_probabilities if weights is None else log_probabilities * along_classes(weights, input), axis)
    if kept is not None:
        spread = masked(spread, kept)
    if reduction == "mean":
        shares = None if weights is None else weights[classes]
        spread = ops.sum(spread) / total_share(input, classes, kept, shares)
    else:
        spread = reduced(spread, reduction)
    return loss * (1 - label_smoothing) + spread * (label_smoothing / input.shape[axis])


def probability_loss(input: Tensor, target: Tensor, weight: Any, reduction: Reduction, label_smoothing: float) -> Tensor:
    """cross_entropy with a probability per class as the target."""
    axis = min(input.ndim - 1, 1)
    classes = input.shape[axis]
    weights = class_weights("cross_entropy", input, weight)
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    products = ops.log_softmax(input, axis) * target
    losses = -ops.sum(products if weights is None else products * along_classes(weights, input), axis)
    return reduced(losses, reduction)


def along_classes(weights: np.ndarray, input: Tensor) -> np.ndarray:
    """One number per class, in a shape that broadcasts to the scores."""
    return weights.reshape(-1, *[1] * max(input.ndim - 2, 0))


def multi_margin_loss(input: Tensor, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None,
                      reduction: Reduction = "mean") -> Tensor:
    """The mean over the wrong classes of max(0, `margin` - right score + wrong score) to the power `p`, 1 or 2.

    Shapes
        input (N, C) or (C,): scores; target (N,) or (): integers from 0 to C - 1; weight (C,)

    Raises
        RangeError      a target outside 0 to C - 1
        DtypeError      targets that are not integers
        ShapeError      another number of targets than of examples, a weight of another length
        ArgumentError   an unknown reduction, another `p`

    Example
        >>> multi_margin_loss(Tensor([[0.1, 0.2, 0.4, 0.8]]), Tensor([3]))
        tensor(0.325)
    """
    check_reduction("multi_margin_loss", reduction)
    if p not in (1, 2):
        raise ArgumentError(f"multi_margin_loss: p={p} is not defined.\n  Use 1 or 2.")
    shape = shape_of(target)
    if input.ndim < 2:  # one example, whose target may have an axis; a number is the score of a single class
        input = input.reshape(-1)
        if shape == (1,):
            target = target.reshape(())
    classes, _ = check_classes("multi_margin_loss", input, target, None)
    weights = class_weights("multi_margin_loss", input, weight)
    axis = input.ndim - 1
    right = ops.unsqueeze(picked(input, classes), axis)
    wrong = np.ones(input.shape, bool)
    np.put_along_axis(wrong, np.expand_dims(classes, axis), False, axis)
    short = masked(ops.relu(input - right + margin), wrong)
    if p == 2:
        short = short * short
    if weights is not None:
        short = short * np.expand_dims(weights[classes], axis)
    return reduced((ops.sum(short, axis) / float(input.shape[axis])).reshape(shape), reduction)


def multilabel_margin_loss(input: Tensor, target: Any, reduction: Reduction = "mean") -> Tensor:
    """The sum of max(0, 1 - right score + wrong score) over all pairs of a right class and a wrong one, divided by C.

    Shapes
        input (N, C) or (C,): scores; target like it: the right classes of each example, then -1 and anything

    Raises
        RangeError      a class outside 0 to C - 1 before the first -1
        DtypeError      targets that are not integers
        ShapeError      a target of another shape, more axes than two
        ArgumentError   an unknown reduction

    Example
        >>> multilabel_margin_loss(Tensor([[0.1, 0.2, 0.4, 0.8]]), Tensor([[3, 0, -1, 1]]))
        tensor(0.85)
    """
    who, operands = "multilabel_margin_loss", {"input": input, "target": target}
    check_reduction(who, reduction)
    check_same_shape(who, input, target)
    if input.ndim > 2 or input.shape[-1:] == (0,):
        raise ShapeError(message(who, f"expects (N, C) or (C,), got {input.shape}", operands,
                                 "Only the batch may be empty."))
    classes = np.asarray(array_of(target)).reshape(-1, input.shape[-1] if input.ndim else 1)
    if classes.dtype.kind not in "iu":
        raise DtypeError(message(who, f"targets are class indices, not {classes.dtype}", operands,
                                 "Convert them: target.long()."))
    named = np.logical_and.accumulate(classes != -1, axis=1)
    wrong = named & ((classes < 0) | (classes >= classes.shape[1]))
    if wrong.any():
        raise RangeError(message(who, f"target {classes[wrong][0]} is no class: there are {classes.shape[1]}", operands,
                                 f"Use 0 to {classes.shape[1] - 1}, and -1 after the last."))
    scores = input.reshape(classes.shape)
    index = np.where(named, classes, 0)
    right = np.zeros(classes.shape, bool)
    rows, _ = np.nonzero(named)
    right[rows, index[named]] = True
    short = ops.relu(1 - ops.unsqueeze(ops.gather(scores, 1, index), 2) + ops.unsqueeze(scores, 1))
    losses = ops.sum(masked(short, named[:, :, None] & ~right[:, None]), (1, 2)) / float(classes.shape[1])
    return reduced(losses if input.ndim == 2 else losses.reshape(()), reduction)


# -- checks ------------------------------------------------------------------------------------------------------------


UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def class_weights(who: str, input: Tensor, weight: Any) -> np.ndarray | None:
    """The weights of the classes as an array in the dtype of the scores."""
    if weight is None:
        return None
    weights = np.asarray(weight.array if isinstance(weight, Tensor) else weight, input.dtype)
    classes = input.shape[min(input.ndim - 1, 1)]
    if weights.shape != (classes,):
        raise ShapeError(message(who, f"the weight has shape {weights.shape}, not ({classes},)",
                                 {"input": input, "weight": weight}, f"Give one weight for each of the {classes} classes."))
    return weights


def check_classes(who: str, input: Tensor, target: Any, ignore_index: int | None) -> tuple[np.ndarray, np.ndarray | None]:
    """The class indices as an array, ignored ones replaced by 0, and a mask of those that count; None if all do."""
    check_tensor(who, "input", input)
    operands = {"input": input, "target": target}
    if not input.ndim:
        raise ShapeError(message(who, "the input has no axis of classes", operands, "Use (N, C), or (C,) for one example."))
    classes = input.shape[min(input.ndim - 1, 1)]
    wanted = () if input.ndim == 1 else (input.shape[0], *input.shape[2:])
    given = shape_of(target)
    array = np.asarray(target.array if isinstance(target, Tensor) else target)
    if array.dtype.kind not in "iu":
        same = f"; class probabilities need the shape of the input, {input.shape}" if who == "cross_entropy" else ""
        fix = "Convert them: target.long()." if array.dtype.kind in "fb" else (
            "Give each class a number: indices = [classes.index(name) for name in labels].")
        raise DtypeError(message(who, f"targets are class indices, not {array.dtype}{same}", operands, fix))
    if given != wanted:
        if given == input.shape:
            fix = "These look like one-hot targets: pass target.argmax(1)" + (
                ", or floats for class probabilities." if who == "cross_entropy" else ".")
        elif input.ndim > 1 and given == (wanted[0], 1, *wanted[1:]):
            fix = "Take out the axis of length 1: target.squeeze(1)."
        elif input.ndim > 1 and given[:1] != wanted[:1]:
            fix = f"There are {wanted[0]} examples and {given[0] if given else 'no axis of'} targets."
            cut = lineage.rebatched(input, given[0]) if given else ""
            fix += f"  {cut}" if cut else ""
        elif input.ndim > 2 and given == input.shape[:-1]:
            fix = f"The classes must be axis 1: with the {input.shape[-1]} classes last, use input.movedim(-1, 1)."
        else:
            fix = f"Give targets of shape {wanted}."
        raise ShapeError(message(who, f"the input has shape {input.shape}, so the targets need {wanted}, not {given}",
                                 operands, fix))
    if array.size and (ignore_index is None or not 0 <= ignore_index < classes):
        unsigned = array.view(UNSIGNED[array.itemsize])  # in which negative numbers are large: one comparison for both ends
        if np.maximum.reduce(unsigned, axis=None) < classes:
            return array, None
    ignored = None if ignore_index is None else array == ignore_index
    wrong = (array < 0) | (array >= classes)
    if ignored is not None:
        wrong &= ~ignored
    if wrong.any():
        where = tuple([int(i) for i in np.argwhere(wrong)[0]])
        label = int(array[where])
        spot = f" at position {where[0] if len(where) == 1 else where}" if where else ""
        fix = f"Use 0 to {classes - 1}" if label < classes or ignore_index is None else (
            f"Use 0 to {classes - 1}, or scores for {label + 1} classes")
        if ignore_index is not None and label < 0:
            fix += f"; targets to be ignored are {ignore_index}, or set ignore_index={label}"
        elif ignore_index is not None and label == 255:  # what image files mark "no class" by
            fix += "; if 255 marks what has no class, set ignore_index=255"
        raise RangeError(message(who, f"target {label}{spot} is no class: there are {classes} classes", operands, fix + "."))
    if ignored is None or not ignored.any():
        return array, None
    return np.where(ignored, 0, array), ~ignored
