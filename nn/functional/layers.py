"""Layers that are compositions of ops: bilinear, local_response_norm, and those that draw, rrelu and gumbel_softmax."""

from __future__ import annotations

import numpy as np

from tensorgrad import Tensor, ops
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.ops.writing import over
from tensorgrad.random import Generator, default_generator

__all__ = ["bilinear", "local_response_norm", "rrelu", "gumbel_softmax"]


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x1ᵀ W x2 + b`` for each of the matrices W of `weight`: every output weighs the products of two sets of features.

    Shapes
        input1 (*, in1_features), input2 (*, in2_features), weight (out_features, in1_features, in2_features),
        bias (out_features,) → (*, out_features)

    Raises
        ShapeError   inputs with other features than `weight` has, or with different axes before them

    Example
        >>> bilinear(Tensor([[1.0, 2.0]]), Tensor([[3.0]]), Tensor([[[1.0], [1.0]]]))
        tensor([[9.]])
    """
    operands = {"input1": input1, "input2": input2, "weight": weight} | ({} if bias is None else {"bias": bias})
    if weight.ndim != 3:
        raise ShapeError(message("bilinear", f"the weight has {weight.ndim} axes, not 3", operands,
                                 "Use a weight of shape (out_features, in1_features, in2_features)."))
    outputs, *features = weight.shape
    for i, (x, n) in enumerate(zip((input1, input2), features), 1):
        if not x.ndim or x.shape[-1] != n:
            raise ShapeError(message("bilinear", f"input{i} needs {n} features in its last axis", operands,
                                     f"Set in{i}_features={x.shape[-1] if x.ndim else 1}."))
    if input1.shape[:-1] != input2.shape[:-1]:
        raise ShapeError(message("bilinear", f"the axes before the last differ: {input1.shape[:-1]} and {input2.shape[:-1]}",
                                 operands, "Give both inputs the same number of examples."))
    if bias is not None and bias.shape != (outputs,):
        raise ShapeError(message("bilinear", f"the bias has shape {bias.shape}, not ({outputs},)", operands,
                                 f"Give one number for each of the {outputs} outputs."))
    y = ops.einsum("...i,oij,...j->...o", input1, weight, input2)
    return y if bias is None else y + bias


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """`input` divided by (`k` + `alpha` · mean of the squares in the `size` channels around) to the power `beta`.

    Missing channels at both ends count as zeros.

    Shapes
        input (N, C, *)

    Raises
        ShapeError   fewer than three axes

    Source
        Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, 2012

    Example
        >>> local_response_norm(Tensor([[[1.0], [2.0]]]), size=2, alpha=1.0, beta=1.0).flatten()
        tensor([0.6667, 0.5714])
    """
    if input.ndim < 3:
        raise ShapeError(message("local_response_norm", f"expects (N, C, ...), got {input.ndim} axes", {"input": input},
                                 "Give it an image, or another signal with channels."))
    if not input.numel():
        return input
    squares = ops.square(input)
    padded = ops.pad(squares, (*[0, 0] * (input.ndim - 2), size // 2, (size - 1) // 2))
    channels = input.shape[1]
    total = ops.narrow(padded, 1, 0, channels)
    for start in range(1, size):
        total = total + ops.narrow(padded, 1, start, channels)
    return input / (total * (alpha / size) + k) ** beta


def rrelu(input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False, *,
          generator: Generator | None = None) -> Tensor:
    """`input` where it is at least 0, elsewhere times a slope: drawn from [lower, upper) if `training`, else their mean.

    A slope is drawn for every entry, by the process-wide generator by default.  With `inplace` the tensor itself takes over
    the result.

    Raises
        ArgumentError   lower > upper

    Source
        Xu et al., Empirical Evaluation of Rectified Activations in Convolutional Network, 2015

    Example
        >>> rrelu(Tensor([-2.0, 3.0]), 0.25, 0.75)
        tensor([-1.,  3.])
    """
    if lower > upper:
        raise ArgumentError(f"rrelu: the interval from lower={lower} to upper={upper} is empty.\n  Use lower ≤ upper.")
    if not training:
        return ops.leaky_relu(input, (lower + upper) / 2, inplace)
    slopes = (generator or default_generator()).uniform(lower, upper, input.shape).astype(input.dtype)
    result = ops.where(input >= 0, input, input * slopes)
    return over("rrelu", input, result) if inplace else result


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1, *,
                   generator: Generator | None = None) -> Tensor:
    """A class drawn by its score, so that gradients flow: softmax((`logits` + Gumbel noise) / `tau`) along `dim`.

    With `hard` the result is one-hot, 1 at the largest; the gradient is that of the softmax.  `eps` makes no difference;
    `generator` is the process-wide one by default.

    Raises
        RangeError   an axis that `logits` does not have

    Source
        Jang et al., Categorical Reparameterization with Gumbel-Softmax, 2017

    Example
        >>> gumbel_softmax(Tensor([[0.0, 100.0, 0.0]]), hard=True)
        tensor([[0., 1., 0.]])
    """
    noise = -np.log((generator or default_generator()).standard_exponential(logits.shape)).astype(logits.dtype)
    soft = ops.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    array = soft.array
    chosen = np.zeros_like(array)
    np.put_along_axis(chosen, array.argmax(dim, keepdims=True), 1, dim)
    return soft + (chosen - array)
