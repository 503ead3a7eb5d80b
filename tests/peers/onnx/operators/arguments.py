"""What ONNX's arguments have in common: lists of numbers that come as tensors, pads, and dtypes by number."""

from __future__ import annotations

from typing import Any, Sequence

import onnx

from tensorgrad import Tensor, dtypes

__all__ = ["Missing", "dtype_of", "numbers", "same_pads", "torch_pads"]


class Missing(Exception):
    """What the operator of ONNX can do and tensorgrad's function cannot."""


def numbers(values: Tensor | Sequence[int] | None) -> list[Any]:
    """The entries of a tensor, or in older versions a list, of shapes, axes or pads; none, if it is left out."""
    if isinstance(values, Tensor):
        return values.numpy().ravel().tolist()
    return list(values or [])


def dtype_of(number: int) -> Any:
    """The dtype that ONNX has under that number."""
    name = onnx.TensorProto.DataType.Name(number).lower()
    names = {"float": "float32", "double": "float64"}
    try:
        return dtypes.as_dtype(names.get(name, name))
    except TypeError as error:
        raise Missing(name) from error


def torch_pads(pads: Sequence[int]) -> list[int]:
    """Pads as PyTorch orders them, (before, after) from the last axis on, of ONNX's: all before, then all after."""
    half = len(pads) // 2
    return [size for axis in reversed(range(half)) for size in (pads[axis], pads[axis + half])]


def same_pads(auto_pad: str, sizes: Sequence[int], kernel: Sequence[int], strides: Sequence[int],
              dilations: Sequence[int]) -> list[int]:
    """The pads, in ONNX's order, that give ⌈size / stride⌉ places along each axis; an odd one goes where `auto_pad` says."""
    before, after = [], []
    for n, k, s, d in zip(sizes, kernel, strides, dilations):
        total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
        small, large = total // 2, total - total // 2
        before.append(large if auto_pad == "SAME_LOWER" else small)
        after.append(small if auto_pad == "SAME_LOWER" else large)
    return before + after
