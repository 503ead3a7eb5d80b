"""What the coach says: an advice, and the base of the checks that find one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence

from tensorgrad.callers import Line, calling_line
from tensorgrad.op import Op
from tensorgrad.tensor import Tensor

if TYPE_CHECKING:
    from nn.module import Module
    from nn.optim import Optimizer

__all__ = ["Advice", "Check", "CoachWarning"]


class CoachWarning(UserWarning):
    """How an advice is shown."""


@dataclass(frozen=True)
class Advice:
    """Something that is probably a mistake.

    Attributes
        id      by which it can be switched off; ``docs/coach/<id>.md`` explains it
        what    the finding
        fix     what to do
        line    of the program that led to it, None if it is about no line
    """

    id: str
    what: str
    fix: str
    line: Line | None = None

    def __str__(self) -> str:
        place = f"\n    at {self.line}" if self.line else ""
        return f"{self.id}: {self.what}{place}\n  {self.fix}  (docs/coach/{self.id}.md; off: coach(off={[self.id]!r}))"


class Check:
    """Watches for one mistake.  A subclass takes the events it needs, and calls `say` when it sees it.

    id   of the advice
    """

    id: str = ""

    def __init__(self, tell: Callable[[Advice], None]):
        self.tell = tell

    def say(self, what: str, fix: str, line: Line | None = None) -> None:
        """Give the advice, once for each place."""
        self.tell(Advice(self.id, what, fix, line or calling_line()))

    # -- events, in the order of a training step ----------------------------------------------------------------------

    def zeroed(self, parameters: Sequence[Tensor]) -> None:
        """zero_grad was called for these."""

    def called(self, model: Module, inputs: tuple[Any, ...]) -> None:
        """A whole model is called: a module that no other module calls."""

    def module(self, module: Module, inputs: tuple[Any, ...]) -> None:
        """A module is called, whole models included."""

    def op(self, op: Op, operands: tuple[Any, ...], result: Tensor) -> None:
        """An op has made `result`."""

    def backward(self, loss: Tensor) -> None:
        """A backward pass is about to start at `loss`."""

    def before_step(self, optimizer: Optimizer) -> None:
        """An optimizer is about to change its parameters."""

    def after_step(self, optimizer: Optimizer) -> None:
        """It has done so."""

    def end(self) -> None:
        """The coach goes."""


def parameters_of(optimizer: Optimizer) -> Iterator[Tensor]:
    """All parameters of an optimizer."""
    for group in optimizer.param_groups:
        yield from group["params"]


def called_tensor(tensor: Tensor) -> str:
    """A tensor in a sentence: its name if it has one, else its shape."""
    return tensor.name or f"a parameter of shape {tensor.shape}"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names in a sentence, at most so many."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
