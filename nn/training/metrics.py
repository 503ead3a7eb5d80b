"""Numbers that say how good predictions are, gathered batch by batch.

A metric is ``reset()``, then ``update(output, target)`` per batch, then ``compute()``.  It counts, and divides only in
`compute`, so the result is that of the whole set however it was cut into batches.

Axis letters: N batch, K classes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tensorgrad.errors import ArgumentError, RangeError, ShapeError, message

__all__ = ["Metric", "Accuracy", "TopK", "MeanLoss", "ConfusionMatrix"]


class Metric:
    """The protocol; `name` is the metric's key in the history."""

    name = "metric"

    def reset(self) -> None:
        """Forget all batches."""
        raise NotImplementedError(f"{type(self).__name__}.reset")

    def update(self, output: Any, target: Any) -> None:
        """Count one batch: what the model returned, and what was right."""
        raise NotImplementedError(f"{type(self).__name__}.update")

    def compute(self) -> Any:
        """The metric over all batches since `reset`; NaN if there were none."""
        raise NotImplementedError(f"{type(self).__name__}.compute")


class Accuracy(Metric):
    """The fraction of samples whose largest output is at the right class.

    Shapes
        output   (N, K), or (N,) with the predicted classes themselves
        target   (N,) integer

    Raises
        ShapeError   the shapes do not fit

    Example
        >>> accuracy = Accuracy()
        >>> accuracy.update(np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]]), np.array([1, 0, 0]))
        >>> round(accuracy.compute(), 3)
        0.667
    """

    name = "accuracy"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.right = self.count = 0

    def update(self, output: Any, target: Any) -> None:
        predicted, target = classes("Accuracy", output, target)
        self.right += int(np.count_nonzero(predicted == target))
        self.count += len(target)

    def compute(self) -> float:
        return self.right / self.count if self.count else math.nan


class TopK(Metric):
    """The fraction of samples whose right class is among the `k` largest outputs; a tie counts for the lower class.

    Shapes
        output   (N, K)
        target   (N,) integer

    Raises
        ArgumentError   k < 1
        ShapeError      the shapes do not fit, or K < k
        RangeError      a target outside 0..K-1

    Example
        >>> top2 = TopK(2)
        >>> top2.update(np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]), np.array([1, 2]))
        >>> top2.name, top2.compute()
        ('top2_accuracy', 0.5)
    """

    def __init__(self, k: int = 5):
        if k < 1:
            raise ArgumentError(f"TopK: k is {k}.\n  Use k ≥ 1; k = 1 is Accuracy.")
        self.k = k
        self.name = f"top{k}_accuracy"
        self.reset()

    def reset(self) -> None:
        self.right = self.count = 0

    def update(self, output: Any, target: Any) -> None:
        output, target = plain(output), plain(target)
        require_scores("TopK", output, target)
        if output.shape[1] < self.k:
            raise ShapeError(message("TopK", f"{output.shape[1]} classes have no {self.k} largest", {"output": output},
                                     f"Use k ≤ {output.shape[1]}."))
        require_labels("TopK", target, output.shape[1])
        score = output[np.arange(len(target)), target][:, None]
        ahead = (output > score).sum(1) + ((output == score) & (np.arange(output.shape[1]) < target[:, None])).sum(1)
        self.right += int(np.count_nonzero(ahead < self.k))
        self.count += len(target)

    def compute(self) -> float:
        return self.right / self.count if self.count else math.nan


class MeanLoss:
    """The mean of per-batch means, each weighted by the size of its batch.

    Example
        >>> mean = MeanLoss()
        >>> mean.update(1.0, 3); mean.update(2.0, 1)
        >>> mean.compute()
        1.25
    """

    name = "loss"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.total, self.count = 0.0, 0

    def update(self, loss: Any, size: int) -> None:
        """Count a batch of `size` samples whose mean loss is `loss`."""
        self.total += float(loss) * size
        self.count += size

    def compute(self) -> float:
        """The mean per sample; NaN if there were none."""
        return self.total / self.count if self.count else math.nan


class ConfusionMatrix(Metric):
    """How often each class was taken for which: an integer array (K, K), rows the true class, columns the predicted one.

    Shapes
        output   (N, K), or (N,) with the predicted classes themselves
        target   (N,) integer

    Raises
        ShapeError   the shapes do not fit
        RangeError   a class outside 0..num_classes-1

    Example
        >>> confusion = ConfusionMatrix(2)
        >>> confusion.update(np.array([1, 0, 1]), np.array([1, 0, 0]))
        >>> confusion.compute()
        array([[1, 1],
               [0, 1]])
    """

    name = "confusion"

    def __init__(self, num_classes: int):
        self.num_classes = num_classes
        self.reset()

    def reset(self) -> None:
        self.counts = np.zeros((self.num_classes, self.num_classes), np.int64)

    def update(self, output: Any, target: Any) -> None:
        predicted, target = classes("ConfusionMatrix", output, target)
        require_labels("ConfusionMatrix", target, self.num_classes)
        require_labels("ConfusionMatrix", predicted, self.num_classes)
        flat = target.astype(np.int64) * self.num_classes + predicted
        self.counts += np.bincount(flat, minlength=self.num_classes ** 2).reshape(self.counts.shape)

    def compute(self) -> np.ndarray:
        return self.counts.copy()


def plain(value: Any) -> np.ndarray:
    """The array of a tensor or array."""
    return np.asarray(getattr(value, "array", value))


def classes(who: str, output: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and right class per sample, of scores (N, K) or of classes (N,)."""
    output, target = plain(output), plain(target)
    if output.ndim == 1 and output.dtype.kind in "iu":
        if output.shape != target.shape:
            raise ShapeError(message(who, f"{len(output)} predictions for targets of shape {target.shape}",
                                     {"output": output, "target": target}, "Give one target per prediction."))
        return output, target
    require_scores(who, output, target)
    return output.argmax(1), target


def require_scores(who: str, output: np.ndarray, target: np.ndarray) -> None:
    if output.ndim != 2 or target.shape != output.shape[:1] or target.dtype.kind not in "iu":
        raise ShapeError(message(who, "output and target do not fit", {"output": output, "target": target},
                                 "output is (N, classes), target is (N,) with integer class numbers."))


def require_labels(who: str, labels: np.ndarray, num_classes: int) -> None:
    if len(labels) and not (0 <= labels.min() and labels.max() < num_classes):
        wrong = labels.max() if labels.max() >= num_classes else labels.min()
        raise RangeError(f"{who}: class {wrong} is outside 0..{num_classes - 1}.\n"
                         f"  Use more classes ({int(labels.max()) + 1} if labels start at 0), or correct the labels.")
