"""PyTorch's samples as arguments for tensorgrad."""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np
import torch

import nn
import tensorgrad
from tensorgrad.errors import TensorgradError

__all__ = ["Foreign", "Translation", "tensors_in"]

DTYPES = {torch.float64: tensorgrad.float64, torch.float32: tensorgrad.float32, torch.float16: tensorgrad.float16,
          torch.int64: tensorgrad.int64, torch.int32: tensorgrad.int32, torch.int16: tensorgrad.int16,
          torch.int8: tensorgrad.int8, torch.uint8: tensorgrad.uint8, torch.bool: tensorgrad.bool_}


class Foreign(TensorgradError):
    """A sample that speaks of what tensorgrad does not have at all: complex numbers, sparse tensors, other devices."""


class Translation:
    """Arguments of one sample; a tensor that occurs twice is one tensor here, too.

    pairs   PyTorch's floating-point tensors that require gradients, and ours, in the order they were met
    """

    def __init__(self) -> None:
        self.known: dict[int, tensorgrad.Tensor] = {}
        self.pairs: list[tuple[torch.Tensor, tensorgrad.Tensor]] = []

    def __call__(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self.tensor(value)
        if isinstance(value, torch.dtype):
            if value not in DTYPES:
                raise Foreign(f"dtype {value}")
            return DTYPES[value]
        if isinstance(value, (torch.layout, torch.memory_format)):
            if value not in (torch.strided, torch.contiguous_format, torch.preserve_format):
                raise Foreign(f"layout {value}")
            return None
        if isinstance(value, torch.device):
            return str(value)
        if isinstance(value, torch.nn.PairwiseDistance):
            return nn.PairwiseDistance(value.norm, value.eps, value.keepdim)
        if isinstance(value, torch.Generator):
            raise Foreign("a generator of PyTorch's")
        if isinstance(value, complex):
            raise Foreign("a complex number")
        if isinstance(value, slice):
            return slice(self(value.start), self(value.stop), self(value.step))
        if isinstance(value, tuple):
            return tuple([self(item) for item in value])
        if isinstance(value, list):
            return [self(item) for item in value]
        if isinstance(value, dict):
            return {key: self(item) for key, item in value.items() if self.said(item)}
        return value

    def said(self, value: Any) -> bool:
        """False for the layout that all our tensors have: nothing to say."""
        return not isinstance(value, (torch.layout, torch.memory_format)) or self(value) is not None

    def tensor(self, value: torch.Tensor) -> tensorgrad.Tensor:
        if id(value) not in self.known:
            if value.dtype not in DTYPES:
                raise Foreign(f"dtype {value.dtype}")
            if value.layout is not torch.strided or value.device.type != "cpu":
                raise Foreign(f"a tensor of layout {value.layout} on {value.device}")
            if value.ndim > 32:
                raise Foreign(f"{value.ndim} axes")
            array = value.detach().resolve_neg().numpy().copy(order="K")
            ours = self.known[id(value)] = tensorgrad.tensor(array)
            if value.requires_grad:
                ours.requires_grad_()
                self.pairs.append((value, ours))
        return self.known[id(value)]


def tensors_in(result: Any) -> Iterator[Any]:
    """The tensors, arrays and numbers of a result, named tuples and nested lists included."""
    if isinstance(result, (tuple, list)) and not isinstance(result, torch.Size):
        for item in result:
            yield from tensors_in(item)
    elif isinstance(result, dict):
        yield from tensors_in(list(result.values()))
    elif isinstance(result, torch.Size):
        yield np.array(result, np.int64)
    elif isinstance(result, torch.dtype):
        yield np.asarray(str(result).removeprefix("torch."))
    elif result is not None:
        yield result
