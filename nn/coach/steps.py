"""Checks over several training steps: gradients, optimizers, weights."""

from __future__ import annotations

import weakref
from typing import Any, Sequence

import numpy as np

from nn.coach.advice import Check, called_tensor, listed, parameters_of
from nn.module import Module
from nn.optim import Optimizer
from tensorgrad.tensor import Tensor

__all__ = ["ForgottenZeroGrad", "NotInOptimizer", "UnusedParameters", "SymmetricUnits", "UpdateRatio"]

STEPS = 3  # after which a verdict is given


class ForgottenZeroGrad(Check):
    """A step along gradients that an optimizer has used already and that a backward pass has added to.

    To add alone is no mistake: the generator's loss of a GAN leaves gradients in the discriminator, which zeroes them first.
    """

    id = "forgotten-zero-grad"

    def __init__(self, tell: Any):
        super().__init__(tell)
        self.used: dict[int, tuple[Tensor, weakref.ref[Tensor]]] = {}
        self.added: dict[int, Tensor] = {}

    def before_step(self, optimizer: Optimizer) -> None:
        old = [p for p in parameters_of(optimizer) if id(p) in self.added and p.grad is not None]
        if old:
            names = listed([called_tensor(p) for p in old])
            self.say(f"backward adds to gradients that the optimizer has used already: {names}",
                     "Call optimizer.zero_grad() in every step, before backward.")

    def after_step(self, optimizer: Optimizer) -> None:
        for p in parameters_of(optimizer):
            self.added.pop(id(p), None)
            if p.grad is not None:
                self.used[id(p)] = p, weakref.ref(p.grad)

    def zeroed(self, parameters: Sequence[Tensor]) -> None:
        for p in parameters:
            self.used.pop(id(p), None)
            self.added.pop(id(p), None)

    def backward(self, loss: Tensor) -> None:
        self.added |= {id(p): p for p, grad in self.used.values() if p.grad is not None and p.grad is grad()}
        self.used.clear()


class NotInOptimizer(Check):
    """Parameters that get gradients, and that no optimizer changes."""

    id = "parameters-not-in-optimizer"

    def __init__(self, tell: Any):
        super().__init__(tell)
        self.models: weakref.WeakSet[Module] = weakref.WeakSet()
        self.optimized: set[int] = set()
        self.steps = 0

    def called(self, model: Module, inputs: tuple[Any, ...]) -> None:
        self.models.add(model)

    def before_step(self, optimizer: Optimizer) -> None:
        self.optimized |= {id(p) for p in parameters_of(optimizer)}
        self.steps += 1
        if self.steps < STEPS:
            return
        for model in self.models:
            own = list(model.named_parameters())
            left = [name for name, p in own if p.requires_grad and p.grad is not None and id(p) not in self.optimized]
            if left and any([id(p) in self.optimized for _, p in own]):
                self.say(f"{len(left)} parameters of {type(model).__name__} get gradients, and no optimizer has them: "
                         f"{listed(left)}",
                         "Pass model.parameters() of the complete model; freeze what shall stay: requires_grad_(False).")


class UnusedParameters(Check):
    """Parameters of an optimizer that never get a gradient."""

    id = "unused-parameters"

    def __init__(self, tell: Any):
        super().__init__(tell)
        self.steps: dict[int, int] = {}
        self.seen: set[int] = set()
        self.names: dict[int, str] = {}

    def called(self, model: Module, inputs: tuple[Any, ...]) -> None:
        self.names |= {id(p): name for name, p in model.named_parameters() if id(p) not in self.names}

    def before_step(self, optimizer: Optimizer) -> None:
        parameters = list(parameters_of(optimizer))
        self.seen |= {id(p) for p in parameters if p.grad is not None}
        count = self.steps[id(optimizer)] = self.steps.get(id(optimizer), 0) + 1
        if count == STEPS:
            unused = [self.names.get(id(p)) or called_tensor(p) for p in parameters
                      if p.requires_grad and id(p) not in self.seen]
            if unused and len(unused) < len(parameters):
                self.say(f"{len(unused)} of {len(parameters)} parameters had no gradient in {STEPS} steps: "
                         f"{listed(unused)}",
                         "Use the layer in forward, or remove it; t.why_grad(loss) says what cuts it off.")


class SymmetricUnits(Check):
    """Units of a layer that start alike and get the same gradient stay alike for ever: the layer has one unit."""

    id = "symmetric-initialisation"

    def __init__(self, tell: Any):
        super().__init__(tell)
        self.names: dict[int, str] = {}
        self.steps = 0

    def called(self, model: Module, inputs: tuple[Any, ...]) -> None:
        self.names |= {id(p): name for name, p in model.named_parameters() if id(p) not in self.names}

    def before_step(self, optimizer: Optimizer) -> None:
        self.steps += 1
        if self.steps != 2:  # in the first step a layer behind zeros has no gradient yet
            return
        alike = [p for p in parameters_of(optimizer) if p.ndim >= 2 and len(p) > 1 and p.grad is not None
                 and same_rows(p.array) and same_rows(p.grad.array)]
        if alike:
            zero = all([not p.array.any() for p in alike])
            self.say(f"all units have the same weights{', zeros,' if zero else ''} and the same gradient: "
                     f"{listed([self.names.get(id(p)) or called_tensor(p) for p in alike])}",
                     "Initialise weights at random: nn.init.kaiming_uniform_, xavier_normal_; layers do by themselves.")


def same_rows(x: np.ndarray) -> bool:
    return bool(np.allclose(x, x[:1], rtol=1e-6, atol=0))


class UpdateRatio(Check):
    """Steps that change weights by far too much, or by next to nothing: ‖Δw‖ / ‖w‖ is near 10⁻³ in healthy training."""

    id = "update-ratio"
    MOST, LEAST = 0.5, 1e-8

    def __init__(self, tell: Any):
        super().__init__(tell)
        self.before: list[tuple[Tensor, np.ndarray]] = []
        self.ratios: list[float] = []

    def before_step(self, optimizer: Optimizer) -> None:
        self.before = [(p, p.array.copy()) for p in parameters_of(optimizer)
                       if p.ndim >= 2 and p.grad is not None and p.array.any() and p.grad.array.any()]

    def after_step(self, optimizer: Optimizer) -> None:
        ratios = [float(np.linalg.norm(p.array - old)) / float(np.linalg.norm(old)) for p, old in self.before]
        self.before = []
        if not ratios:
            return
        self.ratios = [*self.ratios, float(np.median(ratios))][-STEPS:]
        if len(self.ratios) < STEPS:
            return
        rate = ", ".join(sorted({f"{group['lr']:g}" for group in optimizer.param_groups if "lr" in group}))
        if min(self.ratios) > self.MOST:
            self.say(f"each step changes the weights by {min(self.ratios):.0%} of their size and more, with lr={rate}",
                     "Lower the learning rate, by a factor of 10 to begin with.")
        elif max(self.ratios) < self.LEAST:
            self.say(f"each step changes the weights by less than {self.LEAST:g} of their size, with lr={rate}",
                     "Raise the learning rate; check that gradients are not scaled away.")
