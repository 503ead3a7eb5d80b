"""Formula: the base of ops whose function and gradient the kernels have ready, each in one pass over memory."""

from __future__ import annotations

from typing import Any, Callable, Sequence

from tensorgrad import kernels
from tensorgrad.dtypes import float16
from tensorgrad.kernels.reference.entrywise import FEW
from tensorgrad.kernels.reference.formulas import FORMULAS, SHORT, gradients_of_few
from tensorgrad.ops.elementwise import Unary
from tensorgrad.tensor import Tensor

__all__ = ["Formula"]


class Formula(Unary):
    """y = f(x), entry by entry; f is the entry of `kernels.contract.FORMULAS` with the name of the op.

    The options of a subclass, in ``__slots__``, are the formula's numbers.  It keeps x, or y where the gradient is read off
    that, and writes the gradient again as a composition of ops, `rule`: that is what is differentiated once more.

    Few entries go straight to NumPy where that needs a call or two: `in_numpy` is that function, or None.  `has_few` says
    whether the kernels have the gradient for few entries, too.
    """

    __slots__ = ()
    keeps: tuple[int, ...] = (0,)
    in_numpy: Callable[..., Any] | None = None
    has_few: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.in_numpy = staticmethod(FORMULAS[cls.name][0]) if cls.name in SHORT and not cls.__slots__ else None
        cls.has_few = cls.name in gradients_of_few

    def forward(self, x):
        if self.in_numpy and x.size <= FEW:
            return self.in_numpy(x)
        return kernels.active().unary(x, self.name, *self.numbers())

    def backward(self, grad):
        kept = self.output if self.keeps_output else self.inputs[0]
        if isinstance(grad, Tensor):
            return self.rule(grad, kept)
        if self.has_few and kept.size <= FEW and self.dtype is not float16:
            return kernels.active().gradients_of_few[self.name](grad, kept)
        return kernels.active().unary_grad(grad, kept, self.name, *self.numbers())

    def numbers(self) -> Sequence[float]:
        options: tuple[str, ...] = self.__slots__
        return [getattr(self, option) for option in options] if options else ()

    def rule(self, grad: Any, kept: Any) -> Any:
        """The gradient of x, in ops, from that of y and from what is kept."""
        raise NotImplementedError(f"{type(self).__name__}.rule")
