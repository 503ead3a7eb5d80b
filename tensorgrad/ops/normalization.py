"""Normalisation to mean 0 and variance 1 over the last axes or over groups of channels, and to mean square 1.

What is computed in kernels is the result and its first gradient.  Further derivatives come from the same rule written in
ops, once for all sets of axes: what differs is which are taken together and along which weight and bias vary.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from tensorgrad import dtypes, kernels, lineage
from tensorgrad.errors import ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.arithmetic import clone
from tensorgrad.ops.exponential import rsqrt
from tensorgrad.ops.promotion import Operand, to
from tensorgrad.ops.reduction import count, mean, sum_to
from tensorgrad.tensor import Tensor

__all__ = ["layer_norm", "group_norm", "rms_norm"]

Shape = tuple[int, ...]


class Normalize(Op):
    """y = w · (x - mean) / √(var + eps) + b, mean and variance over `dim` of x seen in the shape `grouped`; w and b have the
    shape `varies` there"""

    __slots__ = ("dim", "eps", "grouped", "varies", "mean", "var")
    keeps = (0, 1)
    mean: Any
    var: Any

    def __init__(self, dim: Shape, eps: float, grouped: Shape, varies: Shape):
        self.dim, self.eps, self.grouped, self.varies = dim, eps, grouped, varies

    def options(self):
        return {"dim": self.dim, "eps": self.eps}

    def forward(self, x, weight, bias):
        y, self.mean, self.var = self.normalized(x, weight, bias)
        return y

    def backward(self, grad):
        if isinstance(grad, Tensor):  # recorded for further derivatives, in which the moments depend on x
            return self.recorded(grad)
        return self.gradients(grad, *self.inputs)

    def normalized(self, x: np.ndarray, weight: np.ndarray | None, bias: np.ndarray | None) -> tuple[np.ndarray, Any, Any]:
        """The result, and the mean and variance of what is normalised together."""
        raise NotImplementedError

    def gradients(self, grad: np.ndarray, x: np.ndarray, weight: np.ndarray | None) -> Sequence[np.ndarray]:
        """The gradients of x, weight and bias."""
        raise NotImplementedError

    def recorded(self, grad):
        """The gradients in ops."""
        x, weight = self.inputs
        grad, dim = grad.reshape(self.grouped), self.dim
        centered = x.reshape(self.grouped)
        centered = centered - mean(centered, dim, True)
        scale = rsqrt(mean(centered * centered, dim, True) + self.eps)
        unit = centered * scale
        g = grad if weight is None else grad * weight.reshape(self.varies)
        d_x = d_weight = d_bias = None
        if self.needs(0):
            d_x = (scale * (g - mean(g, dim, True) - unit * mean(g * unit, dim, True))).reshape(self.shapes[0])
        if self.needs(1):
            d_weight = sum_to(grad * unit, self.varies).reshape(self.shapes[1])
        if self.needs(2):
            d_bias = sum_to(grad, self.varies).reshape(self.shapes[2])
        return d_x, d_weight, d_bias

    def forget(self):
        self.mean = self.var = None


def check_parameters(who: str, input: Operand, shape: Shape, fix: str, **parameters: Operand | None) -> None:
    """Raise a ShapeError for a weight, a bias or statistics that do not have `shape`."""
    for name, parameter in parameters.items():
        if parameter is not None and parameter.shape != shape:
            raise ShapeError(message(who, f"{name} has shape {parameter.shape}, not {shape}",
                                     {"input": input, name: parameter}, lineage.with_sizes(fix, input)))


def check_several(who: str, input: Operand, n: int, of: str, fix: str) -> None:
    """Raise a ShapeError unless more than one number is normalised together."""
    if n <= 1:
        got = "none" if n == 0 else "one, whose variance is 0"
        raise ShapeError(message(who, f"expected more than 1 value per {of}, got {got}", {"input": input}, fix))


def last_axes(who: str, input: Operand, normalized_shape: int | Shape) -> Shape:
    """The shape of the axes to normalise over; raise a ShapeError if the last ones have another."""
    shape = (normalized_shape,) if isinstance(normalized_shape, (int, np.integer)) else tuple(normalized_shape)
    first = input.ndim - len(shape)
    if not shape or first < 0 or input.shape[first:] != shape:
        last = input.shape[max(first, 0):] if shape else input.shape[-1:]
        fix = f"Set normalized_shape={last}."
        if len(shape) > 1 and last == (*shape[:-2], shape[-1], shape[-2]):
            fix = f"Height and width are swapped: use x.transpose(-2, -1), or normalized_shape={last}."
        elif len(shape) == 1 and input.ndim > 2 and input.shape[1] == shape[0]:
            fix = (f"The last axes are normalised, the channels are axis 1: use GroupNorm(1, {shape[0]}), or "
                   "x.movedim(1, -1) before and movedim(-1, 1) after, or "
                   f"normalized_shape={tuple(input.shape[1:])} for whole images.")
        elif first <= 0 and len(shape) > 1 and input.ndim > 1:
            fix = f"Leave out the axis of the batch: normalized_shape={last[1:]}."
        raise ShapeError(message(who, f"the last axes are {last}, normalized_shape is {shape}", {"input": input},
                                 lineage.with_sizes(fix, input)))
    return shape


def images(x: np.ndarray) -> np.ndarray:
    """x (N, C, *) with at most three axes after C, as kernels take it."""
    return x if x.ndim <= 5 else x.reshape(*x.shape[:2], -1)


def like(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A result for `images(x)` in the shape of x; no view of it unless need be, which a leaf would copy."""
    return y if y.ndim == x.ndim else y.reshape(x.shape)


def channels(who: str, input: Operand) -> int:
    """The length of axis 1."""
    if input.ndim < 2:
        raise ShapeError(message(who, f"expects (N, C, ...), got {input.ndim} axes", {"input": input},
                                 "Add a batch axis: x.unsqueeze(0)."))
    return input.shape[1]


def normalized(op: Op, input: Operand, *parameters: Operand | None) -> Tensor:
    """The op's result in the dtype of `input`; float16 is computed in float32, whose sums it could not hold."""
    dtype = input.dtype
    wide = dtypes.float32 if dtype == dtypes.float16 else dtype
    operands = [x if x is None or x.dtype == wide else to(x, wide) for x in (input, *parameters)]
    return to(op.apply(*operands), dtype)


def of_nothing(input: Operand, weight: Operand | None, bias: Operand | None) -> Tensor:
    """The result for an input (N, C, *) without entries: as empty, with gradients of 0 for the parameters."""
    y, per_channel = clone(input), (-1, *[1] * (input.ndim - 2))
    y = y if weight is None else y * weight.reshape(per_channel)
    return y if bias is None else y + bias.reshape(per_channel)


# -- over the last axes, over groups of channels -----------------------------------------------------------------------


class LayerNorm(Normalize):
    """y = w · (x - mean) / √(var + eps) + b, mean and variance over the last axes"""

    __slots__ = ()

    def normalized(self, x, weight, bias):
        return kernels.active().layer_norm(x, len(self.dim), weight, bias, self.eps)

    def gradients(self, grad, x, weight):
        return kernels.active().layer_norm_grad(grad, x, len(self.dim), self.mean, self.var, weight, self.eps)


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
    shape = last_axes("layer_norm", input, normalized_shape)
    first = input.ndim - len(shape)
    check_parameters("layer_norm", input, shape, f"Give it normalized_shape, {shape}.", weight=weight, bias=bias)
    op = LayerNorm(tuple(range(first, input.ndim)), eps, input.shape, (1,) * first + shape)
    return normalized(op, input, weight, bias)


class GroupNorm(Normalize):
    """y = w · (x - mean) / √(var + eps) + b, mean and variance per image and group of channels"""

    __slots__ = ()

    def normalized(self, x, weight, bias):
        y, *moments = kernels.active().group_norm(images(x), self.grouped[1], weight, bias, self.eps)
        return like(x, y), *moments

    def gradients(self, grad, x, weight):
        d_x, *d_parameters = kernels.active().group_norm_grad(images(grad), images(x), self.grouped[1], self.mean, self.var,
                                                              weight, self.eps)
        return like(x, d_x), *d_parameters


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
    if 0 in input.shape:
        return of_nothing(input, weight, bias)
    check_several("group_norm", input, count(grouped, (0, *range(2, len(grouped)))), "group",
                  f"Use fewer than {num_groups} groups, or larger images.")
    op = GroupNorm(tuple(range(2, len(grouped))), eps, grouped, (1, num_groups, c // num_groups, *[1] * (input.ndim - 2)))
    return normalized(op, input, weight, bias)


# -- without the mean --------------------------------------------------------------------------------------------------


class RmsNorm(Op):
    """y = w · x / √(square + eps), square the mean of x² over the last axes"""

    __slots__ = ("dim", "eps", "square")
    keeps = (0, 1)
    square: Any

    def __init__(self, dim: Shape, eps: float):
        self.dim, self.eps = dim, eps

    def options(self):
        return {"dim": self.dim, "eps": self.eps}

    def forward(self, x, weight):
        y, self.square = kernels.active().rms_norm(x, len(self.dim), weight, self.eps)
        return y

    def backward(self, grad):
        x, weight = self.inputs
        if not isinstance(grad, Tensor):
            return kernels.active().rms_norm_grad(grad, x, len(self.dim), self.square, weight, self.eps)
        scale = rsqrt(mean(x * x, self.dim, True) + self.eps)
        unit = x * scale
        g = grad if weight is None else grad * weight
        d_x = scale * (g - unit * mean(g * unit, self.dim, True)) if self.needs(0) else None
        return d_x, sum_to(grad * unit, self.shapes[1]) if self.needs(1) else None

    def forget(self):
        self.square = None


def rms_norm(input: Operand, normalized_shape: int | Shape, weight: Operand | None = None,
             eps: float | None = None) -> Tensor:
    """`input` divided by the root of the mean of its squares over the last axes, times `weight`.

    `eps`, added under the root, is the dtype's own unless given.

    Shapes
        input (*, *normalized_shape); weight normalized_shape

    Raises
        ShapeError   last axes or a weight of another shape

    Source
        Zhang and Sennrich, Root Mean Square Layer Normalization, 2019

    Example
        >>> rms_norm(Tensor([[3.0, 4.0]]), 2)
        tensor([[0.8485, 1.1314]])
    """
    shape = last_axes("rms_norm", input, normalized_shape)
    check_parameters("rms_norm", input, shape, f"Give it normalized_shape, {shape}.", weight=weight)
    if eps is None:
        eps = EPSILON[input.dtype.itemsize]
    return normalized(RmsNorm(tuple(range(input.ndim - len(shape), input.ndim)), eps), input, weight)


EPSILON = {2: 2.0**-10, 4: 2.0**-23, 8: 2.0**-52}  # of a float of so many bytes: the step after 1
