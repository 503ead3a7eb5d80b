"""Normalisation per channel: over a batch, over single images, or with statistics measured before."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad import kernels
from tensorgrad.errors import ArgumentError, message
from tensorgrad.kernels.reference.sums import spread_rows
from tensorgrad.op import Op
from tensorgrad.ops.images import channels_elsewhere
from tensorgrad.ops.normalization import (GroupNorm, Normalize, channels, check_parameters, check_several, images,
                                          like, normalized, of_nothing)
from tensorgrad.ops.promotion import Operand, array_of
from tensorgrad.ops.reduction import count, sum
from tensorgrad.ownership import unshared
from tensorgrad.tensor import Tensor

__all__ = ["batch_norm", "instance_norm"]


class BatchNorm(Normalize):
    """y = w · (x - mean) / √(var + eps) + b, mean and variance per channel over the batch"""

    __slots__ = ()

    def normalized(self, x, weight, bias):
        y, *moments = kernels.active().batch_norm(images(x), weight, bias, self.eps)
        return like(x, y), *moments

    def backward(self, grad):
        if isinstance(grad, Tensor):
            return self.recorded(grad)
        own = unshared(grad, 2)  # held by the walk and here
        x, weight = self.inputs
        d_x, *d_parameters = kernels.active().batch_norm_grad(images(grad), images(x), self.mean, self.var, weight, self.eps,
                                                              own)
        return like(x, d_x), *d_parameters


def rows_of(v: Operand, x: Operand) -> Operand:
    """`v`, which broadcasts to `x`, in a shape with which NumPy computes faster; tensors as they are."""
    return v if isinstance(v, Tensor) or isinstance(x, Tensor) else spread_rows(v, x)


class BatchNormFixed(Op):
    """y = w · (x - mean) / √(var + eps) + b per channel, with a mean and a variance that were measured before"""

    __slots__ = ("mean", "scale")
    keeps = (0, 1)
    mean: Any
    scale: Any

    def __init__(self, mean: np.ndarray, var: np.ndarray, eps: float):
        self.mean, self.scale = mean, 1 / np.sqrt(var + eps)

    def forward(self, x, weight, bias):
        return kernels.active().channel_affine(images(x), *self.line(weight, bias)).reshape(x.shape)

    def line(self, weight: np.ndarray | None, bias: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """The factor and the summand of each channel."""
        factor = self.scale if weight is None else self.scale * weight
        return factor, -self.mean * factor if bias is None else bias - self.mean * factor

    def backward(self, grad):
        x, weight = self.inputs
        varies = (1, -1, *[1] * (grad.ndim - 2))
        over = (0, *range(2, grad.ndim))
        grad_x = grad_weight = None
        if self.needs(0):
            factor = self.scale if weight is None else weight * self.scale
            grad_x = grad * rows_of(factor.reshape(varies), grad)
        if self.needs(1):
            grad_weight = sum(grad * ((x - self.mean.reshape(varies)) * self.scale.reshape(varies)), over)
        return grad_x, grad_weight, sum(grad, over) if self.needs(2) else None

    def forget(self):
        self.mean = self.scale = None

    def options(self):
        return {}


def batch_norm(input: Operand, running_mean: Operand | None, running_var: Operand | None, weight: Operand | None = None,
               bias: Operand | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5) -> Tensor:
    """`input` with mean 0 and variance 1 per channel, times `weight`, plus `bias`.

    While `training`, mean and variance are those of the batch, and the running ones, where given, move towards them by the
    share `momentum`, outside the graph, the variance with n - 1 in the denominator.  Otherwise the running ones are used.

    Shapes
        input (N, C, *); all others (C,)

    Raises
        ShapeError      a single number per channel while training; parameters of another length
        ArgumentError   no running statistics, and not training; eps < 0, or 0 while training

    Source
        Ioffe and Szegedy, Batch Normalization, 2015

    Example
        >>> batch_norm(Tensor([[1.0], [3.0]]), None, None, training=True)
        tensor([[-1.],
                [ 1.]])
    """
    if eps < 0 or training and eps == 0:
        raise ArgumentError(f"batch_norm: eps={eps} is not positive: a channel of equal values would divide by 0.\n"
                            "  Use a small number, such as 1e-5.")
    c = channels("batch_norm", input)
    fix = f"The input has {c} channels: set num_features={c}."
    if weight is not None and weight.shape != (c,) and weight.ndim == 1 and 3 <= input.ndim <= 5:
        fix = channels_elsewhere(input, input.ndim - 2, weight.shape[0]) or fix
    check_parameters("batch_norm", input, (c,), fix, weight=weight, bias=bias,
                     running_mean=running_mean, running_var=running_var)
    if not training:
        check_measured("batch_norm", input, running_mean, running_var, "training")
        dtype = input.dtype if input.dtype.itemsize > 2 else np.float32  # copies: training may go on and write into them
        measured = BatchNormFixed(array_of(running_mean).astype(dtype), array_of(running_var).astype(dtype), eps)
        return normalized(measured, input, weight, bias)
    over = (0, *range(2, input.ndim))
    n = count(input.shape, over)
    if not n:
        return of_nothing(input, weight, bias)
    check_several("batch_norm", input, n, "channel when training",
                  "Use a larger batch (drop_last=True in the loader), or model.eval().")
    op = BatchNorm(over, eps, input.shape, (1, c, *[1] * (input.ndim - 2)))
    y = normalized(op, input, weight, bias)
    update(running_mean, op.mean, 1.0, momentum)
    update(running_var, op.var, n / (n - 1), momentum)
    return y


def batch_norm_(array: np.ndarray, running_mean: Operand, running_var: Operand, weight: Operand | None,
                bias: Operand | None, eps: float, relu: bool) -> None:
    """Write `batch_norm` of an array (N, C, *), not training, over it, and then `relu` if asked; all have one dtype."""
    measured = BatchNormFixed(array_of(running_mean), array_of(running_var), eps)
    weight, bias = [None if v is None else array_of(v) for v in (weight, bias)]
    kernels.active().channel_affine_(array, *measured.line(weight, bias), relu)


def check_measured(who: str, input: Operand, mean: Operand | None, var: Operand | None, switch: str) -> None:
    """Raise an ArgumentError without statistics that were measured before."""
    if mean is None or var is None:
        raise ArgumentError(message(who, "there are no running statistics to use", {"input": input},
                                    f"Set {switch}=True, or keep them: track_running_stats=True."))


def update(running: Operand | None, found: np.ndarray, unbias: float, momentum: float) -> None:
    """Move a running statistic, in place, by the share `momentum` towards what was found, averaged over images."""
    if running is None:
        return
    array = array_of(running)
    array *= 1 - momentum
    array += (found.reshape(-1, len(array)).mean(axis=0) * (unbias * momentum)).astype(array.dtype, copy=False)
    if isinstance(running, Tensor):
        running.mark_changed()


class InstanceNorm(GroupNorm):
    """y = w · (x - mean) / √(var + eps) + b, mean and variance per image and channel"""

    __slots__ = ()


def instance_norm(input: Operand, running_mean: Operand | None = None, running_var: Operand | None = None,
                  weight: Operand | None = None, bias: Operand | None = None, use_input_stats: bool = True,
                  momentum: float = 0.1, eps: float = 1e-5) -> Tensor:
    """`input` with mean 0 and variance 1 per image and channel, times `weight`, plus `bias`, per channel.

    With `use_input_stats=False` the running mean and variance take the place of each image's own; otherwise they, where
    given, move by the share `momentum` towards the average over the images, outside the graph.

    Shapes
        input (N, C, *), at least one axis after C; all others (C,)

    Raises
        ShapeError      a single number per channel; parameters of another length
        ArgumentError   no running statistics, and `use_input_stats=False`

    Source
        Ulyanov et al., Instance Normalization, 2016

    Example
        >>> instance_norm(Tensor([[[1.0, 3.0], [10.0, 30.0]]]))
        tensor([[[-1.,  1.],
                 [-1.,  1.]]])
    """
    c = channels("instance_norm", input)
    if not use_input_stats:
        check_measured("instance_norm", input, running_mean, running_var, "use_input_stats")
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    check_parameters("instance_norm", input, (c,), f"The input has {c} channels: set num_features={c}.", weight=weight,
                     bias=bias, running_mean=running_mean, running_var=running_var)
    over = tuple(range(2, input.ndim))
    n = count(input.shape, over)
    if not n:
        return of_nothing(input, weight, bias)
    check_several("instance_norm", input, n, "channel and image",
                  "Use larger images, or batch_norm, which takes the images together.")
    op = InstanceNorm(over, eps, input.shape, (1, c, *[1] * (input.ndim - 2)))
    y = normalized(op, input, weight, bias)
    if len(input):
        update(running_mean, op.mean, 1.0, momentum)
        update(running_var, op.var, n / (n - 1), momentum)
    return y
