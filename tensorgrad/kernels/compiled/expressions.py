"""Formulas of numbers, written with Python's operators, as instructions that LLVM turns into vectors in a loop.

A formula is a function of `Number`: ``lambda x: x / (abs(x) + 1)``.  Python numbers in it take the dtype of what they meet,
float32 or float64, where compiled Python would widen it to float64.  Both sides of a condition are computed and one is
taken, which keeps the loop without branches.
"""

from __future__ import annotations

import inspect
from typing import Any, Callable

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["Number", "Condition", "expression", "where", "fma", "sqrt", "copysign", "polynomial", "clip"]

BYTES = {types.float32: 4, types.float64: 8}


class Number:
    """A float of a formula, or a vector of floats: a value of LLVM and the builder that writes what is done with it."""

    def __init__(self, b: ir.IRBuilder, value: Any):
        self.b, self.value = b, value
        self.type = value.type
        self.lanes = self.type.count if isinstance(self.type, ir.VectorType) else 0
        self.bytes = 4 if (self.type.element if self.lanes else self.type) == ir.FloatType() else 8

    def number(self, other: Number | float) -> Number:
        """`other` in this dtype."""
        return other if isinstance(other, Number) else Number(self.b, self.constant(self.type, float(other)))

    def constant(self, kind: ir.Type, value: float) -> ir.Constant:
        """A number of that type of LLVM, in every lane."""
        return ir.Constant(kind, [value] * self.lanes if self.lanes else value)

    @property
    def integers(self) -> ir.Type:
        """The integers as wide as this."""
        integer = ir.IntType(8 * self.bytes)
        return ir.VectorType(integer, self.lanes) if self.lanes else integer

    def _with(self, instruction: str, a: Number | float, b: Number | float) -> Number:
        return Number(self.b, getattr(self.b, instruction)(self.number(a).value, self.number(b).value))

    def __add__(self, other: Number | float) -> Number:
        return self._with("fadd", self, other)

    def __sub__(self, other: Number | float) -> Number:
        return self._with("fsub", self, other)

    def __mul__(self, other: Number | float) -> Number:
        return self._with("fmul", self, other)

    def __truediv__(self, other: Number | float) -> Number:
        return self._with("fdiv", self, other)

    def __radd__(self, other: float) -> Number:
        return self._with("fadd", other, self)

    def __rsub__(self, other: float) -> Number:
        return self._with("fsub", other, self)

    def __rmul__(self, other: float) -> Number:
        return self._with("fmul", other, self)

    def __rtruediv__(self, other: float) -> Number:
        return self._with("fdiv", other, self)

    def __neg__(self) -> Number:
        return Number(self.b, self.b.fneg(self.value))

    def __abs__(self) -> Number:
        return call("fabs", self)

    def _is(self, relation: str, other: Number | float) -> Condition:
        return Condition(self.b, self.b.fcmp_ordered(relation, self.value, self.number(other).value))

    def __lt__(self, other: Number | float) -> Condition:
        return self._is("<", other)

    def __le__(self, other: Number | float) -> Condition:
        return self._is("<=", other)

    def __gt__(self, other: Number | float) -> Condition:
        return self._is(">", other)

    def __ge__(self, other: Number | float) -> Condition:
        return self._is(">=", other)


class Condition:
    """What a comparison gives, False where NaN is compared; combined by ``&``, ``|`` and ``~``."""

    def __init__(self, b: ir.IRBuilder, value: Any):
        self.b, self.value = b, value

    def __and__(self, other: Condition) -> Condition:
        return Condition(self.b, self.b.and_(self.value, other.value))

    def __or__(self, other: Condition) -> Condition:
        return Condition(self.b, self.b.or_(self.value, other.value))

    def __invert__(self) -> Condition:
        return Condition(self.b, self.b.not_(self.value))


def call(name: str, *numbers: Number) -> Number:
    """An operation for which LLVM has a function."""
    b, kind = numbers[0].b, numbers[0].type
    lanes = f"v{numbers[0].lanes}" if numbers[0].lanes else ""
    name = f"llvm.{name}.{lanes}f{8 * numbers[0].bytes}"
    function = b.module.globals.get(name) or ir.Function(b.module, ir.FunctionType(kind, [kind] * len(numbers)), name)
    return Number(b, b.call(function, [n.value for n in numbers]))


def where(condition: Condition, a: Number | float, b: Number | float) -> Number:
    """`a` where the condition holds, else `b`; one of them is a `Number`."""
    model = a if isinstance(a, Number) else b
    assert isinstance(model, Number)
    return Number(model.b, model.b.select(condition.value, model.number(a).value, model.number(b).value))


def fma(a: Number, b: Number | float, c: Number | float) -> Number:
    """a · b + c, rounded once."""
    return call("fma", a, a.number(b), a.number(c))


def sqrt(x: Number) -> Number:
    return call("sqrt", x)


def copysign(x: Number | float, sign: Number) -> Number:
    """|`x`| with the sign of `sign`."""
    return call("copysign", sign.number(x), sign)


def clip(x: Number, low: Number | float, high: Number | float) -> Number:
    """`x` limited to [`low`, `high`]; NaN stays."""
    x = where(x < low, low, x)
    return where(x > high, high, x)


def polynomial(coefficients: dict[int, tuple[float, ...]], x: Number) -> Number:
    """Σ cₖ xᵏ by Horner's rule, with the coefficients for numbers of so many bytes."""
    *rest, last = coefficients[x.bytes]
    y = x.number(last)
    for c in rest[::-1]:
        y = fma(y, x, c)
    return y


def expression(formula: Callable[..., Number]) -> Any:
    """The formula as a function for compiled code; all its numbers have the dtype of the first."""
    names = list(inspect.signature(formula).parameters)

    def typed(typing: Any, *kinds: Any) -> Any:
        if kinds[0] not in BYTES:
            return None

        def codegen(context: Any, b: ir.IRBuilder, signature: Any, args: Any) -> Any:
            return formula(*[Number(b, value) for value in args]).value

        return kinds[0](*[kinds[0]] * len(names)), codegen

    typed.__name__ = formula.__name__
    typed.__signature__ = signed(["typing", *names])  # type: ignore[attr-defined]
    return intrinsic(typed)


def signed(names: list[str]) -> inspect.Signature:
    """The signature of a function of so many arguments, which numba looks at."""
    return inspect.Signature([inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names])
