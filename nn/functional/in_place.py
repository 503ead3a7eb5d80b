"""Activations written over their input, which in a graph takes over the result: see `tensorgrad.in_place.arithmetic`."""

from __future__ import annotations

from nn.functional.layers import rrelu
from tensorgrad import Tensor, ops
from tensorgrad.in_place.arithmetic import replace
from tensorgrad.random import Generator

__all__ = ["celu_", "elu_", "hardtanh_", "leaky_relu_", "relu_", "rrelu_", "selu_", "threshold_"]


def relu_(input: Tensor) -> Tensor:
    """`relu` in place.

    Raises
        GraphError   a leaf that requires grad, while a graph is recorded

    Example
        >>> x = Tensor([-1.0, 2.0]); _ = relu_(x); x
        tensor([0., 2.])
    """
    return replace("relu_", input, ops.relu)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu` in place."""
    return replace("leaky_relu_", input, ops.leaky_relu, negative_slope)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu` in place."""
    return replace("elu_", input, ops.elu, alpha)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu` in place."""
    return replace("celu_", input, ops.celu, alpha)


def selu_(input: Tensor) -> Tensor:
    """`selu` in place."""
    return replace("selu_", input, ops.selu)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh` in place."""
    return replace("hardtanh_", input, ops.hardtanh, min_val, max_val)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold` in place."""
    return replace("threshold_", input, ops.threshold, threshold, value)


def rrelu_(input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, *,
           generator: Generator | None = None) -> Tensor:
    """`rrelu` in place."""
    return replace("rrelu_", input, rrelu, lower, upper, training, generator=generator)
