"""Unary and Binary: the bases of ops that work entry by entry, and Binary of the matrix product as well.

Their `apply` does what `Op.apply` does, unrolled for one and two operands: on small arrays the loop over operands costs
more than the arithmetic, and these are the ops that models are full of.
"""

from __future__ import annotations

from typing import Any

from tensorgrad.op import Op
from tensorgrad.ops.promotion import align, check_broadcast
from tensorgrad.recording import here
from tensorgrad.tensor import Tensor, from_array


class Unary(Op):
    """y = f(x), entry by entry"""

    __slots__ = ()

    def apply(self, x: Any) -> Any:
        if not isinstance(x, Tensor):
            return self.forward(x)
        array = x.array
        result = self.forward(array)
        source: Any = x.creator
        if source is None:
            if not x.wants_grad:
                return from_array(result)
            source = x
        if not here.recording:
            return from_array(result)
        return self.record(result, (source,), (array,) if self.keeps else ())


class Binary(Op):
    """y = f(a, b), entry by entry, with broadcasting and one dtype for both"""

    __slots__ = ()

    def apply(self, a: Any, b: Any) -> Any:
        if not isinstance(a, Tensor):
            return super().apply(*self.aligned(a, b)) if isinstance(b, Tensor) else self.forward(a, b)
        x = a.array
        if isinstance(b, Tensor):
            y: Any = b.array
            if x.dtype is not y.dtype:
                return super().apply(*self.aligned(a, b))
            try:
                result = self.forward(x, y)
            except ValueError:
                check_broadcast(self.name, input=a, other=b)
                raise
            source_b: Any = b.creator
            if source_b is None and b.wants_grad:
                source_b = b
        elif b.__class__ is float and x.dtype.kind == "f":
            y = b
            result = self.forward(x, b)
            source_b = None
        else:
            return super().apply(*self.aligned(a, b))

        source_a: Any = a.creator
        if source_a is None and a.wants_grad:
            source_a = a
        if (source_a is None and source_b is None) or not here.recording:
            return from_array(result)
        keeps = self.keeps
        kept = (x, y) if len(keeps) == 2 else ((x, y)[keeps[0]],) if keeps else ()
        if source_a is None:
            return self.record(result, (None, source_b), kept, (0, x.shape, x.dtype, a.name), (a,) if 0 in keeps else ())
        if source_b is None and y is not b:
            return self.record(result, (source_a, None), kept, (1, y.shape, y.dtype, b.name), (b,) if 1 in keeps else ())
        return self.record(result, (source_a, source_b), kept)

    def aligned(self, a: Any, b: Any) -> tuple[Any, Any]:
        """The operands in one dtype; shapes that do not go together raise a ShapeError."""
        return align(self.name, a, b)
