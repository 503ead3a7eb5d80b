"""Several parts of one tensor, each a tensor of its own.  Their gradients are put together once, in one array.

A slice alone gives its tensor a gradient of full size, so that n slices of one tensor cost n such arrays and their sum.
Parts read together share a node of the graph: a part hands it a `Pieces`, pieces add up to longer pieces, and the node lays
all of them into one array.  Reading parts and assembling them are each other's backward.
"""

from __future__ import annotations

import math
from typing import Any, Sequence

import numpy as np

from tensorgrad.op import Op
from tensorgrad.ops.indexing import GetItem
from tensorgrad.ops.promotion import Operand
from tensorgrad.tensor import Tensor

Index = tuple[Any, ...]


class Pieces:
    """The gradient of a tensor, in pieces that do not overlap; what has no piece is 0."""

    __slots__ = ("shape", "indices", "grads")

    def __init__(self, shape: tuple[int, ...], index: Index, grad: Operand):
        self.shape = shape
        self.indices = [index]
        self.grads = [grad]

    def __add__(self, other: Pieces) -> Pieces:
        self.indices += other.indices
        self.grads += other.grads
        return self


class Parts(Op):
    """y = x, from which parts are read"""

    __slots__ = ()
    makes_views = True

    def forward(self, x):
        return x

    def backward(self, grad):
        return Assemble(grad.indices, grad.shape).apply(*grad.grads)


class Part(GetItem):
    """y = x[index], where x is read in parts that do not overlap"""

    __slots__ = ()
    name = "part"

    def backward(self, grad):
        return Pieces(self.shapes[0], self.index, grad)


class Assemble(Op):
    """y = zeros of shape `into`, with y[index] = input for each of several indices"""

    __slots__ = ("indices", "into")

    def __init__(self, indices: Sequence[Index], into: tuple[int, ...]):
        self.indices, self.into = indices, into

    def forward(self, *arrays):
        whole = sum([array.size for array in arrays]) == math.prod(self.into)
        out = (np.empty_like if whole else np.zeros_like)(arrays[0], shape=self.into)
        for index, array in zip(self.indices, arrays):
            out[(*index, ...)] = array
        return out

    def backward(self, grad):
        return read_parts(grad, self.indices)

    def options(self):
        return {"into": self.into}


def read_parts(input: Operand, indices: Sequence[Index]) -> tuple[Operand, ...]:
    """Views of `input` at `indices`, which hold integers and slices and do not overlap."""
    if len(indices) > 1 and isinstance(input, Tensor) and input.requires_grad:
        input = Parts().apply(input)
        if input.requires_grad:
            return tuple([Part(index).apply(input) for index in indices])
    return tuple([GetItem(index).apply(input) for index in indices])
