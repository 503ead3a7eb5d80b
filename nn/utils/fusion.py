"""A batch norm in evaluation mode is a scale and a shift: here they become part of the layer before it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from nn.module import Module
from nn.modules.batch_norm import BatchNorm
from nn.parameter import Parameter
from nn.utils.parametrize import is_parametrized, remove_parametrizations
from tensorgrad.errors import ArgumentError, ShapeError
from tensorgrad.tensor import Tensor, as_tensor

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A copy of the convolution `conv` that computes ``bn(conv(input))``, both in evaluation mode.

    Arguments
        transpose   `conv` is a transposed convolution

    Raises
        ArgumentError   one of them is in training mode; `bn` has no running statistics
        ShapeError      `bn` has other channels than `conv` puts out

    Example
        >>> import nn, numpy as np, tensorgrad
        >>> conv, bn, x = nn.Conv2d(3, 4, 3).eval(), nn.BatchNorm2d(4).eval(), tensorgrad.randn(1, 3, 8, 8)
        >>> bool(np.allclose(fuse_conv_bn_eval(conv, bn)(x), bn(conv(x)), atol=1e-6))
        True
    """
    fused = copied("fuse_conv_bn_eval", conv, bn)
    fused.weight, fused.bias = fuse_conv_bn_weights(fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps,
                                                    bn.weight, bn.bias, transpose)
    return fused


def fuse_conv_bn_weights(conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float,
                         bn_w: Tensor | None, bn_b: Tensor | None, transpose: bool = False) -> tuple[Parameter, Parameter]:
    """Weight and bias of a convolution with a batch norm in it.

    Arguments
        conv_w, conv_b   of the convolution; a bias of None is 0
        bn_rm, bn_rv     running mean and variance of the batch norm
        bn_w, bn_b       its weight and bias; None are 1 and 0
        transpose        the weight is that of a transposed convolution, (C, F/groups, ...)

    Raises
        ShapeError   the batch norm has other channels than the convolution puts out
    """
    scale, shift, filters = scale_and_shift(bn_rm, bn_rv, bn_eps, bn_w, bn_b)
    weight = conv_w.array
    axes = (1,) * (weight.ndim - 2)
    # A transposed convolution lists the filters of each group along axis 1, the groups along axis 0.
    per_group = weight.shape[1] if transpose else filters
    if per_group < 1 or filters % per_group or (weight.shape[0] % (filters // per_group) if transpose
                                                else weight.shape[0] != filters):
        raise ShapeError(f"fuse_conv_bn_weights: a batch norm of {filters} channels behind a convolution with a weight of "
                         f"shape {weight.shape}.\n  Fuse a batch norm with the convolution right before it"
                         + (", or pass transpose=True for a transposed one." if not transpose else "."))
    if transpose:
        groups = filters // per_group
        factors = np.repeat(scale.reshape(groups, per_group), weight.shape[0] // groups, axis=0).reshape(
            weight.shape[0], per_group, *axes)
    else:
        factors = scale.reshape(-1, 1, *axes)
    return fused_parameters(conv_w, conv_b, factors, scale, shift, filters)


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A copy of the layer `linear` that computes ``bn(linear(input))``, both in evaluation mode.

    Raises
        ArgumentError   one of them is in training mode; `bn` has no running statistics
        ShapeError      `bn` has neither one channel nor as many as `linear` puts out
    """
    fused = copied("fuse_linear_bn_eval", linear, bn)
    fused.weight, fused.bias = fuse_linear_bn_weights(fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps,
                                                      bn.weight, bn.bias)
    return fused


def fuse_linear_bn_weights(linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float,
                           bn_w: Tensor | None, bn_b: Tensor | None) -> tuple[Parameter, Parameter]:
    """Weight and bias of a linear layer with a batch norm in it; arguments as for `fuse_conv_bn_weights`.

    Raises
        ShapeError   the batch norm has neither one channel nor as many as the layer puts out
    """
    scale, shift, channels = scale_and_shift(bn_rm, bn_rv, bn_eps, bn_w, bn_b)
    if channels not in (1, linear_w.shape[0]):
        raise ShapeError(f"fuse_linear_bn_weights: a batch norm of {channels} channels behind a layer of "
                         f"{linear_w.shape[0]} features.\n  They have to be as many, or one.")
    return fused_parameters(linear_w, linear_b, scale.reshape(-1, 1), scale, shift, linear_w.shape[0])


def copied(who: str, layer: Module, bn: Any) -> Any:
    """A copy of `layer` with ordinary parameters, if it can be fused with `bn`."""
    if not isinstance(bn, BatchNorm) or bn.running_mean is None:
        what = "has no running statistics" if isinstance(bn, BatchNorm) else "is no batch norm"
        raise ArgumentError(f"{who}: {type(bn).__name__} {what}, so that it is no fixed scale and shift.\n"
                            "  Fuse a batch norm with track_running_stats=True.")
    training = [type(one).__name__ for one in (layer, bn) if one.training]
    if training:
        raise ArgumentError(f"{who}: {' and '.join(training)} in training mode, where the batch norm depends on the batch.\n"
                            "  Call eval() first.")
    fused: Any = copy.deepcopy(layer)
    while is_parametrized(fused):
        remove_parametrizations(fused, next(iter(fused.parametrizations)))
    return fused


def scale_and_shift(mean: Tensor, var: Tensor, eps: float, weight: Tensor | None,
                    bias: Tensor | None) -> tuple[np.ndarray, np.ndarray, int]:
    """A batch norm as y = scale · x + shift, and how many channels it has."""
    mean, var = as_tensor(mean), as_tensor(var)
    scale = 1 / np.sqrt(var.array + var.dtype.type(eps))
    if weight is not None:
        scale = weight.array * scale
    shift = -mean.array * scale
    return scale, shift if bias is None else shift + bias.array, len(scale)


def fused_parameters(weight: Tensor, bias: Tensor | None, factors: np.ndarray, scale: np.ndarray,
                     shift: np.ndarray, outputs: int) -> tuple[Parameter, Parameter]:
    """The parameters of the fused layer, in the dtypes of the layer's own."""
    before = np.zeros((), weight.dtype) if bias is None else bias.array
    fused_bias = np.broadcast_to(before * scale + shift, (outputs,))
    trained = weight.requires_grad if bias is None else bias.requires_grad
    return (Parameter((weight.array * factors).astype(weight.dtype), weight.requires_grad),
            Parameter(fused_bias.astype(weight.dtype if bias is None else bias.dtype), trained))
