"""What one call of an op costs beside its time: multiply-adds, bytes, and the algorithm it ran by."""

from __future__ import annotations

from typing import Any, Iterable, Sequence

import numpy as np

from tensorgrad.costs import is_counted, multiply_adds
from tensorgrad.kernels.explanation import plan_of
from tensorgrad.op import Op
from tensorgrad.ops.convolution import Conv, ConvTranspose, ConvWeightGrad
from tensorgrad.tensor import Tensor

__all__ = ["cost_of_call", "bytes_forward", "bytes_backward"]


def array_of(value: Any) -> np.ndarray | None:
    """The array that an operand or result is or has; None for numbers and None."""
    if isinstance(value, Tensor):
        return value.array
    return value if isinstance(value, np.ndarray) else None


def size_of(values: Iterable[Any]) -> int:
    """Bytes of all arrays together."""
    return sum([array.nbytes for array in map(array_of, values) if array is not None])


def cost_of_call(op: Op, operands: Sequence[Any], result: Any) -> tuple[int | None, tuple[str, ...]]:
    """Multiply-adds of forward, None where they are not defined, and the algorithm, if there is a choice."""
    name = op.name
    if not is_counted(name):
        return None, ()
    shapes = [getattr(operand, "shape", ()) for operand in operands]
    if isinstance(op, (Conv, ConvTranspose, ConvWeightGrad)):
        return multiply_adds(name, shapes, result.shape), (algorithm(op, shapes, result.shape, result.dtype),)
    window = getattr(op, "window", None)
    return multiply_adds(name, shapes, np.shape(result), taps=window.taps if window is not None else 1,
                         equation=getattr(op, "equation", "")), ()


def algorithm(op: Conv | ConvTranspose | ConvWeightGrad, shapes: list[tuple[int, ...]], shape: tuple[int, ...],
              dtype: np.dtype) -> str:
    """What the kernels in use pick for a convolution of these shapes."""
    if isinstance(op, Conv):
        kernel, image, made = "conv", shapes[0], shape
    elif isinstance(op, ConvTranspose):
        kernel, image, made = "conv_input_grad", shape, shapes[0]
    else:
        kernel, image, made = "conv_weight_grad", shapes[1], shapes[0]
    return plan_of(kernel, image, made, op.window, op.groups, dtype).algorithm


def bytes_forward(op: Op, operands: Sequence[Any], result: Any) -> int:
    """Bytes of the operands read and the result written; none for a view."""
    if op.makes_views and operands:
        viewed, made = array_of(operands[0]), array_of(result)
        if viewed is not None and made is not None and np.may_share_memory(viewed, made):
            return 0
    return size_of(operands) + size_of((result,))


def bytes_backward(op: Op, grad: Any, returned: Any) -> int:
    """Bytes of the gradient and of what was kept, as read, and of the results written; none for a gradient passed on."""
    incoming, written = array_of(grad), 0
    for result in returned if isinstance(returned, tuple) else (returned,):
        array = array_of(result)
        if array is not None and not (incoming is not None and np.may_share_memory(array, incoming)):
            written += array.nbytes
    if not written:
        return 0
    kept = size_of((*op.inputs, op.output)) if op.holds and op.inputs is not None else 0
    return kept + written + (0 if incoming is None else incoming.nbytes)
