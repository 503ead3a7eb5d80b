"""Normalisation to mean 0 and variance 1 over the last axes or over groups of channels; the op behind all normalisations.

One op does it for any set of axes, in the memory layout of its input; what differs is which axes are taken together and
along which weight and bias vary.  The variance takes two passes over the input, the mean first, so that no digits cancel.
"""

from __future__ import annotations

import numpy as np

from tensorgrad import dtypes
from tensorgrad.errors import ShapeError, message
from tensorgrad.kernels.reference.sums import spread_rows
from tensorgrad.op import Op
from tensorgrad.ops.exponential import rsqrt
from tensorgrad.ops.promotion import Operand, to
from tensorgrad.ops.reduction import add_up, count, mean, sum, sum_to
from tensorgrad.tensor import Tensor

__all__ = ["layer_norm", "group_norm"]

Shape = tuple[int, ...]


def rows_of(v: Operand, x: Operand) -> Operand:
    """`v`, which broadcasts to `x`, in a shape with which NumPy computes faster; tensors as they are."""
    return v if isinstance(v, Tensor) or isinstance(x, Tensor) else spread_rows(v, x)


class Normalize(Op):
    """y = w · (x - mean) / √(var + eps) + b, mean and variance over `dim` of x seen in the shape `grouped`; w and b have the
    shape `varies` there"""

    __slots__ = ("dim", "eps", "grouped", "varies", "mean", "var")
    keeps = (0, 1)

    def __init__(self, dim: Shape, eps: float, grouped: Shape, varies: Shape):
        self.dim, self.eps, self.grouped, self.varies = dim, eps, grouped, varies

    def options(self):
        return {"dim": self.dim, "eps": self.eps}

    def forward(self, x, weight, bias):
        shape, dim = x.shape, self.dim
        x = x.reshape(self.grouped)
        n = x.dtype.type(count(x.shape, dim))
        self.mean = add_up(x, dim, True) / n
        y = x - rows_of(self.mean, x)
        self.var = add_up(y * y, dim, True) / n
        scale = 1 / np.sqrt(self.var + self.eps)
        if weight is not None and self.same_weight():
            scale = scale * weight.reshape(self.varies)
            weight = None
        y *= rows_of(scale, x)
        if weight is not None:
            y *= rows_of(weight.reshape(self.varies), x)
        if bias is not None:
            y += rows_of(bias.reshape(self.varies), x)
        return y.reshape(shape)

    def same_weight(self) -> bool:
        """True if the weight is the same for all entries that are normalised together."""
        return all(self.varies[axis] == 1 for axis in self.dim)

    def moments(self, x):
        """Mean and variance: forward's numbers, or, if the rule is recorded, as functions of x."""
        if not isinstance(x, Tensor):
            return self.mean, self.var
        average = mean(x, self.dim, True)
        centered = x - average
        return average, mean(centered * centered, self.dim, True)

    def backward(self, grad):
        x, weight = self.inputs
        dim, shape = self.dim, self.shapes[0]
        x, grad = x.reshape(self.grouped), grad.reshape(self.grouped)
        average, variance = self.moments(x)
        scale = rsqrt(variance + self.eps)
        centered = x - rows_of(average, x)
        w = 1.0 if weight is None else weight.reshape(self.varies)
        grad_weight = grad_bias = None
        if not self.same_weight():
            if self.needs(1):
                grad_weight = sum_to(grad * (centered * scale), self.varies)
            if self.needs(2):
                grad_bias = sum_to(grad, self.varies)
            grad = grad * w
            w = 1.0

        # Of the sums over what was normalised together, one is the bias's gradient, the other the weight's.
        total, slope = sum(grad, dim, True), sum(grad * centered, dim, True) * scale
        grad_x = None
        if self.needs(0):
            n = count(x.shape, dim)
            factor = scale * w
            grad_x = (grad * rows_of(factor, x) - centered * rows_of(factor * scale * slope * (1 / n), x)
                      - rows_of(factor * total * (1 / n), x)).reshape(shape)
        if self.same_weight():
            grad_weight = sum_to(slope, self.varies) if self.needs(1) else None
            grad_bias = sum_to(total, self.varies) if self.needs(2) else None
        return (grad_x, None if grad_weight is None else grad_weight.reshape(self.shapes[1]),
                None if grad_bias is None else grad_bias.reshape(self.shapes[2]))

    def forget(self):
        self.mean = self.var = None


def check_parameters(who: str, input: Operand, shape: Shape, fix: str, **parameters: Operand | None) -> None:
    """Raise a ShapeError for a weight, a bias or statistics that do not have `shape`."""
    for name, parameter in parameters.items():
        if parameter is not None and parameter.shape != shape:
            raise ShapeError(message(who, f"{name} has shape {parameter.shape}, not {shape}",
                                     {"input": input, name: parameter}, fix))


def check_several(who: str, input: Operand, n: int, of: str, fix: str) -> None:
    """Raise a ShapeError unless more than one number is normalised together."""
    if n <= 1:
        got = "none" if n == 0 else "one, whose variance is 0"
        raise ShapeError(message(who, f"expected more than 1 value per {of}, got {got}", {"input": input}, fix))


def channels(who: str, input: Operand) -> int:
    """The length of axis 1."""
    if input.ndim < 2:
        raise ShapeError(message(who, f"expects (N, C, ...), got {input.ndim} axes", {"input": input},
                                 "Add a batch axis: x.unsqueeze(0)."))
    return input.shape[1]


def normalized(op: Op, input: Operand, weight: Operand | None, bias: Operand | None) -> Tensor:
    """The op's result in the dtype of `input`; float16 is computed in float32, whose sums it could not hold."""
    dtype = input.dtype
    wide = dtypes.float32 if dtype == dtypes.float16 else dtype
    operands = [x if x is None or x.dtype == wide else to(x, wide) for x in (input, weight, bias)]
    return to(op.apply(*operands), dtype)


# -- over the last axes, over groups of channels -----------------------------------------------------------------------


class LayerNorm(Normalize):
    """y = w · (x - mean) / √(var + eps) + b, mean and variance over the last axes"""

    __slots__ = ()


def layer_norm(input: Operand, normalized_shape: int | tuple[int, ...], weight: Operand | None = None,
               bias: Operand | None = None, eps: float = 1e-5) -> Tensor:
    """`input` with mean 0 and variance 1 over its last axes, which have `normalized_shape`, times `weight`, plus `bias`.

    Shapes
        input (*, *normalized_shape); weight and bias normalized_shape

    Raises
        ShapeError   last axes, a weight or a bias of another shape

    Source
        Ba et al., Layer Normalization, 2016

    Example
        >>> layer_norm(Tensor([[1.0, 3.0], [10.0, 30.0]]), 2)
        tensor([[-1.,  1.],
                [-1.,  1.]])
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, (int, np.integer)) else tuple(normalized_shape)
    first = input.ndim - len(shape)
    if not shape or first < 0 or input.shape[first:] != shape:
        last = input.shape[max(first, 0):] if shape else input.shape[-1:]
        raise ShapeError(message("layer_norm", f"the last axes are {last}, normalized_shape is {shape}", {"input": input},
                                 f"Set normalized_shape={last}."))
    check_parameters("layer_norm", input, shape, f"Give it normalized_shape, {shape}.", weight=weight, bias=bias)
    op = LayerNorm(tuple(range(first, input.ndim)), eps, input.shape, (1,) * first + shape)
    return normalized(op, input, weight, bias)


class GroupNorm(Normalize):
    """y = w · (x - mean) / √(var + eps) + b, mean and variance per image and group of channels"""

    __slots__ = ()


def group_norm(input: Operand, num_groups: int, weight: Operand | None = None, bias: Operand | None = None,
               eps: float = 1e-5) -> Tensor:
    """`input` with mean 0 and variance 1 per image and group of channels, times `weight`, plus `bias`, per channel.

    Shapes
        input (N, C, *); weight and bias (C,)

    Raises
        ShapeError   a number of channels that `num_groups` does not divide; a weight or a bias of another length

    Source
        Wu and He, Group Normalization, 2018

    Example
        >>> group_norm(Tensor([[1.0, 3.0, 10.0, 30.0]]), 2)
        tensor([[-1.,  1., -1.,  1.]])
    """
    c = channels("group_norm", input)
    if num_groups < 1 or c % num_groups:
        divisors = [n for n in range(1, c + 1) if c % n == 0]
        raise ShapeError(message("group_norm", f"{c} channels cannot be parted into {num_groups} equal groups",
                                 {"input": input}, f"Use num_groups from {divisors}."))
    check_parameters("group_norm", input, (c,), f"The input has {c} channels: set num_channels={c}.", weight=weight,
                     bias=bias)
    grouped = (input.shape[0], num_groups, c // num_groups, *input.shape[2:])
    check_several("group_norm", input, count(grouped, (0, *range(2, len(grouped)))), "group",
                  f"Use fewer than {num_groups} groups, or larger images.")
    op = GroupNorm(tuple(range(2, len(grouped))), eps, grouped, (1, num_groups, c // num_groups, *[1] * (input.ndim - 2)))
    return normalized(op, input, weight, bias)
