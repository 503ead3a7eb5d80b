"""Checks of how a loss is computed, op by op."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from nn.coach.advice import Check
from tensorgrad.op import Op
from tensorgrad.recording import tick
from tensorgrad.tensor import Tensor

__all__ = ["SoftmaxTwice", "SigmoidTwice", "BroadcastLoss", "GraphKept", "Float64Creep"]

ROUTES = ("reshape", "flatten", "squeeze", "unsqueeze", "view", "transpose", "permute", "getitem", "expand")


def maker(tensor: Any) -> Op | None:
    """The op that computed a tensor, behind ops that only move entries."""
    op = tensor.creator if isinstance(tensor, Tensor) else None
    while op is not None and op.name in ROUTES:
        source = op.sources[0]
        op = source if isinstance(source, Op) else None
    return op


class SoftmaxTwice(Check):
    """Probabilities where scores are expected: cross entropy takes the softmax itself."""

    id = "softmax-before-cross-entropy"

    def op(self, op: Op, operands: tuple[Any, ...], result: Tensor) -> None:
        if op.name in ("cross_entropy", "log_softmax", "softmax") and operands:
            made = maker(operands[0])
            if made is not None and made.name == "softmax":
                self.say(f"{op.name} gets what {made.where} has made probabilities of already",
                         "Drop the softmax: cross_entropy and log_softmax apply it themselves, to scores.")


class SigmoidTwice(Check):
    """The same with yes-or-no targets."""

    id = "sigmoid-before-logits-loss"

    def op(self, op: Op, operands: tuple[Any, ...], result: Tensor) -> None:
        if op.name in ("logsigmoid", "log_sigmoid") and operands:
            made = maker(operands[0])
            if made is not None and made.name == "sigmoid":
                self.say(f"the loss with logits gets what {made.where} has squeezed between 0 and 1 already",
                         "Drop the sigmoid, or use binary_cross_entropy, which takes probabilities.")


class BroadcastLoss(Check):
    """Predictions [N, 1] against targets [N]: broadcasting compares every prediction with every target."""

    id = "broadcast-loss"

    def op(self, op: Op, operands: tuple[Any, ...], result: Tensor) -> None:
        if op.name != "sub" or len(operands) != 2 or not all([isinstance(x, Tensor) for x in operands]):
            return
        a, b = operands
        shapes = {a.shape, b.shape}
        n = result.shape[0] if result.ndim == 2 else 0
        if n > 1 and shapes == {(n, 1), (n,)} and a.requires_grad != b.requires_grad:
            self.say(f"a difference of shapes {a.shape} and {b.shape} is {result.shape}: each of the {n} predictions is "
                     f"compared with all {n} targets",
                     f"Give both one shape: target.unsqueeze(1), or prediction.squeeze(1) for ({n},).")


class GraphKept(Check):
    """``total += loss``: the sum is a tensor whose graph holds the graphs of all steps."""

    id = "graph-kept-across-steps"

    def __init__(self, tell: Any):
        super().__init__(tell)
        self.steps = [0, 0]  # ticks of the last two
        # When the oldest loss in a sum was computed, by the add op of the sum.
        self.since: weakref.WeakKeyDictionary[Op, int] = weakref.WeakKeyDictionary()

    def op(self, op: Op, operands: tuple[Any, ...], result: Tensor) -> None:
        if op.name != "add" or result.array.size != 1 or result.creator is not op:
            return
        sources = [source for source in op.sources if isinstance(source, Op)]
        self.since[op] = oldest = min([self.since.get(source, source.order) for source in sources], default=op.order)
        new = [source.order for source in sources if source not in self.since]
        if new and any([oldest < step < max(new) for step in self.steps]):
            self.say("a sum over steps holds the graph of every step, with all that the steps computed",
                     "Add numbers: total += loss.item().")

    def after_step(self, optimizer: Any) -> None:
        self.steps = [self.steps[-1], tick()]


class Float64Creep(Check):
    """A float64 constant turns a float32 model's results into float64, at twice the time and memory."""

    id = "float64-creep"

    def op(self, op: Op, operands: tuple[Any, ...], result: Tensor) -> None:
        if result.dtype != np.float64:
            return
        tensors = [x for x in operands if isinstance(x, Tensor)]
        if {np.dtype(np.float32), np.dtype(np.float64)} <= {x.dtype for x in tensors}:
            wide = next(x for x in tensors if x.dtype == np.float64)
            self.say(f"{op.name} of float32 and float64 gives float64: the wide one has shape {wide.shape}",
                     "Convert it where it comes in: tensor(array, dtype=float32), or array.astype('float32').")
