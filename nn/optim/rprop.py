"""Rprop: steps by the sign of the gradient, each entry with a length of its own."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from nn.optim.base import Optimizer
from nn.optim.implementations import one_implementation
from tensorgrad.errors import ArgumentError

__all__ = ["Rprop"]


class Rprop(Optimizer):
    """Steps whose length grows while the gradient keeps its sign and shrinks when it turns; for full batches.

        grad · before > 0:   s ← min(s · η₊, longest)
        grad · before < 0:   s ← max(s · η₋, shortest),   grad ← 0: one step is left out
        p ← p − s · sign(grad);   before ← grad                     s starts at lr, before at 0

    `maximize` negates grad first.  `foreach` changes nothing.

    Parameters
        etas         (η₋, η₊), with 0 < η₋ < 1 < η₊
        step_sizes   (shortest, longest)

    Raises
        ArgumentError   a negative lr, `etas` out of order, `step_sizes` that are no two numbers, `capturable` or
                        `differentiable`

    Source
        Riedmiller and Braun 1993, in the variant without going back, as in PyTorch

    Example
        >>> from tensorgrad import tensor
        >>> w = tensor([1.0], requires_grad=True)
        >>> optimizer = Rprop([w], lr=0.5)
        >>> for _ in range(2):
        ...     optimizer.zero_grad(); (w * w).sum().backward(); optimizer.step()
        >>> w  # 1 − 0.5 − 0.5 · 1.2
        tensor([-0.1], requires_grad=True)
    """

    buffers = ("prev", "step_size")
    entrywise = True

    def __init__(self, params: Iterable[Any], lr: float = 1e-2, etas: tuple[float, float] = (0.5, 1.2),
                 step_sizes: tuple[float, float] = (1e-6, 50), *, capturable: bool = False, foreach: bool | None = None,
                 maximize: bool = False, differentiable: bool = False):
        one_implementation(self.name, foreach, None, capturable, differentiable)
        super().__init__(params, {"lr": lr, "etas": etas, "step_sizes": step_sizes, "maximize": maximize})

    def check(self, group: dict[str, Any]) -> None:
        self.require(group, "lr")
        for option, asked in (("etas", "(0.5, 1.2): 0 < first < 1 < second"), ("step_sizes", "(1e-6, 50)")):
            try:
                low, high = group[option] = tuple(map(float, group[option]))
            except (TypeError, ValueError):
                low, high = np.nan, np.nan
            if not (0 < low < 1 < high if option == "etas" else low == low):
                raise ArgumentError(f"Rprop: {option}={group[option]!r} is not allowed.\n  Use two numbers, as {asked}.")

    def update(self, param: np.ndarray, grad: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if not state:
            state.update(step=0, prev=np.zeros_like(param), step_size=np.full_like(param, float(group["lr"])))
        state["step"] += 1
        (shrink, grow), (shortest, longest) = group["etas"], group["step_sizes"]
        before, length = state["prev"], state["step_size"]
        g = -grad if group["maximize"] else grad
        agreement = g * before
        turned = agreement < 0
        length[agreement > 0] *= grow
        length[turned] *= shrink
        np.clip(length, shortest, longest, out=length)
        before[...] = g
        before[turned] = 0
        param -= length * np.sign(before)
