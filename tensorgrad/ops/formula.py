"""Formula: the base of ops whose function and gradient the kernels have ready, each in one pass over memory."""

from __future__ import annotations

from typing import Any, Callable, Sequence

from tensorgrad import kernels
from tensorgrad.kernels.reference.entrywise import FEW
from tensorgrad.kernels.reference.formulas import FORMULAS, SHORT
from tensorgrad.ops.elementwise import Unary
from tensorgrad.tensor import Tensor

__all__ = ["Formula"]


class Formula(Unary):
    """y = f(x), entry by entry; f is the entry of `kernels.contract.FORMULAS` with the name of the op.

    The options of a subclass, in ``__slots__``, are the formula's numbers.  It keeps x, or y where the gradient is read off
    that, and writes the gradient again as a composition of ops, `rule`: that is what is differentiated once more.

    Few entries go straight to NumPy where that needs a call or two: `in_numpy` is the function and its gradient, or None.
    """

    __slots__ = ()
    keeps: tuple[int, ...] = (0,)
    in_numpy: tuple[Callable[..., Any], Callable[..., Any]] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.in_numpy = FORMULAS[cls.name] if cls.name in SHORT and not cls.__slots__ else None

    def forward(self, x):
        if self.in_numpy and x.size <= FEW:
            return self.in_numpy[0](x)
        return kernels.active().unary(x, self.name, *self.numbers())

    def backward(self, grad):
        kept = self.output if self.keeps_output else self.inputs[0]
        if isinstance(grad, Tensor):
            return self.rule(grad, kept)
        if self.in_numpy and kept.size <= FEW:
            return self.in_numpy[1](grad, kept)
        return kernels.active().unary_grad(grad, kept, self.name, *self.numbers())

    def numbers(self) -> Sequence[float]:
        options: tuple[str, ...] = self.__slots__
        return [getattr(self, option) for option in options] if options else ()

    def rule(self, grad: Any, kept: Any) -> Any:
        """The gradient of x, in ops, from that of y and from what is kept."""
        raise NotImplementedError(f"{type(self).__name__}.rule")
