"""Normalisation and dropout."""

from __future__ import annotations

from typing import Any, Sequence

import nn.functional as F
import tensorgrad as tg
from tensorgrad import Tensor
from tests.peers.onnx.operators.arguments import Missing

__all__ = ["OPERATORS"]


def batch_norm(x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, var: Tensor, epsilon: float = 1e-5,
               momentum: float = 0.9, training_mode: int = 0) -> Any:
    mean, var = mean.clone(), var.clone()
    return F.batch_norm(x, mean, var, scale, bias, bool(training_mode), 1 - momentum, epsilon), mean, var


def layer_norm(x: Tensor, scale: Tensor, bias: Tensor | None = None, axis: int = -1, epsilon: float = 1e-5,
               stash_type: int = 1) -> Any:
    dims = tuple(range(axis % x.ndim, x.ndim))
    y = F.layer_norm(x, x.shape[dims[0]:], scale, bias, epsilon)
    return y, tg.mean(x, dims, keepdim=True), tg.rsqrt(tg.var(x, dims, correction=0, keepdim=True) + epsilon)


def dropout(x: Tensor, ratio: Tensor | float = 0.5, training_mode: Tensor | None = None, seed: int = 0) -> Any:
    share = ratio.item() if isinstance(ratio, Tensor) else 0.5 if ratio is None else ratio
    kept = tg.full_like(x, 1).bool()
    if training_mode is None or not training_mode.item():
        return F.dropout(x, share, training=False), kept
    if share:
        raise Missing("the random numbers of another generator")
    return F.dropout(x, share, training=True), kept


def mean_variance(x: Tensor, axes: Sequence[int] = (0, 2, 3)) -> Tensor:
    std, mean = tg.std_mean(x, tuple(axes), correction=0, keepdim=True)
    return (x - mean) / (std + 1e-9)


OPERATORS = {
    "BatchNormalization": batch_norm, "LayerNormalization": layer_norm, "Dropout": dropout,
    "InstanceNormalization": lambda x, scale, bias, epsilon=1e-5: F.instance_norm(x, weight=scale, bias=bias, eps=epsilon),
    "GroupNormalization": lambda x, scale, bias, num_groups, epsilon=1e-5: F.group_norm(x, num_groups, scale, bias, epsilon),
    "RMSNormalization": lambda x, scale, axis=-1, epsilon=1e-5: F.rms_norm(x, x.shape[axis:], scale, epsilon),
    "LRN": lambda x, size, alpha=1e-4, beta=0.75, bias=1.0: F.local_response_norm(x, size, alpha, beta, bias),
    "LpNormalization": lambda x, axis=-1, p=2: F.normalize(x, float(p), axis),
    "MeanVarianceNormalization": mean_variance,
}
