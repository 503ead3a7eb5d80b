"""A softmax over very many classes that computes little for the rare ones."""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np

from nn import functional as F
from nn.module import Module
from nn.modules.arguments import count
from nn.modules.container import ModuleList, Sequential
from nn.modules.linear import Linear
from tensorgrad import ops
from tensorgrad.errors import ArgumentError, RangeError, ShapeError, message
from tensorgrad.ops.selection import as_index
from tensorgrad.tensor import Tensor, plain

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class TargetsAndLoss(NamedTuple):
    """The log probability of each target, and the mean of the negative ones."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log probabilities of classes sorted by frequency, the rare ones in clusters that are looked at only when needed.

    The head decides between the frequent classes, 0 to ``cutoffs[0] - 1``, and the clusters; the tail has for each cluster
    a narrow layer and one that decides between its classes.

    Options
        cutoffs     where clusters begin: ascending, from 1 to n_classes - 1
        div_value   how much narrower the layer of each further cluster is
        head_bias   give the head a bias

    Shapes
        input    (N, in_features) or (in_features,)
        target   (N,) or (): integers from 0 to n_classes - 1
        result   output (N,) or (), the log probability of each target; loss ()

    Raises
        ArgumentError   cutoffs that do not ascend within the classes
        ShapeError      when called: inputs and targets that do not fit
        RangeError      when called: a target that is no class

    Source
        Grave et al. 2017, Efficient softmax approximation for GPUs

    Example
        >>> import tensorgrad
        >>> layer = AdaptiveLogSoftmaxWithLoss(8, 100, cutoffs=[10, 50])
        >>> layer(tensorgrad.zeros(3, 8), tensorgrad.tensor([1, 20, 99])).output.shape
        (3,)
        >>> layer.log_prob(tensorgrad.zeros(3, 8)).exp().sum(1)
        tensor([1., 1., 1.], creator=sum)
    """

    def __init__(self, in_features: int, n_classes: int, cutoffs: Sequence[int], div_value: float = 4.0,
                 head_bias: bool = False, *, device: Any = None, dtype: Any = None):
        who = "AdaptiveLogSoftmaxWithLoss"
        self.in_features = count(who, "in_features", in_features)
        self.n_classes = count(who, "n_classes", n_classes)
        starts = list(cutoffs)
        if (not starts or any(int(c) != c for c in starts) or starts != sorted(set(starts))
                or starts[0] < 1 or starts[-1] >= self.n_classes):
            raise ArgumentError(f"{who}: cutoffs={starts} do not part {self.n_classes} classes.\n"
                                f"  Use integers from 1 to {self.n_classes - 1}, ascending.")
        self.cutoffs = [*map(int, starts), self.n_classes]
        self.div_value, self.head_bias = div_value, bool(head_bias)
        self.shortlist_size, self.n_clusters = self.cutoffs[0], len(starts)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(self.in_features, self.head_size, self.head_bias, device=device, dtype=dtype)
        self.tail = ModuleList()
        for i, (start, stop) in enumerate(zip(self.cutoffs, self.cutoffs[1:]), 1):
            width = int(self.in_features // self.div_value**i)
            self.tail.append(Sequential(Linear(self.in_features, width, False, device=device, dtype=dtype),
                                        Linear(width, stop - start, False, device=device, dtype=dtype)))

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        for module in [self.head, *(layer for projection in self.tail for layer in projection)]:
            module.reset_parameters()

    def forward(self, input: Tensor, target: Any) -> TargetsAndLoss:
        classes = np.asarray(plain(as_index(type(self).__name__, target)))
        self.check(input, target, classes)
        x, flat = (input, classes) if classes.ndim else (input.unsqueeze(0), classes.reshape(1))
        cluster = np.searchsorted(self.cutoffs, flat, "right")  # 0: the shortlist
        in_head = np.where(cluster == 0, flat, self.shortlist_size + cluster - 1)
        output = F.log_softmax(self.head(x), 1).gather(1, in_head[:, None]).squeeze(1)
        for i, projection in enumerate(self.tail, 1):
            rows = np.flatnonzero(cluster == i)
            if rows.size:
                inside = F.log_softmax(projection(x.index_select(0, rows)), 1)
                output = output.index_add(0, rows, inside.gather(1, (flat[rows] - self.cutoffs[i - 1])[:, None]).squeeze(1))
        return TargetsAndLoss(output if classes.ndim else output.squeeze(0), -output.mean())

    def check(self, input: Tensor, target: Any, classes: np.ndarray) -> None:
        """Raise unless there is a class for each input."""
        operands = {"input": input, "target": target}
        if classes.ndim > 1 or input.ndim != classes.ndim + 1 or input.shape[:-1] != classes.shape:
            raise ShapeError(message(type(self).__name__, "inputs and targets do not fit", operands,
                                     f"Use (N, {self.in_features}) with (N,), or ({self.in_features},) with ()."))
        if classes.size and (classes.min() < 0 or classes.max() >= self.n_classes):
            wrong = classes.max() if classes.max() >= self.n_classes else classes.min()
            raise RangeError(message(type(self).__name__, f"target {wrong} is no class: there are {self.n_classes}",
                                     operands, f"Use 0 to {self.n_classes - 1}."))

    def log_prob(self, input: Tensor) -> Tensor:
        """(N, n_classes): the log probabilities of all classes, for inputs (N, in_features)."""
        head = F.log_softmax(self.head(input), 1)
        parts = [head.narrow(1, 0, self.shortlist_size)]
        for i, projection in enumerate(self.tail):
            parts.append(F.log_softmax(projection(input), 1) + head.narrow(1, self.shortlist_size + i, 1))
        return ops.cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """(N,): the most probable class of each input (N, in_features)."""
        return self.log_prob(input).argmax(1)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, n_classes={self.n_classes}, cutoffs={self.cutoffs[:-1]}"
