"""The operations, one file per family.  `methods` says which of them are Tensor methods."""

from tensorgrad.ops.arithmetic import add, clone, div, floor_divide, mul, neg, sub
from tensorgrad.ops.choice import clamp, maximum, minimum, where
from tensorgrad.ops.comparison import (bitwise_and, bitwise_not, bitwise_or, bitwise_xor, eq, ge, gt, isfinite, isinf, isnan,
                                       le, logical_and, logical_not, logical_or, logical_xor, lt, ne)
from tensorgrad.ops.exponential import exp, log, pow, reciprocal, rsqrt, sqrt, square
from tensorgrad.ops.indexing import getitem, narrow, select
from tensorgrad.ops.joining import cat, chunk, split, stack, unbind
from tensorgrad.ops.padding import pad
from tensorgrad.ops.promotion import to
from tensorgrad.ops.reduction import broadcast_to, expand, mean, sum
from tensorgrad.ops.shape import flatten, permute, reshape, squeeze, transpose, unsqueeze

__all__ = [
    "add", "clone", "div", "floor_divide", "mul", "neg", "sub",
    "clamp", "maximum", "minimum", "where",
    "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor",
    "eq", "ge", "gt", "isfinite", "isinf", "isnan", "le", "logical_and", "logical_not", "logical_or", "logical_xor",
    "lt", "ne",
    "exp", "log", "pow", "reciprocal", "rsqrt", "sqrt", "square",
    "getitem", "narrow", "select",
    "cat", "chunk", "split", "stack", "unbind",
    "pad",
    "to",
    "broadcast_to", "expand", "mean", "sum",
    "flatten", "permute", "reshape", "squeeze", "transpose", "unsqueeze",
]
