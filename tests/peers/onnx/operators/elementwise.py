"""Arithmetic, comparisons, logic and functions of one number."""

from __future__ import annotations

from functools import reduce
from typing import Any

import tensorgrad as tg
from tensorgrad import Tensor, dtypes
from tests.peers.onnx.operators.arguments import dtype_of

__all__ = ["OPERATORS"]


def div(a: Tensor, b: Tensor) -> Tensor:
    return tg.div(a, b) if dtypes.is_float(a.dtype) else tg.div(a, b, rounding_mode="trunc")


def mod(a: Tensor, b: Tensor, fmod: int = 0) -> Tensor:
    return tg.fmod(a, b) if fmod else tg.remainder(a, b)


def power(a: Tensor, b: Tensor) -> Tensor:
    return tg.pow(a, b).to(a.dtype)


def is_inf(x: Tensor, detect_negative: int = 1, detect_positive: int = 1) -> Tensor:
    return tg.isposinf(x) * bool(detect_positive) | tg.isneginf(x) * bool(detect_negative)


def clip(x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    return tg.clamp(x, low, high) if low is not None or high is not None else x


def cast(x: Tensor, to: int, saturate: int = 1, round_mode: str = "up") -> Tensor:
    return x.to(dtype_of(to))  # the other options are for floats of 8 bits


def mean(*xs: Tensor) -> Tensor:
    return reduce(tg.add, xs) / len(xs)


def over_all(function: Any) -> Any:
    """The operator of any number of inputs that applies a function of two."""
    return lambda *xs: reduce(function, xs)


OPERATORS = {
    "Abs": tg.abs, "Acos": tg.acos, "Acosh": tg.acosh, "Asin": tg.asin, "Asinh": tg.asinh, "Atan": tg.atan,
    "Atanh": tg.atanh, "Ceil": tg.ceil, "Cos": tg.cos, "Cosh": tg.cosh, "Erf": tg.erf, "Exp": tg.exp, "Floor": tg.floor,
    "IsNaN": tg.isnan, "IsInf": is_inf, "Log": tg.log, "Neg": tg.neg, "Reciprocal": tg.reciprocal, "Round": tg.round,
    "Sign": tg.sign, "Sin": tg.sin, "Sinh": tg.sinh, "Sqrt": tg.sqrt, "Tan": tg.tan,
    "Add": tg.add, "Sub": tg.sub, "Mul": tg.mul, "Div": div, "Mod": mod, "Pow": power,
    "Max": over_all(tg.maximum), "Min": over_all(tg.minimum), "Sum": over_all(tg.add), "Mean": mean,
    "And": tg.logical_and, "Or": tg.logical_or, "Xor": tg.logical_xor, "Not": tg.logical_not,
    "BitwiseAnd": tg.bitwise_and, "BitwiseOr": tg.bitwise_or, "BitwiseXor": tg.bitwise_xor, "BitwiseNot": tg.bitwise_not,
    "Equal": tg.eq, "Greater": tg.gt, "GreaterOrEqual": tg.ge, "Less": tg.lt, "LessOrEqual": tg.le,
    "Clip": clip, "Where": tg.where, "Identity": lambda x: x,
    "Cast": cast, "CastLike": lambda x, like, saturate=1: x.to(like.dtype),
}
