"""coach: looks on while a model is trained, and says what is probably a mistake."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from typing import Any, Callable, Iterable

from nn.coach import losses, models, steps
from nn.coach.advice import Advice, Check, CoachWarning, parameters_of
from nn.module import Module
from nn.optim import Optimizer
from tensorgrad import watching
from tensorgrad.errors import ArgumentError
from tensorgrad.op import Op
from tensorgrad.tensor import Tensor

__all__ = ["coach", "CHECKS"]

CHECKS: dict[str, type[Check]] = {check.id: check for check in (
    losses.SoftmaxTwice, losses.SigmoidTwice, losses.BroadcastLoss, losses.GraphKept, losses.Float64Creep,
    models.RawPixels, models.OneSample, models.TrainedInEval, models.EvaluatedInTrain,
    steps.ForgottenZeroGrad, steps.NotInOptimizer, steps.UnusedParameters, steps.SymmetricUnits, steps.UpdateRatio)}


class coach(watching.Watcher):
    """Watch for the classic mistakes of training inside a ``with`` block; each is said once per place, as a CoachWarning.

    Steps take about twice as long.  Nothing is changed: what is computed is the same.

    Arguments
        off     ids of checks to leave out
        only    ids of the checks to make; None makes all
        error   True raises a CoachWarning instead of showing it

    Attributes
        advice  what was said, a list of `Advice`

    Raises
        ArgumentError   an id that is not in `nn.coach.CHECKS`

    Example
        >>> from nn import functional as F
        >>> from tensorgrad import Tensor
        >>> x = Tensor([[1.0, 2.0]], requires_grad=True)
        >>> with warnings.catch_warnings(), coach() as c:
        ...     warnings.simplefilter("ignore")
        ...     loss = F.cross_entropy(F.softmax(x, 1), [1])
        >>> [advice.id for advice in c.advice]
        ['softmax-before-cross-entropy']
    """

    def __init__(self, *, off: Iterable[str] = (), only: Iterable[str] | None = None, error: bool = False):
        wanted = list(CHECKS if only is None else only)
        without = list(off)
        for name in (*wanted, *without):
            if name not in CHECKS:
                raise ArgumentError(f"coach: there is no check {name!r}.\n  Use some of: {', '.join(CHECKS)}.")
        self.names = [name for name in wanted if name not in without]
        self.error = error
        self.advice: list[Advice] = []
        self.said: set[tuple[Any, ...]] = set()
        self.checks: list[Check] = []
        self.depth = 0
        self.undo: list[Callable[[], None]] = []

    def tell(self, advice: Advice) -> None:
        """Show an advice, unless it was shown for that place."""
        place = advice.id, advice.line[:2] if advice.line else None
        if place in self.said:
            return
        self.said.add(place)
        self.advice.append(advice)
        if self.error:
            raise CoachWarning(str(advice))
        line = advice.line
        if line is None:
            warnings.warn(CoachWarning(str(advice)), stacklevel=2)
        else:  # shown as coming from the user's program
            warnings.warn_explicit(CoachWarning(str(advice)), None, line.file, line.number, registry={})

    def told(self, event: str, *args: Any) -> None:
        for check in self.checks:
            getattr(check, event)(*args)

    # -- what is seen -------------------------------------------------------------------------------------------------

    def apply(self, proceed: Callable[..., Any], op: Op, operands: tuple[Any, ...]) -> Any:
        result = proceed(op, *operands)
        if isinstance(result, Tensor):
            self.told("op", op, operands, result)
        return result

    def __enter__(self) -> coach:
        self.checks = [CHECKS[name](self.tell) for name in self.names]
        watching.start(self)
        engine = import_module("tensorgrad.autograd.backward")
        for owner, name, made in (
                (Module, "__call__", self.module_call), (Module, "zero_grad", self.module_zero_grad),
                (Optimizer, "step", self.step), (Optimizer, "zero_grad", self.optimizer_zero_grad),
                (engine, "starts", self.starts)):
            watching.replace(owner, name, made(vars(owner)[name]), self.undo)
        return self

    def __exit__(self, kind: Any, *exc: object) -> None:
        watching.stop(self)
        while self.undo:
            self.undo.pop()()
        if kind is None:
            self.told("end")
        self.checks = []

    def module_call(self, before: Callable[..., Any]) -> Callable[..., Any]:
        def __call__(module: Module, *args: Any, **kwargs: Any) -> Any:
            self.told("module", module, args)
            if not self.depth:
                self.told("called", module, args)
            self.depth += 1
            try:
                return before(module, *args, **kwargs)
            finally:
                self.depth -= 1

        return __call__

    def step(self, before: Callable[..., Any]) -> Callable[..., Any]:
        def step(optimizer: Optimizer, closure: Callable[[], Any] | None = None) -> Any:
            if closure is None:
                self.told("before_step", optimizer)
                loss = before(optimizer)
            else:  # the loss is computed inside
                def then_tell() -> Any:
                    result = closure()
                    self.told("before_step", optimizer)
                    return result

                loss = before(optimizer, then_tell)
            self.told("after_step", optimizer)
            return loss

        return step

    def optimizer_zero_grad(self, before: Callable[..., Any]) -> Callable[..., Any]:
        def zero_grad(optimizer: Optimizer, set_to_none: bool = True) -> None:
            self.told("zeroed", list(parameters_of(optimizer)))
            before(optimizer, set_to_none)

        return zero_grad

    def module_zero_grad(self, before: Callable[..., Any]) -> Callable[..., Any]:
        def zero_grad(module: Module, set_to_none: bool = True) -> None:
            self.told("zeroed", list(module.parameters()))
            before(module, set_to_none)

        return zero_grad

    def starts(self, before: Callable[..., Any]) -> Callable[..., Any]:
        def starts(outputs: list[Tensor], gradients: list[Any], create_graph: bool) -> Any:
            if outputs and sys._getframe(1).f_code.co_name == "backward":  # grad() adds to no gradient
                self.told("backward", outputs[0])
            return before(outputs, gradients, create_graph)

        return starts
