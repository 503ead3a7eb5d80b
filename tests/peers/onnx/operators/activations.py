"""Activations."""

from __future__ import annotations

import nn.functional as F
import tensorgrad as tg
from tensorgrad import Tensor

__all__ = ["OPERATORS"]


def selu(x: Tensor, alpha: float | None = None, gamma: float | None = None) -> Tensor:
    if alpha is None and gamma is None:
        return F.selu(x)
    return F.elu(x, alpha) * gamma


def hard_sigmoid(x: Tensor, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    return tg.clamp(x * alpha + beta, 0, 1)


def shrink(x: Tensor, bias: float = 0.0, lambd: float = 0.5) -> Tensor:
    return tg.where(x > lambd, x - bias, tg.where(x < -lambd, x + bias, tg.zeros_like(x)))


def hardmax(x: Tensor, axis: int = -1) -> Tensor:
    return tg.movedim(F.one_hot(tg.argmax(x, axis), x.shape[axis]), -1, axis).to(x.dtype)


OPERATORS = {
    "Relu": F.relu, "Elu": lambda x, alpha=1.0: F.elu(x, alpha), "Celu": lambda x, alpha=1.0: F.celu(x, alpha), "Selu": selu,
    "LeakyRelu": lambda x, alpha=0.01: F.leaky_relu(x, alpha), "PRelu": lambda x, slope: tg.where(x < 0, x * slope, x),
    "ThresholdedRelu": lambda x, alpha=1.0: F.threshold(x, alpha, 0.0), "Shrink": shrink,
    "Sigmoid": F.sigmoid, "HardSigmoid": hard_sigmoid, "HardSwish": F.hardswish, "Mish": F.mish,
    "Swish": lambda x, alpha=1.0: x * F.sigmoid(x * alpha), "Gelu": lambda x, approximate="none": F.gelu(x, approximate),
    "Softplus": F.softplus, "Softsign": F.softsign, "Tanh": F.tanh,
    "Softmax": lambda x, axis=-1: F.softmax(x, axis), "LogSoftmax": lambda x, axis=-1: F.log_softmax(x, axis),
    "Hardmax": hardmax,
}
